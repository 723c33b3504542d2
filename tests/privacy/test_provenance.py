"""Figures about persons are shown only as the release of the view made them."""

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from workbench.charts.exhibits import Table
from workbench.foundation.errors import ParameterError, PrivacyError
from workbench.privacy import View, open_view
from workbench.privacy.provenance import require_released, require_released_estimate
from workbench.privacy.sensitive import reveals_sensitive
from workbench.schema import CustomerData
from workbench.statistics.estimates import Estimate
from workbench.vault import Dataset

from .conftest import study

COLUMNS = {
    "customers": ("gender", "country"),
    "orders": ("ordered_at", "total_minor", "channel"),
}


@pytest.fixture(scope="module")
def view(world: Dataset) -> View:
    return open_view(study(basis="contract", columns=COLUMNS, policy={"k": 5}, min_group=10), world)


def spent(view: View) -> pl.DataFrame:
    """Return one row per customer with what they spent, in euros."""
    orders = (
        view.data["orders"]
        .group_by("customer_id")
        .agg(euros=pl.col("total_minor").sum() / 100, orders=pl.len().cast(pl.Int64))
    )
    customers = view.data["customers"].select("customer_id", "gender")
    return customers.join(orders, on="customer_id").collect()


def refused(view: View, rows: pl.DataFrame, persons: str | None = None, source: str = "") -> str:
    table = Table(name="t", title="T", rows=rows, persons=persons, source=source)
    with pytest.raises(PrivacyError) as told:
        require_released(table, release=view.release, data=view.data)
    return str(told.value)


def test_what_the_view_makes_is_shown(view: View) -> None:
    rows = spent(view)
    table = view.table(
        rows,
        ["gender"],
        name="spending",
        title="Spending by gender",
        shares={"large": pl.col("euros") > 500},
        means={"euros": 0.01},
        sums=["orders"],
    )
    require_released(table, release=view.release, data=view.data)
    assert table.rows.columns[:3] == ["gender", "persons", "large"]
    exact = rows.group_by("gender").agg(pl.len(), pl.col("euros").mean()).drop_nulls()
    exact = exact.with_columns(pl.col("gender").cast(pl.String))
    both = table.rows.join(exact, on="gender")
    assert ((both["persons"] - both["len"].cast(pl.Int64)).abs() <= 5).all()
    inside = (both["euros_low"] <= both["euros_right"]) & (
        both["euros_right"] <= both["euros_high"]
    )
    assert inside.all()


def test_estimates_of_the_view_are_shown(view: View) -> None:
    rows = spent(view)
    for estimate in (
        view.share(rows, pl.col("euros") > 500, name="large", label="Spent over 500"),
        view.mean(rows, "euros", smallest=0.01, name="mean", label="Spending", unit="EUR"),
        view.quantile(rows, "euros", 0.5, name="median", label="Median", unit="EUR"),
    ):
        require_released_estimate(estimate, release=view.release)
        assert estimate.value is not None
        assert abs(estimate.n - rows.height) <= 30
    median = float(rows["euros"].median())  # type: ignore[arg-type]  # a number
    found = view.quantile(rows, "euros", 0.5, name="median", label="Median", unit="EUR").value
    assert found == pytest.approx(median, rel=0.1)


def test_a_share_of_a_sensitive_column_never_tells_it_of_everybody(view: View) -> None:
    rows = spent(view).with_columns(income_band=pl.lit("EUR 0-9999"))
    condition = pl.col("income_band") == "EUR 0-9999"
    table = view.table(rows, ["gender"], name="t", title="T", shares={"poor": condition})
    assert table.rows["poor"].null_count() == table.rows.height
    assert view.share(rows, condition, name="poor", label="Poor").value is None
    other = view.share(rows, pl.col("euros") > -1, name="all", label="All")
    assert other.value == 1.0


