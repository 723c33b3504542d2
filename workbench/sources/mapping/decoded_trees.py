"""Trees of records with decoded members, which are kept once for each distinct text.

Addresses, browsers and cookies repeat in a log. So a text is decoded once, and a place below a
decoded member is looked up once for each distinct tree.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.sources.formats.json_values import Tree
from workbench.sources.formats.shaped_trees import ShapedTrees


@dataclass(frozen=True, slots=True)
class RepeatedValues:
    """Values of rows, each kept once: ``values[codes[row]]`` is the value of a row."""

    codes: NDArray[np.int64]
    values: Sequence[Tree]

    @classmethod
    def of_cells(cls, cells: pl.Series) -> "RepeatedValues":
        """Return the distinct texts of a column, null included."""
        texts = cells.alias("text").to_frame()
        distinct = texts.unique(maintain_order=True)
        codes = texts.join(
            distinct.with_row_index("code"),
            on="text",
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )
        return cls(codes["code"].cast(pl.Int64).to_numpy(), distinct["text"].to_list())

    @classmethod
    def of_rows(cls, values: Sequence[Tree]) -> "RepeatedValues":
        """Return one value for each row, without comparing them."""
        return cls(np.arange(len(values)), values)


@dataclass(frozen=True, eq=False)
class DecodedTrees(Sequence[Tree]):
    """The trees of rows with decoded members, which replace members of the same name.

    Attributes
    ----------
    above : sequence of Tree or None
        Trees of the rows without the decoded members, None if the format has none.
    decoded : mapping of str to RepeatedValues
        Decoded trees by name.
    """

    above: Sequence[Tree] | None
    decoded: Mapping[str, RepeatedValues]

    def __len__(self) -> int:
        return len(next(iter(self.decoded.values())).codes)

    def __iter__(self) -> Iterator[Tree]:
        return iter(self._all)

    @overload
    def __getitem__(self, index: int) -> Tree: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Tree]: ...
    def __getitem__(self, index: int | slice) -> Tree | Sequence[Tree]:
        return self._all[index]

    def repeated(self, name: str) -> RepeatedValues | None:
        """Return the decoded member of a name, if no other can be meant.

        A longer literal name counts before a shorter one, so ``url.path`` may also be the name of
        one member above.
        """
        if name not in self.decoded or self._has_longer(name, [*self.decoded, *self._names_above]):
            return None
        return self.decoded[name]

    def is_above(self, name: str) -> bool:
        """Return whether only the trees above can have a member of a name."""
        return name not in self.decoded and not self._has_longer(name, self.decoded)

    @staticmethod
    def _has_longer(name: str, names: Iterable[str]) -> bool:
        return any(other.startswith(f"{name}.") for other in names)

    @cached_property
    def _names_above(self) -> set[str]:
        trees = self.above
        if isinstance(trees, ShapedTrees):
            trees = [*(group.tree for group in trees.groups), *trees.others]
        return {name for tree in trees or () if isinstance(tree, dict) for name in tree}

    @cached_property
    def _all(self) -> list[Tree]:
        above = [None] * len(self) if self.above is None else self.above
        found: list[Tree] = []
        for row, tree in enumerate(above):
            own = tree if isinstance(tree, dict) else {}
            members = {n: each.values[each.codes[row]] for n, each in self.decoded.items()}
            found.append({**own, **members})
        return found
