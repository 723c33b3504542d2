"""Search a content for the customers of a dataset."""

import html
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import polars as pl

from workbench.privacy.leaks import contacts
from workbench.privacy.leaks.contact_keys import IDS
from workbench.privacy.leaks.escapes import plain_texts, readings
from workbench.privacy.leaks.identifiers import KnownIdentifiers
from workbench.privacy.leaks.key_sets import KeySet
from workbench.privacy.leaks.passages import (
    Passage,
    address_runs,
    name_runs,
    pairs_with_dates,
    pairs_with_signs,
    passages,
)
from workbench.privacy.leaks.spelling import (
    BREAK,
    Hashes,
    OwnedKeys,
    Owners,
    fold_text,
    hash_text,
    pair,
)

_NUMBER = re.compile(
    r"\d\.\d{12,}e\+?\d\d|(?<![\d.])\d{1,20}(?:[,.'’\u00a0\u202f ]\d{3}){0,6}(?!\d)"
)
_DIGITS = re.compile(r"\d+")
_FREQUENT = "frequent name"
#: Kinds of identifier in the result, if they differ from the kind of the key.
_SHOWN = {
    "name and sign": "full_name",
    "name and birth date": "birth_date",
    "unspaced_name": "full_name",
    "joined_name": "full_name",
    "unspaced_address": "street_address",
}
_UNSPACED = ("unspaced_name", "unspaced_address")

_KeysByKind = defaultdict[str, dict[int, int]]  # by kind, the customer of each key


def find_leaks(
    content: bytes,
    *,
    known: KnownIdentifiers,
    pseudonyms: pl.Series,
    exempt: Iterable[str] = (),
) -> Mapping[str, int]:
    """Count by kind of identifier the customers who are in content that is to be published.

    Parameters
    ----------
    content : bytes
        A page, a record, a table or a figure; text in UTF-8.
    known : KnownIdentifiers
        See ``known_identifiers``.
    pseudonyms : Series of UInt64
        Pseudonyms of the view.
    exempt : iterable of str
        Texts that may be published: owner and contact of the study.

    Returns
    -------
    mapping of str to int
        Number of customers by kind of identifier; empty if nobody was found.
    """
    text = content.decode("utf-8", errors="replace")
    found = _find_keys(text, known, allowed=set())
    allowed: _KeysByKind = defaultdict(dict)
    if found.keys() - {_FREQUENT}:  # Most pages contain nobody and are searched once.
        allowed = _find_keys(BREAK.join(exempt), known, allowed=set())
        found = _find_keys(text, known, allowed=set(allowed[_FREQUENT]))
    customers: dict[str, set[int]] = defaultdict(set)
    for kind, owned in found.items():
        keys = owned.keys() - allowed[kind].keys()
        if kind != _FREQUENT and keys:
            customers[_SHOWN.get(kind, kind)] |= {owned[key] for key in keys}
    counts = {kind: len(owners) for kind, owners in customers.items()}
    pseudonymous = _count_pseudonyms(text, pseudonyms)
    if pseudonymous:
        counts["pseudonym"] = pseudonymous
    return dict(sorted(counts.items()))


