"""Identifiers of persons in the form in which they are stored and compared."""

import polars as pl

#: Texts, in lower case, that web analytics and programs write for no value and that name nothing.
WORDS_FOR_NO_VALUE = (
    "#n/a", "(direct)", "(none)", "(not provided)", "(not set)", "(null)", "(other)", "(unknown)",
    "<na>", "\\n", "n/a", "nan", "nil", "none", "not provided", "not set", "null", "undefined",
)  # fmt: skip
#: Texts that sources write instead of an identifier that they do not have.
_PLACEHOLDERS = ("0", "anonymous", "guest", "n.a.", "na", "unknown", *WORDS_FOR_NO_VALUE)

_EMAIL = r"^[^\s@]+@[^\s@]+\.[^\s@]+$"
#: An address that many people write where a form requires one, or that reads no mail: no@no.no.
_NOBODYS_EMAIL = (
    r"^(anonymous|do-?not-?reply|guest|no|no-?e?mail|no-?reply|none|null|test|undefined|unknown)"
    r"(\+[^@]*)?@"
)


#: Beginning of a code that is stored in place of an identifier.
CODE = "code:"


def normalise_identifier(identifier: pl.Expr, *, kind: pl.Expr) -> pl.Expr:
    """Return identifiers without spaces around them, composed (NFC), e-mail in lower case.

    Dots in an address and the characters after a plus are kept, because only the mail provider
    knows whether ``a.b@example.com`` and ``ab+shop@example.com`` are one mailbox.

    Parameters
    ----------
    identifier : Expr
        Text of the identifier in the source.
    kind : Expr
        Kind of identifier, one of the schema's choices for it.
    """
    stripped = identifier.str.strip_chars()
    plain = stripped.map_batches(_compose, return_dtype=pl.String(), is_elementwise=True)
    return pl.when(kind == "email").then(plain.str.to_lowercase()).otherwise(plain)


def _compose(texts: pl.Series) -> pl.Series:
    """Return texts in the form NFC, which texts of ASCII have already."""
    is_ascii = texts.str.len_bytes().sum() == texts.str.len_chars().sum()
    return texts if is_ascii else texts.str.normalize("NFC")


def is_identifier(identifier: pl.Expr, *, kind: pl.Expr) -> pl.Expr:
    """Return whether a normalised identifier can identify a person.

    Placeholders ("n/a") and mere punctuation cannot. A customer number begins with its system
    ("crm:17"), and only the part after the colon is judged.
    """
    native = pl.when(kind == "user_id").then(identifier.str.replace(r"^[^:]*:", ""))
    text = native.otherwise(identifier).str.strip_chars()
    is_coded = identifier.str.starts_with(CODE)
    is_word = text.str.contains(r"[\p{L}\p{N}]") & ~text.str.to_lowercase().is_in(_PLACEHOLDERS)
    return is_word & ((kind != "email") | is_coded | text.str.contains(_EMAIL))


def is_nobodys_address(email: pl.Expr) -> pl.Expr:
    """Return whether an address is one that strangers write for none, as ``no@no.no``."""
    return email.str.contains(_NOBODYS_EMAIL)
