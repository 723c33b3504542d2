"""Lists of texts in groups, and templates with a gap, to be gathered from by position."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.foundation.streams import at
from workbench.synthetic.draws import Flags, Integers, Keys

_DRAWS = (
    "opening", "order_number", "full_name", "email", "phone", "street_address", "birth_date",
    "relative", "friend", "ending", "signature", "emoji", "sentence", "relative name", "which",
    "ask", "thanks",
)  # fmt: skip


class Dice:
    """Draws of 16 bits for every row, by name, from the random bits of the row.

    A name's place in the declared list says which piece of which hash of the bits it is, so names
    are only ever added at the end.
    """

    def __init__(self, bits: Keys) -> None:
        self._bits = bits
        self._words: dict[int, Keys] = {}

    def __getitem__(self, name: str) -> Integers:
        """Return the draw of this name for every row, from 0 to 65,535."""
        word, piece = divmod(_DRAWS.index(name), 4)
        if word not in self._words:
            self._words[word] = at(self._bits, word + 1)
        some = self._words[word] >> np.uint64(16 * piece) & np.uint64(0xFFFF)
        drawn: Integers = some.astype(np.int64)
        return drawn

    def happens(self, name: str, rate: float) -> Flags:
        """Return for every row whether the draw of this name falls below a rate of 0 to 1."""
        found: Flags = self[name] < round(rate * 0x10000)
        return found

    def of(self, rows: Integers) -> "Dice":
        """Return the same draws of some rows."""
        return Dice(self._bits[rows])


@dataclass(frozen=True, slots=True)
class Options:
    """Texts in groups, one text after another; the last is empty, for what is left out.

    Attributes
    ----------
    texts : Series of String
    lengths : array of int
        In characters (code points).
    starts, sizes : arrays of int, shape (groups,)
    """

    texts: pl.Series
    lengths: Integers
    starts: Integers
    sizes: Integers

    @classmethod
    def of(cls, groups: Sequence[Sequence[str]]) -> "Options":
        """Return the options of groups of texts."""
        sizes = np.array([len(group) for group in groups])
        texts = pl.Series([text for group in groups for text in group] + [""], dtype=pl.String)
        lengths = texts.str.len_chars().to_numpy().astype(np.int64)
        return cls(texts, lengths, np.cumsum(sizes) - sizes, sizes)

    def places(self, group: Integers, drawn: Integers) -> Integers:
        """Return the place of one text of each row's group, by a draw of 16 bits."""
        found: Integers = self.starts[group] + (drawn * self.sizes[group] >> 16)
        return found

    def some(self, group: Integers, drawn: Integers) -> pl.Series:
        """Return one text of each row's group, by a draw of 16 bits."""
        return self.texts.gather(pl.Series(self.places(group, drawn).astype(np.uint32)))

    @property
    def nothing(self) -> int:
        """Place of the empty text."""
        return len(self.lengths) - 1


@dataclass(frozen=True, slots=True)
class Slotted:
    """Texts with one gap, as what stands before and behind it, place by place."""

    before: Options
    behind: Options

    @classmethod
    def of(cls, groups: Sequence[Sequence[str]]) -> "Slotted":
        """Return the parts of texts that have ``{}`` where the gap is."""
        parted = [[text.partition("{}") for text in group] for group in groups]
        return cls(
            Options.of([[before for before, _, _ in group] for group in parted]),
            Options.of([[behind for _, _, behind in group] for group in parted]),
        )


@dataclass(frozen=True, slots=True)
class Fillable:
    """Texts in which a part like ``[ of order {}]`` may be left out: both forms, place by place."""

    named: Slotted
    plain: Options

    @classmethod
    def of(cls, groups: Sequence[Sequence[str]]) -> "Fillable":
        """Return both forms of texts with one part in brackets."""
        named = [[text.replace("[", "").replace("]", "") for text in group] for group in groups]
        return cls(Slotted.of(named), Options.of([[_without(t) for t in g] for g in groups]))


def _without(text: str) -> str:
    before, _, rest = text.partition("[")
    return before + rest.partition("]")[2]
