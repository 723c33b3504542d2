"""Look for persons in what is about to be written where anyone may read it.

Whatever goes under ``reports/`` is searched, as bytes, for the view's pseudonyms and for the e-mail
addresses, phones, full names, street addresses and long ids that the vault knows. Both sides are
brought to one form first: escapes of HTML, JSON and addresses undone, markup taken out, words in
lower case without punctuation, phones and numbers as digits. The search errs on the side of
refusing: a hit is a reason to look, and nothing is written.

It does not find what another form hides: names in pictures, in other scripts than the vault's,
one-word names, short ids, phones without their country code.
"""

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

import numpy as np
import polars as pl

_NAMES = ("full_name", "street_address")
_IDS = ("user_id", "cookie_id", "device_id", "order_number")
_LONGEST_NAME = 6  # words of a name or an address that are compared; the rest may differ
_SHORTEST_ID, _SHORTEST_NUMBER = 8, 10  # shorter ones occur by chance
_PHONE_DIGITS = range(8, 16)  # E.164 allows 15
_PHONE_GROUPS = 8
_CALENDAR = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    "oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|"
    "thu(?:rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
)

_WORD = re.compile(r"[^\W_]+")
_TAG = re.compile(r"<[^<>]*>")
_BLOCK = re.compile(
    r"</?(?:tr|table|thead|tbody|caption|p|li|ul|ol|dl|dt|dd|div|h[1-6]|text|title|desc|section|"
    r"figure|figcaption|option|summary|details|body|main|nav|header|footer|pre|svg)\b[^<>]*>"
)
_BREAK = re.compile(r"[\x1e\[\]{}]")  # no name reaches across a block of a page or a list of JSON
_EDGE = re.compile(r"[<>\"\x1e\[\]{}]")
_DRAWN = re.compile(r'\s(?:d|points|transform|viewbox)="[-+\d\s.,a-z()]*"')
_SCRIPT = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"  # kana, Han and Hangul: no blanks in names
_UNSPACED = re.compile(f"[{_SCRIPT}]+")
_TOKEN = re.compile(r"[^\s<>\"'(),;=]+")
_PIECE = re.compile(r"[^/?&:#|\[\]{}]+")
_EMAIL = re.compile(r"[\w.!#$%'*+^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
_PLAIN_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_DIGITS = re.compile(r"\d+")
_BETWEEN = re.compile(r"[\s./-]{0,2}[()]?[\s./-]{0,2}")
_NUMBER = re.compile(
    r"\d\.\d{12,}e\+?\d\d|(?<![\d.])\d{1,20}(?:[,.'’\u00a0\u202f ]\d{3}){0,6}(?!\d)"
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


def known_identifiers(identities: pl.LazyFrame) -> pl.DataFrame:
    """Return what identifies the persons of a dataset, in the form in which texts are searched.

    Parameters
    ----------
    identities : LazyFrame
        The identities table.

    Returns
    -------
    DataFrame, shape (identifiers, 2)
        ``kind`` and ``identifier`` (both String), sorted: lower case; names and addresses as their
        first words parted by blanks; phones as digits; ids without the system that issued them.
        One-word names, names of numbers, months and days only, addresses without a number and
        short ids are left out: they occur by chance.
    """
    kind = pl.col("kind").cast(pl.String)
    text = pl.col("identifier").str.normalize("NFKC").str.to_lowercase()
    words = text.str.extract_all(r"[\p{L}\p{N}\p{M}]+").list.head(_LONGEST_NAME)
    joined = (
        pl.when(text.str.contains(f"[{_SCRIPT}]"))
        .then(text.str.replace_all(r"\s+", ""))
        .otherwise(words.list.join(" "))
    )
    digits = text.str.replace_all(r"\D", "").str.strip_prefix("00")
    native = text.str.replace(r"^[a-z0-9_-]+:", "")
    value = pl.col("identifier")
    shortest = pl.when(value.str.contains(r"^\d+$")).then(_SHORTEST_NUMBER).otherwise(_SHORTEST_ID)
    is_unspaced = value.str.contains(f"[{_SCRIPT}]") & (value.str.len_chars() > 2)
    is_name = (value.str.contains(" ") & value.str.contains(r"\p{L}{2}")) | is_unspaced
    is_name &= ~value.str.contains(rf"^(?:(?:{_CALENDAR})(?: |$))+$")
    is_address = is_name & (value.str.contains(r"\d") | (value.str.count_matches(" ") > 1))
    usable = {
        "full_name": is_name,
        "street_address": is_address,
        "email": value.str.contains("@", literal=True),
        "phone": value.str.len_chars() >= _PHONE_DIGITS.start,
        **dict.fromkeys(_IDS, value.str.len_chars() >= shortest),
    }
    is_usable = pl.lit(False)
    for name, condition in usable.items():
        is_usable = pl.when(pl.col("kind") == name).then(condition).otherwise(is_usable)
    form = (
        pl.when(kind == "phone")
        .then(digits)
        .when(kind.is_in(list(_NAMES)))
        .then(joined)
        .when(kind.is_in(list(_IDS)))
        .then(native)
        .otherwise(text)
    )
    return (
        identities.filter(kind.is_in(list(usable)))
        .select(kind=kind, identifier=form)
        .filter(is_usable)
        .unique()
        .sort("kind", "identifier")
        .collect(engine="streaming")
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
    text = content.decode("utf-8", errors="replace")
    candidates = _candidates(text)
    for allowed in exempt:
        candidates -= _candidates(allowed)
    sought = pl.Series(sorted(candidates), dtype=pl.String)
    hits = known.filter(pl.col("identifier").is_in(sought.implode()))
    found = Counter(hits["kind"].to_list())
    marked = _marked(text, pseudonyms)
    if marked:
        found["pseudonym"] = marked
    return dict(sorted(found.items()))


def _marked(text: str, pseudonyms: pl.Series) -> int:
    """Count pseudonyms, as they are or as drawing rounds them: to the nearest double."""
    plain = html.unescape(text)
    numbers = set()
    for match in _NUMBER.finditer(plain.lower()):
        digits = match[0] if "e" in match[0] else re.sub(r"\D", "", match[0])
        if len(digits) >= 15:  # a shorter one of 64 bits is one in ten thousand
            numbers.add(float(digits))
    numbers |= {float(run) for run in _DIGITS.findall(plain) if 15 <= len(run) <= 20}
    if not numbers:
        return 0
    return int(
        np.isin(np.fromiter(numbers, dtype=float), pseudonyms.to_numpy().astype(float)).sum()
    )


def _candidates(text: str) -> set[str]:
    """Everything in a text that could be an identifier, in the form of ``known_identifiers``."""
    found: set[str] = set()
    for form in _forms(text):
        seen = _DRAWN.sub(" ", form)
        parted = _BLOCK.sub("\x1e", seen)
        bare, joined = _TAG.sub(" ", parted), _TAG.sub("", parted)
        for tokens in (seen, bare):
            for token in _TOKEN.findall(tokens):
                found |= {token.strip(".:"), *_PIECE.findall(token)}
            found.update(_EMAIL.findall(tokens))
            found.update(_PLAIN_EMAIL.findall(tokens))
        # what stands in an attribute, or between < and > without being markup, is read as well
        parts = {*_BREAK.split(bare), *_BREAK.split(joined), *_EDGE.split(seen)}
        for part in parts:
            found |= _names(part) | _phones(part)
    return found


def _forms(text: str) -> set[str]:
    """Return the text as it is read once the escapes of HTML, JSON and addresses are undone."""
    plain = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), text)
    for _ in range(2):  # data in an attribute is escaped twice
        plain = html.unescape(plain)
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", plain)).lower()
    return {plain, unquote(plain).lower()} if "%" in plain else {plain}


def _names(text: str) -> set[str]:
    words = _WORD.findall(text)
    runs = {
        " ".join(words[start : start + size])
        for size in range(2, _LONGEST_NAME + 1)
        for start in range(len(words) - size + 1)
    }
    if _UNSPACED.search(text) is None:
        return runs
    for run in _UNSPACED.findall(re.sub(f"(?<=[{_SCRIPT}])\\s+(?=[{_SCRIPT}])", "", text)):
        runs |= {run[i : i + n] for n in range(3, 11) for i in range(len(run) - n + 1)}
    return runs


def _phones(text: str) -> set[str]:
    """Find groups of digits that stand together as those of a phone do."""
    groups = list(_DIGITS.finditer(text))
    found = set()
    for start, first in enumerate(groups):
        digits, end = "", first.start()
        for group in groups[start : start + _PHONE_GROUPS]:
            if digits and not _BETWEEN.fullmatch(text, end, group.start()):
                break
            digits, end = digits + group[0], group.end()
            if len(digits) > _PHONE_DIGITS.stop + 1:
                break
            found.add(digits.removeprefix("00"))
    return {digits for digits in found if len(digits) in _PHONE_DIGITS}
