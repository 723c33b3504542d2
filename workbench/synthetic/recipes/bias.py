"""Biases that are planted in the company's past decision to send the ``retention-offer``.

The decision has four steps: selecting the customers to consider, measuring their worth, recording
their response, and deciding. A bias acts on one step, for one group.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from workbench.foundation.declarations import Declaration
from workbench.synthetic.recipes.segments import AGE_BANDS, GENDERS, Attribute

#: Changes of the probability for customers who are recorded as responders and for others, and for
#: customers who live in the centre and for others. The rule uses each pair only where a bias of
#: its mechanism is planted.
LABEL_REWARDS = (0.10, -0.05)
PROXY_REWARDS = (0.08, -0.12)
_MOST_PROXY = 0.6

Mechanism = Literal["treatment", "label", "measurement", "representation", "proxy"]


class Offer(Declaration):
    """The rule of the decision without any bias, which is the same for all customers.

    Attributes
    ----------
    at : float
        Moment of the decision, as a share of the world's time.
    base_rate, spread : float
        The probability is ``base_rate + spread (worth - 1/2)``, with a worth of 0 to 1.
    """

    at: Annotated[float, Field(ge=0.1, le=0.95)] = 0.6
    base_rate: float = Field(gt=0, lt=1)
    spread: float = Field(ge=0, lt=1)

    @model_validator(mode="after")
    def _stays_a_probability(self) -> Self:
        lowest, highest = self.lowest, self.base_rate + self.spread / 2
        if not 0 <= lowest <= highest <= 1:
            raise ValueError(
                f"base_rate ± spread / 2 reaches {lowest:.2f} to {highest:.2f}, beyond 0 to 1"
            )
        return self

    @property
    def lowest(self) -> float:
        """Lowest probability under the rule."""
        return self.base_rate - self.spread / 2


class Bias(Declaration):
    """One mechanism, for one group.

    Attributes
    ----------
    mechanism : str
        ``treatment``: the probability of the offer is lower by ``strength`` at equal worth.
        ``label``: a responder of the group is recorded as no responder with probability
        ``strength``. ``measurement``: the group's measured worth is lower by ``strength``, with an
        added standard deviation of half of it. ``representation``: a customer of the group is not
        considered with probability ``strength``. ``proxy``: the rule rewards living in the centre,
        where 60 % of the customers live, but fewer of the group by ``strength``.
    attribute : str
        ``gender``, ``age_band`` or ``country``.
    group : str
        Disadvantaged value of the attribute.
    strength : float
        Size of the bias, 0 to 1; 0 plants nothing.
    """

    mechanism: Mechanism
    attribute: Attribute
    group: str
    strength: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _known_group(self) -> Self:
        known = {"gender": GENDERS[:4], "age_band": AGE_BANDS}.get(self.attribute)
        if known is not None and self.group not in known:
            raise ValueError(f"no {self.attribute} {self.group}; known: {', '.join(known)}")
        if self.mechanism == "proxy" and self.strength > _MOST_PROXY:
            raise ValueError(f"strength of a proxy is {self.strength}, allowed 0 to {_MOST_PROXY}")
        return self
