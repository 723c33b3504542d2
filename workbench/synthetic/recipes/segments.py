"""Declarations of segments, of groups with different base rates, and of seasons."""

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from workbench.foundation.declarations import Declaration
from workbench.synthetic.recipes.values import Factor, Share, complete_weights
from workbench.synthetic.stock.catalogue import (
    CATEGORIES,
    HIGHEST_PRICE_MINOR,
    LOWEST_PRICE_MINOR,
)

#: Channels in which orders are placed.
CHANNELS = ("web", "app", "store")

#: Stated genders; ``unknown`` is null in the data.
GENDERS = ("female", "male", "nonbinary", "undisclosed", "unknown")

#: Names of age bands, and the lowest age of each.
AGE_BANDS = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")
AGE_EDGES = (18, 25, 35, 45, 55, 65)

#: Attributes that may define a group of customers.
Attribute = Literal["gender", "age_band", "country"]


class Season(Declaration):
    """Factors of the twelve months from January and the seven weekdays from Monday.

    The factors are divided by their mean and raised to the power ``strength``; a strength of 0
    gives a world without seasons.
    """

    months: Annotated[list[Factor], Field(min_length=12, max_length=12)]
    weekdays: Annotated[list[Factor], Field(min_length=7, max_length=7)]
    strength: float = Field(default=1.0, ge=0, le=3)


class Segment(Declaration):
    """One segment of customers.

    Attributes
    ----------
    share : float
        Share of all customers.
    purchases_per_month : float
        Mean rate of buying while active.
    purchases_shape : float
        Shape of the gamma distribution of the rate over customers; in a segment with a high shape,
        customers have similar rates.
    leaving_per_month : float
        Probability of leaving within a month for a new customer of median frailty who is not
        annoyed.
    order_value_minor : int
        Median of an order's value, in minor units of the currency.
    order_value_sd, order_sd : float
        Standard deviation of the log of the value between customers, and between a customer's
        orders.
    order_value_shape : float, optional
        Shape q of the gamma distribution of the inverse scale between customers; with
        ``order_shape`` (p) the values are gamma-gamma in place of log-normal (Fader and Hardie
        2013, "The gamma-gamma model of monetary value").
    lines : float
        Mean number of lines of an order.
    visits_per_month : float
        Visits to site or app without buying, while active.
    categories, channels : mapping of str to float
        Weights; a category or channel that is not named has the weight 0.
    """

    share: Share
    purchases_per_month: float = Field(gt=0, le=30)
    purchases_shape: float = Field(gt=0, le=100)
    leaving_per_month: float = Field(gt=0, le=0.9)
    order_value_minor: int = Field(ge=LOWEST_PRICE_MINOR, le=HIGHEST_PRICE_MINOR)
    order_value_sd: float = Field(default=0.0, ge=0, le=2)
    order_sd: float = Field(default=0.0, ge=0, le=2)
    order_value_shape: float | None = Field(default=None, gt=1, le=100)
    order_shape: float | None = Field(default=None, gt=0, le=100)
    lines: float = Field(ge=1, le=4)
    visits_per_month: float = Field(ge=0, le=60)
    categories: dict[str, Annotated[float, Field(ge=0)]]
    channels: dict[str, Annotated[float, Field(ge=0)]]

    @field_validator("categories")
    @classmethod
    def _known_categories(cls, given: dict[str, float]) -> dict[str, float]:
        return complete_weights("category", given, CATEGORIES)

    @field_validator("channels")
    @classmethod
    def _known_channels(cls, given: dict[str, float]) -> dict[str, float]:
        return complete_weights("channel", given, CHANNELS)


#: Numbers of a segment that ``contrast`` changes, with the allowed range of each.
_CONTRASTED = {
    "purchases_per_month": (1e-3, 30.0),
    "purchases_shape": (1e-3, 100.0),
    "leaving_per_month": (1e-4, 0.9),
    "order_value_minor": (LOWEST_PRICE_MINOR, HIGHEST_PRICE_MINOR),
    "order_value_sd": (0.0, 2.0),
    "order_sd": (0.0, 2.0),
    "lines": (1.0, 4.0),
    "visits_per_month": (0.0, 60.0),
}
_SPREADS = ("order_value_sd", "order_sd")


def apply_contrast(
    segments: Sequence[Segment], shares: Sequence[float], contrast: float
) -> tuple[Segment, ...]:
    """Return segments that differ more or less than the recipe states.

    Every number is moved away from its mean over all customers on the log scale:
    ``log x' = mean + contrast (log x - mean)``. The weights of categories and channels are moved in
    the same way, relative to the weights of all customers together. At a contrast of 0 all segments
    are equal, at 1 they are as stated. Above 1, the standard deviations of order values within a
    customer and within a segment are also divided by the contrast.

    Parameters
    ----------
    segments : sequence of Segment
    shares : sequence of float
        Share of each segment in all customers.
    contrast : float
        Factor of the differences, 0 or more.
    """
    if contrast == 1:
        return (*segments,)
    changes: list[dict[str, Any]] = [{} for _ in segments]
    for name, (low, high) in _CONTRASTED.items():
        values = _move_from_mean([getattr(each, name) for each in segments], shares, contrast)
        narrower = max(contrast, 1.0) if name in _SPREADS else 1.0
        for change, value in zip(changes, values, strict=True):
            kept = min(max(value / narrower, low), high)
            change[name] = round(kept) if name == "order_value_minor" else kept
    for name in ("categories", "channels"):
        each_weights = [_normalise(getattr(each, name)) for each in segments]
        every = {
            key: math.fsum(
                share * own[key] for share, own in zip(shares, each_weights, strict=True)
            )
            for key in each_weights[0]
        }
        for change, own in zip(changes, each_weights, strict=True):
            change[name] = {
                key: mean * (own[key] / mean) ** contrast if mean else 0.0
                for key, mean in every.items()
            }
    return tuple(
        each.model_copy(update=change) for each, change in zip(segments, changes, strict=True)
    )


def _move_from_mean(
    values: Sequence[float], shares: Sequence[float], contrast: float
) -> list[float]:
    """Move values away from their mean, on the log scale where all values are above 0."""
    if min(values) <= 0:
        mean = math.fsum(s * v for s, v in zip(shares, values, strict=True))
        return [max(mean + contrast * (value - mean), 0.0) for value in values]
    logs = [math.log(value) for value in values]
    mean = math.fsum(s * v for s, v in zip(shares, logs, strict=True))
    return [math.exp(mean + contrast * (value - mean)) for value in logs]


def _normalise(weights_of: dict[str, float]) -> dict[str, float]:
    total = math.fsum(weights_of.values())
    return {name: weight / total for name, weight in weights_of.items()}


class GroupDifference(Declaration):
    """True difference of a group of customers in its base rates, which is no bias.

    Attributes
    ----------
    attribute : str
        ``gender``, ``age_band`` or ``country``.
    purchases, leaving, order_value : float
        Factors on the rate of buying, the hazard of leaving and the value of an order.
    """

    attribute: Attribute
    purchases: Factor = 1.0
    leaving: Factor = 1.0
    order_value: Factor = 1.0
