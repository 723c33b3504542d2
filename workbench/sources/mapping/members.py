"""Sets of rows whose values are looked up by place: records of a part, or members of an each.

``Members`` holds cells by header name, trees, or both: a comma-separated file has cells, a JSON
file has trees, and a decoder adds trees to cells. A place is looked up among the cells by its whole
text first, so that any header can be named as it is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import polars as pl

from workbench.foundation.errors import InputError
from workbench.schema.record_faults import Rule
from workbench.sources.formats.json_values import Tree, to_json
from workbench.sources.formats.raw_cells import raw_cells_as_json
from workbench.sources.formats.shaped_trees import ShapedTrees
from workbench.sources.mapping.decoded_trees import DecodedTrees, RepeatedValues
from workbench.sources.mapping.decoders import DECODERS
from workbench.sources.mapping.field_places import FieldPlace, Found, Path
from workbench.sources.mapping.placed_cells import (
    Faults,
    PlacedCells,
    cells_of,
    cells_of_shapes,
    first_filled,
)

#: Columns with what is known of a member itself.
_OF_MEMBER = ("@key", "@number", "@title")


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Rows of one set.

    Attributes
    ----------
    numbers : Series of Int64
        Number of the record of each row.
    cells : DataFrame
        Cells by header name; what is known of a member itself is ``@key``, ``@number`` and others.
    trees : list of Tree or None
        Trees of the rows, None if the format has none and nothing was decoded.
    has_schema : bool
        Whether the keys of the trees are columns of a file with a schema.
    titles, facts : mapping
        Title of a header name, and facts about it, where the file has such header rows.
    parent : Members or None
        The set of which the rows are members, with ``rows``, the position of each row's parent.
    """

    numbers: pl.Series
    cells: pl.DataFrame
    trees: Sequence[Tree] | None = None
    has_schema: bool = False
    titles: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    parent: "Members | None" = None
    rows: pl.Series | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    def has(self, place: str) -> bool:
        """Return whether a place exists in at least one row, empty or null included."""
        if self._column(place) is not None:  # A header may end in "?", as Newsletter? does.
            return True
        found = FieldPlace.read(place)
        return any(self._has_path(path) for path in found.paths)

    def read(
        self, place: str, *, empty: Sequence[str] = (), join: str | None = None
    ) -> PlacedCells:
        """Return the cells at a place.

        Parameters
        ----------
        place : str
            A place, see ``field_places``; of alternatives the first that is not empty counts.
        empty : sequence of str
            Texts that count as empty.
        join : str, optional
            Sign between several values of one row, which are sorted and distinct; without it,
            several values are a fault.

        Raises
        ------
        InputError
            A pattern names several columns of the file.
        """
        if (name := self._column(place)) is not None:
            return PlacedCells(cells=self.cells[name])
        found = FieldPlace.read(place)
        if found.is_presence:
            return PlacedCells(cells=self._presence(found))
        read = [self._read_path(path, join) for path in found.paths]
        if len(read) == 1:
            return read[0]
        return PlacedCells(
            cells=first_filled([each.cells for each in read], empty),
            faults=tuple(fault for each in read for fault in each.faults),
            is_found=any(each.is_found for each in read),
        )

    def fact(self, place: str, name: str) -> str | None:
        """Return a fact that the file states of the column at a place, if it does."""
        names = [path.text for path in FieldPlace.read(place).paths]
        stated = [self.facts[each].get(name) for each in names if each in self.facts]
        return next((each for each in stated if each), None)

    def explode(self, place: str) -> "Members":
        """Return the members at a place as rows of a set of their own; null gives no row."""
        [path] = FieldPlace.read(place).paths
        names = self._matching_names(path)
        return self._melt(names, path) if names else self._members_of_trees(path)

    def decode(self, rules: Mapping[str, Mapping[str, str]]) -> tuple[Self, dict[str, Faults]]:
        """Return the set with decoded members added to its trees, and faults by member.

        What already has the decoded shape stays as it is; null stays null.

        Parameters
        ----------
        rules : mapping
            By the name of the new member: ``{ decoder = place }``, optionally with ``mark``.
        """
        decoded, faults = self, dict[str, Faults]()
        for name, rule in rules.items():
            mark = rule.get("mark")
            [(decoder, place)] = [each for each in rule.items() if each[0] != "mark"]
            read = decoded._values(place)
            found = [_decode(decoder, value, mark) for value in read.values]
            member = RepeatedValues(read.codes, [tree for tree, _ in found])
            trees = decoded.trees
            above, before = (
                (trees.above, trees.decoded) if isinstance(trees, DecodedTrees) else (trees, {})
            )
            decoded = replace(decoded, trees=DecodedTrees(above, {**before, name: member}))
            is_wrong = pl.Series([wrong for _, wrong in found], dtype=pl.Boolean)
            if (broken := is_wrong.gather(read.codes)).any():
                rule_broken = Rule("decoded", {"decoder": decoder})
                faults[place] = (*faults.get(place, ()), (rule_broken, broken))
        return decoded, faults

    def slice(self, start: int, count: int) -> Self:
        """Return some rows that follow each other."""
        return replace(
            self,
            numbers=self.numbers.slice(start, count),
            cells=self.cells.slice(start, count),
            trees=None if self.trees is None else self.trees[start : start + count],
            rows=None if self.rows is None else self.rows.slice(start, count),
        )

    def append(self, more: Self) -> Self:
        """Return these records with those of the next batch after them."""
        trees = self.trees
        if isinstance(trees, ShapedTrees) and isinstance(more.trees, ShapedTrees):
            trees = trees.append(more.trees)
        elif trees is not None:
            trees = [*trees, *(more.trees or ())]
        return replace(
            more,
            numbers=pl.concat([self.numbers, more.numbers]),
            cells=pl.concat([self.cells, more.cells]),
            trees=trees,
        )

    def as_json(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return records as JSON texts, of a flat record an object of its cells.

        Cells from the name of the file are among them.

        Parameters
        ----------
        rows : DataFrame
            Column ``source_row`` of the wanted records.

        Returns
        -------
        DataFrame
            ``source_row`` and ``raw``.
        """
        is_flat = any(not name.startswith("@") for name in self.cells.columns)
        if is_flat or self.trees is None:
            own = [name for name in self.cells.columns if name not in _OF_MEMBER]
            return raw_cells_as_json(
                self.cells.select(own).insert_column(0, self.numbers.alias("source_row")), rows
            )
        is_wanted = self.numbers.is_in(rows["source_row"].implode())
        found = [
            (self.numbers[position], to_json(self.trees[position]))
            for position in is_wanted.arg_true()
        ]
        return pl.DataFrame(found, schema={"source_row": pl.Int64, "raw": pl.String}, orient="row")

    def _column(self, text: str) -> str | None:
        """Return the column with a name, or with a title that no other column has."""
        if text in self.cells.columns:
            return text
        titled = [name for name, title in self.titles.items() if title == text]
        return titled[0] if len(titled) == 1 and titled[0] in self.cells.columns else None

    def _has_path(self, path: Path) -> bool:
        if self._column(path.text) is not None or self._matching_names(path):
            return True
        return self.trees is not None and any(path.find(tree) for tree in self.trees)

    def _matching_names(self, path: Path) -> list[str]:
        if path.pattern is None:
            return []
        return [n for n in self.cells.columns if n[:1] != "@" and path.pattern.search(n)]

    def _read_path(self, path: Path, join: str | None) -> PlacedCells:
        if path.up:
            return self._read_above(path, join)
        if (name := self._column(path.text)) is not None:
            return PlacedCells(cells=self.cells[name])
        names = self._matching_names(path)
        if len(names) > 1:
            numbers = [str(self.cells.columns.index(name) + 1) for name in names]
            raise InputError(
                f"{len(names)} columns match {path.text}, where one is expected (columns "
                f"{', '.join(numbers)}): name one of them in the mapping"
            )
        if names:
            return PlacedCells(cells=self.cells[names[0]])
        if self.trees is None:
            nothing = pl.Series([None] * len(self), dtype=pl.String)
            return PlacedCells(cells=nothing, is_found=False)
        return _cells_in(self.trees, path, join)

    def _read_above(self, path: Path, join: str | None) -> PlacedCells:
        if self.parent is None or self.rows is None:
            raise InputError(f"{path.text} names a place above the record: leave out ^")
        above = self.parent.read(path.text[1:], join=join)
        return above.gather(self.rows)

    def _presence(self, place: FieldPlace) -> pl.Series:
        if self.trees is None:
            is_there = any(self._column(path.text) is not None for path in place.paths)
            return pl.repeat(is_there, len(self), dtype=pl.Boolean, eager=True)
        return pl.Series([place.is_in(tree) for tree in self.trees], dtype=pl.Boolean)

    def _values(self, place: str) -> RepeatedValues:
        """Return the values at a place as trees, for decoders."""
        found = FieldPlace.read(place)
        in_cells = [n for p in found.paths if (n := self._column(p.text)) is not None]
        in_cells += [name for path in found.paths for name in self._matching_names(path)]
        if in_cells:
            columns = [self.cells[name].cast(pl.String) for name in in_cells]
            return RepeatedValues.of_cells(first_filled(columns, ()))
        if self.trees is None:
            return RepeatedValues(np.zeros(len(self), dtype=np.int64), [None])
        if len(found.paths) == 1 and (below := _below_decoded(self.trees, found.paths[0])):
            repeated, path = below
            alone = replace(found, paths=(path,))
            return RepeatedValues(repeated.codes, alone.find_each(repeated.values))
        return RepeatedValues.of_rows(found.find_each(self.trees))

    def _melt(self, names: Sequence[str], path: Path) -> "Members":
        """Return the filled cells of some columns, in the order of the records."""
        row = pl.int_range(len(self), eager=True).alias("row")
        long = (
            self.cells.select(pl.col(names).cast(pl.String))
            .with_columns(row)
            .unpivot(index="row", variable_name="@key", value_name=".")
            .filter(pl.col(".").str.strip_chars() != "")
            .sort("row", maintain_order=True)
        )
        groups = [_groups(path, key) for key in names]
        known = pl.DataFrame(
            {"@key": names, "@title": [self.titles.get(name, "") for name in names]}
        ).with_columns(
            pl.Series(f"@{name}", [each[name] for each in groups], dtype=pl.String)
            for name in groups[0]
        )
        cells = long.join(known, on="@key", how="left", maintain_order="left").with_columns(
            (pl.int_range(pl.len()).over("row") + 1).cast(pl.String).alias("@number")
        )
        return Members(
            numbers=self.numbers.gather(cells["row"]),
            cells=cells.drop("row"),
            parent=self,
            rows=cells["row"],
        )

    def _members_of_trees(self, path: Path) -> "Members":
        trees: Sequence[Tree] = () if self.trees is None else self.trees
        distinct, own = _below_decoded(trees, path) or (RepeatedValues.of_rows(trees), path)
        filled = [
            [found for found in members if found.value is not None]
            for members in own.find_each(distinct.values)
        ]
        counts = np.array([len(each) for each in filled], dtype=np.int64)[distinct.codes]
        rows = np.repeat(np.arange(len(distinct.codes)), counts)
        positions: list[str] = []
        members: list[Found] = []
        for code in distinct.codes[counts > 0]:
            members += filled[code]
            positions += [str(position) for position in range(1, len(filled[code]) + 1)]
        groups = dict.fromkeys(name for found in members for name in found.groups)
        known = {
            "@key": [found.key for found in members],
            "@number": positions,
            **{f"@{name}": [found.groups.get(name) for found in members] for name in groups},
        }
        return Members(
            numbers=self.numbers.gather(rows),
            cells=pl.DataFrame(known, schema=dict.fromkeys(known, pl.String)),
            trees=[found.value for found in members],
            parent=self,
            rows=pl.Series(rows, dtype=pl.Int64),
        )


def _below_decoded(trees: Sequence[Tree], path: Path) -> tuple[RepeatedValues, Path] | None:
    """Return the distinct decoded trees in which alone a path can find something, and its rest."""
    if not isinstance(trees, DecodedTrees) or not path.names or len(path.steps) == 1:
        return None
    repeated = trees.repeated(path.names[0])
    return None if repeated is None else (repeated, path.below_first())


def _cells_in(trees: Sequence[Tree], path: Path, join: str | None) -> PlacedCells:
    """Return what a path finds in trees, looked up once where many trees are alike."""
    if (below := _below_decoded(trees, path)) is not None:
        repeated, rest = below
        distinct = cells_of(rest.find_each(repeated.values), join)
        return distinct.gather(repeated.codes)
    if isinstance(trees, DecodedTrees) and path.names and trees.is_above(path.names[0]):
        if trees.above is None:
            nothing = pl.repeat(None, len(trees), dtype=pl.String, eager=True)
            return PlacedCells(cells=nothing, is_found=False)
        return _cells_in(trees.above, path, join)
    if isinstance(trees, ShapedTrees) and path.is_literal:
        return cells_of_shapes(trees, path, join)
    return cells_of(path.find_each(trees), join)


def fill_down(cells: pl.Series) -> pl.Series:
    """Return cells of which an empty one has the value of the cell above it."""
    is_empty = (cells.str.strip_chars() == "") if cells.dtype == pl.String else cells.is_null()
    return cells.set(is_empty.fill_null(value=False), None).fill_null(strategy="forward")


def _groups(path: Path, name: str) -> dict[str, str]:
    match = path.pattern.search(name) if path.pattern else None
    return match.groupdict(default="") if match else {}


def _decode(decoder: str, value: Tree, mark: str | None) -> tuple[Tree, bool]:
    """Return the decoded value, and whether it is not in the decoder's form."""
    if not isinstance(value, str) or not value.strip():
        return (None if isinstance(value, str) else value), False
    try:
        return DECODERS[decoder](value, mark), False
    except ValueError:
        return None, True
