"""Join pieces of text row by row, and compute the position of each identifier in the text."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags, Integers
from workbench.synthetic.frames import gather, labels
from workbench.synthetic.stock.texts.text_options import Options

_MOST = 3  # Largest number of sentences that are inserted at one place of a text.


@dataclass(frozen=True, slots=True)
class ComposedTexts:
    """Texts, and the identifiers in them.

    Attributes
    ----------
    body : Series of String, shape (texts,)
    spans : DataFrame
        One row per identifier in a text: ``row`` of the text, ``start`` and ``length`` in
        characters (code points), ``kind`` as in the table ``identities``.
    family : array of int, shape (texts,)
        Codes in ``FAMILIES``.
    """

    body: pl.Series
    spans: pl.DataFrame
    family: Integers


@dataclass(frozen=True, slots=True)
class Span:
    """Positions of one kind of identifier in the pieces of some rows; length 0 means none."""

    kind: str
    rows: Integers
    offset: Integers
    length: Integers


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of every text, empty where it is left out, with its identifiers."""

    text: pl.Series
    length: Integers
    spans: tuple[Span, ...] = ()

    @classmethod
    def option(cls, options: Options, places: Integers) -> "Piece":
        """Make a piece of the options at these positions."""
        return cls(gather(options.texts, places), options.lengths[places])

    @classmethod
    def same(cls, text: str, is_there: Flags) -> "Piece":
        """Make a piece with the same text in some rows."""
        texts = labels(["", text], is_there)
        return cls(texts, np.where(is_there, len(text), 0))

    @classmethod
    def identifier(cls, values: pl.Series, is_there: Flags, kind: str) -> "Piece":
        """Make a piece with an identifier in some rows."""
        text = values
        if values.null_count() or not is_there.all():
            text = values.zip_with(pl.Series(is_there), pl.Series([""])).fill_null("")
        length = text.str.len_chars().to_numpy().astype(np.int64)
        rows = np.flatnonzero(length)
        return cls(text, length, (Span(kind, rows, np.zeros_like(rows), length[rows]),))


@dataclass(frozen=True, slots=True)
class Sentence:
    """A piece of some texts only; ``rows`` are their positions, ascending."""

    rows: Integers
    piece: Piece


def join_pieces(pieces: Sequence[Piece]) -> Piece:
    """Join pieces of the same rows to one piece."""
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


def insert_sentences(sentences: Sequence[Sentence], rows: int) -> list[Piece]:
    """Return pieces of all rows with these sentences one after another.

    A text gets at most ``_MOST`` of its sentences, the first ones.
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
            spans[place] += [_span_at(span, each.rows, turn == place) for span in each.piece.spans]
        first += len(each.rows)
    return [
        Piece(gather(pool, places[place]), lengths[places[place]], tuple(spans[place]))
        for place in range(min(_MOST, int(count.max())))
    ]


def _span_at(span: Span, rows: Integers, is_here: Flags) -> Span:
    """Return the part of a span in some of its rows, with the rows' positions among all texts."""
    kept = is_here[span.rows]
    return Span(span.kind, rows[span.rows[kept]], span.offset[kept], span.length[kept])


def compose(pieces: Sequence[Piece], family: Integers) -> ComposedTexts:
    """Join the pieces of every text, and list the identifiers in them."""
    whole = join_pieces(pieces)
    return ComposedTexts(whole.text, _table(whole.spans), family)


def _table(spans: Sequence[Span]) -> pl.DataFrame:
    """Return the spans with a length, sorted by text and position."""
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
            "kind": labels(kinds, kind[order]),
        }
    )
