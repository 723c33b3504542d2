"""What audits claim, over seeded worlds: each safety row has a usefulness row beside it.

A claim fails where the 99 % interval of its measured rate, adjusted for the number of claims in
this module (Bonferroni, which Holm is at least as strict as), lies outside its bounds.
"""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from workbench.fairness import Audit, Question, audit
from workbench.statistics.verdicts import Outcome

pytestmark = pytest.mark.slow

AUDITS = 150
CLAIMS = 23


def interval(hits: int, n: int) -> tuple[float, float]:
    """Return the exact interval of a measured rate, at 99 % for all claims together."""
    found = stats.binomtest(hits, n).proportion_ci(1 - 0.01 / CLAIMS, method="exact")
    return float(found.low), float(found.high)


def audited(sizes: list[int], shares: list[float], seed: int, **asked: float) -> Audit:
    random = np.random.default_rng(seed)
    rows = pl.DataFrame(
        {
            "g": np.repeat([f"group {at}" for at in range(len(sizes))], sizes),
            "d": random.random(sum(sizes)) < np.repeat(shares, sizes),
        }
    )
    return audit(rows, Question(attributes=("g",), **asked), decision="d", seed=seed)  # type: ignore[arg-type]  # tolerances only


def outcomes(sizes: list[int], shares: list[float], **asked: float) -> list[Outcome]:
    return [
        audited(sizes, shares, seed, **asked).verdicts[0].outcome for seed in range(1, AUDITS + 1)
    ]


@pytest.mark.parametrize("sizes", [[500, 500], [10, 30, 100, 300, 500]])
@pytest.mark.parametrize("share", [0.03, 0.3])
def test_equal_groups_seldom_seem_to_differ(sizes: list[int], share: float) -> None:
    found = outcomes(sizes, [share] * len(sizes), tolerance=0.0001)
    assert interval(found.count(Outcome.SHOWN), AUDITS)[0] <= 0.05


@pytest.mark.parametrize(("small", "large"), [(500, 1500), (500, 10_000)])
def test_a_gap_of_twelve_points_is_found(small: int, large: int) -> None:
    found = outcomes([large, small], [0.32, 0.2])
    assert interval(found.count(Outcome.SHOWN), AUDITS)[1] >= 0.9


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_equal_groups_of_a_shop_of_20_000_are_shown_within_the_tolerance(share: float) -> None:
    found = outcomes([11_000, 7000, 2000], [share] * 3)
    assert interval(found.count(Outcome.NOT_SHOWN), AUDITS)[1] >= 0.8


@pytest.mark.parametrize("sizes", [[4000, 4000], [3000, 2000, 1000]])
def test_a_gap_beyond_the_tolerance_is_seldom_called_within_it(sizes: list[int]) -> None:
    shares = [0.2] * (len(sizes) - 1) + [0.251]
    found = outcomes(sizes, shares)
    assert interval(found.count(Outcome.NOT_SHOWN), AUDITS)[0] <= 0.05


@pytest.mark.parametrize(
    ("sizes", "shares", "most"),
    [
        ([400, 300, 200], [0.2, 0.2, 0.2], 0.97),
        ([400, 300], [0.2, 0.3], 0.97),
        ([900, 500, 400], [0.2, 0.25, 0.35], 0.99),  # of three groups the limits are wider
        ([30, 20, 15], [0.1, 0.1, 0.3], 1.0),
        ([12, 500], [0.05, 0.05], 1.0),
    ],
)
def test_the_interval_of_the_largest_difference_covers_it(
    sizes: list[int], shares: list[float], most: float
) -> None:
    true, inside = max(shares) - min(shares), 0
    for seed in range(1, AUDITS + 1):
        row = audited(sizes, shares, seed).ranges.row(0, named=True)
        inside += row["low"] <= true <= row["high"]
    low, high = interval(inside, AUDITS)
    assert high >= 0.93
    assert low <= most


def test_the_interval_of_a_difference_is_no_wider_than_it_has_to_be() -> None:
    pairs = [audited([800, 800], [0.2, 0.3], seed).contrasts for seed in range(1, 60)]
    widths = [pair["high"][0] - pair["low"][0] for pair in pairs]
    exact = 2 * 1.96 * np.sqrt(0.2 * 0.8 / 800 + 0.3 * 0.7 / 800)
    assert np.median(widths) <= 1.15 * exact


@pytest.mark.parametrize(
    ("sizes", "shares", "limits"),
    [
        ([400, 400], [0.2, 0.22], {}),
        ([600, 500, 400], [0.2, 0.24, 0.27], {}),
        ([800, 800], [0.2, 0.14], {"tolerance": None, "least_ratio": 0.8}),
    ],
)
def test_so_many_persons_as_the_answer_names_settle_it(
    sizes: list[int], shares: list[float], limits: dict[str, float]
) -> None:
    few = next(
        found
        for found in (audited(sizes, shares, seed, least=200, **limits) for seed in range(1, 40))
        if found.verdicts[0].outcome is Outcome.UNDECIDED
    )
    words = few.verdicts[0].answer.partition("about ")[2].partition(" persons")[0]
    growth = float(words.replace(",", "")) / sum(sizes)
    assert growth > 1
    # the number is for the rates that were found, so these are the truth of the larger samples
    rates = few.rates.sort("group")["value"].to_list()
    found = outcomes([int(each * growth) for each in sizes], rates, least=200, **limits)
    assert interval(sum(not each.is_open for each in found), AUDITS)[1] >= 0.8


def test_equal_rates_are_within_a_ratio_both_ways_at_the_named_size() -> None:
    limits = {"tolerance": None, "least_ratio": 0.8}
    few = pl.DataFrame(
        {"g": np.repeat(["a", "b"], 800), "d": np.tile(np.arange(800) < 120, 2)}  # 15 % each
    )
    question = Question(attributes=("g",), least=200, **limits)  # type: ignore[arg-type]  # limits only
    answer = audit(few, question, decision="d", seed=1).verdicts[0].answer
    words = answer.partition("about ")[2].partition(" persons")[0]
    size = int(words.replace(",", "")) // 2
    found = outcomes([size, size], [0.15, 0.15], least=200, **limits)
    assert interval(sum(not each.is_open for each in found), AUDITS)[1] >= 0.8
