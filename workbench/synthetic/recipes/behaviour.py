"""What customers do and what happens to them: leaving, troubles, plans, campaigns, changes."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from workbench.foundation.declarations import Declaration
from workbench.synthetic.recipes.values import Factor, Moment, Share, known_keys
from workbench.synthetic.stock.catalogue import CATEGORIES


class Leaving(Declaration):
    """Why and when customers leave.

    Attributes
    ----------
    process : str
        ``hazard``: a monthly complementary log-log hazard, moved by frailty, tenure and mood.
        ``after_purchase``: after every purchase but the first, with a probability that is the
        customer's own and beta-distributed (BG/NBD: Fader, Hardie and Lee 2005, "Counting your
        customers the easy way", Marketing Science 24).
    scale : float
        Factor on all hazards: the churn rate of the world.
    frailty_sd : float
        Standard deviation of the log hazard over customers, which nothing that is recorded tells.
    tenure_power : float
        Power of (1 + months since joining) that the hazard follows.
    annoyed : float
        Factor on the hazard while annoyed.
    annoyed_months : int
        Months for which a customer stays annoyed after a bad experience.
    a, b : float, optional
        Of the beta distribution of ``after_purchase``.
    """

    process: Literal["hazard", "after_purchase"] = "hazard"
    scale: Factor = 1.0
    frailty_sd: float = Field(default=0.0, ge=0, le=2)
    tenure_power: float = Field(default=0.0, ge=-2, le=1)
    annoyed: Factor = 1.0
    annoyed_months: int = Field(default=3, ge=1, le=6)
    a: float | None = Field(default=None, gt=0, le=100)
    b: float | None = Field(default=None, gt=0, le=100)


class Troubles(Declaration):
    """What goes wrong with an order, and whether the customer writes in.

    Attributes
    ----------
    late, damaged : float
        Share of shipped orders that come late; of all orders with a faulty item.
    annoys : float
        Probability that a trouble leaves the customer annoyed.
    writes, writes_anyway : float
        Share of troubled, and of untroubled, orders after which the customer opens a ticket.
    """

    late: Share = 0.06
    damaged: Share = 0.02
    annoys: Share = 0.5
    writes: Share = 0.5
    writes_anyway: Share = 0.03


class PriceRise(Declaration):
    """A rise of the plan's price: when, by what share, and whom of the holders it annoys."""

    at: Moment
    by: float = Field(gt=0, le=1)
    annoys: Share = 0.2


class Plan(Declaration):
    """The plan that customers may hold, charged monthly.

    Attributes
    ----------
    share : float
        Customers who take it.
    is_contractual : bool
        Whether the plan is what the company sells: all who join take it at once, and who leaves
        cancels it.
    price_minor, upgrade_minor : int
        Price of a month, and after an upgrade.
    upgrades : float
        Share that upgrades.
    stays_months : float
        Mean months the plan is kept where it is not contractual.
    committed : float
        Share bound for twelve months.
    failed_payment : float
        Probability that a monthly charge fails.
    recovers : float
        Probability that a failed charge is made good; else the plan ends.
    price_rises : list
    """

    share: Share = 0.18
    is_contractual: bool = False
    price_minor: int = Field(default=499, gt=0)
    upgrade_minor: int = Field(default=899, gt=0)
    upgrades: Share = 0.15
    stays_months: float = Field(default=9.0, ge=1, le=120)
    committed: Share = 0.0
    failed_payment: Share = 0.0
    recovers: Share = 0.75
    price_rises: list[PriceRise] = Field(default_factory=list)


class Returns(Declaration):
    """Share of lines that come back, by category; cancelled orders; fraction of card disputes."""

    rates: dict[str, Share]
    cancelled: Share = 0.01
    chargebacks: Share = 0.003
    declined: Share = 0.04

    @field_validator("rates")
    @classmethod
    def _of_known_categories(cls, given: dict[str, float]) -> dict[str, float]:
        known_keys("category", given, CATEGORIES)
        return {name: given.get(name, 0.0) for name in CATEGORIES}


class Campaign(Declaration):
    """A mailing to customers chosen at random, and what it does to them.

    Attributes
    ----------
    at : float
        When it is sent.
    treated : float
        Share of the known customers who may be mailed that is sent it; the others are held out.
    days : int
        Days for which it works.
    effect : mapping of str to float
        By segment: above 0, the probability of one purchase more within the days; below 0, the
        share of the purchases in these days that do not come about. Segments that are not named
        are left cold.
    cost_minor : int
        What it cost in all.
    """

    at: Annotated[float, Field(ge=0.1, le=0.95)]
    treated: Annotated[float, Field(gt=0, lt=1)] = 0.5
    days: int = Field(default=14, ge=1, le=60)
    effect: dict[str, Annotated[float, Field(ge=-1, le=1)]]
    cost_minor: int = Field(default=250_000, ge=0)


class MidwayChange(Declaration):
    """One cause that changes midway.

    Attributes
    ----------
    at : float
        From when on.
    until : float
        Up to when; 1 is the end and beyond.
    cause : str
        ``purchases`` (rate of buying), ``leaving`` (hazard), ``order_value``, ``late`` (share of
        late orders) or ``visits``.
    factor : float
    """

    at: Moment
    until: float = Field(default=1.0, gt=0, le=1)
    cause: Literal["purchases", "leaving", "order_value", "late", "visits"]
    factor: Factor

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.until <= self.at:
            raise ValueError(f"until is {self.until}, before it begins at {self.at}")
        return self

    def holds(self, moment: float) -> bool:
        """Return whether the change holds at a moment, a share of the world's time."""
        return self.at <= moment and (moment < self.until or self.until == 1)
