"""Identifiers of persons in the form in which they are stored and compared."""

import polars as pl

#: Text that stands where an identifier is not known.
_PLACEHOLDERS = (
    "0", "anonymous", "guest", "n.a.", "n/a", "na", "nil", "none", "null", "undefined", "unknown"
)  # fmt: skip

_EMAIL = r"^[^\s@]+@[^\s@]+\.[^\s@]+$"


def normalised(identifier: pl.Expr, *, kind: pl.Expr) -> pl.Expr:
    """Return identifiers without spaces around them, composed (NFC), e-mail in lower case.

    Dots and what stands after a plus in an address are kept: only its provider knows whether they
    tell mailboxes apart.

    Parameters
    ----------
    identifier : Expr
        Text as it is stated.
    kind : Expr
        Kind of identifier, as the schema names them.
    """
    plain = identifier.str.strip_chars().str.normalize("NFC")
    return pl.when(kind == "email").then(plain.str.to_lowercase()).otherwise(plain)


def is_identifier(identifier: pl.Expr, *, kind: pl.Expr) -> pl.Expr:
    """Say whether a normalised identifier can name somebody: no placeholder, no mere punctuation.

    What begins with its system, as customer numbers do, is judged by what comes after it.
    """
    native = pl.when(kind == "user_id").then(identifier.str.replace(r"^[^:]*:", ""))
    text = native.otherwise(identifier).str.strip_chars()
    is_word = text.str.contains(r"[\p{L}\p{N}]") & ~text.str.to_lowercase().is_in(_PLACEHOLDERS)
    return is_word & ((kind != "email") | text.str.contains(_EMAIL))
