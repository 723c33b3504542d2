"""The rows of a view: the same in a sealed view, in any number of parts, for any order of input."""

from pathlib import Path

import polars as pl
import pytest

from workbench.privacy import View, open_view
from workbench.privacy.visible_data import VisibleData
from workbench.studies import Study
from workbench.vault import Dataset, read_sealed_view, views

from .conftest import MakeDataset, customer, study

COLUMNS = {
    "customers": ("gender", "first_seen_at"),
    "attributes": ("namespace", "attribute", "value", "observed_at"),
    "events": ("session_id", "occurred_at", "event_name"),
    "orders": ("order_id", "kind", "ordered_at", "original_order_id", "total_minor"),
    "order_items": ("order_id", "product_category", "amount_minor"),
    "payments": ("order_id", "kind", "paid_at", "amount_minor"),
    "interactions": ("channel", "action", "campaign_id", "variant"),
    "campaigns": ("campaign_id", "name", "launched_on"),
}


def asked(*, k: int = 5, **more: str) -> Study:
    return study(basis="contract", columns=COLUMNS, policy={"k": k}, min_group=10, **more)


def sealed(view: View, folder: Path) -> View:
    opened = read_sealed_view(view.seal(folder))
    return View.restore(opened.description, opened.data)


def shuffle_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the rows of every history come in a random order."""
    rows_of = VisibleData.rows

    def shuffled(self: VisibleData, table: str, **how) -> pl.LazyFrame:
        found = rows_of(self, table, **how).collect()
        return found.sample(fraction=1, shuffle=True, seed=len(table)).lazy()

    monkeypatch.setattr(VisibleData, "rows", shuffled)


@pytest.mark.parametrize("k", [5, 400])
def test_rows_do_not_depend_on_the_order_of_the_input_or_on_parts(
    world: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, k: int
) -> None:
    plain = {name: open_view(asked(k=k), world).data[name].collect() for name in COLUMNS}
    # with a large k, several campaigns are suppressed and have equal names
    assert plain["campaigns"]["campaign_id"].null_count() > 1 or k == 5
    monkeypatch.setattr(views, "_CUSTOMERS_A_PART", 100)
    monkeypatch.setattr(views, "_CUSTOMERS_A_READING", 300)
    shuffle_rows(monkeypatch)
    view = sealed(open_view(asked(k=k), world), tmp_path / "view")
    assert len(list((tmp_path / "view").glob("events-*.parquet"))) > 5
    for name, rows in plain.items():
        assert view.data[name].collect().equals(rows), name


def test_the_order_of_a_customers_rows_differs_between_studies(world: Dataset) -> None:
    orders = [
        open_view(asked(name=name), world)
        .data["order_items"]
        .group_by("customer_id", maintain_order=True)
        .agg(pl.col("amount_minor"))
        .collect()["amount_minor"]
        for name in ("one", "other")
    ]
    assert {tuple(each) for each in orders[0]} != {tuple(each) for each in orders[1]}


def test_a_table_without_rows_has_the_types_of_the_view(
    dataset: MakeDataset, tmp_path: Path
) -> None:
    small = dataset(customers=[customer(n) for n in range(1, 21)])
    plain = open_view(asked(zone="Europe/Berlin"), small)
    kernel = sealed(plain, tmp_path / "view")
    for name in COLUMNS:
        assert kernel.data[name].collect_schema() == plain.data[name].collect_schema(), name
    joined = kernel.data["orders"].join(kernel.data["payments"], on="order_id")
    assert joined.collect().is_empty()
