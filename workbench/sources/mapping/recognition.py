"""Recognise the part of a mapping that fits a file, and the fields that it does not know.

A part fits where every place that it needs exists in one of the first records, none that it
excludes does, and nearly all cells at a place have the form that it declares. A file's name is no
evidence.
"""

from collections.abc import Iterator, Mapping

import polars as pl

from workbench.sources.mapping.field_places import FieldPlace, Path, fields_of
from workbench.sources.mapping.members import Members
from workbench.sources.mapping.part_rules import PartRules

#: Number of records on which a file is recognised.
SAMPLE = 100
#: Share of the cells at a place that must have the declared form.
_MOST_CELLS = 0.95


def fits(members: Members, part: PartRules) -> bool:
    """Return whether the first records of a file are as a part declares."""
    rule = part.recognise
    if rule is None or not len(members):
        return False
    sample = members.slice(0, SAMPLE)
    if missing_places(sample, part):
        return False
    if any(sample.has(place) for place in rule.without):
        return False
    return all(_have_form(sample, place, form) for place, form in rule.values.items())


def missing_places(members: Members, part: PartRules) -> list[str]:
    """Return the places that a part needs and none of the first records has."""
    rule = part.recognise
    sample = members.slice(0, SAMPLE)
    return [place for place in rule.needs if not sample.has(place)] if rule is not None else []


def known_share(members: Members, part: PartRules) -> float:
    """Return the share of the fields in the first records that a part knows, 0 to 1."""
    sample = members.slice(0, SAMPLE)
    fields = _fields(sample)
    return 1 - len(_unknown(sample, part)) / len(fields) if fields else 0.0


def unknown_fields(members: Members, part: PartRules) -> list[str]:
    """Return the fields in the first records that a part neither reads nor drops."""
    return _unknown(members.slice(0, SAMPLE), part)


def _have_form(members: Members, place: str, form: str) -> bool:
    cells = members.read(place).cells.cast(pl.String).drop_nulls()
    filled = cells.filter(cells.str.strip_chars() != "")
    matching = int(filled.str.contains(form).sum())
    return len(filled) > 0 and matching >= _MOST_CELLS * len(filled)


def _fields(members: Members) -> list[str]:
    header = [name for name in members.cells.columns if not name.startswith("@")]
    if header or members.trees is None:
        return header
    return list(dict.fromkeys(name for tree in members.trees for name in fields_of(tree) if name))


def _unknown(members: Members, part: PartRules) -> list[str]:
    fields, titles = _fields(members), members.titles
    places = {*known_places(part)}
    paths = [path for place in places for path in FieldPlace.read(place).paths]
    return [
        name
        for name in fields
        if name not in places
        and not any(_knows(path, each) for path in paths for each in (name, titles.get(name, name)))
    ]


def _knows(path: Path, name: str) -> bool:
    return path.text == name or path.covers(name)


def known_places(part: PartRules) -> Iterator[str]:
    """Yield the places that a part reads or drops, from the record on."""
    yield from part.file.drop
    yield from (place for rule in part.decode.values() for place in _decoded(rule))
    for label, column in part.columns.items():
        yield column.place or label
        yield from column.places_beside
    if part.recognise is not None:
        yield from part.recognise.needs
    for name, each in part.each.items():
        above = _path_from_record(name, part)
        for rule in each.decode.values():
            yield from (_below(above, place) for place in _decoded(rule))
        for label, column in each.columns.items():
            for place in (column.place or label).split(" | "):
                if place.startswith("^"):
                    yield place.lstrip("^")
                elif not place.startswith("@"):
                    yield _below(above, place)


def _decoded(rule: Mapping[str, str]) -> Iterator[str]:
    return (place for name, place in rule.items() if name != "mark")


def _path_from_record(name: str, part: PartRules) -> str:
    each = part.each[name]
    return each.path if each.of is None else _below(_path_from_record(each.of, part), each.path)


def _below(above: str, place: str) -> str:
    if place == ".":
        return above
    return f"{above}{place}" if place.startswith("[") else f"{above}.{place}"
