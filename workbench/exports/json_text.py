"""JSON texts made by expressions, for objects in which keys may be absent.

A polars struct always has all its fields, so it cannot lack a key. An expression of *JSON text* is
a String expression whose values are JSON. If it is null, the key or element is left out; ``null()``
and ``or_null`` write the word null.
"""

from collections.abc import Mapping, Sequence

import polars as pl


def string(value: pl.Expr | str) -> pl.Expr:
    """Return the JSON text of a text, escaped; absent if it is null."""
    expression = pl.lit(value) if isinstance(value, str) else value
    quoted = pl.struct(x=expression.cast(pl.String)).struct.json_encode()
    return pl.when(expression.is_not_null()).then(quoted.str.slice(5).str.head(-1))


def plain_string(value: pl.Expr | str) -> pl.Expr:
    """Return the JSON text of a text that needs no escape: digits, an id, an instant."""
    expression = pl.lit(value) if isinstance(value, str) else value
    return pl.concat_str(pl.lit('"'), expression.cast(pl.String), pl.lit('"'))


def number(value: pl.Expr | float) -> pl.Expr:
    """Return the JSON text of a number or of a number's text; absent if it is null."""
    expression = value if isinstance(value, pl.Expr) else pl.lit(value)
    return expression.cast(pl.String)


def flag(value: pl.Expr | bool) -> pl.Expr:
    """Return the JSON text of a truth value; absent if it is null."""
    expression = pl.lit(value) if isinstance(value, bool) else value
    return pl.when(expression).then(pl.lit("true")).when(~expression).then(pl.lit("false"))


def null() -> pl.Expr:
    """Return the word null."""
    return pl.lit("null")


def or_null(value: pl.Expr) -> pl.Expr:
    """Return the value, or the word null if it is absent."""
    return value.fill_null("null")


def members(fields: Mapping[str, pl.Expr]) -> pl.Expr:
    """Return the members of an object without its braces; keys of absent values are left out."""
    parts = [pl.concat_str(pl.lit(f'"{key}":'), value) for key, value in fields.items()]
    return pl.concat_str(parts, separator=",", ignore_nulls=True)


def obj(fields: Mapping[str, pl.Expr]) -> pl.Expr:
    """Return an object; keys of absent values are left out."""
    return pl.concat_str(pl.lit("{"), members(fields), pl.lit("}"))


def array(elements: Sequence[pl.Expr]) -> pl.Expr:
    """Return an array of the elements; absent elements are left out."""
    inner = pl.concat_str(list(elements), separator=",", ignore_nulls=True)
    return pl.concat_str(pl.lit("["), inner, pl.lit("]"))


def word_array(listed: pl.Expr) -> pl.Expr:
    """Return an array of the words in a comma-separated text; an empty array if it is null."""
    quoted = string(listed).str.replace_all(",", '","', literal=True)
    return pl.concat_str(pl.lit("["), quoted.fill_null(""), pl.lit("]"))
