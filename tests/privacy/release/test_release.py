"""Figures of persons: what they depend on, what is held back, and intervals that cover."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy import stats

from workbench.foundation.errors import ParameterError
from workbench.privacy.release import EXACT, Release, one_digit_up, shares
from workbench.statistics.intervals import wilson_interval

RULES = Release(view="view of march", secret=b"a secret of the study")
PLAIN = Release(view="view of march", secret=b"", is_exact=True)


def people(n: int, seed: int = 1) -> pl.DataFrame:
    """Return n persons with a group, a flag and an amount."""
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "customer_id": random.choice(2**62, n, replace=False).astype(np.uint64),
            "group": random.choice(["a", "b", "c"], n),
            "is_left": random.random(n) < 0.3,
            "spent_minor": (random.lognormal(3, 1, n) * 100).astype(np.int64),
        }
    )


def test_the_order_of_the_rows_does_not_count() -> None:
    rows = people(500)
    shuffled = rows.sample(fraction=1, shuffle=True, seed=3)
    for make in (
        lambda r: RULES.counts(r, ["group"], of={"left": pl.col("is_left")}),
        lambda r: RULES.sums(r, ["group"], of=["spent_minor"]),
        lambda r: RULES.value_shares(r, ["group"], of="spent_minor"),
    ):
        assert_frame_equal(make(rows), make(shuffled))


def test_the_same_groups_have_the_same_counts_in_every_table() -> None:
    rows = people(500)
    alone = RULES.counts(rows, ["group"])
    beside = RULES.counts(rows, ["group"], of={"left": pl.col("is_left")})
    assert_frame_equal(alone, beside.select("group", "persons"))
    assert_frame_equal(alone, RULES.sums(rows, ["group"], of=["spent_minor"]).drop("spent_minor"))


def test_a_person_less_changes_the_noise_of_every_group() -> None:
    rows = people(3000)
    changed = np.zeros(3)
    for without in range(200):
        fewer = rows[[row for row in range(rows.height) if row != without]]
        exact = fewer.group_by("group").len().sort("group")["len"].to_numpy()
        noise = RULES.counts(fewer, ["group"])["persons"].to_numpy() - exact
        first = RULES.counts(rows, ["group"])["persons"].to_numpy()
        before = first - rows.group_by("group").len().sort("group")["len"].to_numpy()
        changed += noise != before
    assert changed.min() > 120  # of 200: the noise is drawn anew in groups without the person too


def test_another_view_or_secret_is_another_draw() -> None:
    rows = people(3000)
    noise = {
        tuple(Release(view=view, secret=secret).counts(rows, ["group"])["persons"])
        for view in "abcdefgh"
        for secret in (b"one", b"two")
    }
    assert len(noise) > 10


def test_a_condition_that_all_meet_has_the_number_of_all() -> None:
    made = RULES.counts(people(90), ["group"], of={"all": pl.lit(True), "none": pl.lit(False)})
    assert made["all"].to_list() == made["persons"].to_list()
    assert made["none"].to_list() == [0, 0, 0]


def test_a_person_in_two_rows_is_refused() -> None:
    rows = pl.concat([people(20), people(20)])
    with pytest.raises(ParameterError, match="make one row a person first"):
        RULES.counts(rows, ["group"])
    with pytest.raises(ParameterError, match="rows with customer_id"):
        RULES.counts(rows.drop("customer_id"), ["group"])


def test_a_sum_that_one_or_two_persons_dominate_is_not_given() -> None:
    rows = pl.DataFrame(
        {
            "customer_id": list(range(9)),
            "group": ["one"] * 3 + ["two"] * 3 + ["even"] * 3,
            "spent": [60, 30, 20, 40, 35, 25, 34, 33, 33],
        },
        schema_overrides={"customer_id": pl.UInt64},
    )
    made = PLAIN.sums(rows, ["group"], of=["spent"])
    assert dict(made.select("group", "spent").iter_rows()) == {
        "one": None, "two": None, "even": 100,
    }  # fmt: skip
    assert EXACT.sums(rows, ["group"], of=["spent"])["spent"].to_list() == [100, 110, 100]


def test_a_sum_that_is_a_count_in_disguise_has_the_noise_of_the_count() -> None:
    rows = people(300).with_columns(
        one=pl.col("is_left").cast(pl.Int64), price=pl.lit(1999, dtype=pl.Int64)
    )
    counted = RULES.counts(rows, ["group"], of={"_high": pl.col("is_left")})
    made = RULES.sums(rows, ["group"], of=["one", "price"])
    assert made["one"].to_list() == counted["_high"].to_list()
    assert made["price"].to_list() == [1999 * n for n in counted["persons"]]


def test_another_unit_is_not_another_draw() -> None:
    # amounts that are whole in every unit: the same sums, so the same noise
    rows = people(300).with_columns(euros=(pl.col("spent_minor") // 20 * 20) / 100)
    made = [RULES.means(rows, of={"euros": smallest})["euros"][0] for smallest in (0.05, 0.1, 0.2)]
    assert max(made) - min(made) < 0.01


def test_means_are_scipys_with_its_t_interval() -> None:
    rows = people(300)
    made = PLAIN.means(rows, of={"spent_minor": 1}).row(0, named=True)
    values = rows["spent_minor"].to_numpy().astype(float)
    low, high = stats.ttest_1samp(values, 0).confidence_interval()
    assert made["spent_minor"] == pytest.approx(values.mean())
    assert made["spent_minor_low"] == pytest.approx(low)
    assert made["spent_minor_high"] == pytest.approx(high)


def test_the_half_width_of_a_mean_has_one_digit() -> None:
    made = RULES.means(people(300), ["group"], of={"spent_minor": 1})
    for mean, high in made.select("spent_minor", "spent_minor_high").iter_rows():
        assert one_digit_up(high - mean) == pytest.approx(high - mean)


@pytest.mark.parametrize("n", [30, 300, 3000])
def test_means_and_shares_cover(n: int) -> None:
    """Of 400 samples each; README's page on privacy has the table."""
    covered_mean = covered_share = 0
    true_mean = float(np.exp(3 + 0.5) * 100) - 0.5  # amounts are cut to whole minor units
    for seed in range(400):
        rows = people(n, seed=seed)
        rules = Release(view=f"view {seed}", secret=b"s", largest_bound=0)
        row = rules.means(rows, of={"spent_minor": 1}).row(0, named=True)
        if row["spent_minor"] is not None:
            covered_mean += row["spent_minor_low"] <= true_mean <= row["spent_minor_high"]
        else:
            covered_mean += 1
        counted = rules.counts(rows, of={"left": pl.col("is_left")})
        found = shares(counted["left"], counted["persons"], release=rules)
        covered_share += bool(found.low[0] <= 0.3 <= found.high[0])
    assert covered_mean / 400 > (0.9 if n == 30 else 0.93)
    assert covered_share / 400 > 0.93


