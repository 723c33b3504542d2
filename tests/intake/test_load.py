"""Exports in, a new version of a dataset out."""

from pathlib import Path

import polars as pl
import pytest

from workbench.foundation.errors import InputError, ParameterError
from workbench.intake import load
from workbench.sources import SourceMapping
from workbench.vault import Vault

ANN = "1,ann@example.org,Ann Onymous,NL,1980,2023-01-01\n"
BOB = "2,bob@example.org,Bob Omb,BE,1990,2023-02-01\n"
EVE = "3,eve@example.org,Eve Ning,DE,,2023-03-01\n"

O1 = "A1,1,1,2024-01-05 10:00:00,x,10.00,NL\nA1,2,1,2024-01-05 10:00:00,y,5.50,NL\n"
O2 = "A2,1,2,2024-01-06 11:00:00,x,10.00,BE\n"
O3 = "A3,1,1,2024-01-20 12:00:00,z,1.00,NL\n"

SAME_LINE = "the same key, order_id and line_number, more than once"


def _counts(report) -> tuple[int, int, int, int]:
    return report.read, report.accepted, report.refused, report.unchanged


def test_a_first_load_makes_version_1_and_says_what_it_read(load_contacts, vault):
    report = load_contacts(ANN + BOB)
    assert report.to_json() == {
        "dataset": "shop",
        "version": 1,
        "read": 2,
        "accepted": 2,
        "refused": 0,
        "unchanged": 0,
        "closed": 0,
        "files": [
            {
                "path": report.files[0].path,
                "format": "contacts",
                "confidence": 1.0,
                "read": 2,
                "accepted": 2,
                "refused": 0,
                "reasons": {},
                "passed_over": {},
                "assumptions": ["delimiter comma, by the number of fields"],
            }
        ],
        "people": {
            "records": 2,
            "customers": 2,
            "across_systems": 0,
            "only_identified": 0,
            "conflicts": 0,
        },
        "tables": {"sources": 1, "customers": 2, "identities": 6},
        "rows": {"customers": 2, "identities": 6},
        "amounts_minor": {},
        "warnings": [],
    }
    assert vault.dataset("shop").is_synthetic is False


def test_the_same_file_again_makes_no_version_and_repeats_its_counts(load_orders, vault):
    bad = "A9,1,9,2024-01-05 10:00:00,x,much,NL\n"
    first = load_orders(O1 + bad)
    again = load_orders(O1 + bad)
    assert (first.made_version, again.made_version, again.version) == (True, False, 1)
    assert _counts(first) == (3, 2, 1, 0)
    assert _counts(again) == (3, 2, 1, 2)
    assert again.files[0].reasons == first.files[0].reasons == {"amount: not an amount of money": 1}
    assert again.files[0].assumptions == ("this content is loaded already: nothing to do",)
    assert len(vault.dataset("shop").sources) == 1


def test_a_file_named_twice_is_loaded_once(load_orders):
    bad = "A9,1,9,2024-01-05 10:00:00,x,much,NL\n"
    report = load_orders(O1 + bad, O1 + bad)
    assert _counts(report) == (6, 4, 2, 2)
    assert report.files[1].reasons == {"amount: not an amount of money": 1}


def test_other_bytes_that_say_nothing_new_make_no_version(load_contacts):
    load_contacts(ANN + BOB)
    report = load_contacts(BOB + ANN)
    assert (report.made_version, *_counts(report)) == (False, 2, 2, 0, 2)


def test_other_bytes_that_reach_further_make_a_version(load_contacts, vault):
    load_contacts(ANN)
    report = load_contacts(ANN, data_until="2024-03-01")
    assert (report.made_version, report.version, report.unchanged) == (True, 2, 0)
    assert [s.data_until_at[:10] for s in vault.dataset("shop").sources] == [
        "2024-02-01",
        "2024-03-01",
    ]


def _said(rows):
    """Return rows without when and where each was stated last."""
    apart = {"observed_at", "source_id", "source_row"}
    return [{name: value for name, value in row.items() if name not in apart} for row in rows]


def test_a_cumulative_export_adds_only_what_is_new(load_orders, vault, contents):
    load_orders(O1 + O2)
    before = contents(vault.dataset("shop"))
    report = load_orders(O1 + O2 + O3)
    # of the old records the first of customer 1 moves on: the customer was seen again
    assert _counts(report) == (4, 4, 0, 2)
    after = contents(vault.dataset("shop"))
    assert [row["order_id"] for row in after["orders"]] == ["shop:A1", "shop:A2", "shop:A3"]
    assert after["orders"][:2] == before["orders"]
    assert after["order_items"][:3] == before["order_items"]
    assert _said(after["customers"]) == _said(before["customers"])
    seen = {row["identifier"]: str(row["last_seen_at"])[:10] for row in after["identities"]}
    assert seen == {"shop:1": "2024-01-20", "shop:2": "2024-01-06"}
    assert load_orders(O3 + O2 + O1).made_version is False


