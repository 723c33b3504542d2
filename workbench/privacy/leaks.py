"""Look for persons in what is about to be written where anyone may read it.

Whatever goes under ``reports/`` is searched, as bytes, for the view's pseudonyms and for the e-mail
addresses, phones, full names, street addresses and long ids that the vault knows. The search errs
on the side of refusing: a hit is a reason to look, and nothing is written.
"""

import html
import re
from collections import Counter
from collections.abc import Iterable, Mapping

import polars as pl

_KINDS = ("email", "phone", "full_name", "street_address", "user_id", "cookie_id", "device_id", "order_number")
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*", re.UNICODE)
_TOKEN = re.compile(r"[^\s<>\"'(),;=]+")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"\+?\d[\d\s()/-]{7,18}\d")
_PSEUDONYM = re.compile(r"(?<!\d)\d{15,20}(?!\d)")
_LONGEST_NAME = 6  # words of a full name or a street address
_SHORTEST_ID, _SHORTEST_NUMBER = 8, 10  # shorter ones occur by chance


def known_identifiers(identities: pl.LazyFrame) -> pl.DataFrame:
    """Return what identifies the persons of a dataset, in the form in which texts are searched.

    Parameters
    ----------
    identities : LazyFrame
        The identities table.

    Returns
    -------
    DataFrame, shape (identifiers, 2)
        ``kind`` and ``identifier`` (both String): lower case, phones as digits, ids without the
        system that issued them; short ids and one-word names are left out.
    """
    kind = pl.col("kind").cast(pl.String)
    text = pl.col("identifier").str.to_lowercase().str.replace_all(r"\s+", " ")
    is_id = kind.is_in(["user_id", "cookie_id", "device_id", "order_number"])
    native = pl.when(is_id).then(text.str.replace(r"^[a-z0-9_-]+:", "")).otherwise(text)
    digits = text.str.replace_all(r"\D", "")
    known = identities.filter(kind.is_in(list(_KINDS))).select(
        kind=kind, identifier=pl.when(kind == "phone").then(digits).otherwise(native)
    )
    value = pl.col("identifier")
    shortest = (
        pl.when(value.str.contains(r"^\d+$")).then(_SHORTEST_NUMBER).otherwise(_SHORTEST_ID)
    )
    return (
        known.filter(
            pl.when(pl.col("kind").is_in(["full_name", "street_address"]))
            .then(value.str.contains(" "))
            .when(pl.col("kind").is_in(["email", "phone"]))
            .then(value.str.len_chars() >= 7)
            .otherwise(value.str.len_chars() >= shortest)
        )
        .unique()
        .collect()
    )


def find_leaks(
    content: bytes,
    *,
    known: pl.DataFrame,
    pseudonyms: pl.Series,
    exempt: Iterable[str] = (),
) -> Mapping[str, int]:
    """Count by kind what identifies a person in content that is to be published.

    Parameters
    ----------
    content : bytes
        A page, a record, a table or a figure; text in UTF-8.
    known : DataFrame
        See ``known_identifiers``.
    pseudonyms : Series of UInt64
        The view's.
    exempt : iterable of str
        The study's own owner and contact.

    Returns
    -------
    mapping of str to int
        Hits by kind; empty where nothing was found.
    """
    text = html.unescape(content.decode("utf-8", errors="replace"))
    for allowed in exempt:
        text = text.replace(allowed, " ")
    text = text.lower()
    candidates = pl.DataFrame({"identifier": _candidates(text)}, schema={"identifier": pl.String})
    hits = known.join(candidates, on="identifier", how="semi")
    found = Counter(hits["kind"].to_list())
    numbers = [int(each) for each in _PSEUDONYM.findall(text) if int(each) < 2**64]
    marked = pl.Series(numbers, dtype=pl.UInt64).unique().is_in(pseudonyms.implode()).sum()
    if marked:
        found["pseudonym"] = int(marked)
    return dict(sorted(found.items()))


def _candidates(text: str) -> list[str]:
    words = _WORD.findall(text)
    runs = {
        " ".join(words[start : start + size])
        for size in range(2, _LONGEST_NAME + 1)
        for start in range(len(words) - size + 1)
    }
    tokens = {token.strip(".:") for token in _TOKEN.findall(text)}
    mails = set(_EMAIL.findall(text))
    phones = {re.sub(r"\D", "", each) for each in _PHONE.findall(text)}
    return sorted(runs | tokens | mails | phones | set(words))
