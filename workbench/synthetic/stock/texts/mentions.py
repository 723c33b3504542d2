"""What writers let slip: sentences that name somebody, signatures, and what only looks like it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags, Integers, NamedDraws
from workbench.synthetic.frames import gathered
from workbench.synthetic.stock.texts.banks import FAMILIES, LANGUAGES, NAMED, banks
from workbench.synthetic.stock.texts.composing import Piece, Sentence, inserted, joined

#: Share of tickets that name somebody or something, where it is known: order numbers in a third to
#: three fifths, names in a fifth, the others seldom. ``relative`` is the given name of somebody
#: else, ``given_name`` the writer's own below the text, ``friend`` what only looks like an
#: identifier. A full name stands in a sentence or, as often, below the text.
RATES: Mapping[str, float] = {
    "order_number": 0.45,
    "full_name": 0.20,
    "email": 0.10,
    "phone": 0.05,
    "street_address": 0.03,
    "birth_date": 0.01,
    "relative": 0.04,
    "given_name": 0.08,
    "friend": 0.12,
}
#: The same of reviews.
REVIEW_RATES: Mapping[str, float] = {
    "order_number": 0.01, "full_name": 0.01, "email": 0.004, "phone": 0.002, "relative": 0.04,
    "friend": 0.02,
}  # fmt: skip
#: The same of public comments, where identifiers are rare.
COMMENT_RATES: Mapping[str, float] = {
    "order_number": 0.01, "email": 0.001, "phone": 0.001, "relative": 0.01, "friend": 0.01,
}  # fmt: skip

#: Kinds that stand together.
_BESIDE = {"street_address": ("street_address", "city")}
_JAPANESE = LANGUAGES.index("ja")


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who writes each text: language, family of wording, random draws, and what they have.

    ``people`` has a Series per kind of identifier; a kind that is left out and a value that is
    null are not written.
    """

    language: Integers
    family: Integers
    draws: NamedDraws
    people: Mapping[str, pl.Series]

    @property
    def group(self) -> Integers:
        """Group of each text in banks that are by language and family."""
        found: Integers = self.language * len(FAMILIES) + self.family
        return found

    def has(self, kind: str, rate: float) -> Flags:
        """Return which texts name this kind: those drawn whose author has a value of it."""
        if rate <= 0 or kind not in self.people:
            return np.zeros(len(self.language), dtype=bool)
        found: Flags = self.draws.happens(kind, rate) & self.people[kind].is_not_null().to_numpy()
        return found

    def of(self, rows: Integers, kinds: Collection[str] = ()) -> "Author":
        """Return the authors of some rows, with what they have of these kinds."""
        return Author(
            language=self.language[rows],
            family=self.family[rows],
            draws=self.draws.of(rows),
            people={
                kind: gathered(self.people[kind], rows) for kind in kinds if kind in self.people
            },
        )


def mentions(author: Author, rates: Mapping[str, float]) -> list[Piece]:
    """Return pieces of all texts with the sentences that some of them have.

    Parameters
    ----------
    author : Author
    rates : mapping of str to float
        By kind of ``NAMED`` and ``friend``; what is left out is not said.
    """
    said = [each for kind in NAMED for each in _named(author, kind, rates.get(kind, 0.0))]
    said.append(_friends(author, rates.get("friend", 0.0)))
    return inserted(said, len(author.language))


def signatures(author: Author, rates: Mapping[str, float]) -> list[Piece]:
    """Return pieces of all texts with the name below those that are signed."""
    full = author.has("full_name", rates.get("full_name", 0.0)) & _signs(author)
    given = np.zeros(len(full), dtype=bool)
    if "given_name" in author.people:
        is_known = author.people["given_name"].is_not_null().to_numpy()
        given = author.draws.happens("signature", rates.get("given_name", 0.0)) & is_known & ~full
    signed = []
    for kind, is_there in (("full_name", full), ("given_name", given)):
        rows = np.flatnonzero(is_there)
        if len(rows):
            values = gathered(author.people[kind], rows)
            everyone = np.ones(len(rows), dtype=bool)
            name = Piece.identifier(values, everyone, kind)
            signed.append(Sentence(rows, joined([Piece.same("\n", everyone), name])))
    return inserted(signed, len(full))


def _signs(author: Author) -> Flags:
    """Return who would give a full name below the text, not in it."""
    found: Flags = author.draws["signature"] >= 0x8000
    return found


def _named(author: Author, kind: str, rate: float) -> list[Sentence]:
    """Return the sentences that name one kind of identifier, none where nobody does."""
    is_there = author.draws.happens(kind, rate) if kind == "relative" else author.has(kind, rate)
    if kind == "full_name":
        is_there &= ~_signs(author)
    rows = np.flatnonzero(is_there)
    if not len(rows):
        return []
    some, slot = author.of(rows, _BESIDE.get(kind, (kind,))), banks().named[kind]
    places = slot.before.places(some.group, some.draws["which"])
    pieces = [
        Piece.option(slot.before, places),
        *_identifiers(some, kind),
        Piece.option(slot.behind, places),
    ]
    return [Sentence(rows, joined(pieces))]


def _identifiers(some: Author, kind: str) -> list[Piece]:
    everyone = np.ones(len(some.language), dtype=bool)
    if kind == "relative":
        names = banks().relatives.some(some.language, some.draws["relative name"])
        return [Piece.identifier(names, everyone, "given_name")]
    found = [Piece.identifier(some.people[kind], everyone, kind)]
    if kind == "street_address" and "city" in some.people:
        return _home(some, found[0])
    return found


def _home(some: Author, street: Piece) -> list[Piece]:
    """Return street and town, the larger one first in Japanese."""
    towns = some.people["city"]
    has_town = towns.is_not_null().to_numpy()
    is_before = some.language == _JAPANESE
    return [
        Piece.identifier(towns, has_town & is_before, "city"),
        street,
        Piece.same(", ", has_town & ~is_before),
        Piece.identifier(towns, has_town & ~is_before, "city"),
    ]


def _friends(author: Author, rate: float) -> Sentence:
    rows = np.flatnonzero(author.draws.happens("friend", rate))
    some, options = author.of(rows), banks().friends
    return Sentence(rows, Piece.option(options, options.places(some.group, some.draws["which"])))