def test_a_later_statement_completes_the_earlier_one(load_contacts, vault, contents):
    load_contacts("1,,,,,2023-01-01\n")
    report = load_contacts(ANN)
    assert (report.version, *_counts(report)) == (2, 1, 1, 0, 0)
    assert contents(vault.dataset("shop"))["customers"][0]["country"] == "NL"
    load_contacts("1,,,,,2023-05-01\n")  # says less, and takes nothing back
    (customer,) = contents(vault.dataset("shop"))["customers"]
    assert (customer["country"], str(customer["first_seen_at"])[:10]) == ("NL", "2023-01-01")


def test_an_order_that_was_a_guests_finds_its_customer_later(load_orders, vault, contents):
    load_orders("A1,1,,2024-01-05 10:00:00,x,10.00,NL\n")
    held = contents(vault.dataset("shop"))
    assert "customers" not in held
    assert held["orders"][0]["customer_id"] is None
    report = load_orders("A1,1,1,2024-01-05 10:00:00,x,10.00,NL\n")
    assert _counts(report) == (1, 1, 0, 0)
    found = contents(vault.dataset("shop"))
    customer = found["customers"][0]["customer_id"]
    for table in ("orders", "order_items"):
        assert [row["customer_id"] for row in found[table]] == [customer]


def test_what_contradicts_is_refused_with_reason_and_raw_cells(load_orders, vault, contents):
    load_orders(O1 + O2)
    before = contents(vault.dataset("shop"))
    report = load_orders(O1 + O2.replace("10.00", "99.00"))
    assert _counts(report) == (3, 2, 1, 2)
    assert report.files[0].reasons == {
        "orders: its key is held already with other values": 1,
        "order_items: its key is held already with other values": 1,
    }
    found = vault.dataset("shop").quarantine().collect().drop("about_record")
    assert found.drop("source_id", "raw").rows() == [
        (3, 0, "orders", None, "key_held", '{"columns": ["order_id"]}'),
        (3, 1, "order_items", None, "key_held", '{"columns": ["order_id", "line_number"]}'),
    ]
    assert found["raw"].is_null().to_list() == [False, True]
    assert found["raw"][0] == (
        '{"order": "A2", "line": "1", "customer": "2", "at": "2024-01-06 11:00:00", '
        '"article": "x", "amount": "99.00", "country": "BE"}'
    )
    after = contents(vault.dataset("shop"))
    assert {name: after[name] for name in before if name != "sources"} == {
        name: rows for name, rows in before.items() if name != "sources"
    }
    assert report.amounts["order_items"] == {"EUR": 1550}


def test_a_refused_order_takes_its_new_lines_with_it(load_orders, vault):
    load_orders(O1)
    more = "A1,3,1,2024-01-05 10:00:00,z,7.00,NL\n"
    report = load_orders(O1 + more)
    # the total of A1 changed: its first line states the order, its third one is new
    assert _counts(report) == (3, 1, 2, 1)
    assert set(report.files[0].reasons) == {
        "orders: its key is held already with other values",
        "order_items: its order was refused",
    }
    lines = vault.dataset("shop").data()["order_items"].collect()
    assert sorted(lines["line_number"]) == [1, 2]


def test_a_record_is_refused_as_a_whole(load_contacts, vault):
    report = load_contacts(ANN + BOB.replace("1990", "1790") + EVE.replace("DE", "Germany"))
    assert _counts(report) == (3, 1, 2, 0)
    assert report.tables == {"sources": 1, "customers": 1, "identities": 3}
    assert set(report.files[0].reasons) == {
        "customers: birth_year: below the allowed range, 1900 to 2100",
        "customers: country: not in the expected form, must look like NL",
    }


def test_a_refused_customer_takes_all_that_is_about_it(load_orders):
    report = load_orders(O1.replace("NL", "Nowhere") + O2)
    assert _counts(report) == (3, 1, 2, 0)
    assert report.tables == {
        "sources": 1, "customers": 1, "identities": 1, "orders": 1, "order_items": 1
    }  # fmt: skip


def test_a_customer_is_not_lost_with_the_first_of_several_records(load_orders, contents, vault):
    report = load_orders(O3 + O3.replace("1.00", "2.00") + O1 + O2)
    assert report.files[0].reasons == {
        "order_items: the same key, order_id and line_number, more than once": 2
    }
    held = contents(vault.dataset("shop"))
    assert len(held["customers"]) == 2
    owners = {row["customer_id"] for row in held["orders"]}
    assert owners == {row["customer_id"] for row in held["customers"]}


