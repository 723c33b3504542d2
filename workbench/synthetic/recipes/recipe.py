"""The recipe: the declaration of a whole world.

A recipe is a TOML file in ``synthetic/``; every table in it is one declaration of this package.
Moments are shares of the world's time, so that a recipe works for any number of months.
"""

import math
from datetime import date
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from workbench.foundation.declarations import Declaration
from workbench.synthetic.recipes.behaviour import (
    Campaign,
    Leaving,
    MidwayChange,
    Plan,
    Returns,
    Troubles,
)
from workbench.synthetic.recipes.bias import LABEL_REWARDS, PROXY_REWARDS, Bias, Offer
from workbench.synthetic.recipes.contact_declarations import (
    Mail,
    Permissions,
    Reviews,
    Survey,
    Tracking,
    Visitors,
)
from workbench.synthetic.recipes.fault_shares import MISSABLE, Faults
from workbench.synthetic.recipes.segments import (
    AGE_BANDS,
    GENDERS,
    GroupDifference,
    Season,
    Segment,
    apply_contrast,
)
from workbench.synthetic.recipes.values import (
    Name,
    Share,
    complete_weights,
    require_known,
    require_whole,
)
from workbench.synthetic.stock.names import COUNTRIES, LOCALES

#: Each customer's e-mail address ends in a code (``people.personal_details``); there are more codes
#: than this.
MOST_CUSTOMERS = 10_000_000


class Recipe(Declaration):
    """The declaration of a world; the classes of its parts describe their own attributes.

    Attributes
    ----------
    customers, months, seed : int
        Size and seed, which the command line may replace.
    start_on : date
        First day, the 1st to the 28th of a month.
    tax_rate : float
        Tax as a share of the price before tax.
    prices_with_tax : bool
        Whether prices contain the tax; otherwise it is added to the total.
    newcomers_bent : float
        Exponent of the uniform that gives the moment of joining: 1 spreads the customers evenly
        over the world's time, higher values move them towards its start.
    registered_only : float
        Share of customers who join without buying at once.
    missing : mapping of str to float
        Share of customers who do not state an item, for each item of ``MISSABLE``.
    mix : mapping of str to float
        Shares of the segments, used in place of the segments' own shares.
    contrast : float
        Factor of the differences between segments: 0 makes them equal, 1 leaves them as stated,
        and at 3 a few orders show a customer's segment (``segments.apply_contrast``).
    groups : mapping
        True differences of groups, by the value of their attribute.
    bias, campaigns, changes : mapping
        Biases, campaigns and changes by name.
    """

    name: Name
    purpose: str = Field(min_length=3)
    customers: int = Field(ge=1, le=MOST_CUSTOMERS)
    months: int = Field(ge=6, le=120)
    seed: int = Field(ge=0, lt=2**63)
    start_on: date
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    lawful_basis: Literal[
        "consent",
        "contract",
        "legal_obligation",
        "vital_interest",
        "public_task",
        "legitimate_interest",
    ]
    system: Name
    tax_rate: Annotated[float, Field(ge=0, le=0.5)] = 0.19
    prices_with_tax: bool = True
    newcomers_bent: float = Field(ge=1, le=5)
    registered_only: Share
    locales: dict[str, Share]
    genders: dict[str, Share]
    season: Season
    permissions: Permissions
    segments: dict[Name, Segment]
    missing: dict[str, Share]
    leaving: Leaving
    troubles: Troubles
    plan: Plan
    returns: Returns
    tracking: Tracking
    mail: Mail
    survey: Survey
    reviews: Reviews
    offer: Offer
    faults: Faults
    visitors: Visitors = Visitors()
    contrast: Annotated[float, Field(ge=0, le=4)] = 1.0
    mix: dict[str, Share] = Field(default_factory=dict)
    groups: dict[str, GroupDifference] = Field(default_factory=dict)
    bias: dict[Name, Bias] = Field(default_factory=dict)
    campaigns: dict[Name, Campaign] = Field(default_factory=dict)
    changes: dict[Name, MidwayChange] = Field(default_factory=dict)

    @field_validator("start_on")
    @classmethod
    def _on_an_early_day(cls, day: date) -> date:
        if day.day > 28:
            raise ValueError(f"found {day}, allowed is the 1st to the 28th of a month")
        return day

    @field_validator("locales")
    @classmethod
    def _known_locales(cls, shares: dict[str, float]) -> dict[str, float]:
        return require_whole(complete_weights("locale", shares, LOCALES, keep_all=False))

    @field_validator("genders")
    @classmethod
    def _known_genders(cls, shares: dict[str, float]) -> dict[str, float]:
        return require_whole(complete_weights("gender", shares, GENDERS))

    @field_validator("segments")
    @classmethod
    def _whole_segments(cls, segments: dict[str, Segment]) -> dict[str, Segment]:
        require_whole({name: segment.share for name, segment in segments.items()})
        return segments

    @field_validator("missing")
    @classmethod
    def _known_columns(cls, shares: dict[str, float]) -> dict[str, float]:
        require_known("column", shares, MISSABLE)
        return {name: shares.get(name, 0.0) for name in MISSABLE}

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        self._refuse_unknown_segments()
        if self.mix:
            require_known("segment in mix", self.mix, (*self.segments,))
            require_whole(self.mix)
        self._refuse_unknown_groups()
        self._refuse_what_cannot_be_planted()
        has_shapes = self.leaving.a is not None and self.leaving.b is not None
        if self.leaving.process == "after_purchase" and not has_shapes:
            raise ValueError("leaving.process after_purchase needs leaving.a and leaving.b")
        return self

    def _refuse_what_cannot_be_planted(self) -> None:
        mechanisms = {each.mechanism for each in self.bias.values()}
        spare = self.offer.lowest
        spare += LABEL_REWARDS[1] if "label" in mechanisms else 0
        spare += PROXY_REWARDS[1] if "proxy" in mechanisms else 0
        treated = sum(each.strength for each in self.bias.values() if each.mechanism == "treatment")
        if treated > spare + 1e-9:
            raise ValueError(
                f"bias of mechanism treatment has a strength of {treated} in all, allowed 0 to "
                f"{spare:.2f} (offer.base_rate less half of offer.spread, less what other "
                "mechanisms take): a larger one could not be planted in full"
            )

    def _refuse_unknown_segments(self) -> None:
        for name, campaign in self.campaigns.items():
            require_known(f"segment in campaigns.{name}.effect", campaign.effect, (*self.segments,))

    def _refuse_unknown_groups(self) -> None:
        countries = tuple(COUNTRIES[each] for each in self.locales)
        known = {"gender": GENDERS[:4], "age_band": AGE_BANDS, "country": countries}
        for name, group in self.groups.items():
            require_known(f"{group.attribute} in groups", {name: 1}, known[group.attribute])
        for name, bias in self.bias.items():
            require_known(
                f"{bias.attribute} in bias.{name}.group", {bias.group: 1}, known[bias.attribute]
            )

    def change(self, cause: str, moment: float) -> float:
        """Return the factor on a cause at a moment, a share of the world's time or above 1."""
        factors = [
            each.factor
            for each in self.changes.values()
            if each.cause == cause and each.holds(moment)
        ]
        return math.prod(factors)

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """Shares of the segments, in the order of their codes."""
        own = {name: segment.share for name, segment in self.segments.items()}
        return tuple((self.mix or own).get(name, 0.0) for name in self.segments)

    @cached_property
    def contrasted_segments(self) -> tuple[Segment, ...]:
        """Segments after ``contrast`` was applied, in the order of their codes."""
        return apply_contrast(tuple(self.segments.values()), self.shares, self.contrast)
