"""What a recipe plants is in the world, and nothing is where nothing was planted."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from workbench.synthetic import read_recipe
from workbench.synthetic.blocks import MadeBlock, make_block
from workbench.synthetic.truth import summary

RECIPES = Path(__file__).parent.parent.parent / "synthetic"
CUSTOMERS = 6_000


@pytest.fixture(scope="module")
def retail() -> MadeBlock:
    return make_block(read_recipe(RECIPES / "retail.toml"), 0, CUSTOMERS)


@pytest.fixture(scope="module")
def even() -> MadeBlock:
    """Return the same customers without the disparity."""
    recipe = read_recipe(RECIPES / "retail.toml", {"bias": {}})
    return make_block(recipe, 0, CUSTOMERS)


@pytest.fixture(scope="module")
def uniform() -> MadeBlock:
    return make_block(read_recipe(RECIPES / "uniform.toml"), 0, CUSTOMERS)


def _offer_gap(made: MadeBlock) -> tuple[float, float]:
    """Return men's less women's offer rate in the data, and its standard error."""
    decided = made.truth["disparity"]
    offers = made.tables["interactions"].filter(
        (pl.col("campaign_id") == "retention-offer") & (pl.col("action") == "sent")
    )
    known = made.tables["customers"].join(decided.select("record_id"), on="record_id", how="semi")
    known = known.with_columns(offered=pl.col("record_id").is_in(offers["record_id"].implode()))
    men, women = (
        known.filter(pl.col("gender") == gender)["offered"].to_numpy().astype(float)
        for gender in ("male", "female")
    )
    variance = men.var() / len(men) + women.var() / len(women)
    return float(men.mean() - women.mean()), float(np.sqrt(variance))


def test_the_planted_disparity_is_in_the_offers(retail: MadeBlock) -> None:
    gap, error = _offer_gap(retail)
    assert abs(gap - 0.12) < 3 * error


def test_no_disparity_is_in_the_offers_where_none_was_planted(
    even: MadeBlock, uniform: MadeBlock
) -> None:
    for made in (even, uniform):
        gap, error = _offer_gap(made)
        assert abs(gap) < 3 * error


def test_truth_tells_the_size_exactly_over_probabilities(retail: MadeBlock) -> None:
    recipe = read_recipe(RECIPES / "retail.toml", {"customers": CUSTOMERS})
    told = summary(recipe, {name: rows.lazy() for name, rows in retail.truth.items()})["disparity"]
    assert told["bias"][0]["planted"] == pytest.approx(0.12, abs=2e-6)
    assert abs(told["bias"][0]["difference_without"]) < 0.005
    assert told["decided_on"] == "2024-11-24"
    overall = retail.truth["disparity"]["p_offer_without"].mean()
    assert overall == pytest.approx(0.35, abs=0.02)


def test_everything_but_the_offer_and_its_visits_is_the_same_with_and_without_disparity(
    retail: MadeBlock, even: MadeBlock
) -> None:
    for name in set(retail.tables) - {"interactions", "events"}:
        assert retail.tables[name].equals(even.tables[name]), name
    assert retail.truth["customers"].equals(even.truth["customers"])


def test_gender_says_nothing_about_buying_leaving_or_consent(retail: MadeBlock) -> None:
    people = retail.truth["customers"]
    orders = retail.tables["orders"].group_by("record_id").agg(spent=pl.col("total_minor").sum())
    given = retail.tables["consents"].filter(pl.col("decision") == "given")
    given = given.group_by("record_id").len("permissions")
    people = people.join(orders, on="record_id", how="left").join(given, on="record_id", how="left")
    people = people.with_columns(pl.col("spent", "permissions").fill_null(0))
    women, men = (people.filter(pl.col("gender") == g) for g in ("female", "male"))
    for column in ("purchase_rate_per_day", "is_active", "spent", "permissions", "p_buys_90_days"):
        a, b = (rows[column].cast(pl.Float64).to_numpy() for rows in (women, men))
        error = np.sqrt(a.var() / len(a) + b.var() / len(b))
        assert abs(a.mean() - b.mean()) < 3.5 * error, column


def test_segments_have_their_shares_and_differ_in_value(retail: MadeBlock) -> None:
    people = retail.truth["customers"]
    shares = dict(people.group_by("segment").agg(pl.len() / CUSTOMERS).iter_rows())
    recipe = read_recipe(RECIPES / "retail.toml")
    for name, segment in recipe.segments.items():
        error = np.sqrt(segment.share * (1 - segment.share) / CUSTOMERS)
        assert abs(shares[name] - segment.share) < 3.5 * error
    sales = retail.tables["orders"].filter(pl.col("kind") == "sale")
    value = sales.join(people.select("record_id", "segment"), on="record_id")
    median = dict(value.group_by("segment").agg(pl.col("total_minor").median()).iter_rows())
    assert median["everyday"] * 1.4 < median["gifting"]
    assert median["gifting"] * 1.4 < median["devoted"]
    assert median["devoted"] * 1.4 < median["occasional"]


def test_customers_buy_next_as_often_as_truth_says(retail: MadeBlock) -> None:
    people = retail.truth["customers"]
    bought = people["buys_90_days"].cast(pl.Float64).to_numpy()
    p = people["p_buys_90_days"].to_numpy()
    error = np.sqrt((p * (1 - p)).sum()) / len(p)
    assert abs(bought.mean() - p.mean()) < 3.5 * error
    # and in each tenth of customers, ranked by it
    for part in np.array_split(np.argsort(p, kind="stable"), 10):
        error = np.sqrt((p[part] * (1 - p[part])).sum()) / len(part)
        assert abs(bought[part].mean() - p[part].mean()) < 4 * error + 1e-9


def test_nobody_buys_after_leaving(retail: MadeBlock) -> None:
    sales = retail.tables["orders"].filter(pl.col("kind") == "sale")
    left = retail.truth["customers"].filter(~pl.col("is_active")).select("record_id", "left_on")
    late = sales.join(left, on="record_id").filter(
        pl.col("ordered_at").dt.date() > pl.col("left_on")
    )
    assert late.is_empty()
    assert retail.truth["customers"].filter("is_active")["left_on"].is_null().all()


def test_consent_is_given_by_three_quarters(retail: MadeBlock) -> None:
    decided = retail.tables["consents"].sort("decided_at", nulls_last=False)
    latest = decided.group_by("record_id", "purpose", maintain_order=True).last()
    for purpose in ("analytics", "marketing.communications", "personalize"):
        of_purpose = latest.filter(pl.col("purpose") == purpose)
        given = of_purpose.filter(pl.col("decision") == "given").height / CUSTOMERS
        assert given == pytest.approx(0.76, abs=0.025), purpose
        assert 0 < CUSTOMERS - of_purpose.height < 0.1 * CUSTOMERS, "some were never asked"


def test_the_uniform_world_has_one_mode_of_value_and_rate(uniform: MadeBlock) -> None:
    sales = uniform.tables["orders"].filter(pl.col("kind") == "sale")
    value = sales.group_by("record_id").agg(pl.col("total_minor").mean().log())["total_minor"]
    rate = uniform.truth["customers"]["purchase_rate_per_day"].log()
    assert uniform.truth["customers"]["segment"].n_unique() == 1
    for sample in (value.to_numpy(), rate.to_numpy()):
        assert _modes(sample) == 1


@pytest.mark.parametrize(("contrast", "modes"), [(0.0, 1), (1.0, 1), (3.0, 4)])
def test_values_have_as_many_modes_as_the_contrast_makes(contrast: float, modes: int) -> None:
    changes = {"contrast": contrast, "visitors": {"anonymous_per_month": 0.0}}
    made = make_block(read_recipe(RECIPES / "retail.toml", changes), 0, CUSTOMERS)
    sales = made.tables["orders"].filter(pl.col("kind") == "sale")
    value = sales.group_by("record_id").agg(pl.col("total_minor").mean().log())["total_minor"]
    assert _modes(value.to_numpy()) == modes


def test_orders_of_a_customer_vary_as_in_life(retail: MadeBlock) -> None:
    """Variance of log order values within buyers over the whole: CDNOW .63, Online Retail .70."""
    sales = (
        retail.tables["orders"]
        .filter(pl.col("kind") == "sale")
        .with_columns(own=pl.col("total_minor").log())
    )
    within = (
        sales.filter(pl.len().over("record_id") > 1)
        .group_by("record_id")
        .agg(v=pl.col("own").var(), n=pl.len() - 1)
    )
    spread = (within["v"] * within["n"]).sum() / within["n"].sum()
    assert 0.3 < spread / sales["own"].var() < 0.7


def test_without_contrast_segments_are_alike() -> None:
    kinds = read_recipe(RECIPES / "retail.toml", {"contrast": 0.0}).contrasted_segments
    alike = [each.model_dump(exclude={"share"}) for each in kinds]
    for name, value in alike[0].items():
        for other in alike[1:]:
            assert other[name] == pytest.approx(value), name


def test_contrast_takes_segments_apart_on_the_log_scale() -> None:
    stated, sharp = (
        {
            each.share: each
            for each in read_recipe(RECIPES / "retail.toml", {"contrast": c}).contrasted_segments
        }
        for c in (1.0, 2.0)
    )
    (low, high) = (stated[0.3].order_value_minor, stated[0.2].order_value_minor)
    ratio = sharp[0.2].order_value_minor / sharp[0.3].order_value_minor
    assert ratio == pytest.approx((high / low) ** 2, rel=1e-3)
    assert sharp[0.2].order_sd == pytest.approx(stated[0.2].order_sd / 2, rel=0.05)


def _modes(sample: NDArray[np.float64]) -> int:
    """Count the peaks of a kernel density above a hundredth of the highest."""
    low, high = (float(edge) for edge in np.quantile(sample, [0.005, 0.995]))
    grid = np.linspace(low, high, 120)
    width = 0.18 * sample.std()
    density = np.exp(-(((grid[:, None] - sample[None, :]) / width) ** 2) / 2).sum(axis=1)
    density /= density.max()
    inner = density[1:-1]
    peaks = (inner > density[:-2]) & (inner > density[2:]) & (inner > 0.01)
    return int(peaks.sum())