def test_records_that_repeat_an_earlier_one_are_counted_once(load_orders, contents, vault):
    report = load_orders(O3 + O1 + O3 + O3)
    assert _counts(report) == (5, 5, 0, 0)
    assert report.tables["orders"] == 2
    assert "2 records equal to an earlier one with the same key: counted once" in (
        report.files[0].assumptions
    )
    held = contents(vault.dataset("shop"))
    assert sorted(order["total_minor"] for order in held["orders"]) == [100, 1550]
    assert report.amounts["order_items"] == {"EUR": 1650}
    again = load_orders(O3 + O1 + O3 + O3 + O2)
    assert _counts(again) == (6, 6, 0, 5)


def test_a_repeat_is_refused_with_the_record_that_it_repeats(load_orders, vault):
    bad = O3.replace("NL", "Nowhere")
    report = load_orders(O2 + bad + bad)
    assert _counts(report) == (3, 1, 2, 0)
    load_orders(O1 + O3 + O2)
    report = load_orders(O1 + O3.replace("1.00", "9.00") * 2)
    assert _counts(report)[:3] == (4, 2, 2)
    held = vault.dataset("shop").quarantine().collect()
    assert held.filter(pl.col("rule") == "key_held")["about_record"].n_unique() == 1


def test_case_n27_equal_records_are_one_and_contradicting_ones_refused(vault, cases, contents):
    content = {
        "system": "shop", "zone": "Europe/Berlin", "currency": "EUR", "data_until": "2025-01-01",
        "basis": "contract",
        "columns": {"id": "code", "customer": "code", "at": "instant", "total": "money"},
        "record": {"id": "customer"},
        "identities": {"user_id": "customer"},
        "tables": {
            "customers": {"first_seen_at": '"at"'},
            "orders": {
                "order_id": "id", "kind": "'sale'", "ordered_at": '"at"', "total_minor": "total",
            },
        },
    }  # fmt: skip
    mapping = SourceMapping.of(content, name="orders")
    report = load([cases / "n-dup.csv"], vault=vault, dataset="d", mapping=mapping, settings={})
    assert _counts(report) == (4, 2, 2, 0)
    assert report.files[0].reasons == {"orders: the same key, order_id, more than once": 2}
    assert "1 record equal to an earlier one with the same key: counted once" in (
        report.files[0].assumptions
    )
    (order,) = contents(vault.dataset("d"))["orders"]
    assert (order["order_id"], order["total_minor"]) == ("shop:O2", 100)


def test_an_order_that_json_repeats_with_its_lines_is_one_order(vault, tmp_path):
    content = {
        "system": "shop", "zone": "UTC", "currency": "EUR", "data_until": "2025-01-01",
        "basis": "contract",
        "columns": {"no": "code", "on": "date"},
        "each": {"line": {"path": "lines[]", "columns": {
            "@number": {"type": "integer", "name": "nth"}, "paid": "money",
        }}},
        "tables": {
            "orders": {
                "order_id": "no", "kind": "'sale'", "ordered_at": '"on"', "total_minor": "1",
            },
            "order_items": {
                "each": "line", "order_id": "no", "line_number": "nth", "quantity": "1",
                "amount_minor": "paid",
            },
        },
    }  # fmt: skip
    order = '{"no": "1", "on": "2024-01-01", "lines": [{"paid": 5}, {"paid": 7}]}\n'
    path = tmp_path / "orders.jsonl"
    path.write_text(
        order * 2 + order.replace('"1"', '"2"') + order.replace('"1"', '"2"', 1).replace("7", "8")
    )
    mapping = SourceMapping.of(content, name="orders")
    report = load([path], vault=vault, dataset="d", mapping=mapping, settings={})
    assert _counts(report) == (4, 2, 2, 0)
    assert report.tables == {"sources": 1, "orders": 1, "order_items": 2}
    assert report.files[0].reasons == {
        "order_items: the same key, order_id and line_number, more than once": 2
    }


