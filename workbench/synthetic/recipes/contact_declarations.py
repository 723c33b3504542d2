"""Declarations of contact: permissions, tracking, visitors, mail, surveys and reviews."""

from typing import Annotated, Literal

from pydantic import Field

from workbench.foundation.declarations import Declaration
from workbench.synthetic.recipes.values import LogOdds, Share

#: Shares of users who accept and who reject, by form of the banner; the others ignore it. Where
#: rejecting is as easy as accepting, about half of the users who decide reject. Without a reject
#: button 22 to 23 points more accept, with granular choices 8 to 20 points fewer (Nouwens et al.
#: 2020). Where nothing is ticked beforehand, .1 % accept (Utz et al. 2019).
BANNERS = {
    "reject_equal": (0.45, 0.40),
    "no_reject": (0.68, 0.12),
    "granular": (0.32, 0.43),
    "opt_in": (0.001, 0.05),
}


class Permission(Declaration):
    """Shares of decisions on one purpose.

    Attributes
    ----------
    asked : float
        Share of customers who are asked.
    given : float
        Share of asked customers who say yes at first.
    withdrawn : float
        Share of customers with a yes who withdraw it later.
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
    """Permission to record visits.

    Attributes
    ----------
    banner : str
        ``none``: customers decide in the form at registration, and every visit is recorded.
        Otherwise customers decide on analytics in a banner of this form, and only visits of
        customers who accepted are recorded; the truth has the number of all visits.
    on_age, on_activity : float
        Change of the log odds of accepting per ten years of age above 45, and per unit of the log
        of the customer's rate of buying over the segment's.
    app_asked, app_allowed : float
        Share of the app's users who see the system's tracking prompt; share of these who allow it.
    """

    banner: Literal["none", "reject_equal", "no_reject", "granular", "opt_in"] = "none"
    on_age: LogOdds = 0.0
    on_activity: LogOdds = 0.0
    app_asked: Share = 1.0
    app_allowed: Share = 1.0


class Visitors(Declaration):
    """Visits of people who never register, and further visits to a newly installed app.

    Attributes
    ----------
    anonymous_per_month : float
        Number of visits of people who never register, per customer and month. Their rows of
        ``events`` have no record.
    anonymous_in_app : float
        Share of these visits that are in the app, which the visitor then does not use again.
    tries_app, tires : float
        Further visits to the app t days after joining, as a multiple of the later rate:
        ``tries_app (1 + t)^-tires``, for 60 days.
    """

    anonymous_per_month: float = Field(default=0.0, ge=0, le=100)
    anonymous_in_app: Share = 0.2
    tries_app: float = Field(default=0.0, ge=0, le=50)
    tires: float = Field(default=0.6, gt=0, lt=1)


class Mail(Declaration):
    """Newsletters, and what happens to mails.

    Attributes
    ----------
    per_month : int
        Number of newsletters in a month.
    opened, clicked : float
        Share of mails that the median customer opens; share of opened mails with a click. Every
        click causes a visit.
    bounced : float
        Share of mails that bounce.
    proxied : float
        Share of customers whose mail program opens every mail by itself.
    """

    per_month: int = Field(default=1, ge=0, le=8)
    opened: Share = 0.22
    clicked: Share = 0.12
    bounced: Share = 0.006
    proxied: Share = 0.4


class Survey(Declaration):
    """The survey after an order, and the share of answers.

    Attributes
    ----------
    invited : float
        Share of sales with an invitation.
    answered : float
        Share of invitations that are answered at a score of 8 and an age of 45.
    on_score, on_age : float
        Change of the log odds of answering per point of the score above 8, and per ten years of
        age above 45.
    skipped : float
        Share of questions that customers with an answer leave open.
    """

    invited: Share = 0.30
    answered: Annotated[float, Field(gt=0, lt=1)] = 0.17
    on_score: LogOdds = 0.0
    on_age: LogOdds = 0.0
    skipped: Share = 0.05


class Reviews(Declaration):
    """Share of sales with a review.

    Attributes
    ----------
    written : float
        Share of sales that are reviewed at a satisfaction .8 away from the mean.
    polarity : float
        Change of the log odds of a review per standard deviation of the satisfaction away from the
        mean: delighted and disappointed customers write (Schoenmueller, Netzer and Stahl 2020).
    """

    written: Annotated[float, Field(gt=0, lt=1)] = 0.03
    polarity: LogOdds = 0.8