def _find_keys(text: str, known: KnownIdentifiers, *, allowed: set[int]) -> _KeysByKind:
    """Return the known keys of a text by kind; ``allowed`` frequent names do not count."""
    found: _KeysByKind = defaultdict(dict)
    candidates: dict[str, set[str]] = defaultdict(set)
    for plain in plain_texts(text):
        candidates["digest"].update(contacts.digests(plain))
        for reading in readings(plain):
            candidates["email"].update(contacts.emails(reading))
            candidates["phone"].update(contacts.phones(reading))
            candidates["id"].update(contacts.ids(reading))
            candidates["joined_name"].update(contacts.long_words(reading))
            if not reading.isascii():
                candidates["unspaced_name"].update(contacts.unspaced(reading))
                candidates["unspaced_address"].update(contacts.unspaced_addresses(reading))
            for passage in passages(reading):
                for kind, keys, owners in _match_passage(passage, known, allowed):
                    found[kind].update(zip(keys.tolist(), owners.tolist(), strict=True))
    sought = {
        **{kind: candidates[kind] for kind in ("email", "phone", *_UNSPACED)},
        **{f"{kind}_digest": candidates["digest"] for kind in ("email", "phone")},
        **dict.fromkeys(IDS, candidates["id"]),
        "joined_name": _fold_words(candidates["joined_name"]),
    }
    hashed: dict[int, Hashes] = {}
    for kind, texts in sought.items():
        if texts and kind in known.alone:
            if id(texts) not in hashed:
                hashed[id(texts)] = hash_text(pl.Series(list(texts), dtype=pl.String))
            keys, owners = _match(hashed[id(texts)], known.alone[kind])
            if keys.size:
                found[kind].update(zip(keys.tolist(), owners.tolist(), strict=True))
    return found


def _fold_words(words: set[str]) -> set[str]:
    listed = pl.DataFrame({"word": list(words)}, schema={"word": pl.String})
    return set(listed.select(fold_text(pl.col("word"))).to_series())


def _match(sought: Hashes, known: KeySet) -> OwnedKeys:
    """Return the sought keys that are known, with their customers."""
    keys = sought[known.where(sought)]
    return keys, known.owners_of(keys)


def _match_passage(
    passage: Passage, known: KnownIdentifiers, allowed: set[int]
) -> Iterator[tuple[str, Hashes, Owners]]:
    """Yield the known keys of names and addresses in a passage, by kind, with their customers."""
    if not passage.hashes.size:
        return
    names, streets = known.alone.get("full_name"), known.alone.get("street_address")
    frequent: list[tuple[Hashes, np.ndarray, np.ndarray]] = []
    for keys, starts, size in name_runs(passage):
        if names is not None:
            yield "full_name", *_match(keys, names)
        places = known.frequent.where(keys)
        if places.size:
            frequent.append((keys[places], starts[places], np.full(places.size, size)))
    if streets is not None:
        for keys in address_runs(passage):
            yield "street_address", *_match(keys, streets)
    if frequent:
        keys, starts, sizes = (np.concatenate(each) for each in zip(*frequent, strict=True))
        yield _FREQUENT, keys, known.frequent.owners_of(keys)
        is_left = ~np.isin(keys, np.fromiter(allowed, dtype=np.uint64))
        name, sign, owners = known.with_names.pairs_with(np.unique(keys[is_left]))
        pairs = KeySet.of(pair(name, sign), owners)
        for made in pairs_with_signs(passage, keys[is_left], starts[is_left], sizes[is_left]):
            yield "name and sign", *_match(made, pairs)
    dates = np.flatnonzero(passage.is_date)
    dates = dates[known.birth_dates.where(passage.hashes[dates])]
    if dates.size:
        date, part, owners = known.with_dates.pairs_with(np.unique(passage.hashes[dates]))
        pairs = KeySet.of(pair(part, date), owners)
        for made in pairs_with_dates(passage, dates):
            yield "name and birth date", *_match(made, pairs)


def _count_pseudonyms(text: str, pseudonyms: pl.Series) -> int:
    """Count pseudonyms, also if a drawing rounded them to the nearest double."""
    plain = html.unescape(text)
    numbers = set()
    for match in _NUMBER.finditer(plain.lower()):
        digits = match[0] if "e" in match[0] else re.sub(r"\D", "", match[0])
        if len(digits) >= 15:  # Only one pseudonym in 180,000 is shorter.
            numbers.add(float(digits))
    numbers |= {float(run) for run in _DIGITS.findall(plain) if 15 <= len(run) <= 20}
    if not numbers:
        return 0
    return int(
        np.isin(np.fromiter(numbers, dtype=float), pseudonyms.to_numpy().astype(float)).sum()
    )