def test_a_table_that_was_changed_since_is_refused(view: View) -> None:
    made = view.table(spent(view), ["gender"], name="t", title="T", means={"euros": 0.01})
    less = made.rows.sort("persons").head(2).select("gender", "persons", "euros")
    require_released(replace(made, rows=less), release=view.release, data=view.data)
    most = spent(view).group_by(pl.col("gender").cast(pl.String)).agg(pl.col("euros").max())
    most = most.rename({"euros": "most"})
    for rows in (
        made.rows.join(most, on="gender", how="left", nulls_equal=True),
        made.rows.with_columns(pl.col("euros") + 1),
        made.rows.with_columns(pl.col("persons").cast(pl.Int32)),
    ):
        with pytest.raises(PrivacyError, match="changed after the release made it"):
            require_released(replace(made, rows=rows), release=view.release, data=view.data)


@pytest.mark.parametrize("name", ["income_band", "band", "poor", "rich"])
def test_what_follows_from_a_sensitive_fact_is_sensitive(view: View, name: str) -> None:
    rows = spent(view).with_columns(
        income_band=pl.when(pl.col("customer_id") % 7 > 2)
        .then(pl.lit("low"))
        .otherwise(pl.lit("x"))
    )
    customers = view.data["customers"].join(
        rows.select("customer_id", "income_band").lazy(), on="customer_id", how="left"
    )
    told = CustomerData({**view.data.tables, "customers": customers})
    conditions = {
        "income_band": pl.col("income_band") == "low",
        "band": pl.col("band") == "low",
        "poor": pl.col("poor"),
        "rich": ~pl.col("rich"),
    }
    poor = pl.col("income_band") == "low"
    mine = rows.select(
        "customer_id", income_band="income_band", band="income_band", poor=poor, rich=~poor
    )
    assert reveals_sensitive(mine, conditions[name], told)
    assert not reveals_sensitive(rows.drop("income_band"), pl.col("euros") > 500, told)


def test_attributes_are_sensitive_by_what_they_say(view: View) -> None:
    rows = spent(view)
    running = rows.filter(pl.col("customer_id") % 5 == 0)
    facts = running.select(
        "customer_id", namespace=pl.lit("interest"), attribute=pl.lit("running"),
        value=pl.lit(None, dtype=pl.String),
    ).lazy()  # fmt: skip
    told = CustomerData({**view.data.tables, "attributes": facts})
    mine = rows.with_columns(runs=pl.col("customer_id").is_in(running["customer_id"].implode()))
    assert reveals_sensitive(mine, pl.col("runs"), told)
    assert reveals_sensitive(mine.rename({"runs": "x"}), ~pl.col("x"), told)
    assert not reveals_sensitive(mine, pl.col("orders") > 5, told)


def test_extremes_of_few_persons_have_no_value(view: View) -> None:
    rows = spent(view)
    for share in (0.001, 0.999):
        found = view.quantile(rows, "euros", share, name="q", label="Q", unit="EUR")
        assert found.value is None
        assert "fewer than 10 persons are beyond it" in found.note
    assert view.quantile(rows, "euros", 0.9, name="q", label="Q", unit="EUR").value is not None
    with pytest.raises(ParameterError, match="is between 0 and 1"):
        view.quantile(rows, "euros", 1.0, name="q", label="Q", unit="EUR")


def test_a_count_by_hand_is_refused(view: View) -> None:
    counted = spent(view).group_by("gender").agg(persons=pl.len())
    assert "counts persons in persons, but no release made it" in refused(view, counted, "persons")


@pytest.mark.parametrize("name", ["gender", "g", "kind of customer"])
def test_a_count_under_a_personal_column_is_refused_under_any_name(view: View, name: str) -> None:
    counted = spent(view).group_by(pl.col("gender").alias(name)).agg(n=pl.len())
    message = refused(view, counted, source="my own count")
    assert "view.table(rows, by=[...])" in message


def test_values_of_persons_are_refused_under_any_name(view: View) -> None:
    amounts = view.data["orders"].select(x="total_minor").head(20).collect()
    assert "x (total_minor)" in refused(view, amounts, source="prices")
    ids = view.data["customers"].select(number="customer_id").head(20).collect()
    assert "number (customer_id)" in refused(view, ids, source="numbers")


