"""Cells of intervals: how often those of audits cover the truth, and how wide they are.

Each outcome says whether an interval covers and whether it is narrow, at most 1.15 times as wide as
one to compare with. That is, for

- a rate, the exact interval of the same counts (Clopper and Pearson);
- a difference of two groups, the distance between the 2.5th and the 97.5th percentile of simulated
  differences; where few are expected, the exact unconditional interval (``exact_difference``);
- all pairs together, and a range, limits with the true standard errors and the critical value that
  is simulated with them. A range whose pair lies far apart is held against the percentiles of
  simulated ranges too, the narrowest that can be.

An interval of a range that holds for every arrangement of the groups covers more than 97 % where
several pairs are equally far apart, because its upper limit is too low only if those of all these
pairs are. It is then claimed to cover at least 93 %. Where all groups are equal it misses if any
pair does, and where one pair is farthest apart if this pair does: there it covers 93 to 97 %. Of
many groups with one pair farthest apart it covers more and is wider than the spread of ranges,
because its lower limit is that of all pairs together, by which differences are shown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import polars as pl
from scipy import stats

from tests.statistics.exact_difference import exact_limits
from tests.truth.claimed_rates import Cell, Claim, rightly
from tests.truth.verdict_cells import audited
from workbench.fairness import Audit, Question, audit
from workbench.fairness.contrasts import contrasts, ranges
from workbench.fairness.disparity import COUNTS, rates
from workbench.privacy.release import Release
from workbench.privacy.release.noise import VARIANCE
from workbench.statistics.simultaneous import max_t_critical_value

#: Largest ratio of the width of an interval to that of the one it is compared with.
WIDER = 1.15
_DRAWS = 20  # for each world that is asked for: 2,000 at 100
_QUESTION = Question(attributes=("g",))
_SIMULATED = 20_000
_Z = 1.959963984540054

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


def interval_cells() -> Iterator[Cell]:
    """Yield the cells of all intervals."""
    yield from _rates()
    yield from _differences()
    yield from _ranges()
    yield from _noisy()
    yield from _on_worlds()


def _rates() -> Iterator[Cell]:
    for n, p, claim in (
        (100, 0.3, exactly()),
        (500, 0.2, exactly()),
        (500, 0.02, exactly()),
        (20_000, 0.05, exactly()),
        (12, 0.05, at_least()),
        (50, 0.046, at_least()),
        (400, 0.004, at_least()),
    ):
        groups = Groups((n,), (p,))
        yield _drawn(
            f"rate of {n:,} persons at {100 * p:g} %",
            n,
            partial(_rate_outcome, groups),
            (claim, narrowly("the exact one")),
        )


def _differences() -> Iterator[Cell]:
    for n, p in (((100, 80), (0.3, 0.3)), ((500, 500), (0.2, 0.3)), ((10_000, 200), (0.1, 0.06))):
        groups = Groups(n, p)
        yield _drawn(
            f"difference of {groups.words}",
            sum(n),
            partial(_difference_outcome, groups),
            (exactly(), narrowly("the simulated one")),
        )
    for n, p in (((30, 60), (0.05, 0.1)), ((20, 15), (0.1, 0.3)), ((25, 25), (0.04, 0.04))):
        groups = Groups(n, p)
        yield _drawn(
            f"difference of {groups.words}",
            sum(n),
            partial(_few_outcome, groups),
            (at_least(), narrowly("the exact one")),
        )


def _ranges() -> Iterator[Cell]:
    equal = [Groups((500,) * k, (0.2,) * k) for k in (2, 3, 5)]
    apart = [Groups((900, 500, 400), (0.2, 0.25, 0.35)), Groups((400, 300), (0.2, 0.3))]
    other = [
        Groups((500,) * 3, (0.2, 0.2, 0.35)),
        Groups((500,) * 5, (0.1, 0.15, 0.2, 0.25, 0.3)),
        Groups((500,) * 8, (0.1, *(0.2,) * 6, 0.3)),
        Groups((30, 20, 15), (0.1, 0.1, 0.3)),
        Groups((10, 30, 100, 300, 500), (0.2,) * 5),
    ]
    simulated = narrowly("the simulated one")
    for groups in (*equal, *apart, *other):
        is_large = min(np.array(groups.persons) * groups.rates) >= 10
        yield _drawn(
            f"all pairs together, {groups.words}",
            sum(groups.persons),
            partial(_together_outcome, groups),
            (exactly() if is_large else at_least(), simulated),
        )
        yield _drawn(
            f"range of {groups.words}",
            sum(groups.persons),
            partial(_range_outcome, groups),
            (at_least() if groups in other else exactly(), simulated),
        )
    for groups in apart:
        yield _drawn(
            f"range of {groups.words}",
            sum(groups.persons),
            partial(_apart_outcome, groups),
            (narrowly("the spread of ranges"),),
        )


def _noisy() -> Iterator[Cell]:
    """Yield cells of counts with noise, as pages show them; small numerators are bounds there."""
    simulated = narrowly("the simulated one")
    for groups, claims in (
        (Groups((300, 200), (0.2, 0.3)), (exactly(), simulated)),
        (Groups((60, 40), (0.3, 0.3)), (exactly(), simulated)),
        (Groups((40, 30), (0.05, 0.1)), (at_least(),)),
    ):
        for what, outcome in (("rate", _noisy_rate), ("difference", _noisy_difference)):
            yield _drawn(
                f"{what} with noise, {groups.words}",
                sum(groups.persons),
                partial(outcome, groups),
                claims,
                draws=10,
            )


def _on_worlds() -> Iterator[Cell]:
    """Yield cells of intervals on worlds; the truth of ``null`` is the same for all groups."""
    for what, outcome, claim in (
        ("rate of some 260 persons", _world_rate, exactly()),
        ("all pairs together", _world_pairs, exactly("covers 0")),
        ("largest difference", _world_range, exactly("covers 0")),
    ):
        yield Cell("intervals", f"null, {what} by gender", 20_000, outcome, (claim,))
    yield Cell(
        "intervals",
        "retail, 12 points planted, all pairs of gender and their true chances",
        20_000,
        _planted_pairs,
        (at_least(),),
    )


def _drawn(
    world: str, customers: int, outcome: object, claims: Sequence[Claim], *, draws: int = _DRAWS
) -> Cell:
    return Cell("intervals", world, customers, outcome, tuple(claims), draws)  # type: ignore[arg-type]  # a partial


def _words(covers: object, width: float = 1.0, other: float = 1.0) -> str:
    is_narrow = width <= WIDER * other
    return f"{'covers' if covers else 'misses'}, {'narrow' if is_narrow else 'wide'}"


def _rate_outcome(groups: Groups, seed: int) -> str:
    (n,), (p,) = groups.persons, groups.rates
    x = int(groups.draw(seed)[0])
    row = _compared(groups, groups.draw(seed), seed)[0].row(0, named=True)
    exact = stats.binomtest(x, n).proportion_ci(0.95, method="exact")
    return _words(row["low"] <= p <= row["high"], row["high"] - row["low"], exact.high - exact.low)


def _difference_outcome(groups: Groups, seed: int) -> str:
    covers, width = _pair_alone(groups, seed)
    return _words(covers, width, _spread(groups))


def _few_outcome(groups: Groups, seed: int) -> str:
    covers, width = _pair_alone(groups, seed)
    low, high = exact_limits(*groups.persons)[tuple(groups.draw(seed))]
    return _words(covers, width, high - low)


def _pair_alone(groups: Groups, seed: int) -> tuple[bool, float]:
    """Return whether the interval of the only pair covers its difference, and its width."""
    row = _compared(groups, groups.draw(seed), seed)[1].row(0, named=True)
    (true,) = _true_differences(groups, [row])
    return row["alone_low"] <= true <= row["alone_high"], row["alone_high"] - row["alone_low"]


def _together_outcome(groups: Groups, seed: int) -> str:
    pairs = list(_compared(groups, groups.draw(seed), seed)[1].iter_rows(named=True))
    low, high = np.array([[row["low"], row["high"]] for row in pairs]).T
    true = _true_differences(groups, pairs)
    errors = [_pair_error(groups, row) for row in pairs]
    ratio = float(np.median((high - low) / (2 * _critical_value(groups) * np.array(errors))))
    return _words(((low <= true) & (true <= high)).all(), ratio)


def _range_outcome(groups: Groups, seed: int) -> str:
    """Hold a range against the limits of all pairs with the true errors."""
    x = groups.draw(seed)
    row = _compared(groups, x, seed)[2].row(0, named=True)
    share, first, second = x / groups.persons, *np.triu_indices(len(x), 1)
    away = np.abs(share[first] - share[second])
    half = _critical_value(groups) * np.hypot(groups.errors[first], groups.errors[second])
    other = min((away + half).max(), 1.0) - max((away - half).max(), 0.0)
    true = max(groups.rates) - min(groups.rates)
    return _words(row["low"] <= true <= row["high"], row["high"] - row["low"], other)


def _apart_outcome(groups: Groups, seed: int) -> str:
    row = _compared(groups, groups.draw(seed), seed)[2].row(0, named=True)
    return _words(covers=True, width=row["high"] - row["low"], other=_spread(groups))


def _compared(
    groups: Groups, x: np.ndarray, seed: int
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return the rates, pairs and ranges of an audit of these counts."""
    n, none = np.array(groups.persons), np.zeros(len(x), dtype=np.int64)
    counts = dict.fromkeys(COUNTS, none) | {
        "persons": n, "selected": x, "negatives": n, "false_positives": x,
        "true_negatives": n - x, "correct": n - x,
    }  # fmt: skip
    names = {"attribute": ["g"] * len(x), "group": [f"group {at}" for at in range(len(x))]}
    counted = pl.DataFrame({**names, **counts})
    table = rates(counted, ("selection_rate",), least=_QUESTION.least)
    pairs = contrasts(table, _QUESTION, seed=seed)
    return table, pairs, ranges(table, pairs)


