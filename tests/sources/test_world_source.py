"""A synthetic world on disk."""

import json
import pickle
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from workbench.foundation.errors import InputError, ParameterError
from workbench.schema import TABLES
from workbench.schema.table_declarations import LINEAGE
from workbench.sources import find_mapping, open_source

MANIFEST = {
    "format_version": 1,
    "name": "tiny",
    "system": "tiny",
    "zone": "UTC",
    "currency": "EUR",
    "lawful_basis": "consent",
    "data_until": "2024-07-01",
    "parts": 4,
    "tables": {"customers": 4, "campaigns": 1},
}


def _table(name: str, rows: dict[str, list[object]]) -> pl.DataFrame:
    """Return rows of a table as a world has them; cells that are not given are null."""
    schema = {n: k for n, k in TABLES[name].stored.items() if n not in LINEAGE}
    return pl.DataFrame(rows, schema={n: schema[n] for n in rows}).select(
        pl.col(n) if n in rows else pl.lit(None, dtype=kind).alias(n) for n, kind in schema.items()
    )


@pytest.fixture
def world(tmp_path: Path) -> Path:
    for table, part, rows in (
        ("customers", 0, {"record_id": [1, 2]}),
        ("customers", 1, {"record_id": [3]}),
        ("customers", 3, {"record_id": [4]}),
        ("campaigns", 0, {"campaign_id": ["c"]}),
    ):
        path = tmp_path / table / f"part-{part:04d}.parquet"
        path.parent.mkdir(exist_ok=True)
        _table(table, rows).write_parquet(path)
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "churn.parquet").write_bytes(b"never opened")
    (tmp_path / "world.json").write_text(json.dumps(MANIFEST))
    return tmp_path


def test_a_world_is_read_three_blocks_a_part_and_no_record_number_twice(world: Path):
    source = pickle.loads(pickle.dumps(open_source(world)))
    assert (source.format, source.parts, source.is_synthetic) == ("workbench_world", 2, True)
    assert source.data_until_at == datetime(2024, 7, 1, tzinfo=UTC)
    readings = [source.read(part) for part in range(source.parts)]
    assert [
        {name: rows.select(pl.nth(0), "source_row").rows() for name, rows in r.tables.items()}
        for r in readings
    ] == [
        {"customers": [(1, 1), (2, 2), (3, 3)], "campaigns": [("c", 5)]},
        {"customers": [(4, 4)]},
    ]
    assert [r.read for r in readings] == [r.accepted for r in readings] == [4, 1]


def test_changed_files_are_another_source_and_the_truth_is_none_of_it(world: Path):
    before, files = open_source(world).content_hash, open_source(world).file_hash
    (world / "truth" / "churn.parquet").write_bytes(b"other")
    assert (open_source(world).content_hash, open_source(world).file_hash) == (before, files)
    _table("customers", {"record_id": [9]}).write_parquet(world / "customers" / "part-0001.parquet")
    assert open_source(world).content_hash != before
    assert open_source(world).file_hash != files


def test_a_world_of_another_format_is_refused(world: Path):
    (world / "world.json").write_text(json.dumps({**MANIFEST, "format_version": 2}))
    with pytest.raises(InputError, match="format 2, this program reads 1"):
        open_source(world)


def test_a_damaged_world_is_refused(world: Path):
    (world / "customers" / "part-0001.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"customers/part-0001\.parquet of the world is damaged"):
        open_source(world)


def test_a_world_takes_no_mapping_and_a_folder_is_no_file(world: Path, tmp_path: Path):
    with pytest.raises(ParameterError, match="needs no mapping"):
        open_source(world, mapping=find_mapping("telco_churn"))
    with pytest.raises(ParameterError, match="was not recognised"):
        open_source(tmp_path / "truth")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows.drop("gender"), "lacks gender"),
        (lambda rows: rows.with_columns(shoe_size=1), "has unknown shoe_size"),
        (lambda rows: rows.rename({"country": "land"}), "lacks country; has unknown land"),
        (
            lambda rows: rows.with_columns(pl.col("birth_year").cast(pl.Float64)),
            "has other types of birth_year",
        ),
    ],
)
def test_a_world_of_another_schema_is_refused_by_its_columns(world: Path, change, said: str):
    path = world / "customers" / "part-0001.parquet"
    change(pl.read_parquet(path)).write_parquet(path)
    with pytest.raises(InputError, match=rf"another version .*\(it {said}\): generate the world"):
        open_source(world)
