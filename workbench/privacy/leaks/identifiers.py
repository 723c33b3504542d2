"""Identifiers of the customers of a dataset, as keys for which a page is searched.

    identities ──> one spelling ──> keys that identify alone
                                ──> keys of frequent names, and their pairs with a second sign

A name identifies alone unless all of its words are ordinary ones (``High Value``, ``Mark Price``).
Initials with a family name (``A. Okonkwo``) do unless the family name is an ordinary word or five
customers share both. All other names need a second sign of the same customer nearby: a postcode, a
year of birth, a street or an id. E-mail address, phone and house are found by themselves anyway. A
birth date identifies beside a given or a family name of the same customer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.privacy.leaks.contact_keys import IDS, contact_keys
from workbench.privacy.leaks.key_sets import KeySet, Relation
from workbench.privacy.leaks.name_keys import (
    SHARED_FORMS,
    Names,
    is_shared,
    joined_names,
    name_keys,
    parts_of_names,
    unspaced_names,
)
from workbench.privacy.leaks.phrases import Phrases
from workbench.privacy.leaks.spelling import (
    DATE,
    Hashes,
    OwnedKeys,
    Owners,
    hash_street_words,
    hash_words,
    is_ordinary,
    is_street_word,
)
from workbench.schema.customer_ranges import CustomerRange, equal_ranges

#: Kinds of the identities table that are searched for, or are a second sign.
_READ = (
    *IDS, "email", "phone", "full_name", "given_name", "family_name", "birth_date",
    "street_address", "postcode",
)  # fmt: skip
#: An address of ordinary words needs more words than this, the number included.
_TOO_SHORT_ADDRESS = 2
_SHORTEST_SIGN = 3  # letters or digits of a second sign
#: Identifiers that become keys at a time, about those of 150,000 customers.
_ROWS_A_RANGE = 1_200_000
#: Ranges of customers whose identifiers are read at once, because one reading takes all rows.
_RANGES_A_READING = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedSigns:
    """Two kinds of signs of the same customer, by which a customer is found if they are near.

    Few pages have a name or a date that needs a second sign, so pairs are made only for these.

    Attributes
    ----------
    customers : Relation
        Customers of each sign that is looked for first.
    others : Relation
        Second signs of each customer.
    """

    customers: Relation
    others: Relation

    def pairs_with(self, signs: Hashes) -> tuple[Hashes, Hashes, Owners]:
        """Return the signs, each with every second sign of its customers, and these customers."""
        of_sign, customers = self.customers.partners_of(signs)
        of_customer, others = self.others.partners_of(customers)
        return signs[of_sign[of_customer]], others, customers[of_customer]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIdentifiers:
    """Keys of everything that identifies a customer of a dataset.

    Attributes
    ----------
    alone : mapping of str to KeySet
        Keys that identify by themselves, by kind of identifier.
    frequent, birth_dates : KeySet
        Names that need a second sign of the same customer, and dates on which a customer was born.
    with_names, with_dates : PairedSigns
        The frequent names with second signs, and birth dates with given and family names.
    """

    alone: Mapping[str, KeySet]
    frequent: KeySet
    birth_dates: KeySet
    with_names: PairedSigns
    with_dates: PairedSigns

    def __repr__(self) -> str:
        counts = ", ".join(f"{kind}: {keys.keys.size}" for kind, keys in self.alone.items())
        return f"KnownIdentifiers({counts})"


def known_identifiers(identities: pl.LazyFrame) -> KnownIdentifiers:
    """Return the keys of the identifiers of a dataset's customers, for which pages are searched.

    Only hashes are kept. One-word names, short ids and addresses of ordinary words alone are left
    out, because they occur by chance. Texts are read and become keys for some ranges of
    customers at a time: those of all customers, with their words, would take gigabytes.

    Parameters
    ----------
    identities : LazyFrame
        The identities table: ``customer_id``, ``kind`` and ``identifier``.
    """
    stated = identities.select(
        pl.col("customer_id").cast(pl.UInt64, strict=False),
        kind=pl.col("kind").cast(pl.Enum(_READ), strict=False),
        text=pl.col("identifier").cast(pl.String),
    ).filter(pl.col("kind").is_not_null())
    gathered = _Gathered()
    for some in _texts_by_range(stated):
        gathered.add(some)
    return gathered.known()


def _texts_by_range(stated: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """Yield the identifiers of one range of customers after the other."""
    rows = int(stated.select(pl.len()).collect(engine="streaming").item())
    ranges = equal_ranges(max(1, -(-rows // _ROWS_A_RANGE)))
    for begin in range(0, len(ranges), _RANGES_A_READING):
        some = ranges[begin : begin + _RANGES_A_READING]
        read = CustomerRange(some[0].first, some[-1].last)
        texts = stated.filter(read.contains).drop_nulls().collect(engine="streaming")
        for customers in some:
            yield texts.filter(customers.contains)


class _Gathered:
    """Keys of all customers, gathered from one range of customers after another."""

    def __init__(self) -> None:
        self._keys: dict[str, list[OwnedKeys]] = {}

    def add(self, stated: pl.DataFrame) -> None:
        """Add the keys of the identifiers of some customers."""
        owner = (pl.col("customer_id") & 0xFFFFFFFF).cast(pl.UInt32, strict=False)
        owned = stated.select("kind", owner.alias("owner"), "text")
        by_kind = owned.partition_by("kind", as_dict=True, include_key=False)
        nothing = owned.clear().drop("kind")

        def read(kind: str) -> pl.DataFrame:
            return by_kind.get((kind,), nothing)

        names = Names.of(read("full_name"), read("given_name"), read("family_name"))
        dates = _dates(read("birth_date"))
        for kind, keys in contact_keys(read).items():
            self._put(kind, keys)
        address, street = _address_keys(read("street_address"))
        self._put("street_address", address)
        for made in name_keys(names):
            rare = ~made.is_frequent
            self._put("frequent", (made.keys[made.is_frequent], made.owners[made.is_frequent]))
            self._put(made.form or "full_name", (made.keys[rare], made.owners[rare]))
        self._put("unspaced_name", unspaced_names(names))
        self._put("joined_name", joined_names(names))
        for sign in (
            street,
            _sign_keys(read("postcode")),
            _sign_keys(_without_prefix(read("user_id"))),
            _sign_keys(_without_prefix(read("username"))),
            _sign_keys(dates.with_columns(pl.col("text").str.slice(1, 4))),
        ):
            self._put("sign", sign)
        self._put("part of a name", parts_of_names(names))
        self._put("birth date", (hash_words(dates["text"]), dates["owner"].to_numpy()))

    def known(self) -> KnownIdentifiers:
        """Return all keys, sorted."""
        for form in [each for each in self._keys if each in SHARED_FORMS]:
            keys, owners = self._take(form)
            shared = is_shared(keys, owners)
            self._put("frequent", (keys[shared], owners[shared]))
            self._put("full_name", (keys[~shared], owners[~shared]))
        relations: dict[str, Relation] = {}
        for place in ("frequent", "birth date"):
            keys, owners = self._take(place)
            relations[place] = Relation.of(keys, owners)
        for place in ("sign", "part of a name"):
            keys, owners = self._take(place)
            relations[place] = Relation.of(owners, keys)
        alone = {kind: KeySet.of(*self._take(kind)) for kind in list(self._keys)}
        return KnownIdentifiers(
            alone={kind: each for kind, each in alone.items() if each.keys.size},
            frequent=relations["frequent"].key_set(),
            birth_dates=relations["birth date"].key_set(),
            with_names=PairedSigns(customers=relations["frequent"], others=relations["sign"]),
            with_dates=PairedSigns(
                customers=relations["birth date"], others=relations["part of a name"]
            ),
        )

    def _put(self, place: str, keys: OwnedKeys) -> None:
        self._keys.setdefault(place, []).append(keys)

    def _take(self, place: str) -> OwnedKeys:
        """Return the keys of a place in one piece and forget them."""
        keys, owners = (np.concatenate(each) for each in zip(*self._keys.pop(place), strict=True))
        return keys, owners


def _dates(births: pl.DataFrame) -> pl.DataFrame:
    """Return birth dates as the words by which a ``Passage`` marks dates."""
    digits = pl.col("text").str.extract(r"^(\d{4}-\d\d-\d\d)").str.replace_all("-", "")
    return births.select("owner", text=DATE + digits).drop_nulls()


def _without_prefix(ids: pl.DataFrame) -> pl.DataFrame:
    return ids.with_columns(pl.col("text").str.replace(r"^[a-z0-9_-]+:", ""))


def _sign_keys(texts: pl.DataFrame) -> OwnedKeys:
    """Return the keys of texts that may be a second sign; shorter texts occur everywhere."""
    words = Phrases.of(_matching(texts, rf"(?s)(?:[\p{{L}}\p{{Nd}}].*){{{_SHORTEST_SIGN}}}"))
    return words.sums(words.hashes), words.owners


def _address_keys(streets: pl.DataFrame) -> tuple[OwnedKeys, OwnedKeys]:
    """Return addresses with a house number, and streets as second signs of a name."""
    text = pl.col("text")
    flat = r"(?i)\b(?:flat|apt\.?|apartment|unit|suite|lok\.?|m\.)\s*\w+,?|/\s*\d+\w?\s*$"
    compound = r"(?i)(\p{L}{3,})(straße|strasse|straat)\b"
    rest, rest_after_comma = r"^([^,]*\d[^,]*),.*$", r"^([^,\d]+,\s*\d+)\s*,.*$"
    ways = [
        streets,
        _matching(streets, flat).with_columns(text.str.replace_all(flat, "")),
        _matching(streets, rest).with_columns(text.str.replace(rest, "$1")),
        _matching(streets, rest_after_comma).with_columns(text.str.replace(rest_after_comma, "$1")),
        _matching(streets, compound).with_columns(text.str.replace(compound, "$1 $2")),
    ]
    words = Phrases.of(pl.concat(ways))
    hashes, counts = hash_street_words(words.vocabulary)
    is_word = words.vocabulary.str.contains(r"\p{L}").to_numpy()
    rare = is_word & ~is_ordinary(words.vocabulary)
    is_long = words.sums(counts.astype(np.uint64)) > _TOO_SHORT_ADDRESS
    # "5 Page" occurs by chance, "5 Page Street" does not
    is_street = words.any(is_street_word(words.vocabulary)) & is_long
    usable = np.where(words.any(~is_word), words.any(rare) | is_street, words.any(rare) & is_long)
    keys = words.sums(np.where(counts, hashes, np.uint64(0)))
    without = Phrases.of(streets.with_columns(text.str.replace_all(r"[\d/]+\w?\b", " ")))
    letters = (
        without.sums(without.vocabulary.str.len_chars().to_numpy().astype(np.uint64))
        >= _SHORTEST_SIGN
    )
    sign = (without.sums(without.hashes)[letters], without.owners[letters])
    return (keys[usable], words.owners[usable]), sign


def _matching(texts: pl.DataFrame, pattern: str) -> pl.DataFrame:
    """Return the texts in which a pattern occurs."""
    return texts.filter(pl.col("text").str.contains(pattern))