def _place(name: object) -> int:
    return int(str(name).removeprefix("group "))


def _true_differences(groups: Groups, pairs: Sequence[dict[str, object]]) -> np.ndarray:
    rate = groups.rates
    return np.array([rate[_place(row["group"])] - rate[_place(row["reference"])] for row in pairs])


def _pair_error(groups: Groups, row: dict[str, object]) -> float:
    error = groups.errors
    return float(np.hypot(error[_place(row["group"])], error[_place(row["reference"])]))


@cache
def _spread(groups: Groups, noise: float = 0.0) -> float:
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
def _critical_value(groups: Groups) -> float:
    return max_t_critical_value(groups.errors, seed=1)


def _noisy_audit(groups: Groups, seed: int) -> Audit:
    """Audit persons whose counts a release makes, with noise and bounds."""
    x = groups.draw(seed)
    names = np.repeat([f"group {at}" for at in range(len(x))], groups.persons)
    selected = np.concatenate(
        [np.arange(n) < chosen for n, chosen in zip(groups.persons, x, strict=True)]
    )
    ids = np.random.default_rng(seed).integers(0, 2**63, len(names), dtype=np.uint64)
    persons = pl.DataFrame({"customer_id": ids, "g": names, "selected": selected})
    release = Release(view=f"view {seed}", secret=seed.to_bytes(32))
    return audit(persons, _QUESTION, decision="selected", seed=seed, release=release)


