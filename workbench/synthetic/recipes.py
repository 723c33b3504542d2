"""The recipe of a world: everything that decides what its customers are like and do.

A recipe is a TOML file in ``synthetic/``. ``extends = "retail"`` takes another recipe of the same
folder as the base: tables are merged key by key, but ``locales`` and ``segments`` (whose shares add
up to 1) are replaced whole.
"""

import math
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from workbench.foundation.declarations import Declaration, declare, read_toml
from workbench.foundation.errors import ParameterError
from workbench.foundation.settings import find
from workbench.synthetic.catalogue import CATEGORIES, HIGHEST_PRICE_MINOR, LOWEST_PRICE_MINOR
from workbench.synthetic.names import LOCALES

Share = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(gt=0, le=10)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]

#: Channels in which orders are placed.
CHANNELS = ("web", "app", "store")

#: Genders as stated; unknown is null in the data.
GENDERS = ("female", "male", "nonbinary", "undisclosed", "unknown")

#: E-mail addresses and phones are told apart by numbers of this many values (see ``people``).
MOST_CUSTOMERS = 10_000_000

_REPLACED = ("locales", "segments")


class Season(Declaration):
    """Twelve factors from January and seven from Monday; 1 is the mean, whatever they add up to."""

    months: Annotated[list[Factor], Field(min_length=12, max_length=12)]
    weekdays: Annotated[list[Factor], Field(min_length=7, max_length=7)]


class Segment(Declaration):
    """One kind of customer.

    Attributes
    ----------
    share : float
        Of all customers.
    purchases_per_month : float
        Mean rate of buying while active.
    purchases_shape : float
        Shape of the gamma distribution of the rate over customers: higher is more alike.
    leaving_per_month : float
        Probability of leaving within a month; leaving is exponential.
    order_value_minor : int
        Median of an order's value, in minor units of the currency.
    order_value_sd, order_sd : float
        Standard deviation of the log of the value between customers, and between a customer's
        orders.
    lines : float
        Mean number of lines of an order.
    visits_per_month : float
        Visits to site or app without buying, while active.
    categories, channels : mapping of str to float
        Weights; a category or channel that is not named has none.
    """

    share: Share
    purchases_per_month: float = Field(gt=0, le=30)
    purchases_shape: float = Field(gt=0, le=100)
    leaving_per_month: float = Field(gt=0, le=0.9)
    order_value_minor: int = Field(ge=LOWEST_PRICE_MINOR, le=HIGHEST_PRICE_MINOR)
    order_value_sd: float = Field(ge=0, le=2)
    order_sd: float = Field(ge=0, le=2)
    lines: float = Field(ge=1, le=4)
    visits_per_month: float = Field(ge=0, le=60)
    categories: dict[str, Annotated[float, Field(ge=0)]]
    channels: dict[str, Annotated[float, Field(ge=0)]]

    @field_validator("categories")
    @classmethod
    def _known_categories(cls, weights: dict[str, float]) -> dict[str, float]:
        return _weights("category", weights, CATEGORIES)

    @field_validator("channels")
    @classmethod
    def _known_channels(cls, weights: dict[str, float]) -> dict[str, float]:
        return _weights("channel", weights, CHANNELS)


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


class Disparity(Declaration):
    """What is planted in the company's past decision to send the ``retention-offer``.

    The probability is ``base_rate`` plus up to half of ``spread`` either way by the customer's need
    and value, the same for everybody, less ``size`` for the disadvantaged group.
    """

    attribute: Literal["gender"]
    disadvantaged: Literal["female", "male"]
    size: float = Field(ge=0, le=1)
    base_rate: float = Field(gt=0, lt=1)
    spread: float = Field(ge=0, lt=1)

    @model_validator(mode="after")
    def _stays_a_probability(self) -> Self:
        lowest, highest = self.base_rate - self.spread / 2, self.base_rate + self.spread / 2
        if not 0 <= lowest <= highest <= 1:
            raise ValueError(
                f"base_rate ± spread / 2 reaches {lowest:.2f} to {highest:.2f}, beyond 0 to 1"
            )
        if self.size > lowest + 1e-9:
            raise ValueError(
                f"size is {self.size}, allowed 0 to {lowest:.2f} (base_rate less half of spread): "
                "a larger one could not be planted in full"
            )
        return self


