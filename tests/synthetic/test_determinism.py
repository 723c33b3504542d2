"""The same recipe and seed give the same world: bytes under one lock file, values under any."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import PROJECT
from tests.synthetic.values import value_hash
from workbench.synthetic import read_recipe
from workbench.synthetic.blocks import make_block

#: Of the recipe ``tiny`` as it stands. Another value here means that every world made before is
#: another one now: change it only together with what makes the worlds, never for a new library.
TINY = "aaaf8207515e18b667e13d95a950bf2ada928c73df58f4a5872b401146e88f74"


def test_values_are_those_of_the_pin_whatever_the_versions_of_libraries() -> None:
    made = make_block(read_recipe(PROJECT / "synthetic" / "tiny.toml"), 0, 50)
    assert value_hash(made.tables) == TINY, (
        "worlds have changed: if what makes them was changed on purpose, pin the new value; "
        "if only a library was, find out what it does otherwise"
    )


def test_another_value_anywhere_is_another_hash() -> None:
    made = make_block(read_recipe(PROJECT / "synthetic" / "tiny.toml"), 0, 20)
    plain = value_hash(made.tables)
    for table, change in (
        ("orders", pl.col("total_minor") + 1),
        ("events", pl.col("page") + "x"),
        ("identities", pl.when(pl.int_range(pl.len()) > 0).then("identifier")),
        ("consents", pl.col("decided_at").dt.offset_by("1us")),
        ("customers", pl.col("record_id").reverse()),
    ):
        changed = made.tables[table].with_columns(change)
        assert value_hash({**made.tables, table: changed}) != plain, table


@pytest.mark.parametrize("recipe", ["retail", "messy"])
def test_bytes_do_not_depend_on_the_number_of_threads(recipe: str, tmp_path: Path) -> None:
    found = set()
    for threads in ("1", "2", "4"):
        out = tmp_path / f"{recipe}-{threads}"
        words = ["generate", recipe, "--customers", "300", "--out", str(out)]
        subprocess.run(  # our own command
            [sys.executable, "-m", "workbench", *words],
            check=True,
            capture_output=True,
            cwd=PROJECT,
            env={**os.environ, "POLARS_MAX_THREADS": threads, "OMP_NUM_THREADS": threads},
        )
        digest = hashlib.sha256()
        for path in sorted(out.rglob("*.*")):
            digest.update(str(path.relative_to(out)).encode() + path.read_bytes())
        found.add(digest.hexdigest())
    assert len(found) == 1
