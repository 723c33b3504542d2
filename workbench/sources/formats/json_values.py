"""Parse one JSON value, exactly and with its faults named.

A leaf is a str, bool or None. Numbers are ``JsonNumber``: the digits as they are written, since a
binary float would change ``1.10`` and long ids.

>>> parse_value('{"paid": 1.10, "id": 12345678901234567890}', 0)
({'paid': '1.10', 'id': '12345678901234567890'}, 42)
>>> parse_value('{"id": 1, "id": 2}', 0)
Traceback (most recent call last):
    ...
workbench.sources.formats.json_values.JsonFaultError: the same key twice in one object
"""

import gc
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from workbench.schema.record_faults import Rule
from workbench.sources.formats.text_decoding import is_undecodable

Tree = dict[str, "Tree"] | list["Tree"] | str | bool | None

#: Number of levels of objects and lists in one record; deeper records are refused.
MOST_LEVELS = 100

NOT_JSON = Rule("json_object")
_TOO_DEEP = Rule("nesting", {"levels": MOST_LEVELS})
_SAME_KEY = Rule("json_keys")
_LONE_SURROGATE = Rule("undecodable")


class JsonNumber(str):
    """The digits of a JSON number as they are written."""

    __slots__ = ()


class JsonConstant(JsonNumber):
    """NaN or Infinity, which JSON does not have and some programs write."""

    __slots__ = ()


class JsonFaultError(ValueError):
    """A value breaks a rule, so its record is refused."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.words)
        self.rule = rule


def parse_value(text: str, start: int, *, is_complete: bool = True) -> tuple[Tree, int]:
    """Parse one value and return it with its end.

    Parameters
    ----------
    text : str
        Text that contains the value.
    start : int
        Position of the first character of the value.
    is_complete : bool
        Whether all bytes of the text were decoded, see ``DecodedText``.

    Raises
    ------
    JsonFaultError
        The value is not valid JSON, or its record cannot be used.
    """
    try:
        value, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise JsonFaultError(NOT_JSON) from error
    except RecursionError as error:
        raise JsonFaultError(_TOO_DEEP) from error
    # The walk over all leaves is slow, so the text is searched for a reason first.
    brackets = text.count("{", start, end) + text.count("[", start, end)
    if brackets > MOST_LEVELS and _count_levels(value) > MOST_LEVELS:
        raise JsonFaultError(_TOO_DEEP)
    may_have_halves = not is_complete or text.find("\\u", start, end) >= 0
    if may_have_halves and any(map(is_undecodable, texts_of(value))):
        raise JsonFaultError(_LONE_SURROGATE)
    return value, end


def to_json(tree: Tree) -> str:
    """Return a tree as JSON text, in which numbers keep their digits.

    Examples
    --------
    >>> to_json({"price": JsonNumber("1.10"), "tags": ["new", None, True]})
    '{"price": 1.10, "tags": ["new", null, true]}'
    """
    if isinstance(tree, JsonNumber):
        return str(tree)
    if isinstance(tree, dict):
        members = (f"{json.dumps(k, ensure_ascii=False)}: {to_json(v)}" for k, v in tree.items())
        return f"{{{', '.join(members)}}}"
    if isinstance(tree, list):
        return f"[{', '.join(map(to_json, tree))}]"
    return json.dumps(tree, ensure_ascii=False)


@contextmanager
def pause_garbage_collection() -> Iterator[None]:
    """Keep Python's cyclic garbage collector from running while many trees are made.

    Trees have no cycles, but the collector visits all of them again and again: it takes four
    fifths of the time in which 200,000 objects are parsed.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _count_levels(value: Tree) -> int:
    """Return the number of levels of objects and lists, without recursion."""
    levels, members = 0, [value]
    while members := [inner for member in members for inner in _inner(member)]:
        levels += 1
    return levels


def texts_of(value: Tree) -> Iterator[str]:
    """Yield all keys and leaves that are texts or numbers."""
    members = [value]
    while members:
        member = members.pop()
        if isinstance(member, str):
            yield member
        elif isinstance(member, dict):
            yield from member
        members.extend(_inner(member))


def _inner(value: Tree) -> Sequence[Tree]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else ()


def _unique_keys(pairs: list[tuple[str, Tree]]) -> dict[str, Tree]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise JsonFaultError(_SAME_KEY)
    return found


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_keys,
    parse_float=JsonNumber,
    parse_int=JsonNumber,
    parse_constant=JsonConstant,
)
