"""Worlds are the same whoever makes them, and whole or not there."""

import errno
import json
from contextlib import nullcontext
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from workbench.foundation.errors import InputError, ParameterError
from workbench.schema import TABLES
from workbench.schema.customer_data import write_parquet
from workbench.schema.record_faults import describe_faults
from workbench.schema.validation import validate_rows
from workbench.synthetic import block_files, generate, read_recipe, worlds
from workbench.synthetic.blocks import MadeBlock, make_block
from workbench.synthetic.frames import WITHOUT, world_columns


def test_every_table_has_rows_of_its_schema(made: MadeBlock) -> None:
    assert sorted(made.tables) == sorted(set(TABLES) - {"sources"})
    for name, rows in made.tables.items():
        without = (*WITHOUT, *(c for c in TABLES[name].schema if c not in rows.columns))
        checked = validate_rows(rows, table=name, without=without)
        assert checked.failed.is_empty(), (name, describe_faults(checked.faults).unique().to_list())
        assert checked.passed.height > 0
        assert not checked.has_repeats
        assert rows.columns == list(world_columns(name))


def test_keys_of_the_world_are_unique(made: MadeBlock) -> None:
    for name, rows in made.tables.items():
        primary = ["record_id" if key == "customer_id" else key for key in TABLES[name].primary_key]
        key = [column for column in primary if column != "source_id"]
        assert rows.select(pl.struct(key).is_unique().all()).item(), name


def test_an_order_number_does_not_tell_whose_it_is(retail: Path) -> None:
    orders = (
        make_block(read_recipe(retail), 0, 3_000).tables["orders"].filter(pl.col("kind") == "sale")
    )
    number = pl.col("order_id").str.replace_all(r"\D", "").cast(pl.Int64)
    orders = orders.select("record_id", "order_id", number=number, place=pl.int_range(pl.len()))
    assert orders["order_id"].is_unique().all()
    # those of one customer share their head no more often than any others: 1 in 275,000
    heads = orders.with_columns(head=pl.col("order_id").str.head(-7))
    assert heads.select(pl.struct("record_id", "head").n_unique()).item() >= orders.height - 2
    found = orders.select(pl.corr("number", "place", method="spearman")).item()
    assert abs(found) < 4 / orders.height**0.5


@pytest.mark.parametrize("cut", [1, 137, 299])
def test_a_customer_does_not_depend_on_the_block(retail: Path, cut: int) -> None:
    recipe = read_recipe(retail)
    whole, first, second = (
        make_block(recipe, 0, 300),
        make_block(recipe, 0, cut),
        make_block(recipe, cut, 300 - cut),
    )
    for name, rows in whole.tables.items():
        parts = [each.tables[name] for each in (first, second) if name in each.tables]
        assert_frame_equal(pl.concat(parts), rows)
    for name, rows in whole.truth.items():
        parts = [each.truth[name] for each in (first, second) if name in each.truth]
        assert_frame_equal(pl.concat(parts), rows)


def test_bytes_do_not_depend_on_the_number_of_processes(
    retail: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worlds, "BLOCK", 150)
    one = generate(retail, out=tmp_path / "one", customers=300)
    two = generate(retail, out=tmp_path / "two", customers=300, workers=2)
    assert one.fingerprint == two.fingerprint
    assert _bytes(one.out) == _bytes(two.out)


def test_the_first_customers_of_a_larger_world_are_those_of_a_smaller_one(
    retail: Path, tmp_path: Path
) -> None:
    small = generate(retail, out=tmp_path / "small", customers=100)
    large = generate(retail, out=tmp_path / "large", customers=400)
    known = pl.read_parquet(small.out / "customers" / "*.parquet").select("record_id")
    for name in set(small.tables) - {"campaigns"}:
        some = pl.read_parquet(small.out / name / "*.parquet")
        every = pl.read_parquet(large.out / name / "*.parquet")
        same = every.join(known, on="record_id", how="semi", maintain_order="left")
        assert_frame_equal(same, some.filter(pl.col("record_id").is_not_null()))


