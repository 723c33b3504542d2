"""Parse numbers in the notations of people and programs, exactly.

No number is converted to a binary float. A float cell of a typed file is converted by its shortest
decimal text, which is the number that was entered. ``1.250`` may be one and a quarter or twelve
hundred and fifty; the unambiguous cells of the column decide.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import polars as pl

Mark = Literal[".", ","]

#: Number of digits after the point while parsing; further digits are rounded.
_SCALE = 18

#: Decimal places of currencies that do not have two (ISO 4217, table A.1).
_EXPONENTS: Mapping[str, int] = MappingProxyType(
    dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    )
    | dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3)
    | dict.fromkeys(["CLF", "UYW"], 4)
)

#: Signs of a single currency; "$" and "¥" are signs of several.
_SIGNS: Mapping[str, str] = MappingProxyType(
    {"€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "₺": "TRY"}
)

_PLAIN = r"^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$"
_FORMS: Mapping[Mark, str] = MappingProxyType(
    {
        ".": r"^[+-]?(\d+|\d{1,3}([, ']\d{3})+)(\.\d+)?$|^[+-]?\.\d+$",
        ",": r"^[+-]?(\d+|\d{1,3}([. ']\d{3})+)(,\d+)?$|^[+-]?,\d+$",
    }
)


def decimal_places(currency: str) -> int:
    """Return the decimal places of a currency's minor unit."""
    return _EXPONENTS.get(currency, 2)


def stated_currencies(cells: pl.Series) -> pl.Series:
    """Return the currency in each cell, from its sign or ISO code, or null."""
    text = cells.str.strip_chars()
    sign = text.str.extract(f"([{''.join(_SIGNS)}])").replace_strict(_SIGNS, return_dtype=pl.String)
    code = text.str.extract(r"^([A-Z]{3})\b|\b([A-Z]{3})$", 1)
    last = text.str.extract(r"\b([A-Z]{3})$")
    return sign.fill_null(code).fill_null(last)


def parse_numerals(
    cells: pl.Series, *, is_plain: bool, declared: Mark | None, is_whole: bool
) -> tuple[pl.Series, str | None]:
    """Parse text cells as exact decimals.

    Parameters
    ----------
    cells : Series of String
        Cells of the file; null stays null.
    is_plain : bool
        Whether the format writes numbers in plain notation, so that ``1.250`` is unambiguous.
    declared : "." or "," or None
        Decimal mark that the mapping declares; None lets the cells vote.
    is_whole : bool
        Whether numbers have no decimals, so that three digits after a mark are thousands.

    Returns
    -------
    numbers : Series of Decimal(38, 18)
        Null if the cell is null or not a number in the column's notation.
    note : str or None
        Assumption about the decimal mark.
    """
    text = _strip_currency(cells)
    is_safe = text.str.contains(_PLAIN) & (is_plain or text.str.contains("[eE]"))
    voting = text.set(is_safe.fill_null(value=False), None)
    mark, note = (declared, None) if declared else _vote_decimal_mark(voting, is_whole=is_whole)
    thousands = "." if mark == "," else ","
    plain = text.str.replace_all(r"[ ']", "").str.replace_all(thousands, "", literal=True)
    plain = plain.str.replace(mark, ".", literal=True)
    is_number = text.str.contains(_FORMS[mark])
    read = plain.set(~is_number.fill_null(value=False), None)
    chosen = text.zip_with(is_safe.fill_null(value=False), read)
    return chosen.str.to_decimal(scale=_SCALE), note


def to_decimals(cells: pl.Series) -> pl.Series:
    """Return cells of a number type as exact decimals, floats by their shortest decimal text."""
    if cells.dtype.is_float():
        finite = cells.set(~cells.is_finite().fill_null(value=False), None)
        return finite.cast(pl.String).str.to_decimal(scale=_SCALE)
    return cells.cast(pl.Decimal(38, _SCALE), strict=False)


def to_minor_units(numbers: pl.Series, currency: str) -> tuple[pl.Series, int]:
    """Return amounts as Decimal(18, 4) in minor units, and the number of rounded ones."""
    scaled = numbers * 10 ** decimal_places(currency)
    rounded = scaled.round(4, mode="half_away_from_zero")
    changed = int((rounded != scaled).sum() or 0)
    return rounded.cast(pl.Decimal(18, 4), strict=False), changed


def _strip_currency(cells: pl.Series) -> pl.Series:
    """Remove blanks, currency signs and codes, and unify minus signs and thin blanks."""
    return (
        cells.str.replace_all(r"[\u00a0\u202f\u2009]", " ")
        .str.replace_all("\u2212", "-", literal=True)
        .str.replace_all("\u2019", "'", literal=True)
        .str.replace(r"^([+-]?)\s*(?:[A-Z]{3}\b|[€£$¥₹₩₺])\s*", "$1")
        .str.replace(r"\s*(?:\b[A-Z]{3}|[€£$¥₹₩₺])\s*$", "")
        .str.strip_chars()
    )


def _vote_decimal_mark(text: pl.Series, *, is_whole: bool) -> tuple[Mark, str | None]:
    """Choose the decimal mark by a vote of the unambiguous cells."""
    comma = text.str.contains(r"\..*,|\..*\.") | text.str.contains(r",\d{1,2}$|,\d{4,}$|^[+-]?0,\d")
    point = text.str.contains(r",.*\.|,.*,") | text.str.contains(
        r"\.\d{1,2}$|\.\d{4,}$|^[+-]?0\.\d"
    )
    for_comma = int((comma & ~point).sum() or 0)
    for_point = int((point & ~comma).sum() or 0)
    either = int((text.str.contains("[.,]") & ~comma & ~point).sum() or 0)
    if for_comma > for_point:
        return ",", f"decimal comma, by {for_comma:,} of {for_comma + for_point:,} clear cells"
    if for_point or not either:
        return ".", None
    is_point = text.str.contains(".", literal=True).any()
    mark: Mark = "," if is_whole and is_point else "."
    reading = "thousands" if is_whole or not is_point else "decimals"
    sign = "point" if is_point else "comma"
    return mark, f"{either:,} cells are ambiguous: the {sign} is assumed to separate {reading}"
