"""Joining pieces of text row by row, and knowing where in it each identifier stands."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags, Integers
from workbench.synthetic.frames import gathered, words
from workbench.synthetic.stock.texts.text_options import Options

_MOST = 3  # sentences that may be put in at one place of one text


@dataclass(frozen=True, slots=True)
class ComposedTexts:
    """Texts and what is in them.

    Attributes
    ----------
    body : Series of String, shape (texts,)
    spans : DataFrame
        One row per identifier in a text: ``row`` (of the text), ``start`` and ``length`` in
        characters (code points), ``kind`` (as the table ``identities`` has it).
    family : array of int, shape (texts,)
        Code in ``FAMILIES``.
    """

    body: pl.Series
    spans: pl.DataFrame
    family: Integers


@dataclass(frozen=True, slots=True)
class Span:
    """Where an identifier stands in the pieces of some rows; length 0 where there is none."""

    kind: str
    rows: Integers
    offset: Integers
    length: Integers


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of every text, empty where it is left out, with what identifies somebody in it."""

    text: pl.Series
    length: Integers
    spans: tuple[Span, ...] = ()

    @classmethod
    def option(cls, options: Options, places: Integers) -> "Piece":
        """Return the options at these places."""
        return cls(gathered(options.texts, places), options.lengths[places])

    @classmethod
    def same(cls, text: str, is_there: Flags) -> "Piece":
        """Return one text for the rows that have it."""
        texts = words(["", text], is_there.astype(np.int64))
        return cls(texts, np.where(is_there, len(text), 0))

    @classmethod
    def identifier(cls, values: pl.Series, is_there: Flags, kind: str) -> "Piece":
        """Return identifiers for the rows that have one."""
        text = values
        if values.null_count() or not is_there.all():
            text = values.zip_with(pl.Series(is_there), pl.Series([""])).fill_null("")
        length = text.str.len_chars().to_numpy().astype(np.int64)
        rows = np.flatnonzero(length)
        return cls(text, length, (Span(kind, rows, np.zeros_like(rows), length[rows]),))


@dataclass(frozen=True, slots=True)
class Sentence:
    """A piece of some texts only: ``rows`` says of which, ascending."""

    rows: Integers
    piece: Piece


def joined(pieces: Sequence[Piece]) -> Piece:
    """Join pieces of the same rows to one."""
    columns = pl.DataFrame({str(place): piece.text for place, piece in enumerate(pieces)})
    text = columns.select(text=pl.concat_str(pl.all())).to_series()
    start, spans = np.zeros(len(text), dtype=np.int64), []
    for piece in pieces:
        spans += [
            Span(each.kind, each.rows, start[each.rows] + each.offset, each.length)
            for each in piece.spans
        ]
        start = start + piece.length
    return Piece(text, start, tuple(spans))


def inserted(sentences: Sequence[Sentence], rows: int) -> list[Piece]:
    """Return pieces of all rows that hold these sentences one after another.

    A text takes ``_MOST`` of them; what would come after is not said.
    """
    filled = [each for each in sentences if len(each.rows)]
    if not filled:
        return []
    pool = pl.concat([*(each.piece.text for each in filled), pl.Series([""])])
    lengths = np.concatenate([*(each.piece.length for each in filled), [0]])
    count = np.zeros(rows, dtype=np.int64)
    places = np.full((_MOST, rows), len(lengths) - 1, dtype=np.uint32)
    spans: list[list[Span]] = [[] for _ in range(_MOST)]
    first = 0
    for each in filled:
        turn = count[each.rows]
        count[each.rows] += 1
        for place in range(min(_MOST, int(turn.max()) + 1)):
            mine = np.flatnonzero(turn == place)
            places[place, each.rows[mine]] = first + mine
            spans[place] += [_moved(span, each.rows, turn == place) for span in each.piece.spans]
        first += len(each.rows)
    return [
        Piece(gathered(pool, places[place]), lengths[places[place]], tuple(spans[place]))
        for place in range(min(_MOST, int(count.max())))
    ]


def _moved(span: Span, rows: Integers, is_here: Flags) -> Span:
    """Return the part of a span that is here, by the rows of all texts."""
    kept = is_here[span.rows]
    return Span(span.kind, rows[span.rows[kept]], span.offset[kept], span.length[kept])


def composed(pieces: Sequence[Piece], family: Integers) -> ComposedTexts:
    """Join the pieces of every text, and list the identifiers in them in their order."""
    whole = joined(pieces)
    return ComposedTexts(whole.text, _table(whole.spans), family)


def _table(spans: Sequence[Span]) -> pl.DataFrame:
    """Return the spans there are, in the order of texts and places."""
    nothing = np.zeros(0, dtype=np.int64)
    rows, start, length = (
        np.concatenate([nothing, *(getattr(each, name) for each in spans)])
        for name in ("rows", "offset", "length")
    )
    kinds = list(dict.fromkeys(each.kind for each in spans))
    codes = [np.full(len(each.rows), kinds.index(each.kind)) for each in spans]
    kind = np.concatenate([nothing, *codes])
    order = np.lexsort((start, rows))
    order = order[length[order] > 0]
    return pl.DataFrame(
        {
            "row": rows[order],
            "start": start[order],
            "length": length[order],
            "kind": words(kinds, kind[order]),
        }
    )
