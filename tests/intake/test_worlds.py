"""Worlds of several parts, by one process and by two, and a second world in the same place."""

import time
import tracemalloc

import polars as pl

from tests.intake.conftest import SETTINGS
from workbench.intake import load
from workbench.sources import SourceMapping
from workbench.vault import Vault
from workbench.vault.keys import read_key
from workbench.vault.workspace_vault import key_path


def _value_hash(dataset) -> list[int]:
    """Hash what was decrypted, table by table, whatever the order of its rows."""
    hashes = []
    for frame in dataset.data().tables.values():
        rows = frame.collect()
        hashes.append(rows.sort(rows.columns).hash_rows().implode().hash().item())
    return hashes


def test_two_workers_make_the_same_rows_as_one(make_world, vault):
    world = make_world("tiny", parts=6, a_part=2)  # more parts than are read at a time
    for dataset, workers in (("one", 1), ("two", 2)):
        report = load([world], vault=vault, dataset=dataset, settings={}, workers=workers)
        assert (report.read, report.accepted, report.unchanged) == (48, 48, 0)
        assert report.amounts["order_items"] == {"EUR": 1200}
    # ids differ from dataset to dataset, so the second is held against itself under the same name
    again = Vault(vault.workspace.with_name("again"), read_key(key_path(vault.workspace)))
    load([world], vault=again, dataset="two", settings={}, workers=1)
    assert _value_hash(vault.dataset("two")) == _value_hash(again.dataset("two"))
    assert _value_hash(vault.dataset("one")) != _value_hash(vault.dataset("two"))
    assert vault.dataset("two").buckets == 16


def test_progress_of_a_load_goes_to_the_log_and_nowhere_in_a_kernel(
    make_world, vault, capsys, monkeypatch
):
    world = make_world("tiny", parts=12)
    load([world], vault=vault, dataset="a", settings={})
    out, err = capsys.readouterr()
    assert (out, err.splitlines()) == ("", [f"load tiny: {done} of 4" for done in (1, 2, 3, 4)])
    monkeypatch.setenv("WORKBENCH_SEALED_VIEW", "somewhere")
    load([world], vault=vault, dataset="b", settings={})
    assert capsys.readouterr() == ("", "")


def test_a_second_world_of_the_same_ids_is_refused_where_it_says_otherwise(make_world, vault):
    load([make_world("first", a_part=50)], vault=vault, dataset="tiny", settings={})
    second = make_world("second", a_part=50, amount=200)
    tracemalloc.start()
    started = time.process_time()
    report = load([second], vault=vault, dataset="tiny", settings={}, max_refused=0.5)
    seconds, peak = time.process_time() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # customers and events say the same, orders and their lines other amounts
    assert (report.read, report.accepted, report.refused, report.unchanged) == (600, 300, 300, 300)
    assert report.files[0].reasons == {
        "orders: its key is held already with other values": 150,
        "order_items: its key is held already with other values": 150,
    }
    refused = vault.dataset("tiny").quarantine().collect()
    assert refused.height == 300
    assert refused["raw"].str.contains("200").all()
    amounts = vault.dataset("tiny").data()["orders"].select("total_minor").unique().collect()
    assert amounts["total_minor"].to_list() == [100]
    assert seconds < 5
    assert peak < 50e6


def test_a_world_that_grew_adds_its_new_customers_only(make_world, vault):
    load([make_world("small", parts=2)], vault=vault, dataset="tiny", settings={})
    report = load([make_world("large", parts=3)], vault=vault, dataset="tiny", settings={})
    assert (report.version, report.accepted, report.unchanged) == (2, 48, 32)
    assert report.tables == {
        "sources": 2, "customers": 12, "events": 12, "orders": 12, "order_items": 12
    }  # fmt: skip
    assert vault.dataset("tiny").is_synthetic


def test_lines_of_a_contradicting_order_do_not_slip_into_the_held_one(make_world, vault):
    load([make_world("first", parts=1)], vault=vault, dataset="tiny", settings={})

    def another_line(rows):
        rows.append(rows[0] | {"line_number": 2, "amount_minor": 50})

    def another_total(rows):
        rows[0]["total_minor"] = 150

    changed = {"order_items": another_line, "orders": another_total}
    second = make_world("second", parts=1, change=changed)
    report = load([second], vault=vault, dataset="tiny", settings={})
    assert report.files[0].reasons == {
        "orders: its key is held already with other values": 1,
        "order_items: its order was refused": 1,
    }
    lines = vault.dataset("tiny").data()["order_items"].collect()
    assert lines["line_number"].to_list() == [1, 1, 1, 1]


def test_what_a_subscription_learns_later_is_filled_in(vault, loading, contents):
    mapping = SourceMapping.of(
        {
            **SETTINGS,
            "columns": {"number": "code", "since": "date", "until": "date"},
            "record": {"id": "number"},
            "identities": {"user_id": "number"},
            "tables": {
                "customers": {"first_seen_at": "since"},
                "subscriptions": {
                    "subscription_id": "'S' || number", "plan": "'basic'", "started_on": "since",
                    "ended_on": "until", "commitment_months": "0", "monthly_price_minor": "100",
                },
            },
        },
        name="contracts",
    )  # fmt: skip
    loading("number,since,until\n1,2023-01-01,\n2,2023-01-01,\n", mapping=mapping)
    report = loading(
        "number,since,until\n1,2023-01-01,2024-01-05\n2,2023-01-01,\n", mapping=mapping
    )
    assert (report.version, report.accepted, report.refused, report.unchanged) == (2, 2, 0, 1)
    held = contents(vault.dataset("shop"))["subscriptions"]
    assert [str(row["ended_on"]) for row in held] == ["2024-01-05", "None"]
    # an earlier export says less and takes nothing back
    late = loading("number,since,until\n2,2023-01-01,\n1,2023-01-01,\n", mapping=mapping)
    assert (late.made_version, late.unchanged) == (False, 2)
    moved = loading("number,since,until\n1,2023-01-01,2024-01-09\n2,2023-01-01,\n", mapping=mapping)
    assert moved.refused == 1


def test_pieces_of_one_source_add_up_whatever_their_number(make_world, vault):
    report = load([make_world("many", parts=14, a_part=2)], vault=vault, dataset="t", settings={})
    assert report.tables["customers"] == 28
    rows = vault.dataset("t").data()["events"].select("source_row").collect()
    assert rows["source_row"].n_unique() == 28
    assert (
        vault.dataset("t").data()["orders"].select(pl.col("total_minor").sum()).collect().item()
        == 2800
    )
