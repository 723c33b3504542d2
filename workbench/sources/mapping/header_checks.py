"""Check that a file has the columns, or its records the places, that its mapping needs."""

import re
from collections.abc import Iterable, Mapping, Sequence

from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import InputError
from workbench.sources.formats.column_names import A_LETTER
from workbench.sources.formats.json_values import Tree
from workbench.sources.mapping.field_places import FieldPlace
from workbench.sources.mapping.found_names import CERTAIN, FoundNames, closest
from workbench.sources.mapping.mapping_rules import ColumnRule
from workbench.sources.mapping.members import Members
from workbench.sources.mapping.part_context import PartContext
from workbench.sources.mapping.part_rules import PartRules


def check_places(members: Members, context: PartContext) -> None:
    """Refuse a file that lacks a column.

    In trees, and in a format that is recognised by the columns it needs, any other may be missing.
    """
    header = [name for name in members.cells.columns if not name.startswith("@")]
    if context.part.recognise is not None or (not header and members.trees is not None):
        return
    needed: dict[str, bool] = {}
    for label, rule in context.part.columns.items():
        for place in (rule.place or label, *rule.places_beside):
            if not _is_decoded(place, context.part):
                needed[place] = not rule.optional or needed.get(place, False)
    missing = [place for place, is_due in needed.items() if is_due and not members.has(place)]
    if missing:
        _refuse_header(missing, list(needed), header, context)


def check_found(
    members: Members,
    missing: Sequence[str],
    rules: Mapping[str, ColumnRule],
    each: str | None,
    context: PartContext,
) -> None:
    """Refuse a set of which no row has any place, or none has a place that is required.

    Parameters
    ----------
    members : Members
        Rows of the set.
    missing : sequence of str
        Places that are in no row.
    rules : mapping of str to ColumnRule
        Rules of the set's columns, by label.
    each : str or None
        Name of the set, None for the records.
    context : PartContext
        Mapping and file.

    Raises
    ------
    InputError
        The rows lack these places.
    """
    required = [
        p for label, r in rules.items() if r.required and (p := r.place or label) in missing
    ]
    needed = [*missing] if len(missing) == len(rules) else required
    if not needed or not len(members):
        return
    context.evidence.need_whole("no place could be found so far")
    if (named := _names_in(needed, context)) is not None:
        raise InputError(named)
    what = "member" if each else "record"
    where = f" of {context.part.each[each].path}" if each else ""
    raise InputError(
        f"{context.file}: no {what}{where} has {', '.join(needed)} "
        f"({count_text(len(members), what)} read).{_hint(members, needed, each, context)} Correct "
        f"the file, or the places in mapping {context.title}"
    )


def _names_in(needed: Sequence[str], context: PartContext) -> str | None:
    """Return why places that are parts of the file's name are missing, None if there are none."""
    pattern = context.part.file.from_name
    if pattern is None:
        return None
    groups = [name for name in re.compile(pattern).groupindex if f"@{name}" in needed]
    if not groups:
        return None
    return (
        f"{context.file}: mapping {context.title} reads {' and '.join(groups)} from the name of "
        f"the file, which lacks it: give the file the name with which it was exported. (The name "
        f"must match {pattern})"
    )


def _hint(members: Members, needed: Sequence[str], each: str | None, context: PartContext) -> str:
    """Return what may be meant: the members of a list, or places with a similar name."""
    trees = members.trees if members.trees is not None else ()
    tree = trees[0] if len(trees) else None
    if each is not None and isinstance(tree, list):
        return f' The members of a list have the path "{context.part.each[each].path}[]".'
    if each is None and isinstance(tree, dict) and any(map(_is_list_of_objects, tree.values())):
        # A document may have a list of orders for each customer, so no list is named.
        return (
            ' If the records are the members of a list, declare records = "NAME[]" under [file], '
            "with the name of the list."
        )
    found = FoundNames.of(members, context.part, has_header=context.has_header)
    similar = [repr(near) for place in needed if (near := found.nearest(place)) is not None]
    return f" Did you mean {' and '.join(similar)}?" if similar else ""


def _is_list_of_objects(value: Tree) -> bool:
    return isinstance(value, list) and len(value) > 0 and isinstance(value[0], dict)


def _is_decoded(place: str, part: PartRules) -> bool:
    paths = FieldPlace.read(place).paths
    return any(path.names[:1] and path.names[0] in part.decode for path in paths)


def _refuse_header(
    missing: list[str], places: list[str], header: list[str], context: PartContext
) -> None:
    found = len(places) - len(missing)
    # A first line with few of the expected names may be a record, so it is not printed.
    is_header = context.has_header and (
        found * 2 >= len(places) or _has_similar_names(missing, header)
    )
    if not is_header:
        fields = "1 field" if len(header) == 1 else f"{len(header)} fields"
        raise InputError(
            f"{context.file} has {fields} in a record and its first line names "
            f"{found or 'none'} of the columns that mapping {context.title} needs "
            f"({', '.join(places)}): "
            "check the delimiter, whether the first line is a header, and whether it is the "
            "right mapping"
        )
    names = _names_of_header(found, missing, places, header)
    descriptions = [_describe_missing(place, names.printable) for place in missing]
    raise InputError(
        f"{context.file} lacks {', '.join(descriptions)}. Its header: {names.as_text()}. "
        f"Correct the file or the [columns] of mapping {context.title}"
    )


def _names_of_header(
    found: int, missing: list[str], places: list[str], header: list[str]
) -> FoundNames:
    """Return the names of a header; unless it is certainly one, those that a mapping states."""
    known = found + sum(closest(place, header, cutoff=A_LETTER) is not None for place in missing)
    if known >= CERTAIN and known * 2 > len(places):
        return FoundNames(printable=tuple(header))
    is_stated = {name: closest(name, places, cutoff=A_LETTER) is not None for name in header}
    return FoundNames(
        printable=tuple(name for name in header if is_stated[name]),
        others=tuple(name for name in header if not is_stated[name]),
    )


def _describe_missing(source: str, names: Sequence[str]) -> str:
    original = closest(source, names)
    return f"column {source!r}" + (f" (did you mean {original!r}?)" if original else "")


def _has_similar_names(missing: Iterable[str], header: list[str]) -> bool:
    """Return whether the first line has most missing names but for a letter, so is a header."""
    near = [closest(place, header, cutoff=A_LETTER) is not None for place in missing]
    return sum(near) * 2 > len(near)
