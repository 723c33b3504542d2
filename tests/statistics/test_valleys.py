"""Valleys between groups: where windows lie, and which clouds cannot have one."""

import numpy as np
import pytest
from scipy import stats

from workbench.statistics.valleys import (
    Group,
    ValleyWindows,
    Window,
    find_windows,
    valley_test,
)


def share(cloud: stats.distributions.rv_frozen, window: Window) -> float:
    return float(cloud.cdf(window.middle + window.half) - cloud.cdf(window.middle - window.half))


@pytest.mark.parametrize(
    "cloud",
    [stats.norm(), stats.expon(), stats.uniform(), stats.logistic(), stats.t(1), stats.t(3)],
    ids=lambda cloud: f"{cloud.dist.name} {cloud.args}",
)
def test_one_cloud_has_the_harmonic_mean_in_the_middle(
    cloud: stats.distributions.rv_frozen,
) -> None:
    random = np.random.default_rng(1)
    for _ in range(500):
        left, right = np.sort(cloud.ppf(random.uniform(0.01, 0.99, 2)))
        near, far = random.uniform(0.05, 1.0, 2)
        ends = share(cloud, Window(left, near)), share(cloud, Window(right, far))
        middle = share(cloud, Window((left + right) / 2, (near + far) / 2))
        assert middle >= stats.hmean(ends) - 1e-12


def test_a_small_group_has_the_wider_window() -> None:
    windows = find_windows(Group(2400, 0.0, 1.0), Group(270, 4.0, 1.0))
    assert windows is not None
    left, valley, right = windows
    assert left.half < valley.half < right.half
    assert valley.half == pytest.approx((left.half + right.half) / 2)
    assert valley.middle == pytest.approx((left.middle + right.middle) / 2)
    assert left.middle + left.half <= valley.middle - valley.half + 1e-9
    assert valley.middle + valley.half <= right.middle - right.half + 1e-9


def test_groups_on_top_of_one_another_have_no_windows() -> None:
    assert find_windows(Group(100, 0.0, 1.0), Group(100, 0.1, 1.0)) is None
    assert find_windows(Group(100, 0.0, 0.0), Group(100, 4.0, 1.0)) is None


def test_a_shallow_valley_is_no_valley() -> None:
    random = np.random.default_rng(2)
    windows = ValleyWindows(Window(-1.5, 0.4), Window(0.0, 0.5), Window(1.5, 0.6))
    apart = np.concatenate([random.normal(-1.5, 0.5, 500), random.normal(1.5, 0.5, 500)])
    assert valley_test(apart, windows).p_value < 0.001
    assert valley_test(random.uniform(-3, 3, 1000), windows).p_value > 0.5
