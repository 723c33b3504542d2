"""How many customers their histories single out, against a plain count, and what lowers it."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from workbench.privacy import open_view
from workbench.privacy.coarsening import banded_amount
from workbench.privacy.linkability import LINKABILITY, linkability
from workbench.privacy.release import Release
from workbench.studies import Study
from workbench.vault import Dataset, read_sealed_view

from .conftest import MakeDataset, at, customer, source, study

EXACT = Release(view="v", secret=b"", is_exact=True, largest_bound=0)
COLUMNS = {"customers": ("gender",), "orders": ("ordered_at", "total_minor", "kind")}


def shares(found: pl.DataFrame, table: str = "orders") -> Mapping[str, float]:
    rows = found.filter(pl.col("table") == table)
    # where only a bound is shown ("all but at most 4 of 990"), its limit stands for the share
    return dict(rows.select("known", pl.coalesce("share", "high")).iter_rows())


def test_unique_rows_and_histories_are_counted() -> None:
    orders = pl.DataFrame(
        {
            "customer_id": [1, 1, 2, 2, 3, 4],
            "total_minor": [100, 200, 100, 200, 100, 777],
        },
        schema_overrides={"customer_id": pl.UInt64},
    )
    found = linkability(
        {"orders": orders.lazy()}, pl.Series([1, 2, 3, 4], dtype=pl.UInt64), release=EXACT
    )
    # one row: only customer 4 has a row that nobody else has; two rows: 1 and 2 are alike
    assert shares(found)["1 row"] == 0.25
    assert shares(found)["2 rows"] == 0.0
    # whole history: 1 and 2 are alike, 3 and 4 are not
    assert shares(found)["whole history"] == 0.5
    assert "3 rows" not in shares(found)


def measured(asked: Study, world: Dataset, folder: Path) -> Mapping[str, float]:
    """Return the shares in the report of a view as it is sealed."""
    sealed = read_sealed_view(open_view(asked, world).seal(folder))
    rows = sealed.description["report"]["linkability"]
    return shares(pl.DataFrame(rows, schema=LINKABILITY))


def test_a_view_says_how_many_customers_its_orders_single_out(
    world: Dataset, tmp_path: Path
) -> None:
    asked = study(basis="contract", columns=COLUMNS, policy={"k": 5}, min_group=10)
    found = measured(asked, world, tmp_path / "view")
    assert found["whole history"] > 0.9
    assert found["1 row"] <= found["2 rows"] + 0.05


@pytest.mark.parametrize(
    "policy", [{"time": "month", "amounts": "bands"}, {"time": "week", "amounts": "bands"}]
)
def test_a_policy_lowers_it(world: Dataset, policy: Mapping[str, Any], tmp_path: Path) -> None:
    plain = study(basis="contract", columns=COLUMNS, policy={"k": 5}, min_group=10)
    coarse = study(basis="contract", columns=COLUMNS, policy={"k": 5, **policy}, min_group=10)
    before = measured(plain, world, tmp_path / "plain")
    after = measured(coarse, world, tmp_path / "coarse")
    assert after["1 row"] < before["1 row"] - 0.2
    assert after["whole history"] < before["whole history"]


def rejoined(world: Dataset, policy: Mapping[str, Any]) -> float:
    """Return the share of customers that two studies' views give the same order history."""
    keys = []
    for name in ("one", "two"):
        asked = study(
            name=name, basis="contract", columns=COLUMNS, policy={"k": 5, **policy}, min_group=10
        )
        orders = open_view(asked, world).data["orders"].collect()
        history = orders.group_by("customer_id").agg(
            pl.struct("ordered_at", "total_minor").sort().hash(seed=1).alias("all")
        )
        keys.append(history.select("customer_id", pl.col("all").list.sort().hash(seed=2)))
    unique = [key.filter(pl.col("all").is_unique()) for key in keys]
    return unique[0].join(unique[1], on="all").height / keys[0].height


def test_moving_dates_keeps_two_studies_apart(world: Dataset) -> None:
    plain, moved = rejoined(world, {}), rejoined(world, {"shift_days": 60, "amounts": "bands"})
    assert plain > 0.9
    assert moved < 0.1


def test_moved_dates_keep_their_intervals_and_never_go_forward(world: Dataset) -> None:
    asked = {"basis": "contract", "columns": COLUMNS, "min_group": 10}
    plain = open_view(study(policy={"k": 5}, **asked), world).data["orders"].collect()
    moved = open_view(study(policy={"k": 5, "shift_days": 30}, **asked), world)
    both = plain.with_columns(moved=moved.data["orders"].collect()["ordered_at"])
    days = both.select("customer_id", by=(pl.col("ordered_at") - pl.col("moved")).dt.total_days())
    assert days.group_by("customer_id").agg(pl.col("by").n_unique())["by"].max() == 1
    assert set(days["by"].unique()) == set(range(31))


