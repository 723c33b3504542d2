"""Cells of intervals: how often those of audits cover the truth, and how wide they are.

Each outcome says whether an interval covers and whether it is narrow, at most 1.15 times as wide as
one to compare with. That is, for

- a rate, the exact interval of the same counts (Clopper and Pearson);
- a difference of two groups, the distance between the 2.5th and the 97.5th percentile of simulated
  differences; where few are expected, the exact unconditional interval (``exact_difference``);
- all pairs together, and a range, limits with the true standard errors and the critical value that
  is simulated with them. A range of up to five groups, one of them the highest, is held against
  the percentiles of simulated ranges too, the narrowest that can be.

An interval of a range that holds for every arrangement of the groups covers more than 97 % where
several pairs are equally far apart, because its upper limit is too low only if those of all these
pairs are. It is then claimed to cover at least 93 %. Where all groups are equal it misses if any
pair does, and where one pair is farthest apart if this pair does: there it covers 93 to 97 %. Of
many groups with one pair farthest apart it covers more, because its lower limit also holds if many
pairs are as far apart. Of eight groups it is therefore wider than 1.15 times the spread of ranges.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
import polars as pl
from scipy import stats

from tests.statistics.exact_difference import exact_limits
from tests.truth.claimed_rates import Cell
from tests.truth.drawn_groups import (
    QUESTION,
    Groups,
    at_least,
    coverage_words,
    critical_value,
    drawn_cell,
    exactly,
    narrowly,
    pair_error,
    simulated_width,
    true_differences,
)
from workbench.fairness.contrasts import contrasts, ranges
from workbench.fairness.disparity import COUNTS, rates


def interval_cells() -> Iterator[Cell]:
    """Yield the cells of all intervals."""
    yield from _rates()
    yield from _differences()
    yield from _ranges()


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
        yield drawn_cell(
            f"rate of {n:,} persons at {100 * p:g} %",
            n,
            partial(_rate_outcome, groups),
            (claim, narrowly("the exact one")),
        )


def _differences() -> Iterator[Cell]:
    for n, p in (((100, 80), (0.3, 0.3)), ((500, 500), (0.2, 0.3)), ((10_000, 200), (0.1, 0.06))):
        groups = Groups(n, p)
        yield drawn_cell(
            f"difference of {groups.words}",
            sum(n),
            partial(_difference_outcome, groups),
            (exactly(), narrowly("the simulated one")),
        )
    for n, p in (((30, 60), (0.05, 0.1)), ((20, 15), (0.1, 0.3)), ((25, 25), (0.04, 0.04))):
        groups = Groups(n, p)
        yield drawn_cell(
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
        yield drawn_cell(
            f"all pairs together, {groups.words}",
            sum(groups.persons),
            partial(_together_outcome, groups),
            (exactly() if is_large else at_least(), simulated),
        )
        yield drawn_cell(
            f"range of {groups.words}",
            sum(groups.persons),
            partial(_range_outcome, groups),
            (at_least() if groups in other else exactly(), simulated),
        )
    for groups in (*apart, *other[:2]):
        yield drawn_cell(
            f"range of {groups.words}",
            sum(groups.persons),
            partial(_apart_outcome, groups),
            (narrowly("the spread of ranges"),),
        )


def _rate_outcome(groups: Groups, seed: int) -> str:
    (n,), (p,) = groups.persons, groups.rates
    x = int(groups.draw(seed)[0])
    row = _compared(groups, groups.draw(seed), seed)[0].row(0, named=True)
    exact = stats.binomtest(x, n).proportion_ci(0.95, method="exact")
    return coverage_words(
        row["low"] <= p <= row["high"], row["high"] - row["low"], exact.high - exact.low
    )


def _difference_outcome(groups: Groups, seed: int) -> str:
    covers, width = _pair_alone(groups, seed)
    return coverage_words(covers, width, simulated_width(groups))


def _few_outcome(groups: Groups, seed: int) -> str:
    covers, width = _pair_alone(groups, seed)
    low, high = exact_limits(*groups.persons)[tuple(groups.draw(seed))]
    return coverage_words(covers, width, high - low)


def _pair_alone(groups: Groups, seed: int) -> tuple[bool, float]:
    """Return whether the interval of the only pair covers its difference, and its width."""
    row = _compared(groups, groups.draw(seed), seed)[1].row(0, named=True)
    (true,) = true_differences(groups, [row])
    return row["alone_low"] <= true <= row["alone_high"], row["alone_high"] - row["alone_low"]


def _together_outcome(groups: Groups, seed: int) -> str:
    pairs = list(_compared(groups, groups.draw(seed), seed)[1].iter_rows(named=True))
    low, high = np.array([[row["low"], row["high"]] for row in pairs]).T
    true = true_differences(groups, pairs)
    errors = [pair_error(groups, row) for row in pairs]
    ratio = float(np.median((high - low) / (2 * critical_value(groups) * np.array(errors))))
    return coverage_words(((low <= true) & (true <= high)).all(), ratio)


def _range_outcome(groups: Groups, seed: int) -> str:
    """Hold a range against the limits of all pairs with the true errors."""
    x = groups.draw(seed)
    row = _compared(groups, x, seed)[2].row(0, named=True)
    share, first, second = x / groups.persons, *np.triu_indices(len(x), 1)
    away = np.abs(share[first] - share[second])
    half = critical_value(groups) * np.hypot(groups.errors[first], groups.errors[second])
    other = min((away + half).max(), 1.0) - max((away - half).max(), 0.0)
    true = max(groups.rates) - min(groups.rates)
    return coverage_words(row["low"] <= true <= row["high"], row["high"] - row["low"], other)


def _apart_outcome(groups: Groups, seed: int) -> str:
    row = _compared(groups, groups.draw(seed), seed)[2].row(0, named=True)
    return coverage_words(
        covers=True, width=row["high"] - row["low"], other=simulated_width(groups)
    )


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
    table = rates(counted, ("selection_rate",), least=QUESTION.least)
    pairs = contrasts(table, QUESTION, seed=seed)
    return table, pairs, ranges(table, pairs)
