r"""Read JSON lines of one shape with polars, many times faster than one by one.

Programs write records of a kind alike: the same names, brackets, commas and blanks in the same
order, and only the leaves differ. One line of a shape gives the pattern of all of them, in which
each leaf is a group. What fits the pattern is valid JSON and has no key twice, as the line that
gave it; numbers keep their digits. All other lines are parsed by ``json_values``.

>>> lines = pl.Series(['{"id": 1, "at": {"town": "Ghent"}}', '{"id": 2.50, "at": {"town": null}}'])
>>> shape = JsonShape.of(lines[0])
>>> shape.tree
{'id': '0', 'at': {'town': '1'}}
>>> [group.cells("0").to_list() for group in find_shaped_lines(lines)]
[['1', '2.50']]
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.sources.formats.json_values import JsonFaultError, Tree, parse_value

#: A text, a number or a word; a text before a colon is a name.
_LEAF = re.compile(
    r'"(?:[^"\\]|\\.)*+"(?P<colon>[ \t\r]*:)?|-?\d[\d.eE+-]*+|(?<![A-Za-z])(?:true|false|null)'
)
#: A leaf in polars: what the JSON grammar allows, escapes by number excepted, which may be halves.
_GROUP = (
    r'("(?:[^"\\\x00-\x1f]|\\["\\/bfnrt])*"'
    r"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)"
)
#: Number of leaves from which a pattern is too large.
_MOST_LEAVES = 200
#: Number of shapes that are looked for, and of lines that are tried as the first of one.
_MOST_SHAPES, _MOST_TRIED = 32, 64
#: Characters in a line from which it is parsed alone.
_LONGEST = 1 << 16


@dataclass(frozen=True, slots=True)
class JsonShape:
    """The common structure of JSON lines: a tree whose leaves name groups, and their pattern."""

    tree: Tree
    pattern: str

    @classmethod
    def of(cls, line: str) -> Self | None:
        """Return the shape of a line; None if it has none that a pattern can describe."""
        if not line.startswith("{") or len(line) > _LONGEST:
            return None
        try:
            _, end = parse_value(line, 0)
        except JsonFaultError:
            return None
        gaps, start = list[str](), 0
        for found in _LEAF.finditer(line):
            if found["colon"] is None:
                gaps.append(line[start : found.start()])
                start = found.end()
        gaps.append(line[start:])
        frame = "".join(gaps)
        is_odd = "\\" in frame or "NaN" in frame or "Infinity" in frame
        if end != len(line) or is_odd or not 1 < len(gaps) <= _MOST_LEAVES + 1:
            return None
        named = "".join(f'{gap}"{n}"' for n, gap in enumerate(gaps[:-1])) + gaps[-1]
        pattern = _GROUP.join(map(pl.escape_regex, gaps))
        return cls(tree=parse_value(named, 0)[0], pattern=rf"^{pattern}$")


@dataclass(frozen=True, slots=True)
class ShapedLines:
    """Lines of one shape.

    Attributes
    ----------
    positions : array of int64
        Positions of the lines, ascending.
    tree : Tree
        Tree of each line, whose leaves are names of groups.
    leaves : DataFrame
        The written leaves, one column for each group.
    may_have_escapes : bool
        Whether texts may contain escapes, such as a backslash before a quote.
    """

    positions: NDArray[np.int64]
    tree: Tree
    leaves: pl.DataFrame
    may_have_escapes: bool = True

    def cells(self, group: str) -> pl.Series:
        """Return the texts of a leaf: numbers and words as written, null as null."""
        leaves = self.leaves[group]
        is_text = leaves.str.starts_with('"')
        if is_text.all():
            cells = leaves.str.head(-1).str.slice(1)
        else:
            bare = leaves.str.strip_prefix('"').str.strip_suffix('"') if is_text.any() else leaves
            cells = bare.set(leaves == "null", None)
        if not self.may_have_escapes:
            return cells
        has_escape = cells.str.contains("\\", literal=True).fill_null(value=False)
        if not has_escape.any():
            return cells
        escaped = cells.filter(has_escape)
        return cells.scatter(
            has_escape.arg_true(),
            pl.Series([json.loads(f'"{text}"') for text in escaped], dtype=pl.String),
        )

    def take(self, start: int, count: int) -> "ShapedLines":
        """Return the lines at some positions, which are counted from ``start`` then."""
        low, high = np.searchsorted(self.positions, (start, start + count))
        return replace(
            self,
            positions=self.positions[low:high] - start,
            leaves=self.leaves.slice(low, high - low),
        )

    def append(self, more: "ShapedLines") -> "ShapedLines":
        """Return these lines with others of the same tree, which come after them."""
        return ShapedLines(
            np.concatenate([self.positions, more.positions]),
            self.tree,
            pl.concat([self.leaves, more.leaves]),
            self.may_have_escapes or more.may_have_escapes,
        )


def find_shaped_lines(lines: pl.Series) -> Iterator[ShapedLines]:
    """Yield groups of lines that have one shape; a line is in one group at most."""
    left = lines.to_frame("line").with_row_index("position")
    left = left.filter(pl.col("line").str.starts_with("{"))
    may_have_escapes = bool(left["line"].str.contains("\\", literal=True).any())
    shapes = tried = 0
    while left.height and shapes < _MOST_SHAPES and tried < _MOST_TRIED:
        tried += 1
        shape = JsonShape.of(left["line"][0])
        if shape is None:
            left = left.slice(1)
            continue
        found = left.select(
            "position", leaves=pl.col("line").str.extract_groups(shape.pattern)
        ).unnest("leaves")
        is_of_shape = found["1"].is_not_null()
        count = int(is_of_shape.sum())
        if count:
            shapes += 1
            fitting = found if count == found.height else found.filter(is_of_shape)
            leaves = fitting.drop("position")
            leaves.columns = [str(n) for n in range(leaves.width)]
            positions = fitting["position"].to_numpy().astype(np.int64)
            yield ShapedLines(positions, shape.tree, leaves, may_have_escapes)
            left = left.filter(~is_of_shape)
        if not count or (left.height and left["position"][0] <= found["position"][0]):
            left = left.slice(1)  # The line that gave the shape has escapes and does not fit it.
