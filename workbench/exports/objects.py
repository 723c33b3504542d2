"""The objects of a vendor's JSON files, declared as tables in ``fields/`` like CSV files are.

A row of such a table is a value of the object, in the vendor's order. Its ``column`` is the key; a
dot leads into an object within the object, whose values follow each other. Its ``format`` says
which JSON the source becomes (see ``FORMATS``); ``or null`` behind it writes the word null where
the source is null, else the key is left out. A constant is a text, a word is JSON as it is written.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

import polars as pl

from workbench.exports.cells import utc
from workbench.exports.field_tables import ABOUT, Field, fields
from workbench.exports.jsontext import flag, number, obj, or_null, plain, string, words

_Path = Sequence[str]

#: How JSON text is made of a source, by the name of the format; ``json`` is JSON text already.
FORMATS: Mapping[str, Callable[[pl.Expr], pl.Expr]] = {
    "flag": flag,
    "json": lambda value: value,
    "number": number,
    "plain": plain,
    "string": string,
    "words": words,
}
_OR_NULL = " or null"


def json_object(table: str) -> pl.Expr:
    """Return the JSON text of a table's object, made from rows with every source of the table."""
    return _object([(field.column.split("."), _value(field)) for field in fields(table)])


def lines(rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """Return the object of each row as ``line``, with ``native_id`` and ``record_id``."""
    return rows.select(json_object(table).alias("line"), *ABOUT)


def _object(values: Sequence[tuple[_Path, pl.Expr]]) -> pl.Expr:
    """Return the object of values by their path, objects within it made of longer paths."""
    made = {}
    for key, group in groupby(values, key=lambda each: each[0][0]):
        inner = [(path[1:], value) for path, value in group]
        made[key] = inner[0][1] if inner[0][0] == [] else _object(inner)
    return obj(made)


def _value(field: Field) -> pl.Expr:
    """Return the JSON text of one value."""
    shape, is_nullable = field.format.removesuffix(_OR_NULL), field.format.endswith(_OR_NULL)
    kind, _, pattern = shape.partition(" ")
    if kind == "word":
        return pl.lit(field.source)
    if kind == "constant":
        return plain(field.source)
    source = pl.col(field.source)
    made = plain(utc(source, pattern)) if kind == "utc" else FORMATS[kind](source)
    return or_null(made) if is_nullable else made
