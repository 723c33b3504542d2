"""Writing one block of a world to its files, wherever the work is done."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from workbench.schema.customer_data import write_parquet
from workbench.synthetic.blocks import make
from workbench.synthetic.recipes import Recipe
from workbench.synthetic.rules import violations


@dataclass(frozen=True, slots=True)
class Part:
    """One table file of one block."""

    table: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class BlockFiles:
    """What was written of a block, and how many rows break each rule (of the first block)."""

    parts: list[Part]
    violations: dict[str, int]


@dataclass(frozen=True, slots=True)
class Writing:
    """Makes and writes one block; handed to the processes.

    Rules are counted in the first block: they are local to a customer, and what breaks one by a
    fault of ours breaks it in every block.

    Attributes
    ----------
    recipe : Recipe
    folder : Path
        Of the world in the making.
    block : int
        Customers of a block.
    """

    recipe: Recipe
    folder: Path
    block: int

    def __call__(self, number: int) -> BlockFiles:
        """Make and write a block."""
        first = number * self.block
        made = make(self.recipe, first, min(self.block, self.recipe.customers - first))
        name_of = f"part-{number:04d}.parquet"
        for name, rows in made.truth.items():
            store(rows, self.folder / "truth" / name / name_of)
        parts = [
            Part(name, rows.height, store(rows, self.folder / name / name_of))
            for name, rows in made.tables.items()
        ]
        return BlockFiles(parts, self._violations(made.tables) if number == 0 else {})

    def _violations(self, tables: dict[str, pl.DataFrame]) -> dict[str, int]:
        counted = violations(tables, adds_tax=not self.recipe.prices_with_tax)
        return dict(counted.select("rule", "violations").iter_rows())


def store(rows: pl.DataFrame, path: Path) -> str:
    """Write a file through to the disk and return its SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        write_parquet(rows, path)
    except pl.exceptions.ComputeError as error:
        raise OSError(str(error)) from error  # what polars makes of a full disk
    with path.open("rb+") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    return digest