def test_everybody_a_group_of_their_own_is_refused(view: View) -> None:
    rows = (
        spent(view)
        .with_columns(
            total_minor=(pl.col("euros") * 100).cast(pl.Int64),
            label=pl.format("{} EUR {}", pl.col("euros"), pl.col("gender").cast(pl.String)),
            most=pl.col("euros").max().over("gender"),
        )
        .with_row_index("row")
    )
    # 400 names without a number, three persons each
    names = [f"{a}{b}" for a in "abcdefghijklmnopqrst" for b in "abcdefghijklmnopqrst"]
    rows = rows.with_columns(own=(pl.col("row") % 400).replace_strict(dict(enumerate(names))))
    for by in (["euros"], ["total_minor"], ["customer_id"], ["label"], ["gender", "most"]):
        with pytest.raises(PrivacyError, match="cannot be a group"):
            view.table(rows, by, name="t", title="T")
    words = {"0": "Tent 2 m", "1": "Lamp 4000 K", "2": "Bike X4100"}
    products = rows.with_columns(
        product=(pl.col("row") % 3).cast(pl.String).replace_strict(words),
        joined=pl.datetime(2024, pl.col("row") % 3 + 1, 1, time_zone="UTC"),
    )
    for by in ("product", "joined"):
        assert view.table(products, [by], name="t", title="T").rows.height == 3
    with pytest.raises(PrivacyError, match="groups of fewer than 10"):
        view.table(rows, ["own"], name="t", title="T")


def test_a_measure_is_one_of_each_person(view: View) -> None:
    rows = spent(view).with_columns(
        most=pl.col("euros").max(), many=(pl.col("orders") > 9).cast(pl.Int64)
    )
    with pytest.raises(PrivacyError, match="one value for everybody in a group"):
        view.mean(rows, "most", smallest=0.01, name="m", label="Most", unit="EUR")
    with pytest.raises(PrivacyError, match="many has two values at most"):
        view.table(rows, ["gender"], name="t", title="T", sums=["many"])


def test_persons_are_customers_of_the_view(view: View) -> None:
    orders = view.data["orders"].collect().with_row_index("customer_id2")
    numbered = orders.with_columns(customer_id=pl.col("customer_id2").cast(pl.UInt64))
    with pytest.raises(PrivacyError, match="ids other than the customers of the view"):
        view.table(numbered, ["channel"], name="t", title="T")
    with pytest.raises(PrivacyError, match="the view's customer_id"):
        view.table(numbered.drop("customer_id"), ["channel"], name="t", title="T")


def test_a_list_of_words_may_be_a_list_of_persons(view: View) -> None:
    customers = view.data["customers"].collect()
    words = customers.select(
        sex=pl.col("gender").cast(pl.String), land=pl.col("country").cast(pl.String)
    ).drop_nulls()
    assert "rows of words" in refused(view, words)
    assert "about persons" in refused(view, words.head(20))


def test_the_name_of_a_group_of_few_is_not_listed(view: View) -> None:
    rows = spent(view).with_row_index("row")
    rare = (
        pl.when(pl.col("row") < 3).then(pl.lit("bought the ring of Jo")).otherwise(pl.lit("other"))
    )
    table = view.table(rows.with_columns(what=rare), ["what"], name="t", title="T")
    assert table.rows["what"].to_list() == ["other"]


def test_a_column_that_names_group_and_figure_is_refused(view: View) -> None:
    with pytest.raises(ParameterError, match="gender names two columns"):
        view.table(
            spent(view), ["gender"], name="t", title="T", shares={"gender": pl.col("euros") > 1}
        )


def test_rows_of_persons_as_text_or_dates_are_refused(view: View) -> None:
    top = spent(view).sort("euros", descending=True).head(5)
    texts = top.select(
        sex=pl.col("gender").cast(pl.String), spent=pl.format("{} EUR", pl.col("euros"))
    )
    assert "no release made" in refused(view, texts) or "about persons" in refused(view, texts)
    days = view.data["orders"].select(day=pl.col("ordered_at").dt.date()).head(5).collect()
    assert refused(view, days)


def test_an_estimate_without_a_value_may_tell_nothing_else(view: View) -> None:
    note = Estimate(name="m", value=None, n=1, unit="EUR", label="Most", note="7354.59 of 1")
    with pytest.raises(PrivacyError, match="was not made by the release"):
        require_released_estimate(note, release=view.release)


