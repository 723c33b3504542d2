"""Declarations of behaviour: leaving, troubles, the plan, returns, campaigns and changes."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from workbench.foundation.declarations import Declaration
from workbench.synthetic.recipes.values import Factor, Moment, Share, require_known
from workbench.synthetic.stock.catalogue import CATEGORIES


class Leaving(Declaration):
    """Process by which customers leave.

    Attributes
    ----------
    process : str
        ``hazard``: a monthly hazard (complementary log-log) that depends on frailty, tenure and
        annoyance. ``after_purchase``: a customer leaves after a purchase, except the first, with a
        beta-distributed probability of the customer's own (BG/NBD: Fader, Hardie and Lee 2005,
        "Counting your customers the easy way", Marketing Science 24).
    scale : float
        Factor on all hazards, for the churn rate of the world.
    frailty_sd : float
        Standard deviation of the frailty, the part of the log hazard that no table records.
    tenure_power : float
        Exponent p in the hazard's factor (1 + months since joining)^p.
    annoyed : float
        Factor on the hazard while a customer is annoyed.
    annoyed_months : int
        Months for which a customer stays annoyed after a bad experience.
    a, b : float, optional
        Parameters of the beta distribution of ``after_purchase``.
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
    """Troubles with orders, and tickets about them.

    Attributes
    ----------
    late, damaged : float
        Share of shipped orders that come late; share of all orders with a faulty item.
    annoys : float
        Probability that a trouble annoys the customer.
    writes, writes_anyway : float
        Share of orders with a trouble, and of orders without one, that cause a ticket.
    """

    late: Share = 0.06
    damaged: Share = 0.02
    annoys: Share = 0.5
    writes: Share = 0.5
    writes_anyway: Share = 0.03


class PriceRise(Declaration):
    """A rise of the plan's price: its moment, its share, and the share of annoyed holders."""

    at: Moment
    by: float = Field(gt=0, le=1)
    annoys: Share = 0.2


class Plan(Declaration):
    """The plan that customers may hold, charged monthly.

    Attributes
    ----------
    share : float
        Share of customers who take the plan.
    is_contractual : bool
        Whether the company sells the plan itself: all customers take it when they join, and cancel
        it when they leave.
    price_minor, upgrade_minor : int
        Monthly price before and after an upgrade.
    upgrades : float
        Share of holders who upgrade.
    stays_months : float
        Mean duration of a plan in months where it is not contractual.
    committed : float
        Share of holders who commit themselves to twelve months.
    failed_payment : float
        Probability that a monthly charge fails.
    recovers : float
        Probability that a failed charge succeeds later; otherwise the plan ends.
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
    """Shares of returned lines by category, cancelled orders, disputed and declined payments."""

    rates: dict[str, Share]
    cancelled: Share = 0.01
    chargebacks: Share = 0.003
    declined: Share = 0.04

    @field_validator("rates")
    @classmethod
    def _of_known_categories(cls, given: dict[str, float]) -> dict[str, float]:
        require_known("category", given, CATEGORIES)
        return {name: given.get(name, 0.0) for name in CATEGORIES}


class Campaign(Declaration):
    """A mailing to randomly chosen customers, and its effect.

    Attributes
    ----------
    at : float
        Moment of the mailing, as a share of the world's time.
    treated : float
        Share of the customers with permission who get the mail; the others are the control group.
    days : int
        Number of days for which the mail has an effect.
    effect : mapping of str to float
        Effect by segment. Above 0: probability of one more purchase within the days. Below 0: share
        of the purchases within the days that do not happen. Other segments have no effect.
    cost_minor : int
        Total cost.
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
        Begin of the change, as a share of the world's time.
    until : float
        End of the change; 1 means that it never ends.
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
        """Return whether the change is in effect at a moment, a share of the world's time."""
        return self.at <= moment and (moment < self.until or self.until == 1)
