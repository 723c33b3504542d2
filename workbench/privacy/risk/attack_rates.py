"""Success rates of attacks on a release, adjusted by a control group (Giomi et al. 2023).

The same attack is run on persons whose records are in the release (originals) and on persons of the
same population whose records are not (control). What succeeds on the control is knowledge about the
population, which is what a release is for; what succeeds on the originals beyond it is a leak.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.statistics.estimates import Estimate, ratio
from workbench.statistics.intervals import LEVEL, share_interval

#: The three criteria of the Article 29 Working Party's opinion 05/2014 (WP216).
RiskCriterion = Literal["singling_out", "linkability", "inference"]
CRITERIA: tuple[RiskCriterion, ...] = ("singling_out", "linkability", "inference")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackRate:
    """Numbers of successes of one attack on originals and on the control group.

    Attributes
    ----------
    name : str
        Identifier in the report, snake_case: ``singling_out_multivariate``.
    criterion : str
        RiskCriterion that the attack tests.
    label : str
        What the intruder does, in words of a steward.
    tried, successes : int
        Number of attacked persons of the release, and of successes among them.
    control_tried, control_successes : int
        The same in the control group; 0 without one.
    spread, control_spread : float
        Factor by which the variance of the share of successes is larger than if the attack
        succeeded for each person by itself, at least 1; see ``spread_of``.
    planted : AttackRate or None
        The same attack on a verbatim copy of the originals, which must be noticed.
    """

    name: str
    criterion: RiskCriterion
    label: str
    tried: int
    successes: int
    control_tried: int = 0
    control_successes: int = 0
    spread: float = 1.0
    control_spread: float = 1.0
    planted: "AttackRate | None" = None

    @property
    def risk(self) -> Estimate:
        """Control-adjusted risk with its interval; see ``adjusted_risk``."""
        return adjusted_risk(self)

    @property
    def rate(self) -> Estimate:
        """Share of successes on the originals, without the control group."""
        return _share(self, self.successes, self.tried, self.spread)

    @property
    def control_rate(self) -> Estimate:
        """Share of successes on the control group."""
        return _share(self, self.control_successes, self.control_tried, self.control_spread)

    @property
    def bound(self) -> Estimate:
        """Control-adjusted risk, or without a control group the rate, which is not below it."""
        return self.risk if self.control_tried else self.rate

    def has_power(self, limit: float) -> bool:
        """Whether the attack finds a risk above the limit in a verbatim copy of the originals."""
        low = None if self.planted is None else self.planted.bound.low
        return low is not None and low > limit


def adjusted_risk(attack: AttackRate, *, level: float = LEVEL) -> Estimate:
    """Return the control-adjusted risk of an attack.

    Parameters
    ----------
    attack : AttackRate
        Numbers of successes.
    level : float
        Confidence level of the interval.

    Returns
    -------
    Estimate
        Risk up to 1; below 0 where the attack succeeds more often on the control group, which is
        chance. Without a control group it has no value: whether a success is a leak cannot be said.

    Notes
    -----
    With the shares r of successes on the originals and c on the control group, the risk is
    ``(r - c) / (1 - c)``, which is ``1 - (1 - r) / (1 - c)``. Its interval is that of the ratio of
    the two shares of failures (``statistics.estimates.ratio``). Giomi et al. propagate the errors
    to first order instead and cut the result at 0.

    References
    ----------
    Giomi, Boenisch, Wehmeyer and Tasnádi 2023, "A unified framework for quantifying privacy risk
    in synthetic data", Proceedings on Privacy Enhancing Technologies 2023(2), equation 2.

    Examples
    --------
    >>> found = adjusted_risk(
    ...     AttackRate(name="a", criterion="inference", label="guess", tried=1000, successes=460,
    ...                control_tried=1000, control_successes=200))
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (0.325, 0.28, 0.368)
    """
    empty = Estimate(
        name=attack.name, label=attack.label, unit="share", n=attack.tried, value=None,
    )  # fmt: skip
    if not attack.tried:
        return replace(empty, note="nobody could be attacked", original_figures=())
    if not attack.control_tried:
        return replace(empty, note="there is no control group", original_figures=())
    failed = attack.tried - attack.successes
    control_failed = attack.control_tried - attack.control_successes
    failures = _share(attack, failed, attack.tried, attack.spread, level)
    others = _share(attack, control_failed, attack.control_tried, attack.control_spread, level)
    kept = ratio(failures, others, name=attack.name, label=attack.label)
    if kept.value is None or kept.low is None or kept.high is None:
        note = "the attack succeeds on everybody in the control group"
        return replace(empty, note=note, original_figures=())
    return replace(
        empty, value=1 - kept.value, low=1 - kept.high, high=1 - kept.low, original_figures=()
    )


def spread_of(succeeded: NDArray[np.bool_], class_of: NDArray[np.int64]) -> float:
    """Return how much larger the variance of a share is as persons of a class share their fate.

    Persons with the same quasi-identifiers are attacked alike, so a thousand of them say less than
    a thousand persons would who differ.

    Notes
    -----
    With the share p of successes y and the sums s of ``y - p`` over each class, it is the sum of
    ``s^2`` divided by the sum of ``(y - p)^2``, and at least 1 (the design effect of a sample of
    clusters; Kish 1965, "Survey sampling").

    Examples
    --------
    >>> spread_of(np.array([True, True, False, False]), np.array([0, 0, 1, 1]))
    2.0
    """
    if not len(succeeded):
        return 1.0
    away = succeeded - succeeded.mean()
    alone = float(away @ away)
    _, place = np.unique(class_of, return_inverse=True)
    sums = np.bincount(place, weights=away)
    return max(1.0, float(sums @ sums) / alone) if alone > 0 else 1.0


def _share(
    attack: AttackRate, successes: int, tried: int, spread: float, level: float = LEVEL
) -> Estimate:
    """Return a share of successes with its interval."""
    found = Estimate(
        name=attack.name,
        label=attack.label,
        unit="share",
        n=tried,
        value=None,
        note="" if tried else "nobody was attacked",
    )
    if not tried:
        return found
    low, high = share_interval(successes / spread, tried / spread, level=level)
    return replace(
        found, value=successes / tried, low=float(low), high=float(high), original_figures=()
    )