def test_numbers_say_where_they_come_from(view: View) -> None:
    rows = pl.DataFrame({"season": ["spring", "autumn"], "budget": [1200.0, 900.0]})
    assert "numbers in budget that no release made" in refused(view, rows)
    named = Table(name="t", title="T", rows=rows, persons=None, source="budget of 2025")
    require_released(named, release=view.release, data=view.data)
    words = Table(name="t", title="T", rows=rows.select("season"), persons=None)
    require_released(words, release=view.release, data=view.data)


def test_a_released_table_keeps_its_persons(view: View) -> None:
    table = view.table(spent(view), ["gender"], name="t", title="T", means={"euros": 0.01})
    without = replace(table, rows=table.rows.drop("persons"), persons=None)
    with pytest.raises(PrivacyError, match="lost the column that counts its persons"):
        require_released(without, release=view.release, data=view.data)


def test_figures_of_another_view_are_refused(view: View, world: Dataset) -> None:
    asked = study(name="other", basis="contract", columns=COLUMNS, policy={"k": 5}, min_group=10)
    other = open_view(asked, world)
    table = other.table(spent(other), ["gender"], name="t", title="T")
    with pytest.raises(PrivacyError, match="release of another view"):
        require_released(table, release=view.release, data=view.data)


def test_an_estimate_by_hand_is_refused_and_one_without_a_value_is_not(view: View) -> None:
    made = Estimate(name="mean", value=12.5, n=300, unit="EUR", label="Mean")
    with pytest.raises(PrivacyError, match="estimate mean was not made by the release"):
        require_released_estimate(made, release=view.release)
    nothing = Estimate(name="mean", value=None, n=0, unit="EUR", label="Mean")
    require_released_estimate(nothing, release=view.release)


def test_round_bands_and_months_are_groups(view: View) -> None:
    rows = spent(view).with_columns(
        band=pl.when(pl.col("euros") < 500)
        .then(pl.lit("(-inf, 500]"))
        .otherwise(pl.lit("(500, 2500]")),
        own=pl.when(pl.col("euros") < 500).then(pl.lit("0-499")).otherwise(pl.lit("500+")),
        income_band=pl.when(pl.col("euros") < 500)
        .then(pl.lit("EUR 10000-19999"))
        .otherwise(pl.lit("EUR 100000+")),
        month=pl.when(pl.col("orders") < 5).then(pl.lit("2024-01")).otherwise(pl.lit("2024-02")),
    )
    for by in ("band", "own", "income_band", "month"):
        assert view.table(rows, [by], name="t", title="T").rows.height >= 2


def test_figures_changed_in_place_or_by_replace_are_refused(view: View) -> None:
    table = view.table(spent(view), ["gender"], name="t", title="T")
    table.rows[0, "persons"] = 3
    with pytest.raises(PrivacyError, match="changed after the release made it"):
        require_released(table, release=view.release, data=view.data)
    mean = view.mean(spent(view), "euros", smallest=0.01, name="m", label="M", unit="EUR")
    with pytest.raises(PrivacyError, match="estimate m was changed after the release made it"):
        require_released_estimate(replace(mean, value=10_016.2), release=view.release)
    require_released_estimate(replace(mean, label="Mean"), release=view.release)


def test_one_column_of_what_persons_said_is_refused(view: View) -> None:
    said = view.data["orders"].select(pl.col("channel").cast(pl.String)).unique().collect()
    assert "channel" in refused(view, said)


def test_equal_tables_of_the_same_persons_are_one_draw_on_any_date(world: Dataset) -> None:
    asked = study(basis="contract", columns=COLUMNS, policy={"k": 5}, min_group=10)
    tables = []
    for day in (date(2024, 5, 1), date(2024, 6, 1)):
        view = open_view(asked, world, as_of=day)
        early = view.data["customers"].filter(pl.col("customer_id") % 2 == 0)
        known = open_view(asked, world, as_of=date(2024, 5, 1)).data["customers"]
        rows = early.join(known.select("customer_id"), on="customer_id", how="semi")
        tables.append(view.table(rows, ["country"], name="t", title="T").rows)
    assert tables[0].equals(tables[1])