def test_an_order_stated_on_each_of_its_lines_is_one_order(vault, tmp_path, contents):
    content = {
        "system": "shop", "zone": "UTC", "currency": "EUR", "data_until": "2025-01-01",
        "basis": "contract",
        "columns": {"no": "code", "line": "integer", "who": "code", "on": "date", "paid": "money"},
        "record": {"id": "who"},
        "identities": {"user_id": "who"},
        "tables": {
            "customers": {"first_seen_at": '"on"'},
            "orders": {
                "order_id": "no", "kind": "'sale'", "ordered_at": '"on"', "total_minor": "paid",
            },
            "order_items": {
                "order_id": "no", "line_number": "line", "quantity": "1", "amount_minor": "1",
            },
        },
    }  # fmt: skip
    path = tmp_path / "lines.csv"
    path.write_text("no,line,who,on,paid\n1,1,7,2024-01-01,5\n1,2,7,2024-01-01,5\n")
    mapping = SourceMapping.of(content, name="lines")
    report = load([path], vault=vault, dataset="d", mapping=mapping, settings={})
    assert _counts(report) == (2, 2, 0, 0)
    assert (report.tables["orders"], report.tables["order_items"]) == (1, 2)
    assert "orders: 1 record repeats an earlier one and is counted once" in (
        report.files[0].assumptions
    )


def test_nothing_is_kept_when_a_later_file_cannot_be_used(load_contacts, loading, vault):
    load_contacts(ANN)
    files = vault.workspace / "datasets" / "shop" / "files"
    before = sorted(files.iterdir())
    with pytest.raises(InputError, match="no cell of column 'joined' can be read as date"):
        load_contacts(BOB, "3,eve@example.org,Eve,DE,,soon\n")
    assert vault.dataset("shop").version == 1
    assert sorted(files.iterdir()) == before


def test_no_file_is_a_parameter_error(vault):
    with pytest.raises(ParameterError, match="no file to load"):
        load([], vault=vault, dataset="shop", settings={})


def test_a_file_that_is_missing_makes_no_dataset(vault, tmp_path: Path):
    with pytest.raises(InputError, match="does not exist"):
        load([tmp_path / "none.csv"], vault=vault, dataset="shop", settings={})
    assert vault.datasets() == []


def test_numbers_of_refused_and_accepted_add_up_over_all_files(load_contacts):
    report = load_contacts(ANN + EVE.replace("eve@", "eve"), BOB + BOB)
    assert _counts(report) == (4, 3, 1, 1)  # Bob's second line says what his first one did
    assert [(f.read, f.accepted, f.refused) for f in report.files] == [(2, 1, 1), (2, 2, 0)]


def test_a_second_file_of_a_load_knows_what_the_first_brought(load_contacts):
    report = load_contacts(ANN + BOB, BOB + EVE)
    assert _counts(report) == (4, 4, 0, 1)
    assert report.tables["customers"] == 3
    assert report.tables["identities"] == 9


def test_rows_of_the_dataset_do_not_depend_on_files_or_their_order(
    load_contacts, vault, contents, contacts, tmp_path
):
    load_contacts(ANN + BOB + EVE)
    whole = contents(vault.dataset("shop"))
    other = type(vault).init(tmp_path / "second")
    head = "number,email,name,country,born,joined\n"
    for n, text in enumerate((EVE, ANN + BOB)):
        path = tmp_path / f"part-{n}.csv"
        path.write_text(head + text)
        load([path], vault=other, dataset="shop", mapping=contacts, settings={})
    parts = contents(other.dataset("shop"))
    names = {row["identifier"] for row in whole["identities"]}
    assert {row["identifier"] for row in parts["identities"]} == names
    assert parts["customers"] != whole["customers"]  # another key: other ids


def test_a_table_of_other_types_than_declared_is_refused_without_a_value(make_world, vault):
    world = make_world("odd", parts=1)
    path = world / "orders" / "part-0000.parquet"
    rows = pl.read_parquet(path).with_columns(total_minor=pl.lit("a secret"))
    rows.write_parquet(path)
    with pytest.raises(InputError, match="other types of total_minor") as refusal:
        load([world], vault=vault, dataset="tiny", settings={})
    assert "secret" not in str(refusal.value) + repr(refusal.value.__cause__)


def test_exports_of_a_world_are_synthetic_by_the_mark_beside_them(
    vault: Vault, contacts: SourceMapping, tmp_path: Path
):
    folder = tmp_path / "exports" / "shop"
    folder.mkdir(parents=True)
    (tmp_path / "exports" / ".synthetic").write_text("a world\n")
    head = "number,email,name,country,born,joined\n"
    (folder / "a.csv").write_text(head + "1,a@example.org,A,NL,1980,2023-01-01\n")
    (tmp_path / "b.csv").write_text(head + "2,b@example.org,B,NL,1980,2023-01-01\n")
    report = load([folder], vault=vault, dataset="shop", mapping=contacts, settings={})
    assert (len(report.files), vault.dataset("shop").is_synthetic) == (1, True)
    report = load([tmp_path / "b.csv"], vault=vault, dataset="shop", mapping=contacts, settings={})
    assert not vault.dataset("shop").is_synthetic
    expected = "1 of 2 loads of this dataset are of synthetic persons, others are not"
    assert expected in report.warnings
