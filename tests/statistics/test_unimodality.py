"""The dip against its definition, and the test against one and two peaks."""

import numpy as np
import pytest
from scipy.optimize import linprog

from workbench.foundation.errors import InputError
from workbench.statistics.unimodality import dip_of_sorted, dip_test


def dip_by_definition(x: np.ndarray) -> float:
    """Return the smallest distance to a distribution convex before and concave after a mode.

    The distribution may jump at the mode, so its value there counts twice.
    """
    return min(_distance(x, mode) for mode in range(len(x)))


def _distance(x: np.ndarray, mode: int) -> float:
    """Solve one linear programme: unknown are the values left and right of the mode, and d."""
    n = len(x)
    at = np.insert(x, mode, x[mode])  # position of each of the n + 1 values
    rows: list[dict[int, float]] = []
    limits: list[float] = []
    for place in range(n + 1):
        point = place if place <= mode else place - 1
        steps = {mode: [mode], mode + 1: [mode + 1]}.get(place, [point, point + 1])
        for step in steps:
            for sign in (1, -1):
                rows.append({place: sign, n + 1: -1})
                limits.append(sign * step / n)
    for place in range(n):
        rows.append({place: 1, place + 1: -1})
        limits.append(0)
    convex = [(start, 1) for start in range(mode - 1)]
    concave = [(start, -1) for start in range(mode + 1, n - 1)]
    for start, sign in convex + concave:
        before, after = at[start + 1] - at[start], at[start + 2] - at[start + 1]
        slopes = {start: -1 / before, start + 1: 1 / before + 1 / after, start + 2: -1 / after}
        rows.append({place: sign * weight for place, weight in slopes.items()})
        limits.append(0)
    matrix = np.zeros((len(rows), n + 2))
    for line, row in enumerate(rows):
        matrix[line, list(row)] = list(row.values())
    cost = np.eye(n + 2)[n + 1]
    found = linprog(cost, A_ub=matrix, b_ub=limits, bounds=[(0, 1)] * (n + 2))
    return float(found.fun)


@pytest.mark.parametrize("seed", range(6))
def test_dip_is_what_its_definition_says(seed: int) -> None:
    random = np.random.default_rng(seed)
    x = np.sort(np.r_[random.random(6), random.random(5) + seed / 3])
    assert dip_of_sorted(x) == pytest.approx(dip_by_definition(x), abs=1e-9)


def test_one_peak_passes_and_two_are_found() -> None:
    random = np.random.default_rng(1)
    assert dip_test(random.normal(size=500)).p_value > 0.3
    assert dip_test(random.exponential(size=500)).p_value > 0.3
    two = np.r_[random.normal(size=200), random.normal(4, 1, size=200)]
    assert dip_test(two).p_value < 0.001


def test_flat_values_err_in_five_of_a_hundred() -> None:
    random = np.random.default_rng(2)
    low = np.mean([dip_test(random.random(150)).p_value < 0.05 for _ in range(300)])
    assert 0.01 <= low <= 0.09


def test_equal_values_have_one_peak() -> None:
    assert dip_test([2.0] * 10).p_value == 1.0
    with pytest.raises(InputError, match="at least 4 values, found 3"):
        dip_test([1, 2, 3])
