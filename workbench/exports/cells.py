"""Cells as vendors write them: local times, decimal amounts, guarded digits, percent signs.

The shop stands in Berlin: what a vendor writes in local time is Europe/Berlin, with its two
offsets; the world itself is in UTC.
"""

import polars as pl

ZONE = "Europe/Berlin"

#: Currencies whose minor unit is not a hundredth (ISO 4217), among those a shop may take.
_WHOLE = ("JPY", "KRW", "ISK", "CLP", "VND")
_THOUSANDTHS = ("KWD", "BHD", "TND", "JOD", "OMR")


def local(instant: pl.Expr, pattern: str) -> pl.Expr:
    """Return the shop's local time in this pattern."""
    return instant.dt.convert_time_zone(ZONE).dt.strftime(pattern)


def utc(instant: pl.Expr, pattern: str = "%Y-%m-%dT%H:%M:%SZ") -> pl.Expr:
    """Return universal time in this pattern."""
    return instant.dt.strftime(pattern)


def amount(minor: pl.Expr, currency: pl.Expr) -> pl.Expr:
    """Return an amount as decimal text with the places of its currency, e.g. 12.50 or 1250."""
    whole = minor.cast(pl.Int64)
    return (
        pl.when(currency.is_in(_WHOLE))
        .then(whole.cast(pl.String))
        .when(currency.is_in(_THOUSANDTHS))
        .then((whole.cast(pl.Decimal(18, 3)) / 1000).cast(pl.String))
        .otherwise((whole.cast(pl.Decimal(18, 2)) / 100).cast(pl.String))
    )


def guarded(text: pl.Expr) -> pl.Expr:
    """Return a text with the apostrophe that keeps a spreadsheet from making it a number."""
    return pl.concat_str(pl.lit("'"), text)


def yes_no(value: pl.Expr) -> pl.Expr:
    """Return yes or no; null is no."""
    return pl.when(value).then(pl.lit("yes")).otherwise(pl.lit("no"))


def true_false(value: pl.Expr) -> pl.Expr:
    """Return true or false; null is false."""
    return pl.when(value).then(pl.lit("true")).otherwise(pl.lit("false"))


def percent_encoded(text: pl.Expr) -> pl.Expr:
    """Return a text as it stands in a query: plain where it can be, else byte by byte."""
    usual = text.str.replace_many(["%", "@", "+", " "], ["%25", "%40", "%2B", "%20"])
    return pl.when(usual.str.contains(r"^[A-Za-z0-9._~%-]*$")).then(usual).otherwise(_bytes(text))


def path_encoded(path: pl.Expr) -> pl.Expr:
    """Return a path as it stands in a request: plain where it can be, else byte by byte."""
    strange = pl.concat_str(pl.lit("/"), _bytes(path))
    return pl.when(path.str.contains(r"^/[A-Za-z0-9._~/-]*$")).then(path).otherwise(strange)


def _bytes(text: pl.Expr) -> pl.Expr:
    return text.str.encode("hex").str.replace_all("(..)", "%${1}")


def native(key: pl.Expr) -> pl.Expr:
    """Return a key of the world, ``system:native id``, without the system."""
    return key.str.replace("^[a-z0-9_-]+:", "")


def figures(key: pl.Expr) -> pl.Expr:
    """Return the digits of a key as a number (UInt64), null where it has none.

    They tell apart the orders of nobody, which no customer's number does.
    """
    return key.str.replace_all(r"\D", "").str.tail(18).cast(pl.UInt64, strict=False)