def test_a_small_numerator_is_a_bound_and_so_is_a_small_rest() -> None:
    found = shares([0, 1, 4, 5, 21, 24, 25], [25] * 7, release=RULES)
    few, nearly = "at most 4 of 25", "all but at most 4 of 25"
    assert found.bound == ["", few, few, "", nearly, nearly, ""]
    # the limits hold for every count that the bound allows, and do not tell it
    assert found.high[1] == found.high[2] == wilson_interval(4, 25, noise=2.0).high
    assert found.low[1] == found.low[2] == wilson_interval(1, 25, noise=2.0).low
    assert found.value[1] == found.value[2] == pytest.approx(0.1)


def test_none_and_all_are_shown_unless_the_outcome_is_sensitive() -> None:
    plain = shares([0, 25], [25, 25], release=RULES)
    assert plain.bound == ["", ""]
    hidden = shares([0, 3, 25], [25] * 3, release=RULES, is_sensitive=True)
    assert hidden.bound == ["at most 4 of 25", "at most 4 of 25", "all but at most 4 of 25"]
    assert hidden.value[0] == hidden.value[1]


def test_without_noise_the_interval_is_wilsons() -> None:
    x, n = np.arange(31), np.full(31, 30)
    z2 = 1.959963984540054**2
    p = x / n
    middle = (p + z2 / 60) / (1 + z2 / 30)
    spread = np.sqrt(z2) * np.sqrt(p * (1 - p) / 30 + z2 / 3600) / (1 + z2 / 30)
    low, high = wilson_interval(x, n)
    assert low[1:] == pytest.approx((middle - spread)[1:])
    assert high[:-1] == pytest.approx((middle + spread)[:-1])


def test_noise_hides_everything_in_a_group_of_two() -> None:
    low, high = wilson_interval([1], [2], noise=2.0)
    assert (low[0], high[0]) == (0.0, 1.0)


def test_shares_of_a_value_add_up_and_carry_an_interval() -> None:
    rows = people(900)
    made = PLAIN.value_shares(rows, ["group"], of="spent_minor")
    total = rows["spent_minor"].sum()
    exact = rows.group_by("group").agg(pl.col("spent_minor").sum() / total).sort("group")
    assert made["share"].to_list() == pytest.approx(exact["spent_minor"].to_list())
    noisy = RULES.value_shares(rows, ["group"], of="spent_minor")
    inside = (noisy["low"] <= made["share"]) & (made["share"] <= noisy["high"])
    assert inside.all()
