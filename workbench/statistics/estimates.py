"""Estimates: numbers with an interval and the number of persons behind them."""

from dataclasses import dataclass, field, replace
from math import hypot, sqrt

from workbench.foundation.errors import ParameterError


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure that can be shown.

    Attributes
    ----------
    name : str
        Identifier in the record, snake_case, unique within a run: ``auc``, ``churn_rate``.
    value : float or None
        The estimate, None if it cannot be computed; ``note`` then contains the reason.
    low, high : float or None
        Limits of the 95 % interval, None if the figure is an exact count.
    n : int
        Number of persons behind the figure.
    unit : str
        Unit that the reader sees beside the figure: ``share``, ``AUC``, ``persons``, ``days``,
        ``GBP``.
    label : str
        Name of the figure in words of a reviewer: "Out-of-time AUC".
    note : str
        Reason why there is no value, or the method of the interval.
    origin : str
        Mark of the release that made the figure (``Release.origin``); see ``exhibits.Table``.
    original_figures : tuple
        Value, limits and persons with which the estimate was first made, set automatically.
        ``dataclasses.replace`` keeps them, so that ``is_changed`` notices a change.
    """

    name: str
    value: float | None
    n: int
    unit: str
    label: str
    low: float | None = None
    high: float | None = None
    note: str = ""
    origin: str = ""
    original_figures: tuple[float | None, ...] = field(default=(), repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.original_figures:
            object.__setattr__(self, "original_figures", self._figures)

    @property
    def _figures(self) -> tuple[float | None, ...]:
        return (self.value, self.low, self.high, float(self.n))

    @property
    def is_changed(self) -> bool:
        """Whether value, limits or persons differ from the original ones."""
        return self.original_figures != self._figures

    def without(self, note: str, *, n: int | None = None) -> "Estimate":
        """Return the estimate without its value, with the reason in ``note``."""
        persons = self.n if n is None else n
        return replace(
            self, value=None, low=None, high=None, n=persons, note=note, original_figures=()
        )


def difference(one: Estimate, other: Estimate, *, name: str, label: str) -> Estimate:
    """Return one figure less another; the two groups must have no person in common.

    Parameters
    ----------
    one, other : Estimate
        Figures in the same unit, of groups without common persons, so that their errors are
        independent. The difference of two shares is in points: .4 less .3 are 10 points.
    name, label : str
        Name and label of the result.

    Raises
    ------
    ParameterError
        The units differ, or the figures were made by two views.

    Notes
    -----
    The interval is computed from the two intervals, which include the noise of the release, by the
    method of variance estimates recovery (Zou and Donner 2008, "Construction of confidence limits
    about effect measures", https://doi.org/10.1002/sim.3095). If one of the two is a bound, the
    outer limits of both are used, which gives a wider interval. ``n`` is that of the smaller group.
    """
    _require_alike(one, other, name)
    n = min(one.n, other.n)
    unit = "points" if one.unit == "share" else one.unit
    empty = Estimate(
        name=name, label=label, unit=unit, n=n, value=None, note=_NO_VALUE, origin=one.origin
    )
    if one.value is None or other.value is None:
        if one.low is None or one.high is None or other.low is None or other.high is None:
            return empty
        # The share of a small count is published as a bound, whose limits hold for every count
        # within, so only the outer limits of the difference are known.
        low, high = one.low - other.high, one.high - other.low
        return replace(empty, low=low, high=high, note=_BOUND, original_figures=())
    value = one.value - other.value
    if one.low is None or one.high is None or other.low is None or other.high is None:
        note = "without an interval, as one of the two has none"
        return replace(empty, value=value, note=note, original_figures=())
    return replace(
        empty,
        value=value,
        low=value - hypot(one.value - one.low, other.high - other.value),
        high=value + hypot(one.high - one.value, other.value - other.low),
        note=_COMBINED,
        original_figures=(),
    )


def ratio(one: Estimate, other: Estimate, *, name: str, label: str) -> Estimate:
    """Return one figure divided by another; the two groups must have no person in common.

    Parameters
    ----------
    one, other, name, label
        Parameters of ``difference``. There is no value unless the interval of ``other`` is above 0
        and that of ``one`` does not extend below 0.

    Raises
    ------
    ParameterError
        The units differ, or the figures were made by two views.

    Notes
    -----
    The interval is computed from the two intervals (Newcombe 2016, "MOVER-R confidence intervals
    for ratios and products of two independent quantities",
    https://doi.org/10.1177/0962280213502144). ``n`` is that of the smaller group.
    """
    _require_alike(one, other, name)
    empty = Estimate(
        name=name, label=label, unit="times", n=min(one.n, other.n), value=None, origin=one.origin
    )
    if one.value is None or other.value is None:
        return replace(empty, note=_NO_VALUE)
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return replace(empty, note="not shown: one of the two figures has no interval")
    if one.low < 0 or other.low <= 0:
        return replace(empty, note="not shown: dividend or divisor could be 0 or less")
    product = one.value * other.value
    upper = other.high * (2 * other.value - other.high)
    lower = other.low * (2 * other.value - other.low)
    least, most = (end * (2 * one.value - end) for end in (one.low, one.high))
    low = least / (product + sqrt(max(product**2 - least * upper, 0.0))) if product else 0.0
    high = (product + sqrt(max(product**2 - most * lower, 0.0))) / lower
    return replace(
        empty,
        value=one.value / other.value,
        low=low,
        high=high,
        note=_COMBINED,
        original_figures=(),
    )


_NO_VALUE = "not shown: one of the two figures has no value"
_BOUND = "one of the two figures is a bound: only the interval is shown"
_COMBINED = "from the intervals of the two figures"


def _require_alike(one: Estimate, other: Estimate, name: str) -> None:
    if one.unit != other.unit or one.origin != other.origin:
        what = "units" if one.unit != other.unit else "views"
        raise ParameterError(
            f"estimate {name}: {one.name} and {other.name} are of two {what}: compare figures of "
            "one unit that one view made"
        )
