"""Formats of cells in vendors' files: local times, decimal amounts, guarded digits, percent signs.

The shop is in Berlin: a local time in a vendor's file is in Europe/Berlin, with its two offsets,
while the times of a world are in UTC.
"""

import polars as pl

ZONE = "Europe/Berlin"

#: Currencies of shops whose minor unit is not a hundredth (ISO 4217).
_WHOLE = ("JPY", "KRW", "ISK", "CLP", "VND")
_THOUSANDTHS = ("KWD", "BHD", "TND", "JOD", "OMR")


def local_time_text(instant: pl.Expr, pattern: str) -> pl.Expr:
    """Return an instant in the shop's local time, in this pattern."""
    return instant.dt.convert_time_zone(ZONE).dt.strftime(pattern)


def utc_text(instant: pl.Expr, pattern: str = "%Y-%m-%dT%H:%M:%SZ") -> pl.Expr:
    """Return an instant in UTC, in this pattern."""
    return instant.dt.strftime(pattern)


def amount_text(minor: pl.Expr, currency: pl.Expr) -> pl.Expr:
    """Return an amount as text with the decimals of its currency, 12.50 (EUR) or 1250 (JPY)."""
    whole = minor.cast(pl.Int64)
    return (
        pl.when(currency.is_in(_WHOLE))
        .then(whole.cast(pl.String))
        .when(currency.is_in(_THOUSANDTHS))
        .then((whole.cast(pl.Decimal(18, 3)) / 1000).cast(pl.String))
        .otherwise((whole.cast(pl.Decimal(18, 2)) / 100).cast(pl.String))
    )


def guard_digits(text: pl.Expr) -> pl.Expr:
    """Return a text after an apostrophe, so that a spreadsheet does not turn it into a number."""
    return pl.concat_str(pl.lit("'"), text)


def yes_no(value: pl.Expr) -> pl.Expr:
    """Return yes or no; null is no."""
    return pl.when(value).then(pl.lit("yes")).otherwise(pl.lit("no"))


def true_false(value: pl.Expr) -> pl.Expr:
    """Return true or false; null is false."""
    return pl.when(value).then(pl.lit("true")).otherwise(pl.lit("false"))


def percent_encode(text: pl.Expr) -> pl.Expr:
    """Return a text encoded for a query: unchanged if it can be, else every byte is encoded."""
    usual = text.str.replace_many(["%", "@", "+", " "], ["%25", "%40", "%2B", "%20"])
    return (
        pl.when(usual.str.contains(r"^[A-Za-z0-9._~%-]*$"))
        .then(usual)
        .otherwise(_percent_bytes(text))
    )


def percent_encode_path(path: pl.Expr) -> pl.Expr:
    """Return a path encoded for a request: unchanged if it can be, else every byte is encoded."""
    strange = pl.concat_str(pl.lit("/"), _percent_bytes(path))
    return pl.when(path.str.contains(r"^/[A-Za-z0-9._~/-]*$")).then(path).otherwise(strange)


def _percent_bytes(text: pl.Expr) -> pl.Expr:
    return text.str.encode("hex").str.replace_all("(..)", "%${1}")


def strip_system(key: pl.Expr) -> pl.Expr:
    """Return a key of the world, ``system:native id``, without the system."""
    return key.str.replace("^[a-z0-9_-]+:", "")


def digits_of_key(key: pl.Expr) -> pl.Expr:
    """Return the digits of a key as a number (UInt64), null if it has none.

    The writers use it as the key of guests' orders, which have no customer.
    """
    return key.str.replace_all(r"\D", "").str.tail(18).cast(pl.UInt64, strict=False)
