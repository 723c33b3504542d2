"""Identifiers of the customers of a dataset, as keys for which a page is searched.

    identities ──> one spelling ──> keys that identify alone
                                ──> keys of frequent names, and their pairs with a second sign

A name identifies alone unless all of its words are ordinary ones (``High Value``, ``Mark Price``).
Initials with a family name (``A. Okonkwo``) do unless the family name is an ordinary word or five
customers share both. All other names need a second sign of the same customer nearby: a postcode, a
year of birth, a street or an id. E-mail address, phone and house are found by themselves anyway. A
birth date identifies beside a given or a family name of the same customer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from workbench.privacy.leaks import contact_keys
from workbench.privacy.leaks.key_sets import KeySet
from workbench.privacy.leaks.name_keys import (
    Names,
    OwnedKeys,
    joined_names,
    name_keys,
    parts_of_names,
    unspaced_names,
)
from workbench.privacy.leaks.phrases import Phrases
from workbench.privacy.leaks.spelling import (
    DATE,
    hash_street_words,
    hash_words,
    is_ordinary,
    is_street_word,
    pair,
)

#: Kinds of the identities table that are searched for, or are a second sign.
_READ = (
    *contact_keys.IDS, "email", "phone", "full_name", "given_name", "family_name", "birth_date",
    "street_address", "postcode",
)  # fmt: skip
#: An address of ordinary words needs more words than this, the number included.
_TOO_SHORT_ADDRESS = 2
_SHORTEST_SIGN = 3  # letters or digits of a second sign


@dataclass(frozen=True, repr=False)
class PairedSigns:
    """Two kinds of signs, each key with its owner; a pair has one of each of the same customer.

    Few pages have a name or a date that needs a second sign, so pairs are made for the first that
    has one.
    """

    names: OwnedKeys
    signs: OwnedKeys

    @cached_property
    def keys(self) -> KeySet:
        """Keys of all pairs."""
        one, other = (
            pl.LazyFrame({"owner": owners, name: keys}).unique()
            for name, (keys, owners) in (("name", self.names), ("sign", self.signs))
        )
        met = one.join(other, on="owner", how="inner").collect()
        keys = pair(met["name"].to_numpy(), met["sign"].to_numpy())
        return KeySet.of(keys, met["owner"].to_numpy())


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIdentifiers:
    """Keys of everything that identifies a customer of a dataset.

    Attributes
    ----------
    alone : mapping of str to KeySet
        Keys that identify by themselves, by kind of identifier.
    frequent : KeySet
        Names that need a second sign of the same customer.
    birth_dates : KeySet
        Dates on which a customer was born.
    pairs : mapping of str to PairedSigns
        ``full_name``: frequent names, each with a second sign; ``birth_date``: given and family
        names, each with the birth date.
    """

    alone: Mapping[str, KeySet]
    frequent: KeySet
    birth_dates: KeySet
    pairs: Mapping[str, PairedSigns]

    def __repr__(self) -> str:
        counts = ", ".join(f"{kind}: {keys.keys.size}" for kind, keys in self.alone.items())
        return f"KnownIdentifiers({counts})"


def known_identifiers(identities: pl.LazyFrame) -> KnownIdentifiers:
    """Return the keys of the identifiers of a dataset's customers, for which pages are searched.

    Only hashes are kept. One-word names, short ids and addresses of ordinary words alone are left
    out, because they occur by chance.

    Parameters
    ----------
    identities : LazyFrame
        The identities table: ``customer_id``, ``kind`` and ``identifier``.
    """
    stated = (
        identities.select(
            pl.col("kind").cast(pl.String),
            owner=pl.col("customer_id").cast(pl.UInt64, strict=False),
            text=pl.col("identifier").cast(pl.String),
        )
        .filter(pl.col("kind").is_in(list(_READ)))
        .drop_nulls()
        .collect(engine="streaming")
    )
    by_kind = stated.partition_by("kind", as_dict=True, include_key=False)
    nothing = stated.clear().drop("kind")
    del stated  # the parts are copies, and a million customers take half a gigabyte

    def read(kind: str) -> pl.DataFrame:
        return by_kind.get((kind,), nothing)

    names = Names.of(read("full_name"), read("given_name"), read("family_name"))
    dates = _dates(read("birth_date"))
    alone = contact_keys.keys_by_kind(read)
    alone["street_address"], streets = _address_keys(read("street_address"))
    keys, owners, is_frequent = (
        np.concatenate(each) for each in zip(*name_keys(names), strict=True)
    )
    alone["full_name"] = KeySet.of(keys[~is_frequent], owners[~is_frequent])
    alone["unspaced_name"], alone["joined_name"] = unspaced_names(names), joined_names(names)
    frequent = (keys[is_frequent], owners[is_frequent])
    signs = [
        streets,
        _sign_keys(read("postcode")),
        _sign_keys(_without_prefix(read("user_id"))),
        _sign_keys(_without_prefix(read("username"))),
        _sign_keys(dates.with_columns(pl.col("text").str.slice(1, 4))),
    ]
    born = (hash_words(dates["text"]), dates["owner"].to_numpy())
    return KnownIdentifiers(
        alone={kind: each for kind, each in alone.items() if each.keys.size},
        frequent=KeySet.of(*frequent),
        birth_dates=KeySet.of(*born),
        pairs={
            "full_name": PairedSigns(frequent, _concatenate(signs)),
            "birth_date": PairedSigns(_concatenate(parts_of_names(names)), born),
        },
    )


def _dates(births: pl.DataFrame) -> pl.DataFrame:
    """Return birth dates as the words by which a ``Passage`` marks dates."""
    digits = pl.col("text").str.extract(r"^(\d{4}-\d\d-\d\d)").str.replace_all("-", "")
    return births.select("owner", text=DATE + digits).drop_nulls()


def _without_prefix(ids: pl.DataFrame) -> pl.DataFrame:
    return ids.with_columns(pl.col("text").str.replace(r"^[a-z0-9_-]+:", ""))


def _sign_keys(texts: pl.DataFrame) -> OwnedKeys:
    """Return the keys of texts that may be a second sign; shorter texts occur everywhere."""
    long = texts.filter(pl.col("text").str.count_matches(r"[\p{L}\p{Nd}]") >= _SHORTEST_SIGN)
    words = Phrases.of(long)
    return words.sums(words.hashes), words.owners


def _address_keys(streets: pl.DataFrame) -> tuple[KeySet, OwnedKeys]:
    """Return addresses with a house number, and streets as second signs of a name."""
    text = pl.col("text")
    flat = r"(?i)\b(?:flat|apt\.?|apartment|unit|suite|lok\.?|m\.)\s*\w+,?|/\s*\d+\w?\s*$"
    compound = r"(?i)(\p{L}{3,})(straße|strasse|straat)\b"
    ways = [
        streets,
        streets.with_columns(text.str.replace_all(flat, "")),
        streets.with_columns(text.str.replace(r"^([^,]*\d[^,]*),.*$", "$1")),
        streets.with_columns(text.str.replace(r"^([^,\d]+,\s*\d+)\s*,.*$", "$1")),
        streets.with_columns(text.str.replace(compound, "$1 $2")),
    ]
    words = Phrases.of(pl.concat(ways).unique())
    hashes, counts = hash_street_words(words.words)
    is_word = words.words.str.contains(r"\p{L}").to_numpy()
    rare = is_word & ~is_ordinary(words.words)
    is_long = words.sums(counts.astype(np.uint64)) > _TOO_SHORT_ADDRESS
    # "5 Page" occurs by chance, "5 Page Street" does not
    is_street = words.any(is_street_word(words.words)) & is_long
    usable = np.where(words.any(~is_word), words.any(rare) | is_street, words.any(rare) & is_long)
    keys = words.sums(np.where(counts, hashes, np.uint64(0)))
    without = Phrases.of(streets.with_columns(text.str.replace_all(r"[\d/]+\w?\b", " ")))
    letters = (
        without.sums(without.words.str.len_chars().to_numpy().astype(np.uint64)) >= _SHORTEST_SIGN
    )
    sign = (without.sums(without.hashes)[letters], without.owners[letters])
    return KeySet.of(keys[usable], words.owners[usable]), sign


def _concatenate(parts: list[OwnedKeys]) -> OwnedKeys:
    keys, owners = (np.concatenate(each) for each in zip(*parts, strict=True))
    return keys, owners
