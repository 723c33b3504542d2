"""All tables of one set of customers."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from workbench.foundation.errors import InputError, ParameterError
from workbench.schema import TABLES, CustomerData
from workbench.schema.customer_data import TablePart, split_by_bucket
from workbench.schema.customer_ranges import CustomerRange, equal_ranges

SEEN = datetime(2024, 1, 1, tzinfo=UTC)


def _customers(*ids: int) -> pl.DataFrame:
    rows = [{"customer_id": n, "kind": "person", "first_seen_at": SEEN} for n in ids]
    return pl.DataFrame(rows, schema=TABLES["customers"].schema)


def test_a_table_nobody_delivered_is_there_and_empty():
    data = CustomerData.of({"customers": _customers(1)})
    assert data["orders"].collect().equals(TABLES["orders"].empty())
    assert data.rows().filter(pl.col("rows") > 0).rows() == [("customers", 1)]
    assert data.rows().schema == {"table": pl.String, "rows": pl.UInt32}


def test_an_unknown_table_is_refused():
    with pytest.raises(ParameterError, match="no table 'order'; did you mean 'orders'"):
        CustomerData.of({"order": _customers(1)})
    with pytest.raises(ParameterError, match="no table 'custmers'; did you mean 'customers'"):
        CustomerData.of({})["custmers"]


_ORDERS = {name: TABLES["orders"].schema[name] for name in ("order_id", "customer_id")}
_IDS = [1, 2**62, 2**63 - 1, 2**63, 2**64 - 1]


def _in_parts() -> tuple[CustomerData, list[int]]:
    """Orders of five customers and a guest in four parts, and the parts that were read."""
    orders = pl.DataFrame(
        {"order_id": [f"s:{n}" for n in (None, *_IDS)], "customer_id": [None, *_IDS]},
        schema=_ORDERS,
    )
    was_read: list[int] = []

    def part(number: int, customers: CustomerRange) -> TablePart:
        def read(rows: pl.DataFrame) -> pl.DataFrame:
            was_read.append(number)
            return rows

        rows = orders.filter(customers.contains.fill_null(number == 0)).lazy()
        return TablePart(customers, rows.map_batches(read, schema=_ORDERS))

    parts = [part(number, customers) for number, customers in enumerate(equal_ranges(4))]
    return CustomerData.of_parts({"orders": parts}), was_read


@pytest.mark.parametrize(
    ("ends", "owners", "parts"),
    [
        ((0, 2**62 - 1), [1], {0}),
        ((2**62, 2**63 - 1), [2**62, 2**63 - 1], {1}),
        ((2, 2**63), [2**62, 2**63 - 1, 2**63], {0, 1, 2}),
        ((2**63 + 5, 2**63 + 9), [], {2}),
        ((0, 2**64 - 1), [None, *_IDS], {0, 1, 2, 3}),
    ],
)
def test_of_a_table_in_parts_only_those_of_the_customers_are_read(ends, owners, parts):
    data, was_read = _in_parts()
    some = data.of_customers(CustomerRange(*ends))
    assert some["orders"].collect()["customer_id"].to_list() == owners
    assert set(was_read) == parts
    assert some["campaigns"].collect().is_empty()


def test_a_range_of_whom_no_part_is_stored_has_no_rows():
    data, _ = _in_parts()
    first = CustomerData.of_parts({"orders": data.parts["orders"][:1]})
    assert first.of_customers(equal_ranges(4)[3])["orders"].collect().shape == (0, 2)


def test_a_table_that_was_made_from_parts_is_read_whole():
    data, _ = _in_parts()
    changed = data["orders"].with_columns(customer_id=pl.lit(7, pl.UInt64))
    made = data.with_tables({"orders": changed, "customers": _customers(7)})
    assert made.of_customers(equal_ranges(4)[0])["orders"].collect().height == 6
    same = data.with_tables({"orders": data["orders"], "customers": _customers(7)})
    assert same.parts["orders"] == data.parts["orders"]


def test_what_is_written_is_read_again_cut_into_buckets(tmp_path: Path):
    orders = pl.DataFrame(
        [
            {"order_id": f"s:{n}", "customer_id": n, "kind": "sale", "ordered_at": SEEN,
             "currency": "EUR", "total_minor": 100, "source_id": "0" * 32, "source_row": 1}
            for n in (1, 2, 3, None)
        ],
        schema=TABLES["orders"].schema,
    )  # fmt: skip
    data = CustomerData.of({"customers": _customers(*range(1, 40)), "orders": orders})
    data.write(tmp_path / "data", buckets=120)
    read = CustomerData.scan(tmp_path / "data")
    for name, key in (("customers", "customer_id"), ("orders", "order_id")):
        assert_frame_equal(read[name].collect().sort(key), data[name].collect().sort(key))
    assert (tmp_path / "data" / "orders" / "bucket-none.parquet").is_file()
    with pytest.raises(InputError, match="exists already: write into an empty folder"):
        data.write(tmp_path / "data", buckets=120)


def test_a_table_without_customers_is_nobodys_as_a_whole():
    campaigns = pl.DataFrame({"campaign_id": ["c"]})
    assert [(bucket, rows.height) for bucket, rows in split_by_bucket(campaigns, 8)] == [(-1, 1)]
    assert list(split_by_bucket(campaigns.clear(), 8)) == []


def test_it_shows_as_a_table_of_counts():
    html = CustomerData.of({"customers": _customers(1, 2)})._repr_html_()
    assert "<caption>Customer data, rows per table</caption>" in html
    assert "<th scope='row'>customers</th><td style='text-align:right'>2</td>" in html
