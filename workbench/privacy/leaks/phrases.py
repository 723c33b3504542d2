"""Many short texts as one array of words, with each distinct word spelled and hashed once."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.privacy.leaks.key_sets import is_first
from workbench.privacy.leaks.spelling import Hashes, Owners, fold_text, hash_words


@dataclass(frozen=True, slots=True)
class Phrases:
    """Words of texts, one text after the other.

    The names and streets of 150,000 customers repeat some 20,000 words. So texts are cut at their
    blanks, and each distinct piece is spelled once. Callers compute the properties of words for the
    vocabulary; ``sums``, ``all`` and ``any`` look them up for the words of each text.

    Attributes
    ----------
    owners : array of uint32, shape (texts,)
        Customer of each text.
    vocabulary : Series of String
        Words of the distinct pieces, as ``fold_text`` spells them; a word of several pieces
        (``Smith`` and ``SMITH,``) occurs several times.
    hashes : array of uint64
        Hash of each word of the vocabulary.
    words : array of int, shape (words,)
        Position in the vocabulary of each word of the texts.
    starts, counts : array of int, shape (texts,)
        Position of the first word of each text, and number of its words, at least one.
    """

    owners: Owners
    vocabulary: pl.Series
    hashes: Hashes
    words: NDArray[np.uint32]
    starts: NDArray[np.intp]
    counts: NDArray[np.intp]

    @classmethod
    def of(cls, texts: pl.DataFrame) -> "Phrases":
        """Return the words of the column ``text``; texts without a word are left out."""
        pieces = texts.select(
            piece=pl.col("text").str.split(" "), place=pl.int_range(pl.len(), dtype=pl.UInt32)
        ).explode("piece")
        spelled = (
            pieces.select(pl.col("piece").unique())
            .with_columns(word=fold_text(pl.col("piece")).str.extract_all(r"\p{L}+|\p{Nd}+"))
            .explode("word")
            .drop_nulls()
            .with_row_index("word_place")
        )
        listed = pieces.join(
            spelled.drop("word"), on="piece", how="inner", maintain_order="left_right"
        )
        places = listed["place"].to_numpy()
        starts = np.flatnonzero(is_first(places))
        return cls(
            texts["owner"].to_numpy()[places[starts]],
            spelled["word"],
            hash_words(spelled["word"]),
            listed["word_place"].to_numpy(),
            starts,
            np.diff(starts, append=places.size),
        )

    @property
    def firsts(self) -> NDArray[np.uint32]:
        """Position in the vocabulary of the first word of each text."""
        return self.words[self.starts]

    def sums(self, values: Hashes) -> Hashes:
        """Return the sum over the words of each text of a value of each word of the vocabulary."""
        return np.add.reduceat(values[self.words], self.starts)

    def all(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return whether a flag of the vocabulary holds for all words of each text."""
        return np.logical_and.reduceat(flags[self.words], self.starts)

    def any(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return whether a flag of the vocabulary holds for any word of each text."""
        return ~self.all(~flags)
