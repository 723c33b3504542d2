"""Check that a file of columns has those that its mapping needs."""

from collections.abc import Iterable
from difflib import get_close_matches

from workbench.foundation.errors import InputError
from workbench.sources.mapping.field_places import FieldPlace
from workbench.sources.mapping.members import Members
from workbench.sources.mapping.part_context import PartContext
from workbench.sources.mapping.part_rules import PartRules

#: Similarity of two names that differ by a letter or a sign; below it they are different names.
_A_LETTER = 0.85


def check_places(members: Members, context: PartContext) -> None:
    """Refuse a file that lacks a column.

    In trees, and in a format that is recognised by the columns it needs, any other may be missing.
    """
    header = [name for name in members.cells.columns if not name.startswith("@")]
    if context.part.recognise is not None or (not header and members.trees is not None):
        return
    needed: dict[str, bool] = {}
    for label, rule in context.part.columns.items():
        for place in filter(None, (rule.place or label, rule.currency)):
            if not _is_decoded(place, context.part):
                needed[place] = not rule.optional or needed.get(place, False)
    missing = [place for place, is_due in needed.items() if is_due and not members.has(place)]
    if missing:
        _refuse_header(missing, list(needed), header, context)


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
    descriptions = [_describe_missing(place, header) for place in missing]
    raise InputError(
        f"{context.file} lacks {', '.join(descriptions)}. Its header: {', '.join(header)}. "
        f"Correct the file or the [columns] of mapping {context.title}"
    )


def _describe_missing(source: str, header: list[str]) -> str:
    nearest = get_close_matches(source.lower(), [h.lower() for h in header], n=1)
    original = next((h for h in header if nearest and h.lower() == nearest[0]), None)
    return f"column {source!r}" + (f" (did you mean {original!r}?)" if original else "")


def _has_similar_names(missing: Iterable[str], header: list[str]) -> bool:
    """Return whether the first line has most missing names but for a letter, so is a header."""
    lowered = [name.lower() for name in header]
    near = [bool(get_close_matches(m.lower(), lowered, n=1, cutoff=_A_LETTER)) for m in missing]
    return sum(near) * 2 > len(near)
