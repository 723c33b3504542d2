"""Many short texts as one array of hashed words."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.privacy.leaks.spelling import Hashes, Owners, fold_text, hash_words

#: Share of distinct texts above which finding them costs more than it saves.
_MANY_DISTINCT = 0.5


@dataclass(frozen=True, slots=True)
class Phrases:
    """Words of texts, one text after the other.

    Attributes
    ----------
    owners : array of uint32, shape (texts,)
        Customer of each text.
    words : Series of String, shape (words,)
        Words in the spelling of ``fold_text``.
    hashes : array of uint64, shape (words,)
    starts, counts : array of int, shape (texts,)
        Position of the first word of each text, and number of its words, at least one.
    """

    owners: Owners
    words: pl.Series
    hashes: Hashes
    starts: NDArray[np.intp]
    counts: NDArray[np.intp]

    @classmethod
    def of(cls, texts: pl.DataFrame) -> "Phrases":
        """Return the words of the column ``text``; texts without a word are left out."""
        words_of = fold_text(pl.col("text")).str.extract_all(r"\p{L}+|\p{Nd}+")
        distinct = texts.select(pl.col("text").unique())
        if distinct.height > _MANY_DISTINCT * texts.height:
            listed = texts.select("owner", words=words_of)
        else:  # A million customers have some thousand given names: each is spelled once.
            spelled = distinct.with_columns(words=words_of)
            listed = texts.join(spelled, on="text", how="inner", maintain_order="left")
        listed = listed.filter(pl.col("words").list.len() > 0)
        counts = listed["words"].list.len().to_numpy().astype(np.intp)
        words = listed["words"].explode()
        if not counts.size:
            words = pl.Series("words", [], dtype=pl.String)
        return cls(
            listed["owner"].to_numpy(), words, hash_words(words), np.cumsum(counts) - counts, counts
        )

    def sums(self, values: Hashes) -> Hashes:
        """Return the sum over the words of each text."""
        return np.add.reduceat(values, self.starts) if self.counts.size else values[:0]

    def all(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return whether a flag holds for all words of each text."""
        return np.logical_and.reduceat(flags, self.starts) if self.counts.size else flags[:0]

    def any(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return whether a flag holds for any word of each text."""
        return ~self.all(~flags)
