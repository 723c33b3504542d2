"""Tests of shares, adjustment for several, and the persons that are needed."""

import numpy as np
import pytest
from scipy import stats

from workbench.statistics.comparisons import (
    adjust_p_values,
    two_share_test,
)


def test_holm_by_hand() -> None:
    assert adjust_p_values([0.01, 0.04, 0.03, np.nan]).round(10).tolist()[:3] == [0.03, 0.06, 0.06]
    assert np.isnan(adjust_p_values([0.01, np.nan])[1])
    assert adjust_p_values([]).tolist() == []


def test_large_groups_have_pearsons_test() -> None:
    table = [[30, 70], [45, 55]]
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert two_share_test(30, 100, 45, 100) == pytest.approx(expected)


def test_small_groups_have_fishers_test() -> None:
    expected = stats.fisher_exact([[1, 9], [4, 8]]).pvalue
    assert two_share_test(1, 10, 4, 12) == pytest.approx(expected)
    assert two_share_test(0, 10, 0, 12) == 1.0
    assert np.isnan(two_share_test(0, 0, 1, 12))
