"""What is planted in the company's past decision to send the ``retention-offer``.

The decision has a chain: who is considered, what of their worth is measured, what outcome is
recorded, what is decided. A bias acts on one link of it, for one group.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from workbench.foundation.declarations import Declaration
from workbench.synthetic.recipes.segments import AGE_BANDS, GENDERS, Attribute

#: What the probability gains and loses by being recorded as a responder, or not; by living in the
#: centre, or not. The rule looks at either only where a bias of the kind is planted.
LABEL_REWARDS = (0.10, -0.05)
PROXY_REWARDS = (0.08, -0.12)
_MOST_PROXY = 0.6

Mechanism = Literal["treatment", "label", "measurement", "representation", "proxy"]


class Offer(Declaration):
    """The rule of the decision without any bias.

    The probability is ``base_rate`` plus up to half of ``spread`` either way by the customer's need
    and value, the same for everybody.

    Attributes
    ----------
    at : float
        When it is decided.
    base_rate, spread : float
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
        """Lowest probability that the rule gives."""
        return self.base_rate - self.spread / 2


class Bias(Declaration):
    """One mechanism, for one group.

    Attributes
    ----------
    mechanism : str
        ``treatment``: the probability of the offer is lower by ``strength`` at equal need and
        value. ``label``: a true responder of the group is recorded as none with this probability.
        ``measurement``: the group's measured worth is lower by ``strength`` (on a scale of 0 to 1)
        and noisier by half of it. ``representation``: a member of the group is left out of what
        the company considers with this probability. ``proxy``: the rule rewards living in the
        centre, where 60 % live, and of the group fewer by ``strength``.
    attribute : str
        ``gender``, ``age_band`` or ``country``.
    group : str
        The disadvantaged value of the attribute.
    strength : float
        0 plants nothing.
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
