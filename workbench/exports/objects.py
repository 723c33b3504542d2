"""The objects of vendors' JSON files, declared as tables in ``fields/`` like CSV files.

A row of such a table declares a value of the object, in the vendor's order. Its ``column`` is the
key, or a path like ``device.id`` into an object within the object, whose values follow each other.
Its ``format`` is a name in ``FORMATS``. If ``or null`` follows it, a source that is null becomes
the word null; otherwise its key is left out. A ``constant`` is a text, a ``word`` is JSON itself.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

import polars as pl

from workbench.exports.cell_formats import utc_text
from workbench.exports.field_tables import ABOUT, Field, read_fields
from workbench.exports.json_text import flag, number, obj, or_null, plain_string, string, word_array

_Path = Sequence[str]

#: Functions that make JSON text from a source, by the name of the format; ``json`` is JSON text
#: already.
FORMATS: Mapping[str, Callable[[pl.Expr], pl.Expr]] = {
    "flag": flag,
    "json": lambda value: value,
    "number": number,
    "plain": plain_string,
    "string": string,
    "words": word_array,
}
_OR_NULL = " or null"


def json_object(table: str) -> pl.Expr:
    """Return the JSON text of a table's object, as an expression of the table's sources."""
    return _object_text(
        [(field.column.split("."), _value_text(field)) for field in read_fields(table)]
    )


def json_lines(rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """Return the object of each row as ``line``, with ``native_id`` and ``record_id``."""
    return rows.select(json_object(table).alias("line"), *ABOUT)


def _object_text(values: Sequence[tuple[_Path, pl.Expr]]) -> pl.Expr:
    """Return the object of values by path; longer paths become objects within the object."""
    texts = {}
    for key, group in groupby(values, key=lambda each: each[0][0]):
        inner = [(path[1:], value) for path, value in group]
        texts[key] = inner[0][1] if inner[0][0] == [] else _object_text(inner)
    return obj(texts)


def _value_text(field: Field) -> pl.Expr:
    """Return the JSON text of one value."""
    shape, is_nullable = field.format.removesuffix(_OR_NULL), field.format.endswith(_OR_NULL)
    kind, _, pattern = shape.partition(" ")
    if kind == "word":
        return pl.lit(field.source)
    if kind == "constant":
        return plain_string(field.source)
    source = pl.col(field.source)
    made = plain_string(utc_text(source, pattern)) if kind == "utc" else FORMATS[kind](source)
    return or_null(made) if is_nullable else made
