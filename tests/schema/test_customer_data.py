"""All tables of one set of customers."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from workbench.foundation.errors import InputError, ParameterError
from workbench.schema import TABLES, CustomerData
from workbench.schema.customer_data import split_by_bucket

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
