"""The names of fields that a file has: those that a message may print, and the others.

A header line and the schema of a Parquet file contain names of columns. The first line of a file
may be a record instead, so its cells are printed only if enough of them are places of the mapping.

A key of a JSON object, a field of a struct in Parquet or the name of a cookie may be a value: there
are exports whose keys are e-mail addresses or names of persons. Such a key is printed only if the
mapping states it, or if it has the form of a name and is in a schema or in most of many records.
Every key above it must be printable as well. The others are counted.

>>> FoundNames(printable=("id", "city"), others=("scores.Ann Smith",)).as_text()
'id, city and 1 other name, which may be a value and is not printed'
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from typing import Self, TypeAlias

from workbench.sources.formats.column_names import A_LETTER
from workbench.sources.mapping.field_places import EVERY, FieldPlace, join_steps, steps_of
from workbench.sources.mapping.members import Members
from workbench.sources.mapping.part_rules import PartRules
from workbench.sources.mapping.recognition import SAMPLE, known_places

#: Number of a mapping's names from which a line is certainly a header. A record may contain one or
#: two of them as values, as a contact by ``email`` or ``phone``.
CERTAIN = 3
#: Number of records from which a key that is in most of them is a name.
_MANY = 20
#: Form of a name: letters, ``_``, ``-`` and at most three digits; numbers of orders have more.
_NAME = re.compile(r"(?!(?:\D*\d){4})[^\W\d][\w-]{0,39}")

_Steps: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundNames:
    """Names of the fields in the first records of a set.

    Attributes
    ----------
    printable : tuple of str
        Names that a message may print, with ``[]`` for the members of lists.
    others : tuple of str
        Names that may be values; no message prints them.
    """

    printable: tuple[str, ...]
    others: tuple[str, ...] = ()

    @classmethod
    def of(cls, members: Members, part: PartRules, *, has_header: bool) -> Self:
        """Return the names in the first records of a set.

        Parameters
        ----------
        members : Members
            Rows of the set.
        part : PartRules
            Part of the mapping, whose own names are printable.
        has_header : bool
            Whether the names of the cells' columns are those of a header line.
        """
        sample = members.slice(0, SAMPLE)
        columns = [name for name in sample.cells.columns if not name.startswith("@")]
        counts: Counter[_Steps] = Counter()
        fields: dict[_Steps, None] = {}
        if columns and not has_header:
            filled = sample.cells.select(columns).count().row(0)
            counts.update({(name,): n for name, n in zip(columns, filled, strict=True)})
            fields.update(dict.fromkeys(counts))
        for tree in sample.trees if sample.trees is not None else ():
            found = dict.fromkeys(steps for steps in steps_of(tree) if steps)
            counts.update({steps[:n] for steps in found for n in range(1, len(steps) + 1)})
            fields.update(found)
        stated = _stated_names(part)
        least = len(sample) / 2 if len(sample) >= _MANY else float("inf")
        if sample.has_schema:
            # Even a field of a single record is in the schema, whose first names are columns.
            stated, least = stated | {steps[0] for steps in fields}, 0
        is_named = {join_steps(steps): _are_names(steps, counts, least, stated) for steps in fields}
        if has_header:
            is_certain = _is_header(sample, part)
            is_named |= {name: is_certain or name in stated for name in columns}
        return cls(
            printable=tuple(name for name, is_name in is_named.items() if is_name),
            others=tuple(name for name, is_name in is_named.items() if not is_name),
        )

    def among(self, names: Collection[str]) -> Self:
        """Return those that are among some names."""
        wanted = {*names}
        return type(self)(
            printable=tuple(name for name in self.printable if name in wanted),
            others=tuple(name for name in self.others if name in wanted),
        )

    def nearest(self, place: str) -> str | None:
        """Return the name that a place of the mapping may mean; None if no name is similar.

        A name that may be a value is returned only where it is the place but for a letter.
        """
        near = closest(place, self.printable)
        if near is not None:
            return near
        alike = closest(place, self.others, cutoff=A_LETTER)
        return alike if alike is not None and _differ_by_letters(alike, place) else None

    def as_text(self) -> str:
        """Return the printable names in their order, and the number of the others."""
        if not self.others:
            return ", ".join(self.printable)
        count = len(self.others)
        other = "other " if self.printable else ""
        nouns, verbs = ("name", "is") if count == 1 else ("names", "are")
        values = "a value" if count == 1 else "values"
        rest = f"{count:,} {other}{nouns}, which may be {values} and {verbs} not printed"
        return f"{', '.join(self.printable)} and {rest}" if self.printable else rest


def closest(place: str, names: Sequence[str], *, cutoff: float = 0.6) -> str | None:
    """Return the name that is most similar to a place in any letter case, None if none is."""
    lowered = {name.lower(): name for name in reversed(names)}
    nearest = get_close_matches(place.lower(), lowered, n=1, cutoff=cutoff)
    return lowered[nearest[0]] if nearest else None


def _stated_names(part: PartRules) -> frozenset[str]:
    """Return the names in the places of a part, and the places as they are written."""
    paths = [path for place in known_places(part) for path in FieldPlace.read(place).paths]
    texts = {path.text for path in paths} | {*part.file.columns}
    return frozenset(texts.union(*(path.every_name for path in paths)))


def _is_header(members: Members, part: PartRules) -> bool:
    """Return whether a first line has all places of a part, or so many that it is no record."""
    places = [rule.place or label for label, rule in part.columns.items()]
    of_file = [place for place in places if not place.startswith("@")]
    found = sum(map(members.has, of_file))
    return found >= CERTAIN or found == len(of_file)


def _are_names(
    steps: _Steps, counts: Mapping[_Steps, int], least: float, stated: Collection[str]
) -> bool:
    """Return whether each step is a list, stated by the mapping, or a name in most records."""
    return all(
        step in stated
        or step == EVERY
        or (counts[steps[:n]] > least and _NAME.fullmatch(step) is not None)
        for n, step in enumerate(steps, start=1)
    )


def _differ_by_letters(name: str, place: str) -> bool:
    """Return whether each step of a name is that of a place, but for a letter or a sign."""
    own, stated = name.lower().split("."), place.lower().split(".")
    return len(own) == len(stated) and all(_is_near(a, b) for a, b in zip(own, stated, strict=True))


def _is_near(name: str, other: str) -> bool:
    return SequenceMatcher(a=name, b=other).ratio() >= A_LETTER
