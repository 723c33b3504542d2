"""Differences and ratios of two figures, with intervals made from theirs."""

from dataclasses import replace

import numpy as np
import pytest

from workbench.foundation.errors import ParameterError
from workbench.statistics import Estimate, difference, ratio
from workbench.statistics.intervals import newcombe_interval, wilson_interval


def share(x: int, n: int) -> Estimate:
    low, high = (float(end) for end in wilson_interval(x, n))
    return Estimate(name="s", value=x / n, low=low, high=high, n=n, unit="share", label="S")


def mean(value: float, half: float) -> Estimate:
    return Estimate(
        name="m", value=value, low=value - half, high=value + half, n=30, unit="EUR", label="M"
    )


def test_a_difference_of_shares_is_newcombes() -> None:
    found = difference(share(56, 70), share(48, 80), name="d", label="D")
    assert (found.low, found.high) == pytest.approx(
        [float(e) for e in newcombe_interval(56, 70, 48, 80)]
    )
    # Newcombe 1998, table II (a): .0524 to .3339
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert found.n == 70


def test_a_ratio_of_symmetric_intervals_is_fiellers() -> None:
    found = ratio(mean(10, 2), mean(5, 1), name="r", label="R")
    middle, part = 10 * 5 / (25 - 1), (100 - 4) * (25 - 1)
    spread = np.sqrt(50**2 - part) / (25 - 1)
    assert found.value == 2.0
    assert (found.low, found.high) == pytest.approx((middle - spread, middle + spread))
    assert found.unit == "times"


def test_a_ratio_of_shares_covers_what_is_true() -> None:
    random = np.random.default_rng(7)
    tries = 2000
    ones, others = random.binomial(90, 0.3, tries), random.binomial(70, 0.2, tries)
    covered = 0
    for x1, x2 in zip(ones, others, strict=True):
        found = ratio(share(int(x1), 90), share(int(x2), 70), name="r", label="R")
        assert found.low is not None and found.high is not None
        covered += found.low <= 1.5 <= found.high
    assert 0.94 <= covered / tries <= 0.97


def test_what_has_no_value_or_another_unit() -> None:
    nothing = share(5, 20).without("not shown")
    for made in (
        difference(nothing, share(5, 20), name="d", label="D"),
        ratio(share(5, 20), nothing, name="d", label="D"),
        ratio(mean(1, 2), mean(5, 1), name="d", label="D"),
        ratio(mean(5, 1), mean(1, 2), name="d", label="D"),
    ):
        assert made.value is None
        assert made.note.startswith("not shown")
    bound = replace(share(2, 20), value=None)
    assert difference(bound, share(15, 20), name="d", label="D").high < 0
    without = replace(mean(5, 1), low=None, high=None)
    assert difference(without, mean(2, 1), name="d", label="D").value == 3.0
    with pytest.raises(ParameterError, match="of two units"):
        difference(share(5, 20), mean(5, 1), name="d", label="D")
    with pytest.raises(ParameterError, match="of two views"):
        ratio(share(5, 20), replace(share(5, 20), origin="x"), name="d", label="D")
