"""Identifiers in texts: sentences with them, signatures, and words that only look like them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags, Integers, NamedDraws
from workbench.synthetic.frames import gather
from workbench.synthetic.stock.texts.banks import FAMILIES, LANGUAGES, NAMED, banks
from workbench.synthetic.stock.texts.composing import Piece, Sentence, insert_sentences, join_pieces

#: Share of tickets with each kind of identifier, where the writer has one. ``relative`` is the
#: given name of another person, ``given_name`` the writer's own below the text, ``friend`` (a false
#: friend) a word that only looks like an identifier. Half of the full names are in a sentence,
#: half below the text.
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
#: The same shares for reviews.
REVIEW_RATES: Mapping[str, float] = {
    "order_number": 0.01, "full_name": 0.01, "email": 0.004, "phone": 0.002, "relative": 0.04,
    "friend": 0.02,
}  # fmt: skip
#: The same shares for public comments.
COMMENT_RATES: Mapping[str, float] = {
    "order_number": 0.01, "email": 0.001, "phone": 0.001, "relative": 0.01, "friend": 0.01,
}  # fmt: skip

#: Kinds that are written together.
_BESIDE = {"street_address": ("street_address", "city")}
_JAPANESE = LANGUAGES.index("ja")


@dataclass(frozen=True, slots=True, kw_only=True)
class Authors:
    """Authors of texts: language, family of wording, random draws and identifiers of each.

    ``people`` has a Series per kind of identifier; kinds that are left out and null values are not
    written.
    """

    language: Integers
    family: Integers
    draws: NamedDraws
    people: Mapping[str, pl.Series]

    @property
    def group(self) -> Integers:
        """Group of each text in banks by language and family."""
        found: Integers = self.language * len(FAMILIES) + self.family
        return found

    def has(self, kind: str, rate: float) -> Flags:
        """Return whether each text contains this kind of identifier, which its author must have."""
        if rate <= 0 or kind not in self.people:
            return np.zeros(len(self.language), dtype=bool)
        found: Flags = self.draws.happens(kind, rate) & self.people[kind].is_not_null().to_numpy()
        return found

    def of(self, rows: Integers, kinds: Collection[str] = ()) -> "Authors":
        """Return the authors of some rows, with their identifiers of these kinds."""
        return Authors(
            language=self.language[rows],
            family=self.family[rows],
            draws=self.draws.of(rows),
            people={kind: gather(self.people[kind], rows) for kind in kinds if kind in self.people},
        )


def mentions(authors: Authors, rates: Mapping[str, float]) -> list[Piece]:
    """Return pieces of all texts with sentences that contain an identifier.

    Parameters
    ----------
    authors : Authors
    rates : mapping of str to float
        Share of texts for each kind of ``NAMED`` and for ``friend``; 0 for kinds that are left out.
    """
    sentences = [
        each for kind in NAMED for each in _sentences_with(authors, kind, rates.get(kind, 0.0))
    ]
    sentences.append(_false_friends(authors, rates.get("friend", 0.0)))
    return insert_sentences(sentences, len(authors.language))


def signatures(authors: Authors, rates: Mapping[str, float]) -> list[Piece]:
    """Return pieces of all texts with the name below signed texts."""
    full = authors.has("full_name", rates.get("full_name", 0.0)) & _signs_below(authors)
    given = np.zeros(len(full), dtype=bool)
    if "given_name" in authors.people:
        is_known = authors.people["given_name"].is_not_null().to_numpy()
        given = authors.draws.happens("signature", rates.get("given_name", 0.0)) & is_known & ~full
    signed = []
    for kind, is_there in (("full_name", full), ("given_name", given)):
        rows = np.flatnonzero(is_there)
        if len(rows):
            values = gather(authors.people[kind], rows)
            everyone = np.ones(len(rows), dtype=bool)
            name = Piece.identifier(values, everyone, kind)
            signed.append(Sentence(rows, join_pieces([Piece.same("\n", everyone), name])))
    return insert_sentences(signed, len(full))


def _signs_below(authors: Authors) -> Flags:
    """Return whether each author writes the full name below the text and not in it."""
    found: Flags = authors.draws["signature"] >= 0x8000
    return found


def _sentences_with(authors: Authors, kind: str, rate: float) -> list[Sentence]:
    """Return the sentences with one kind of identifier; none where no text has it."""
    is_there = authors.draws.happens(kind, rate) if kind == "relative" else authors.has(kind, rate)
    if kind == "full_name":
        is_there &= ~_signs_below(authors)
    rows = np.flatnonzero(is_there)
    if not len(rows):
        return []
    some, gap = authors.of(rows, _BESIDE.get(kind, (kind,))), banks().named[kind]
    places = gap.before.places(some.group, some.draws["which"])
    pieces = [
        Piece.option(gap.before, places),
        *_identifiers(some, kind),
        Piece.option(gap.behind, places),
    ]
    return [Sentence(rows, join_pieces(pieces))]


def _identifiers(some: Authors, kind: str) -> list[Piece]:
    """Return the pieces with the identifiers of one kind."""
    everyone = np.ones(len(some.language), dtype=bool)
    if kind == "relative":
        names = banks().relatives.draw(some.language, some.draws["relative name"])
        return [Piece.identifier(names, everyone, "given_name")]
    found = [Piece.identifier(some.people[kind], everyone, kind)]
    if kind == "street_address" and "city" in some.people:
        return _home(some, found[0])
    return found


def _home(some: Authors, street: Piece) -> list[Piece]:
    """Return street and town; in Japanese the town comes first."""
    towns = some.people["city"]
    has_town = towns.is_not_null().to_numpy()
    is_before = some.language == _JAPANESE
    return [
        Piece.identifier(towns, has_town & is_before, "city"),
        street,
        Piece.same(", ", has_town & ~is_before),
        Piece.identifier(towns, has_town & ~is_before, "city"),
    ]


def _false_friends(authors: Authors, rate: float) -> Sentence:
    """Return the sentences with words that only look like an identifier."""
    rows = np.flatnonzero(authors.draws.happens("friend", rate))
    some, options = authors.of(rows), banks().friends
    return Sentence(rows, Piece.option(options, options.places(some.group, some.draws["which"])))