def _noisy_rate(groups: Groups, seed: int) -> str:
    table = _noisy_audit(groups, seed).rates
    row = table.row(by_predicate=pl.col("group") == "group 1", named=True)
    alone = Groups(groups.persons[1:], groups.rates[1:])
    width = row["high"] - row["low"]
    return _words(row["low"] <= groups.rates[1] <= row["high"], width, _spread(alone, VARIANCE))


def _noisy_difference(groups: Groups, seed: int) -> str:
    row = _noisy_audit(groups, seed).contrasts.row(0, named=True)
    (true,) = _true_differences(groups, [row])
    low, high = row["alone_low"], row["alone_high"]
    return _words(low <= true <= high, high - low, _spread(groups, VARIANCE))


@cache
def _audit_by_gender(recipe: str, seed: int) -> tuple[Audit, pl.DataFrame, float]:
    """Return an audit, the true chance by group, and that of everybody."""
    found, rows = audited(recipe, 20_000, seed, Question(attributes=("gender",)))
    chance = pl.col("p_offer").mean()
    groups = rows.group_by(group=pl.col("gender").cast(pl.String).fill_null("missing")).agg(chance)
    return found, groups, float(rows["p_offer"].mean())  # type: ignore[arg-type]  # never null


def _world_rate(seed: int) -> str:
    found, _, chance = _audit_by_gender("null", seed)
    is_asked = (pl.col("group") == "nonbinary") & (pl.col("metric") == "selection_rate")
    row = found.rates.row(by_predicate=is_asked, named=True)
    return _words(row["low"] <= chance <= row["high"])


def _world_pairs(seed: int) -> str:
    pairs = _audit_by_gender("null", seed)[0].contrasts
    return _words(((pairs["low"] <= 0) & (pairs["high"] >= 0)).all())


def _world_range(seed: int) -> str:
    return _words(_audit_by_gender("null", seed)[0].ranges["low"][0] == 0)


def _planted_pairs(seed: int) -> str:
    found, groups, _ = _audit_by_gender("retail", seed)
    chance = dict(groups.iter_rows())
    return _words(
        all(
            row["low"] <= chance[row["group"]] - chance[row["reference"]] <= row["high"]
            for row in found.contrasts.iter_rows(named=True)
        )
    )
