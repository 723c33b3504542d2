"""Who the customers are: kinds, groups whose base rates differ, seasons they follow."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from workbench.foundation.declarations import Declaration
from workbench.synthetic.recipes.values import Factor, Share, weights
from workbench.synthetic.stock.catalogue import (
    CATEGORIES,
    HIGHEST_PRICE_MINOR,
    LOWEST_PRICE_MINOR,
)

#: Channels in which orders are placed.
CHANNELS = ("web", "app", "store")

#: Genders as stated; unknown is null in the data.
GENDERS = ("female", "male", "nonbinary", "undisclosed", "unknown")

#: Age bands by which groups are named, from these ages on.
AGE_BANDS = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")
AGE_EDGES = (18, 25, 35, 45, 55, 65)

#: What a group of customers may be told apart by.
Attribute = Literal["gender", "age_band", "country"]


class Season(Declaration):
    """Twelve factors from January and seven from Monday; 1 is the mean, whatever they add up to.

    ``strength`` is the power they are raised to: 0 is a world without seasons.
    """

    months: Annotated[list[Factor], Field(min_length=12, max_length=12)]
    weekdays: Annotated[list[Factor], Field(min_length=7, max_length=7)]
    strength: float = Field(default=1.0, ge=0, le=3)


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
        Probability of leaving within a month for who is new, calm and of median frailty.
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
        Weights; a category or channel that is not named has none.
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
        return weights("category", given, CATEGORIES)

    @field_validator("channels")
    @classmethod
    def _known_channels(cls, given: dict[str, float]) -> dict[str, float]:
        return weights("channel", given, CHANNELS)


class Group(Declaration):
    """How a group of customers truly differs from the others: base rates, and no bias.

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
