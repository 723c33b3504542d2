"""How customers and company reach each other: permissions, mail, surveys, reviews, tracking."""

from typing import Annotated, Literal

from pydantic import Field

from workbench.foundation.declarations import Declaration
from workbench.synthetic.recipes.values import LogOdds, Share

#: Outcomes (accepted, rejected) by form of the banner; who did neither decided nothing. With reject
#: as easy as accept about half refuse; hiding reject adds 22 to 23 points, granular choices take 8
#: to 20 away (Nouwens et al. 2020); opted in with nothing pre-ticked: .1 % (Utz et al. 2019).
BANNERS = {
    "reject_equal": (0.45, 0.40),
    "no_reject": (0.68, 0.12),
    "granular": (0.32, 0.43),
    "opt_in": (0.001, 0.05),
}


class Permission(Declaration):
    """How customers decide on one purpose.

    Attributes
    ----------
    asked, given, withdrawn : float
        Share that is asked at all; of these, that says yes at first; of these, that withdraws
        later.
    """

    asked: Share
    given: Share
    withdrawn: Share


class Permissions(Declaration):
    """Decisions by purpose."""

    analytics: Permission
    marketing: Permission
    personalize: Permission
    advertising: Permission


class Tracking(Declaration):
    """Whether visits may be seen.

    Attributes
    ----------
    banner : str
        ``none``: whoever registers decides in the form, and every visit is recorded. Else the
        decision on analytics is taken in a banner of this form, and only the visits of those who
        accepted are recorded; the truth keeps the others.
    on_age, on_activity : float
        Log odds of accepting per ten years above 45, and per log of the rate of buying above the
        segment's.
    app_asked, app_allowed : float
        Users of the app who are shown the system's tracking prompt, and of these who allow it.
    """

    banner: Literal["none", "reject_equal", "no_reject", "granular", "opt_in"] = "none"
    on_age: LogOdds = 0.0
    on_activity: LogOdds = 0.0
    app_asked: Share = 1.0
    app_allowed: Share = 1.0


class Visitors(Declaration):
    """Visits of people who never register, and visits to an app that was just installed.

    Attributes
    ----------
    anonymous_per_month : float
        Visits of people who never register, for each customer and month of the world. Their rows
        of ``events`` have no record.
    anonymous_in_app : float
        Share of these visits that are in the app: installs that are not used again.
    tries_app : float
        How much likelier than later a visit to the app is on the day of joining; the surplus falls
        with the days since then to the power ``tires``, and ends after 60 days.
    tires : float
    """

    anonymous_per_month: float = Field(default=0.0, ge=0, le=100)
    anonymous_in_app: Share = 0.2
    tries_app: float = Field(default=0.0, ge=0, le=50)
    tires: float = Field(default=0.6, gt=0, lt=1)


class Mail(Declaration):
    """Newsletters and what becomes of them.

    Attributes
    ----------
    per_month : int
        Newsletters sent in a month.
    opened, clicked : float
        Share opened by people of a median eagerness; of these clicked. A click is a visit.
    bounced : float
        Share of mails.
    proxied : float
        Share of customers whose mail program opens every mail by itself.
    """

    per_month: int = Field(default=1, ge=0, le=8)
    opened: Share = 0.22
    clicked: Share = 0.12
    bounced: Share = 0.006
    proxied: Share = 0.4


class Survey(Declaration):
    """The survey after an order, and who answers it.

    Attributes
    ----------
    invited : float
        Share of sales after which an invitation goes out.
    answered : float
        Share of the invited who answer, where the score is the mean one and the age 45.
    on_score, on_age : float
        Log odds of answering per point of the latent score above 8; per ten years above 45.
    skipped : float
        Share of questions left open by who answers.
    """

    invited: Share = 0.30
    answered: Annotated[float, Field(gt=0, lt=1)] = 0.17
    on_score: LogOdds = 0.0
    on_age: LogOdds = 0.0
    skipped: Share = 0.05


class Reviews(Declaration):
    """Who reviews.

    Attributes
    ----------
    written : float
        Share of sales that are reviewed at the mean satisfaction.
    polarity : float
        Log odds of reviewing for each standard deviation away from it: the delighted and the
        disappointed write (Schoenmueller, Netzer and Stahl 2020).
    """

    written: Annotated[float, Field(gt=0, lt=1)] = 0.03
    polarity: LogOdds = 0.8
