"""Make one block of a world and write its files, in any process."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from workbench.schema.customer_data import write_parquet
from workbench.synthetic.blocks import make_block
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
    """Written files of a block; of the first block, also the rows that break each rule."""

    parts: list[Part]
    violations: dict[str, int]


@dataclass(frozen=True, slots=True)
class BlockWriter:
    """Function that makes and writes one block; it is sent to the processes.

    Only the first block is compared with the rules. Every rule concerns one customer at a time, so
    a mistake in the generator would break it in every block.

    Attributes
    ----------
    recipe : Recipe
    folder : Path
        Folder of the unfinished world.
    block : int
        Number of customers in a block.
    """

    recipe: Recipe
    folder: Path
    block: int

    def __call__(self, number: int) -> BlockFiles:
        """Make and write a block."""
        first = number * self.block
        made = make_block(self.recipe, first, min(self.block, self.recipe.customers - first))
        name_of = f"part-{number:04d}.parquet"
        for name, rows in made.truth.items():
            write_and_hash(rows, self.folder / "truth" / name / name_of)
        parts = [
            Part(name, rows.height, write_and_hash(rows, self.folder / name / name_of))
            for name, rows in made.tables.items()
        ]
        return BlockFiles(parts, self._violations(made.tables) if number == 0 else {})

    def _violations(self, tables: dict[str, pl.DataFrame]) -> dict[str, int]:
        counted = violations(tables, adds_tax=not self.recipe.prices_with_tax)
        return dict(counted.select("rule", "violations").iter_rows())


def write_and_hash(rows: pl.DataFrame, path: Path) -> str:
    """Write a file, wait until it is on the disk, and return its SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        write_parquet(rows, path)
    except pl.exceptions.ComputeError as error:
        raise OSError(str(error)) from error  # polars raises this when the disk is full
    with path.open("rb+") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    return digest
