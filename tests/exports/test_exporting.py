"""All vendors together: whose rows they are, the same bytes however cut, and refusals."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tests.exports.conftest import csv_text
from workbench.exports import VENDORS, write_exports
from workbench.foundation.errors import InputError, ParameterError
from workbench.schema import TABLES
from workbench.schema.customer_data import SYNTHETIC_MARK

_ALONE = (
    "import sys; from pathlib import Path; from workbench.exports import write_exports; "
    "w, o, t = map(Path, sys.argv[1:]); write_exports(w, out=o, truth=t)"
)


def _recut(world: Path, folder: Path, size: int) -> Path:
    """Write the same customers as parts of another size."""
    people = pl.read_parquet(world / "customers" / "part-*.parquet")["record_id"]
    folder.mkdir()
    (folder / "world.json").write_bytes((world / "world.json").read_bytes())
    for table in TABLES:
        if not (world / table).is_dir():
            continue
        rows = pl.read_parquet(world / table / "part-*.parquet")
        (folder / table).mkdir()
        for number, start in enumerate(range(0, len(people), size)):
            own = pl.col("record_id").is_in(people.slice(start, size).implode())
            if start + size >= len(people):  # rows of nobody come with the last
                own |= pl.col("record_id").is_null()
            part = (
                rows.filter(own)
                if "record_id" in rows.columns
                else (rows if number == 0 else rows.clear())
            )
            if part.height:
                part.write_parquet(folder / table / f"part-{number:04d}.parquet")
    return folder


def _contents(*folders: Path) -> dict[str, bytes]:
    return {
        f"{folder.name}/{path.relative_to(folder)}": path.read_bytes()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(("size", "threads"), [(70, "1"), (299, "2")])
def test_bytes_do_not_depend_on_parts_or_threads(
    size: int, threads: str, world: Path, written: tuple[Path, dict[str, int]], tmp_path: Path
) -> None:
    other = _recut(world, tmp_path / "world", size)
    command = [sys.executable, "-c", _ALONE, other, tmp_path / "files", tmp_path / "truth"]
    subprocess.run(command, check=True, env=os.environ | {"POLARS_MAX_THREADS": threads})
    whole = _contents(written[0] / "files", written[0] / "truth")
    assert _contents(tmp_path / "files", tmp_path / "truth") == whole


def test_every_vendor_has_files_with_records(written: tuple[Path, dict[str, int]]) -> None:
    folder, counts = written
    names = sorted(path.name for path in (folder / "files").iterdir())
    assert names == [SYNTHETIC_MARK, *sorted(VENDORS)]
    assert {name.partition("/")[0] for name, rows in counts.items() if rows} == set(VENDORS)


def test_every_file_parses(exports: Path) -> None:
    for path in exports.rglob("*"):
        if path.suffix == ".csv":
            rows = list(csv.reader(io.StringIO(csv_text(path), newline=""), strict=True))
            assert len({len(row) for row in rows}) == 1, path.name
        elif path.suffix == ".ndjson" or path.name.startswith("100011471"):
            for line in path.read_bytes().split(b"\n")[:-1]:
                assert isinstance(json.loads(line), dict)
        elif path.suffix == ".json":
            assert json.loads(path.read_bytes())


def test_truth_counts_rows_and_names_people_of_the_world(
    written: tuple[Path, dict[str, int]],
    truth: Callable[[str], pl.DataFrame],
    tables: Callable[[str], pl.DataFrame],
) -> None:
    people = tables("customers")["record_id"]
    for vendor in VENDORS:
        told = truth(vendor)
        assert told.schema == {
            "file": pl.String,
            "row": pl.UInt64,
            "native_id": pl.String,
            "record_id": pl.UInt64,
        }
        for (file,), own in told.group_by("file"):
            count = written[1][f"{vendor}/{file}"]
            assert own["row"].to_list() == list(range(1, count + 1))
        assert told["record_id"].drop_nulls().is_in(people.implode()).all()


def test_no_record_id_stands_in_a_file(
    exports: Path, tables: Callable[[str], pl.DataFrame]
) -> None:
    ids = {str(value).encode() for value in tables("customers")["record_id"]}
    for path in exports.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not any(value in content for value in ids), path.name


def test_systems_know_different_people(truth: Callable[[str], pl.DataFrame]) -> None:
    known = {
        vendor: set(truth(vendor)["record_id"].drop_nulls())
        for vendor in ("salesforce", "shopify_customers", "segment", "consent_onetrust")
    }
    assert len({frozenset(people) for people in known.values()}) == len(known)
    assert 0.45 < len(known["segment"] & known["consent_onetrust"]) / 300 < 0.85


def test_writers_know_no_reader() -> None:
    code = "import sys, workbench.exports; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    readers = ("workbench.sources", "workbench.intake", "workbench.identity")
    assert not [name for name in done.stdout.split() if name.startswith(readers)]


def test_a_world_without_most_tables_gives_files_without_rows(world: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    (bare / "customers").mkdir(parents=True)
    for name in ("world.json", "customers/part-0000.parquet"):
        (bare / name).write_bytes((world / name).read_bytes())
    counts = write_exports(bare, out=tmp_path / "files", truth=tmp_path / "truth")
    assert counts["shopify_orders/orders_export_1.csv"] == 0
    assert counts["shopify_customers/customers_export.csv"] > 250
    assert json.loads((tmp_path / "files" / "zendesk" / "tickets_incremental.json").read_bytes())
    assert pl.read_parquet(tmp_path / "truth" / "stripe_payments.parquet").is_empty()


def test_rows_of_nobody_are_written_and_known_as_such(world: Path, tmp_path: Path) -> None:
    guests = tmp_path / "guests"
    for path in world.rglob("*"):
        if path.is_file() and "truth" not in path.parts:
            target = guests / path.relative_to(world)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    nobody = pl.lit(None, pl.UInt64).alias("record_id")
    for table in ("orders", "order_items", "payments", "events", "interactions"):
        path = guests / table / "part-0000.parquet"
        pl.read_parquet(path).with_columns(nobody).write_parquet(path)
    counts = write_exports(guests, out=tmp_path / "files", truth=tmp_path / "truth")
    lines = pl.read_parquet(world / "order_items" / "part-0000.parquet").filter(
        pl.col("quantity") > 0
    )
    files = ("orders_export_1.csv", "orders_export_2.csv")
    assert sum(counts[f"shopify_orders/{file}"] for file in files) == lines.height
    told = pl.read_parquet(tmp_path / "truth" / "shopify_orders.parquet")
    assert told["record_id"].null_count() == told.height
    sales = pl.read_parquet(world / "orders" / "part-0000.parquet").filter(pl.col("kind") == "sale")
    assert told["native_id"].n_unique() == sales.height


def test_an_unknown_vendor_is_refused(world: Path, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="no vendor 'zendsk'; did you mean 'zendesk'"):
        write_exports(world, out=tmp_path / "a", truth=tmp_path / "b", vendors=["zendsk"])


def test_a_folder_that_is_no_world_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not a world: it has no world\.json"):
        write_exports(tmp_path, out=tmp_path / "a", truth=tmp_path / "b")


def test_a_folder_with_content_is_left_alone(world: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(InputError, match="is not empty: name an empty or a new folder"):
        write_exports(world, out=tmp_path, truth=tmp_path / "b")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_cannot_be_made_leaves_nothing(world: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write exports at"):
        write_exports(world, out=tmp_path / "out", truth=tmp_path / "file" / "truth")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
