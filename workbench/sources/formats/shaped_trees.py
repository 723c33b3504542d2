"""Trees of JSON records, most of which are lines of a few shapes and become trees only if asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from io import BytesIO
from typing import Self, overload

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.sources.formats.json_shapes import ShapedLines, find_shaped_lines
from workbench.sources.formats.json_values import JsonNumber, Tree

_NO_SIGN = "\x01"  # no JSON contains it, so it separates nothing
_WORDS: Mapping[str, bool] = {"true": True, "false": False}


@dataclass(frozen=True, eq=False)
class ShapedTrees(Sequence[Tree]):
    """A sequence of trees.

    Attributes
    ----------
    groups : tuple of ShapedLines
        Records by shape; together with ``others`` they have every position once.
    positions : array of int64
        Positions of the other records, ascending.
    others : list of Tree
        Records of other shapes.
    """

    groups: tuple[ShapedLines, ...]
    positions: NDArray[np.int64]
    others: list[Tree]

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[Tree]:
        return iter(self._all)

    @overload
    def __getitem__(self, index: int) -> Tree: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Tree]: ...
    def __getitem__(self, index: int | slice) -> Tree | Sequence[Tree]:
        if isinstance(index, slice):
            start, stop, _ = index.indices(len(self))
            return self._take(start, stop - start)
        return next(iter(self._take(index, 1)._all))

    def _take(self, start: int, count: int) -> "ShapedTrees":
        low, high = np.searchsorted(self.positions, (start, start + count))
        groups = (group.take(start, count) for group in self.groups)
        return ShapedTrees(
            tuple(group for group in groups if len(group.positions)),
            self.positions[low:high] - start,
            self.others[low:high],
        )

    def append(self, more: "ShapedTrees") -> "ShapedTrees":
        """Return these trees with others after them."""
        count = len(self)
        groups = list(self.groups)
        for group in more.groups:
            moved = replace(group, positions=group.positions + count)
            alike = next((n for n, own in enumerate(groups) if own.tree == group.tree), None)
            if alike is None:
                groups.append(moved)
            else:
                groups[alike] = groups[alike].append(moved)
        positions = np.concatenate([self.positions, more.positions + count])
        return ShapedTrees(tuple(groups), positions, [*self.others, *more.others])

    def without_shapes(self) -> "ShapedTrees":
        """Return the same trees one by one, which is faster where they are few."""
        return ShapedTrees((), np.arange(len(self)), list(self))

    def in_order(self, cells: Sequence[pl.Series]) -> pl.Series:
        """Return cells of each group and of the other records in the order of the records."""
        filled = [each for each in cells if len(each)]
        if len(filled) == 1:  # Positions ascend within a group.
            return filled[0]
        return pl.concat(cells).gather(self._order)

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        """Place of each record in the groups and the others, one after another."""
        every = np.concatenate([*(group.positions for group in self.groups), self.positions])
        return np.argsort(every, kind="stable")

    @cached_property
    def _all(self) -> list[Tree]:
        found: list[Tree] = [tree for group in self.groups for tree in _trees_of(group)]
        found += self.others
        return [found[place] for place in self._order]


def _trees_of(group: ShapedLines) -> Iterator[Tree]:
    texts = {name: group.cells(name) for name in group.leaves.columns}
    is_text = {name: group.leaves[name].str.starts_with('"') for name in texts}
    columns = [
        [cell if is_own else _bare(cell) for cell, is_own in zip(texts[n], is_text[n], strict=True)]
        for n in texts
    ]
    return (_fill(group.tree, row) for row in zip(*columns, strict=True))


def _bare(cell: str | None) -> Tree:
    return cell if cell is None else _WORDS.get(cell, JsonNumber(cell))


def _fill(tree: Tree, row: Sequence[Tree]) -> Tree:
    if isinstance(tree, dict):
        return {name: _fill(member, row) for name, member in tree.items()}
    if isinstance(tree, list):
        return [_fill(member, row) for member in tree]
    return row[int(tree)] if isinstance(tree, str) else tree


@dataclass(frozen=True)
class ShapedContent:
    """The lines of a text with their shapes, and the record that each line is.

    Attributes
    ----------
    groups : tuple of ShapedLines
        Lines of known shapes, by line number from 0.
    starts : array of int64
        Position of each line in the text, and the end of the text.
    odd : array of int64
        Numbers of the lines that have no known shape, and of the end.
    numbers : array of int64
        Record number of each line, 0 if it is none.
    """

    groups: tuple[ShapedLines, ...]
    starts: NDArray[np.int64]
    odd: NDArray[np.int64]
    numbers: NDArray[np.int64]

    @classmethod
    def of(cls, content: str) -> Self:
        """Find the shapes of a text's lines; a text of one document has none."""
        lines = _lines_of(content)
        groups = () if lines is None else tuple(find_shaped_lines(lines))
        if lines is None or not groups:
            nothing = np.zeros(0, dtype=np.int64)
            return cls((), nothing, nothing, nothing)
        lengths = lines.str.len_bytes() if content.isascii() else lines.str.len_chars()
        ends = lengths.cast(pl.Int64).to_numpy() + (2 if "\r\n" in content else 1)
        is_odd = np.ones(len(lines) + 1, dtype=np.bool_)
        for group in groups:
            is_odd[group.positions] = False
        return cls(
            groups=groups,
            starts=np.concatenate([[0], np.cumsum(ends)]),
            odd=np.flatnonzero(is_odd),
            numbers=np.zeros(len(lines), dtype=np.int64),
        )

    def run_at(self, position: int) -> range:
        """Return the lines of known shapes that follow each other from a position on."""
        if not self.groups:
            return range(0)
        line = int(np.searchsorted(self.starts, position))
        if line >= len(self.numbers) or self.starts[line] != position:
            return range(0)
        return range(line, int(self.odd[np.searchsorted(self.odd, line)]))

    def start_of(self, line: int) -> int:
        """Return the position at which a line begins."""
        return int(self.starts[line])

    def number(self, lines: range, *, after: int) -> int:
        """Give lines the record numbers after one, and return how many they are."""
        count = len(lines)
        self.numbers[lines.start : lines.stop] = np.arange(after + 1, after + count + 1)
        return count

    def with_others(self, trees: list[Tree], numbers: list[int]) -> tuple[ShapedTrees, pl.Series]:
        """Return the records of known shapes together with others, and the number of each."""
        own = [self.numbers[group.positions] for group in self.groups]
        others = np.array(numbers, dtype=np.int64)
        every = np.sort(np.concatenate([*(each[each > 0] for each in own), others]))
        groups = (
            replace(
                group,
                positions=np.searchsorted(every, found[found > 0]),
                leaves=group.leaves if found.all() else group.leaves.filter(pl.Series(found > 0)),
            )
            for group, found in zip(self.groups, own, strict=True)
        )
        records = ShapedTrees(tuple(groups), np.searchsorted(every, others), trees)
        return records, pl.Series("source_row", every, dtype=pl.Int64)


def _lines_of(content: str) -> pl.Series | None:
    """Return the lines of a text; None if polars would take other lines for them."""
    pairs, ends = content.count("\r\n"), content.count("\n")
    if not content.startswith("{") or pairs not in (0, ends) or _NO_SIGN in content:
        return None
    try:
        data = content.encode()
    except UnicodeEncodeError:  # Bytes that were not decoded are lone surrogates.
        return None
    lines = pl.read_csv(
        BytesIO(data),
        has_header=False,
        separator=_NO_SIGN,
        quote_char=None,
        infer_schema=False,
        empty_string_is_null=False,
    ).to_series()
    return lines if len(lines) == ends + (not content.endswith("\n")) else None
