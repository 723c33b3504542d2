"""The cells that a place has in the rows of a set, and the rows in which it has not one value."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.schema.record_faults import Rule
from workbench.sources.formats.json_values import Tree
from workbench.sources.formats.shaped_trees import ShapedTrees
from workbench.sources.mapping.field_places import Found, Path

Faults = tuple[tuple[Rule, pl.Series], ...]

_NESTED = Rule("nested")
_SEVERAL = Rule("several")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedCells:
    """The cells at a place, one per row, and the rows where the place has not one value."""

    cells: pl.Series
    faults: Faults = ()
    is_found: bool = True

    def gather(self, rows: pl.Series | NDArray[np.int64]) -> "PlacedCells":
        """Return the cells of some rows, each as often as it is named."""
        return PlacedCells(
            cells=self.cells.gather(rows),
            faults=tuple((rule, wrong.gather(rows)) for rule, wrong in self.faults),
            is_found=self.is_found,
        )


def cells_of(found: Sequence[Sequence[Found]], join: str | None) -> PlacedCells:
    """Return the texts of what a path found in each tree."""
    texts: list[str | None] = []
    nested: list[bool] = []
    several: list[bool] = []
    is_found = False
    for members in found:
        is_found = is_found or bool(members)
        if not members or (len(members) == 1 and members[0].value is None):  # as most are in a log
            texts.append(None)
            nested.append(False)
            several.append(False)
            continue
        values = [each.value for each in members if each.value is not None]
        leaves = [_leaf_text(value) for value in values if not isinstance(value, list | dict)]
        nested.append(len(leaves) < len(values))
        several.append(join is None and len(leaves) > 1)
        if join is not None and leaves:
            texts.append(join.join(sorted(set(leaves))))
        else:
            texts.append(leaves[0] if len(leaves) == len(values) == 1 else None)
    faults = ((_NESTED, nested), (_SEVERAL, several))
    return PlacedCells(
        cells=pl.Series(texts, dtype=pl.String),
        faults=tuple((r, pl.Series(at, dtype=pl.Boolean)) for r, at in faults if any(at)),
        is_found=is_found,
    )


def cells_of_shapes(trees: ShapedTrees, path: Path, join: str | None) -> PlacedCells:
    """Return what a path of literal names finds: in all records of a shape it finds the same."""
    others = cells_of([path.find(tree) for tree in trees.others], join)
    cells: list[pl.Series] = []
    nested: list[pl.Series] = []
    is_found = others.is_found
    for group in trees.groups:
        found = path.find(group.tree)
        is_leaf = bool(found) and isinstance(found[0].value, str)
        count = len(group.positions)
        is_found = is_found or (bool(found) and count > 0)
        nothing = pl.repeat(None, count, dtype=pl.String, eager=True)
        cells.append(group.cells(str(found[0].value)) if is_leaf else nothing)
        nested.append(pl.repeat(bool(found) and not is_leaf, count, dtype=pl.Boolean, eager=True))
    never = pl.repeat(value=False, n=len(trees.others), dtype=pl.Boolean, eager=True)
    nested.append(next((at for rule, at in others.faults if rule == _NESTED), never))
    is_nested = trees.in_order(nested)
    return PlacedCells(
        cells=trees.in_order([*cells, others.cells]),
        faults=((_NESTED, is_nested),) if is_nested.any() else (),
        is_found=is_found,
    )


def _leaf_text(value: Tree) -> str:
    return value if isinstance(value, str) else "true" if value else "false"


def first_filled(columns: Sequence[pl.Series], empty: Sequence[str]) -> pl.Series:
    """Return the first cell of each row that is not empty."""
    bare = []
    for cells in columns:
        text = cells.cast(pl.String)
        is_empty = reduce(or_, [text.str.strip_chars() == "", text.is_in(list(empty))])
        bare.append(text.set(is_empty.fill_null(value=False), None))
    return pl.select(pl.coalesce(bare)).to_series()