def test_everything_dated_of_a_customer_moves_together(dataset: MakeDataset) -> None:
    """First seen with an order; a second one after the clocks went forward, a third after back."""
    numbers = range(1, 301)
    days = {"a": "2024-03-15T23:30", "b": "2024-04-14T22:15", "c": "2024-11-02T23:15"}
    made = dataset(
        customers=[customer(n, first_seen_at=at(days["a"])) for n in numbers],
        orders=[
            {
                "order_id": f"shop:{n}{name}", "kind": "sale", "customer_id": n, "currency": "EUR",
                "ordered_at": at(day), "total_minor": 5, "source_id": "s", "source_row": n,
            }
            for n in numbers
            for name, day in days.items()
        ],
        sources=[source("s", "2025-01-01")],
    )  # fmt: skip
    asked = study(
        basis="contract", zone="Europe/Amsterdam", policy={"k": 2, "shift_days": 60},
        columns={"customers": ("first_seen_at",), "orders": ("ordered_at",)},
    )  # fmt: skip
    view = open_view(asked, made)
    orders = view.data["orders"].collect()
    by = orders.sort("ordered_at").group_by("customer_id", maintain_order=True)
    gaps = by.agg(pl.col("ordered_at").dt.date().diff().dt.total_days().drop_nulls())
    assert gaps["ordered_at"].to_list() == [[30, 202]] * 300  # 16 March, 15 April, 3 November
    firsts = by.agg(pl.col("ordered_at").first())
    both = firsts.join(view.data["customers"].collect(), on="customer_id")
    months = both.select(first=pl.col("first_seen_at"), order=pl.col("ordered_at"))
    assert months["first"].n_unique() > 1
    assert (months["order"].dt.truncate("1mo") == months["first"]).all()


def test_amounts_are_put_into_bands_with_their_sign() -> None:
    rows = pl.DataFrame({"x": [0, 1, 2, 5, 9, 10, 1999, 2000, 5000, -4999, None]})
    banded = rows.select(banded_amount("x"))["x"].to_list()
    assert banded == [0, 1, 3, 7, 7, 14, 1400, 3200, 7100, -3200, None]


def test_rare_products_are_blanked_where_the_policy_says_so(dataset: MakeDataset) -> None:
    item = {"quantity": 1, "amount_minor": 5, "source_id": "s", "source_row": 1}
    made = dataset(
        customers=[customer(number) for number in range(1, 6)],
        orders=[
            {
                "order_id": f"shop:{n}", "kind": "sale", "customer_id": n, "currency": "EUR",
                "ordered_at": at("2024-03-01"), "total_minor": 5, "source_id": "s", "source_row": 1,
            }
            for n in range(1, 6)
        ],
        order_items=[
            {**item, "order_id": f"shop:{n}", "line_number": 1, "customer_id": n,
             "product_category": "toys" if n < 5 else "ring with the name of Jo"}
            for n in range(1, 6)
        ],
    )  # fmt: skip
    columns = {"order_items": ("product_category", "amount_minor")}
    for policy, expected in (({"k": 2}, 2), ({"k": 2, "rare_products": "blanked"}, 1)):
        view = open_view(study(basis="contract", columns=columns, policy=policy), made)
        assert view.data["order_items"].collect()["product_category"].drop_nulls().n_unique() == (
            expected
        )


def test_a_value_is_shared_by_those_who_say_it_of_the_same_thing(dataset: MakeDataset) -> None:
    said = {
        "namespace": "status", "origin": "declared", "is_special_category": False,
        "observed_at": at("2024-02-01"), "source_id": "s", "source_row": 1,
    }  # fmt: skip
    made = dataset(
        customers=[customer(number) for number in range(1, 6)],
        attributes=[
            {**said, "customer_id": n, "attribute": name, "value": "yes"}
            for n, name in ((1, "vip"), (2, "vip"), (3, "in debt"), (4, "moved"))
        ],
    )
    view = open_view(
        study(basis="contract", columns={"attributes": ("attribute", "value")}), made,
        as_of=date(2024, 6, 1),
    )  # fmt: skip
    rows = view.data["attributes"].collect().select("attribute", "value").sort("attribute")
    assert dict(rows.drop_nulls().iter_rows()) == {"vip": "yes"}
    assert np.count_nonzero(rows["value"].is_null()) == 2
