"""A view sealed under a key made for it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from workbench.foundation.errors import AccessError, InputError, IntegrityError
from workbench.schema import TABLES, CustomerData
from workbench.vault import Key, UnorderedTables, open_sealed_view, seal_view, views

SEEN = datetime(2024, 1, 1, tzinfo=UTC)
_NOTHING = UnorderedTables(CustomerData.of({}).tables)


@pytest.fixture
def data(customers) -> CustomerData:
    orders = pl.DataFrame(
        [
            {"order_id": f"s:{n}", "customer_id": n, "kind": "sale", "ordered_at": SEEN}
            for n in (1, None)
        ],
        schema={name: TABLES["orders"].schema[name] for name in ("order_id", "customer_id", "kind",
                                                                 "ordered_at")},
    )  # fmt: skip
    return CustomerData.of({"customers": customers(1, 2), "orders": orders})


@pytest.fixture
def environ(tmp_path: Path, data: CustomerData) -> Mapping[str, str]:
    return seal_view(
        tmp_path / "view", UnorderedTables(data.tables), describe=lambda _: {"study": "demo"}
    )


def test_the_kernel_gets_tables_and_description_and_nothing_lies_there_in_plain(
    environ, data, tmp_path: Path
):
    view = open_sealed_view(environ)
    assert view is not None
    assert view.description == {"study": "demo"}
    for table, key in (("customers", "customer_id"), ("orders", "order_id")):
        assert view.data[table].collect().sort(key).equals(data[table].collect().sort(key))
    assert view.data["events"].collect().is_empty()
    for file in (tmp_path / "view").iterdir():
        assert not any(word in file.read_bytes() for word in (b"demo", b"order_id", b"s:1"))


def test_a_view_of_many_customers_is_sealed_in_parts_and_opens_as_a_whole(
    tmp_path: Path, customers, monkeypatch: pytest.MonkeyPatch
):
    ids = [1, 2**62, 2**63 - 1, 2**63, 2**64 - 1]
    orders = pl.DataFrame(
        {"order_id": [f"s:{n}" for n in (None, *ids)], "customer_id": [None, *ids]},
        schema={name: TABLES["orders"].schema[name] for name in ("order_id", "customer_id")},
    )
    people = pl.DataFrame({"customer_id": ids}, schema={"customer_id": pl.UInt64})
    data = CustomerData.of({"customers": people, "orders": orders})
    monkeypatch.setattr(views, "_CUSTOMERS_A_PART", 2)  # three parts, the last has the last two
    view = open_sealed_view(
        seal_view(tmp_path / "view", UnorderedTables(data.tables), describe=lambda _: {})
    )
    assert view is not None
    assert len(list((tmp_path / "view").glob("orders-*.parquet"))) == 3
    for table in ("customers", "orders"):
        assert view.data[table].collect().equals(data[table].collect()), table
    for part in view.data.parts["orders"]:
        owners = part.rows.drop_nulls("customer_id").collect()["customer_id"]
        assert owners.is_between(part.customers.first, part.customers.last).all()


def test_several_parts_are_read_together_and_each_is_put_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    ids = [1, 2, 2**62, 2**63, 2**64 - 1]
    rows = pl.DataFrame(
        {"customer_id": [None, *ids], "order": [3, 1, 0, 1, 0, 1]},
        schema_overrides={"customer_id": pl.UInt64},
    ).reverse()
    readings = {"customers": 0, "events": 0, "orders": 0}

    def counted(table: str) -> pl.LazyFrame:
        def count(some: pl.DataFrame) -> pl.DataFrame:
            readings[table] += some.width > 0
            return some

        return rows.lazy().map_batches(count, predicate_pushdown=False, projection_pushdown=False)

    tables = UnorderedTables(
        tables={name: counted(name) for name in readings},
        put_in_order=lambda some: some.sort("customer_id", "order").drop("order"),
    )
    monkeypatch.setattr(views, "_CUSTOMERS_A_PART", 1)
    monkeypatch.setattr(views, "_CUSTOMERS_A_READING", 3)
    monkeypatch.setattr(views, "_ROWS_A_READING", 10)
    most_rows = {"orders": 10, "events": 100}
    environ = seal_view(tmp_path / "view", tables, describe=lambda _: {}, most_rows=most_rows)
    view = open_sealed_view(environ)
    assert view is not None
    assert view.data["orders"].collect()["customer_id"].to_list() == [None, *ids]
    assert view.data["orders"].collect().columns == ["customer_id"]
    assert len(list((tmp_path / "view").glob("orders-*.parquet"))) == 4  # one range has nobody
    assert readings["events"] - readings["orders"] == 1


def test_a_process_that_was_given_none_has_none():
    assert open_sealed_view({}) is None


def test_sealing_again_replaces_the_earlier_view(environ, data, tmp_path: Path):
    again = seal_view(tmp_path / "view", _NOTHING, describe=lambda _: {})
    assert again["WORKBENCH_SEALED_VIEW_KEY"] != environ["WORKBENCH_SEALED_VIEW_KEY"]
    view = open_sealed_view(again)
    assert view is not None
    assert view.data["customers"].collect().is_empty()


@pytest.mark.parametrize("key", [None, "", "c2hvcnQ=", "no base64!"])
def test_without_its_key_a_view_stays_shut(environ, key: str | None):
    held = {name: value for name, value in environ.items() if not name.endswith("KEY")}
    if key is not None:
        held["WORKBENCH_SEALED_VIEW_KEY"] = key
    with pytest.raises(AccessError, match="a sealed view but not the key of the view"):
        open_sealed_view(held)


def test_another_key_is_told_from_damage(environ):
    with pytest.raises(AccessError, match="sealed view was sealed with key"):
        open_sealed_view({**environ, "WORKBENCH_SEALED_VIEW_KEY": Key.new().text})


@pytest.mark.parametrize("name", ["orders-0.parquet", "customers-0.parquet", "description.sealed"])
def test_a_file_that_is_gone_is_missed(environ, tmp_path: Path, name: str):
    (tmp_path / "view" / name).unlink()
    with pytest.raises(IntegrityError, match=r"missing|lacks its description"):
        open_sealed_view(environ)


def test_a_folder_that_cannot_be_made_is_an_input_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot make the folder"):
        seal_view(tmp_path / "file" / "view", _NOTHING, describe=lambda _: {})
