"""Ids in the forms of vendors: hexadecimal, base 62, UUIDs, and Salesforce's with its checksum.

All are made from 64 keyed random bits of a record or row, so they reveal nothing about it and are
the same in every run. Two ids of 13 digits may be equal by chance: with a million ids, one pair in
about twenty worlds.
"""

import string

import numpy as np
import polars as pl

_HEX = "0123456789abcdef"
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CHECK = np.frombuffer((string.ascii_uppercase + "012345").encode(), dtype=np.uint8)
_INSTANCE = "5g0"  # part of a Salesforce id that identifies the installation


def thirteen_digits(bits: pl.Expr, lead: int) -> pl.Expr:
    """Return numbers of 13 digits as text, of which ``lead`` is the first digit."""
    return pl.concat_str(pl.lit(str(lead)), decimal_digits(bits, 12))


def decimal_digits(bits: pl.Expr, width: int) -> pl.Expr:
    """Return ``width`` decimal digits as text."""
    digits: pl.Expr = bits % 10**width
    return digits.cast(pl.String).str.zfill(width)


def hexadecimal(bits: pl.Expr) -> pl.Expr:
    """Return 16 hexadecimal digits in lower case."""
    return _write_in_base(bits, _HEX, 16)


def base62(bits: pl.Expr, width: int = 10) -> pl.Expr:
    """Return ``width`` letters and digits; 10 of them encode all but 4 of the 64 bits."""
    return _write_in_base(bits, _BASE62, width)


def uuid(first: pl.Expr, second: pl.Expr) -> pl.Expr:
    """Return UUIDs of version 4, made from two times 64 bits."""
    head, rest = hexadecimal(first), hexadecimal(second)
    return pl.concat_str(
        head.str.slice(0, 8),
        pl.lit("-"),
        head.str.slice(8, 4),
        pl.lit("-4"),
        head.str.slice(13, 3),
        pl.lit("-9"),
        rest.str.slice(1, 3),
        pl.lit("-"),
        rest.str.slice(4, 12),
    )


def salesforce_id(prefix: str, bits: pl.Expr) -> pl.Expr:
    """Return ids of 18 characters: key prefix, installation, 9 of base 62, and the checksum."""
    short = pl.concat_str(pl.lit(prefix + _INSTANCE), base62(bits, 9))
    return short.map_batches(_with_checksum, return_dtype=pl.String, is_elementwise=True)


def _with_checksum(short: pl.Series) -> pl.Series:
    """Append three characters, each of which encodes which of five letters are capitals.

    The lowest bit belongs to the first letter; 0 to 31 are written A to Z and 0 to 5 (Salesforce,
    "What are the differences between 15 and 18 character record ids", as widely reproduced).
    """
    if short.is_empty():
        return short
    letters = np.array(short.to_list(), dtype="S15").view(np.uint8).reshape(-1, 3, 5)
    capital = (letters >= ord("A")) & (letters <= ord("Z"))
    check = _CHECK[(capital << np.arange(5)).sum(axis=2)]
    return short + _codes_to_text(check, short.name)


def _write_in_base(bits: pl.Expr, symbols: str, width: int) -> pl.Expr:
    table = np.frombuffer(symbols.encode(), dtype=np.uint8)

    def spell(values: pl.Series) -> pl.Series:
        left = values.to_numpy()
        spelled = np.empty((len(left), width), dtype=np.uint8)
        for place in range(width - 1, -1, -1):
            left, digit = np.divmod(left, np.uint64(len(symbols)))
            spelled[:, place] = table[digit]
        return _codes_to_text(spelled, values.name)

    return bits.map_batches(spell, return_dtype=pl.String, is_elementwise=True)


def _codes_to_text(letters: np.ndarray, name: str) -> pl.Series:
    """Return rows of ASCII codes as text."""
    width = letters.shape[1]
    packed = np.ascontiguousarray(letters).view(f"S{width}").reshape(-1)
    return pl.Series(name, packed, dtype=pl.Binary).cast(pl.String)
