"""Lists of texts in groups, some with a gap, from which texts are chosen by position."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.draws import Integers, Keys, NamedDraws
from workbench.synthetic.frames import gather

_DRAWS = (
    "opening", "order_number", "full_name", "email", "phone", "street_address", "birth_date",
    "relative", "friend", "ending", "signature", "emoji", "sentence", "relative name", "which",
    "ask", "thanks",
)  # fmt: skip


def text_draws(bits: Keys) -> NamedDraws:
    """Return the named draws of texts, from the random bits of each."""
    return NamedDraws(bits, _DRAWS)


@dataclass(frozen=True, slots=True)
class Options:
    """Texts in groups, one group after another; an empty text follows the last group.

    Attributes
    ----------
    texts : Series of String
    lengths : array of int
        Lengths of the texts in characters (code points).
    starts, sizes : arrays of int, shape (groups,)
        Position of the first text, and number of texts, of each group.
    """

    texts: pl.Series
    lengths: Integers
    starts: Integers
    sizes: Integers

    @classmethod
    def of(cls, groups: Sequence[Sequence[str]]) -> "Options":
        """Make options of groups of texts."""
        sizes = np.array([len(group) for group in groups])
        texts = pl.Series([text for group in groups for text in group] + [""], dtype=pl.String)
        lengths = texts.str.len_chars().to_numpy().astype(np.int64)
        return cls(texts, lengths, np.cumsum(sizes) - sizes, sizes)

    def places(self, group: Integers, drawn: Integers) -> Integers:
        """Return the position of one text of each row's group, chosen by a draw of 16 bits."""
        found: Integers = self.starts[group] + (drawn * self.sizes[group] >> 16)
        return found

    def draw(self, group: Integers, drawn: Integers) -> pl.Series:
        """Return one text of each row's group, chosen by a draw of 16 bits."""
        return gather(self.texts, self.places(group, drawn))

    @property
    def nothing(self) -> int:
        """Position of the empty text."""
        return len(self.lengths) - 1


@dataclass(frozen=True, slots=True)
class GapTexts:
    """Texts with one gap, as the parts before and behind it at the same positions."""

    before: Options
    behind: Options

    @classmethod
    def of(cls, groups: Sequence[Sequence[str]]) -> "GapTexts":
        """Split texts with ``{}`` in the place of the gap."""
        parted = [[text.partition("{}") for text in group] for group in groups]
        return cls(
            Options.of([[before for before, _, _ in group] for group in parted]),
            Options.of([[behind for _, _, behind in group] for group in parted]),
        )


@dataclass(frozen=True, slots=True)
class OptionalGapTexts:
    """Texts with an optional part like ``[ of order {}]``; both forms have the same positions."""

    named: GapTexts
    plain: Options

    @classmethod
    def of(cls, groups: Sequence[Sequence[str]]) -> "OptionalGapTexts":
        """Make both forms of texts with one part in brackets."""
        named = [[text.replace("[", "").replace("]", "") for text in group] for group in groups]
        return cls(GapTexts.of(named), Options.of([[_drop_brackets(t) for t in g] for g in groups]))


def _drop_brackets(text: str) -> str:
    before, _, rest = text.partition("[")
    return before + rest.partition("]")[2]