class Recipe(Declaration):
    """Everything that makes a world; the meaning of each part stands at its class.

    Attributes
    ----------
    customers, months, seed : int
        Size and seed; may be set at the command.
    start_on : date
        First day, the 1st to the 28th of a month.
    newcomers_bent : float
        How much the joining of customers leans to the start: 1 is even.
    registered_only : float
        Share of customers who join without buying at once.
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
    newcomers_bent: float = Field(ge=1, le=5)
    registered_only: Share
    locales: dict[str, Share]
    genders: dict[str, Share]
    season: Season
    permissions: Permissions
    disparity: Disparity
    segments: dict[Name, Segment]

    @field_validator("start_on")
    @classmethod
    def _on_an_early_day(cls, day: date) -> date:
        if day.day > 28:
            raise ValueError(f"found {day}, allowed is the 1st to the 28th of a month")
        return day

    @field_validator("locales")
    @classmethod
    def _known_locales(cls, shares: dict[str, float]) -> dict[str, float]:
        return _whole(_weights("locale", shares, LOCALES))

    @field_validator("genders")
    @classmethod
    def _known_genders(cls, shares: dict[str, float]) -> dict[str, float]:
        return _whole(_weights("gender", shares, GENDERS))

    @field_validator("segments")
    @classmethod
    def _whole_segments(cls, segments: dict[str, Segment]) -> dict[str, Segment]:
        _whole({name: segment.share for name, segment in segments.items()})
        return segments

    @cached_property
    def kinds(self) -> tuple[Segment, ...]:
        """The segments in the order of their codes."""
        return tuple(self.segments.values())


def read_recipe(path: Path, changes: Mapping[str, Any] | None = None) -> Recipe:
    """Read a recipe, with values set at the command in place of its own.

    Parameters
    ----------
    path : Path
        The TOML file.
    changes : mapping, optional
        Replaces keys of the file, nested as the file is.

    Raises
    ------
    ParameterError
        The file cannot be read, or anything in it or in ``changes`` is wrong: all faults at once.
    """
    content = _merged(_content(path, ()), changes or {})
    return declare(Recipe, content, source=f"recipe {path.name}")


def _content(path: Path, below: tuple[str, ...]) -> dict[str, Any]:
    content = read_toml(path, "recipe")
    base = content.pop("extends", None)
    if base is None:
        return content
    if not isinstance(base, str) or base in (*below, path.stem):
        raise ParameterError(
            f"recipe {path.name}: extends is {base!r}; "
            "give the name of another recipe that does not extend this one"
        )
    parent = find("recipe", base, folder=path.parent, suffix=".toml")
    return _merged(_content(parent, (*below, path.stem)), content)


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value) if both and key not in _REPLACED else value
    return merged


def _weights(kind: str, weights: dict[str, float], known: tuple[str, ...]) -> dict[str, float]:
    strange = sorted(set(weights) - set(known))
    if strange:
        raise ValueError(f"no {kind} {', '.join(strange)}; known: {', '.join(known)}")
    if not sum(weights.values()) > 0:
        raise ValueError(f"no {kind} has a weight above 0")
    return {name: weights.get(name, 0.0) for name in known if kind != "locale" or name in weights}


def _whole(shares: dict[str, float]) -> dict[str, float]:
    total = math.fsum(shares.values())
    if abs(total - 1) > 1e-6:
        raise ValueError(f"shares add up to {total:.4f}, allowed is 1")
    return shares
