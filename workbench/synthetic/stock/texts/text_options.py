"""Lists of texts in groups, and templates with a gap, to be gathered from by position."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.draws import Integers, Keys, NamedDraws
from workbench.synthetic.frames import gathered

_DRAWS = (
    "opening", "order_number", "full_name", "email", "phone", "street_address", "birth_date",
    "relative", "friend", "ending", "signature", "emoji", "sentence", "relative name", "which",
    "ask", "thanks",
)  # fmt: skip


def draws(bits: Keys) -> NamedDraws:
    """Return the draws of texts, by name, from the random bits of each."""
    return NamedDraws(bits, _DRAWS)


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
        return gathered(self.texts, self.places(group, drawn))

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