def test_visits_of_unknown_people_begin_with_those_of_a_smaller_world(retail: Path) -> None:
    small, large = (
        make_block(read_recipe(retail), 0, customers).tables["events"] for customers in (40, 100)
    )
    unknown = [rows.filter(pl.col("record_id").is_null()) for rows in (small, large)]
    assert unknown[0].height > 1_000
    assert_frame_equal(unknown[0], unknown[1].head(unknown[0].height))


def test_another_seed_makes_other_customers(retail: Path) -> None:
    worlds_made = [make_block(read_recipe(retail, {"seed": seed}), 0, 50) for seed in (1, 2)]
    one, two = (each.tables["customers"]["record_id"].to_list() for each in worlds_made)
    assert not set(one) & set(two)


def test_the_world_says_what_it_is(retail: Path, tmp_path: Path) -> None:
    world = generate(retail, out=tmp_path / "w", customers=50, months=6, seed=3, disparity=0.05)
    manifest = json.loads((world.out / "world.json").read_text())
    assert manifest["tables"] == dict(world.tables) == world.to_json()["tables"]
    assert manifest["fingerprint"] == world.fingerprint
    assert (manifest["start_on"], manifest["data_until"]) == ("2024-01-01", "2024-07-01")
    assert (manifest["customers"], manifest["months"], manifest["seed"]) == (50, 6, 3)
    assert manifest["recipe"]["bias"]["offer"]["strength"] == 0.05
    names = {path.name for path in world.truth.iterdir()}
    assert names >= {"customers", "disparity", "months", "survey", "texts", "truth.json"}


def test_nothing_happens_at_or_after_the_end(made: MadeBlock) -> None:
    end = pl.datetime(2025, 7, 1, time_zone="UTC")
    instants = {
        "events": "occurred_at",
        "orders": "ordered_at",
        "payments": "paid_at",
        "interactions": "occurred_at",
        "attributes": "observed_at",
    }
    for name, column in instants.items():
        assert made.tables[name].filter(pl.col(column) >= end).is_empty(), name


def test_a_world_is_replaced_and_leaves_nothing_beside_it(retail: Path, tmp_path: Path) -> None:
    generate(retail, out=tmp_path / "w", customers=20)
    world = generate(retail, out=tmp_path / "w", customers=30)
    assert world.tables["customers"] == 30
    assert [p.name for p in tmp_path.iterdir()] == ["w"]


def test_a_crash_leaves_the_old_world_and_no_part_of_the_new(
    retail: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = generate(retail, out=tmp_path / "w", customers=20)
    before = _bytes(old.out)
    monkeypatch.setattr(worlds, "BLOCK", 10)
    monkeypatch.setattr(worlds, "_pool", lambda *_: nullcontext())  # where the crash is planted

    def crash(rows: pl.DataFrame, path: Path) -> None:
        if path.name == "part-0001.parquet":
            raise OSError(errno.ENOSPC, "No space left on device")
        write_parquet(rows, path)

    monkeypatch.setattr(block_files, "write_parquet", crash)
    with pytest.raises(InputError, match=r"cannot write the world retail at .*: No space left"):
        generate(retail, out=tmp_path / "w", customers=20)
    assert _bytes(old.out) == before
    with pytest.raises(InputError, match="No space left"):
        generate(retail, out=tmp_path / "new", customers=20)
    assert [p.name for p in tmp_path.iterdir()] == ["w"]


def test_a_folder_that_holds_something_else_is_refused(retail: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="contains files but is not a world"):
        generate(retail, out=tmp_path, customers=20)
    with pytest.raises(InputError, match="is a file"):
        generate(retail, out=tmp_path / "notes.txt", customers=20)
    with pytest.raises(InputError, match="cannot write the world"):
        generate(retail, out=tmp_path / "notes.txt" / "below", customers=20)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_nothing_is_made_when_a_value_is_wrong(retail: Path, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"months: .* found 5"):
        generate(retail, out=tmp_path / "w", months=5)
    with pytest.raises(ParameterError, match="workers is 0"):
        generate(retail, out=tmp_path / "w", workers=0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("customers", [1, 2, 7])
def test_the_smallest_worlds_can_be_made(retail: Path, tmp_path: Path, customers: int) -> None:
    world = generate(retail, out=tmp_path / "w", customers=customers, months=6)
    assert world.tables["customers"] == customers


def _bytes(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
