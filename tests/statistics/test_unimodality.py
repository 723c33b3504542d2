"""The dip against its definition, and the test against one and two peaks."""

import numpy as np
import pytest
from scipy.optimize import linprog

from workbench.foundation.errors import InputError
from workbench.statistics.unimodality import dip, dip_test


def dip_by_definition(x: np.ndarray) -> float:
    """Return the smallest distance to a distribution convex before and concave after a mode.

    One linear programme per mode: its values at the points left of the mode (the last one just
    before it) and right of it, and the distance, are the unknowns.
    """
    n = len(x)
    best = 1.0
    for mode in range(n):
        size = n + 2
        distance = size - 1
        left, right = list(range(mode + 1)), list(range(mode + 1, n + 1))
        rows, limits = [], []

        def at_most(terms: dict[int, float], limit: float) -> None:
            row = np.zeros(size)
            for place, weight in terms.items():
                row[place] += weight
            rows.append(row)
            limits.append(limit)

        for variable in range(n + 1):
            point = variable if variable <= mode else variable - 1
            steps = {point / n, (point + 1) / n}
            if variable == mode:
                steps = {mode / n}
            if variable == mode + 1:
                steps = {(mode + 1) / n}
            for step in steps:
                at_most({variable: 1, distance: -1}, step)
                at_most({variable: -1, distance: -1}, -step)
        for variable in range(n):
            at_most({variable: 1, variable + 1: -1}, 0)
        for places, sign, shift in ((left, 1, 0), (right, -1, 1)):
            for a, b, c in zip(places, places[1:], places[2:], strict=False):
                first, second = x[b - shift] - x[a - shift], x[c - shift] - x[b - shift]
                at_most(
                    {b: sign * (1 / first + 1 / second), a: -sign / first, c: -sign / second}, 0
                )
        cost = np.zeros(size)
        cost[distance] = 1
        found = linprog(cost, A_ub=np.array(rows), b_ub=limits, bounds=[(0, 1)] * size)
        best = min(best, found.fun)
    return best


@pytest.mark.parametrize("seed", range(6))
def test_dip_is_what_its_definition_says(seed: int) -> None:
    random = np.random.default_rng(seed)
    x = np.sort(np.r_[random.random(6), random.random(5) + seed / 3])
    assert dip(x) == pytest.approx(dip_by_definition(x), abs=1e-9)


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
    with pytest.raises(InputError, match="4 values at least, found 3"):
        dip_test([1, 2, 3])
