"""Joining pieces of text row by row, and knowing where in it each identifier stands."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags, Integers
from workbench.synthetic.stock.texts.banks import Options

SPANS = {"row": pl.Int64, "start": pl.Int64, "length": pl.Int64, "kind": pl.String}


@dataclass(frozen=True, slots=True)
class Written:
    """Texts and what is in them.

    Attributes
    ----------
    body : Series of String, shape (texts,)
    spans : DataFrame
        One row per identifier in a text: ``row`` (of the text), ``start`` and ``length`` in
        characters, ``kind`` (as the table ``identities`` has it).
    family : array of int, shape (texts,)
        Code in ``FAMILIES``.
    """

    body: pl.Series
    spans: pl.DataFrame
    family: Integers


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of every text, empty where it is left out; ``kind`` where it identifies somebody."""

    text: pl.Series
    length: Integers
    kind: str | None = None

    @classmethod
    def option(cls, options: Options, places: Integers) -> "Piece":
        """Return the options at these places."""
        rows = pl.Series(places.astype(np.uint32))
        return cls(options.texts.gather(rows), options.lengths[places])

    @classmethod
    def same(cls, text: str, is_there: Flags) -> "Piece":
        """Return one text for the rows that have it."""
        lengths = np.where(is_there, len(text), 0)
        return cls(pl.Series(["", text]).gather(pl.Series(is_there.astype(np.uint32))), lengths)

    @classmethod
    def identifier(cls, values: pl.Series, is_there: Flags, kind: str) -> "Piece":
        """Return identifiers for the rows that have one."""
        text = values.zip_with(pl.Series(is_there), pl.Series([""])).fill_null("")
        return cls(text, text.str.len_chars().to_numpy().astype(np.int64), kind)


def composed(pieces: Sequence[Piece], family: Integers) -> Written:
    """Join the pieces of every text."""
    rows = pl.DataFrame({str(place): piece.text for place, piece in enumerate(pieces)})
    body = rows.select(body=pl.concat_str(pl.all())).to_series()
    spans = []
    start = np.zeros(len(family), dtype=np.int64)
    for piece in pieces:
        if piece.kind is not None:
            found = np.flatnonzero(piece.length)
            spans.append(
                pl.DataFrame(
                    {"row": found, "start": start[found], "length": piece.length[found]}
                ).with_columns(kind=pl.lit(piece.kind))
            )
        start = start + piece.length
    every = pl.concat(spans) if spans else pl.DataFrame(schema=SPANS)
    return Written(body, every.sort("row", "start").cast(SPANS), family)  # type: ignore[arg-type]
