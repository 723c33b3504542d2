"""Groups of persons with true rates, their draws, and what is claimed about their intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from tests.truth.claimed_rates import Cell, Claim, rightly
from workbench.fairness import Question
from workbench.statistics.simultaneous import max_t_critical_value

#: Largest ratio of the width of an interval to that of the one it is compared with.
WIDER = 1.15
QUESTION = Question(attributes=("g",))
_DRAWS = 20  # for each world that is asked for: 2,000 at 100
_SIMULATED = 20_000
_COVERS = ("covers, narrow", "covers, wide")
_NARROW = ("covers, narrow", "misses, narrow")


@dataclass(frozen=True)
class Groups:
    """Numbers of persons of some groups, and their true rates."""

    persons: tuple[int, ...]
    rates: tuple[float, ...]

    @property
    def words(self) -> str:
        """The groups in words."""
        sizes = " and ".join(f"{n:,}" for n in dict.fromkeys(self.persons))
        shares = ", ".join(f"{100 * rate:g}" for rate in self.rates)
        return f"{len(self.persons)} groups of {sizes} persons at {shares} %"

    @property
    def errors(self) -> np.ndarray:
        """The true standard errors of the rates."""
        n, p = np.array(self.persons), np.array(self.rates)
        return np.sqrt(p * (1 - p) / n)

    def draw(self, seed: int) -> np.ndarray:
        """Return the number selected of each group."""
        return np.random.default_rng(seed).binomial(self.persons, self.rates)


def exactly(what: str = "covers") -> Claim:
    """Return the claim that an interval keeps its level from both sides."""
    return Claim(what, _COVERS, least=0.93, most=0.97)


def at_least(what: str = "covers") -> Claim:
    """Return the claim that an interval keeps its level."""
    return rightly(what, *_COVERS, bound=0.93)


def narrowly(other: str) -> Claim:
    """Return the claim that the median width is at most 1.15 times that of another interval."""
    return rightly(f"width at most {WIDER} times {other}", *_NARROW, bound=0.5)


def drawn_cell(
    world: str,
    customers: int,
    outcome: Callable[[int], str],
    claims: Sequence[Claim],
    *,
    draws: int = _DRAWS,
) -> Cell:
    """Return a cell of intervals on counts that are drawn."""
    return Cell("intervals", world, customers, outcome, tuple(claims), draws)


def coverage_words(covers: object, width: float = 1.0, other: float = 1.0) -> str:
    """Return whether an interval covers, and whether it is narrow beside the other width."""
    is_narrow = width <= WIDER * other
    return f"{'covers' if covers else 'misses'}, {'narrow' if is_narrow else 'wide'}"


@cache
def simulated_width(groups: Groups, noise: float = 0.0) -> float:
    """Return the distance of the 2.5th and the 97.5th percentile of simulated figures.

    The figure is the range of three groups or more, the difference of two, the rate of one.
    """
    random = np.random.default_rng(1)
    x = random.binomial(groups.persons, groups.rates, (_SIMULATED, len(groups.rates)))
    counts = (each + noise**0.5 * random.standard_normal(x.shape) for each in (x, groups.persons))
    share = np.divide(*counts)
    figure = {1: share[:, 0], 2: share[:, -1] - share[:, 0]}.get(
        len(groups.rates), share.max(axis=1) - share.min(axis=1)
    )
    low, high = np.quantile(figure, [0.025, 0.975])
    return float(high - low)


@cache
def critical_value(groups: Groups) -> float:
    """Return the critical value of all pairs with the true standard errors."""
    return max_t_critical_value(groups.errors, seed=1)


def _place(name: object) -> int:
    return int(str(name).removeprefix("group "))


def true_differences(groups: Groups, pairs: Sequence[dict[str, object]]) -> np.ndarray:
    """Return the true difference of each pair of groups."""
    rate = groups.rates
    return np.array([rate[_place(row["group"])] - rate[_place(row["reference"])] for row in pairs])


def pair_error(groups: Groups, row: dict[str, object]) -> float:
    """Return the true standard error of the difference of a pair of groups."""
    error = groups.errors
    return float(np.hypot(error[_place(row["group"])], error[_place(row["reference"])]))
