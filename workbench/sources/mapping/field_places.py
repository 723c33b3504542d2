"""Places: where a value stands in a record, written in a mapping and looked up in trees.

A record is a tree of objects (dict), lists, texts (str), yes or no (bool) and null (None); a number
is the text of its digits. A flat record is a tree one level deep. A place names a value:

====================== ==========================================================================
``a.b``                member b of a; the longest literal name wins, so that a column called
                       ``geo.country`` is found as written
``a[]``                every member of a list or an object; of one value, that value; of null, none
``a[2]``               the second member of a list, from 1
``a[key=x]``           the first member whose ``key`` is x; ``a[key=/re/]`` one that matches
``a.*``                the only member that has a value
``/re/``               the members whose name matches; named groups become ``@group``
``a?``                 whether a is there, empty or null included
``p | q``              the first that has a value
``^a``, ``^^a``        in an ``each``: a of the record, or of the set two levels above
``@key``               what is known of the member itself: its key, number, title or a named group
``.``                  the member itself
====================== ==========================================================================

>>> from workbench.sources.mapping.field_places import FieldPlace
>>> FieldPlace.read("lines[sku=A].price | price").find({"lines": [{"sku": "A", "price": "12.00"}]})
['12.00']
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from workbench.sources.formats.json_values import Tree

#: The step to each member of a list, in the name of a field.
EVERY = "[]"

_BRACKETS = re.compile(r"\[(?:(\d*)|([^\[\]=]+)=(?:/(.*?)/|([^\[\]]*)))\]")
_NAME = re.compile(r"(?:[^.\[/]|(?<!^)/|\[(?!(?:\d*|[^\[\]=]+=(?:/.*?/|[^\[\]]*))\]))+")
_PATTERN = re.compile(r"/((?:[^/\\]|\\.)*)/(?=$|[.\[])")


@dataclass(frozen=True, slots=True)
class Found:
    """A member that a place found: its value, its key and the named groups of its pattern."""

    value: Tree
    key: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Name:
    name: str


@dataclass(frozen=True, slots=True)
class _Every:
    pass


@dataclass(frozen=True, slots=True)
class _Nth:
    position: int


@dataclass(frozen=True, slots=True)
class _Only:
    pass


@dataclass(frozen=True, slots=True)
class _Where:
    key: str
    text: str | None
    pattern: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class _Matching:
    pattern: re.Pattern[str]


_Step: TypeAlias = _Name | _Every | _Nth | _Only | _Where | _Matching


@dataclass(frozen=True, slots=True)
class Path:
    """One alternative of a place: levels up, then steps down."""

    text: str
    up: int
    steps: tuple[_Step, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The literal names with which the path begins."""
        found = []
        for step in self.steps:
            if not isinstance(step, _Name):
                break
            found.append(step.name)
        return tuple(found)

    @property
    def every_name(self) -> tuple[str, ...]:
        """The literal names anywhere in the path."""
        return tuple(step.name for step in self.steps if isinstance(step, _Name))

    @property
    def pattern(self) -> re.Pattern[str] | None:
        """The pattern, if the path is one pattern over the names of a record."""
        only = self.steps[0] if len(self.steps) == 1 and not self.up else None
        return only.pattern if isinstance(only, _Matching) else None

    @property
    def is_literal(self) -> bool:
        """Whether the path has only literal names, so that it finds the same in equal shapes."""
        return not self.up and all(isinstance(step, _Name) for step in self.steps)

    def find(self, tree: Tree) -> list[Found]:
        """Return the members of a tree that the path names, null ones included."""
        if self.is_literal:
            return _find_names(self.names, tree)
        return list(_walk(self.steps, Found(tree)))

    def find_each(self, trees: Iterable[Tree]) -> list[list[Found]]:
        """Return what ``find`` returns of each tree."""
        if self.is_literal:  # as most places are
            names = self.names
            return [_find_names(names, tree) for tree in trees]
        return [list(_walk(self.steps, Found(tree))) for tree in trees]

    def below_first(self) -> "Path":
        """Return the path from the member that the first step names."""
        return Path(self.text, self.up, self.steps[1:])

    def covers(self, name: str) -> bool:
        """Return whether the path reads a field of a record, written with ``[]`` for members."""
        if self.pattern is not None:
            return self.pattern.search(name) is not None
        return _as_pattern(self).match(name) is not None


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """A place of a mapping: alternatives, of which the first that has a value counts."""

    text: str
    paths: tuple[Path, ...]
    is_presence: bool = False

    @classmethod
    def read(cls, text: str) -> "FieldPlace":
        """Return the place that a text of a mapping names.

        Raises
        ------
        ValueError
            The text is empty or a pattern is not a regular expression.
        """
        return _read_place(text)

    def find(self, tree: Tree) -> list[Tree]:
        """Return the values of the first alternative that has one; null has none."""
        for path in self.paths:
            values: list[Tree] = [
                found.value for found in path.find(tree) if found.value is not None
            ]
            if values:
                return values
        return []

    def find_each(self, trees: Iterable[Tree]) -> list[Tree]:
        """Return the first value that each tree has, None if it has none."""
        return [next(iter(self.find(tree)), None) for tree in trees]

    def is_in(self, tree: Tree) -> bool:
        """Return whether one of the alternatives is there, empty or null included."""
        return any(path.find(tree) for path in self.paths)


@lru_cache(maxsize=4096)
def _read_place(text: str) -> FieldPlace:
    if not text.strip():
        raise ValueError("a place is empty: name a column or a member")
    is_presence = text.endswith("?") and len(text) > 1
    paths = tuple(_read_path(each.strip()) for each in text.removesuffix("?").split(" | "))
    return FieldPlace(text, paths, is_presence)


def _read_path(text: str) -> Path:
    rest = text.lstrip("^")
    up = len(text) - len(rest)
    steps: list[_Step] = []
    if rest.startswith("@"):
        return Path(text, up, (_Name(rest),))
    position = 0
    while position < len(rest):
        if rest[position] == "." and (position or len(rest) == 1):
            position += 1
        elif rest[position] == "*" and rest[position + 1 : position + 2] in ("", "."):
            steps.append(_Only())
            position += 1
        elif (match := _PATTERN.match(rest, position)) is not None:
            steps.append(_Matching(_compile(match[1])))
            position = match.end()
        elif (match := _BRACKETS.match(rest, position)) is not None:
            steps.append(_bracket_step(match))
            position = match.end()
        elif (match := _NAME.match(rest, position)) is not None:
            steps.append(_Name(match[0]))
            position = match.end()
        else:
            raise ValueError(f"{text!r} is no place: check its brackets and slashes")
    return Path(text, up, tuple(steps))


def _bracket_step(match: re.Match[str]) -> _Step:
    position, key, pattern, text = match.groups()
    if key is not None:
        return _Where(key, text, None if pattern is None else _compile(pattern))
    return _Nth(int(position)) if position else _Every()


def _compile(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"/{pattern}/ is not a regular expression: {error}") from error


def _walk(steps: tuple[_Step, ...], found: Found) -> Iterator[Found]:
    if not steps:
        yield found
        return
    step, tree = steps[0], found.value
    match step:
        case _Name():
            yield from _walk_names(steps, found)
        case _Every():
            for key, member in _members(tree):
                yield from _walk(steps[1:], Found(member, key, found.groups))
        case _Nth(position):
            if isinstance(tree, list) and position <= len(tree):
                yield from _walk(steps[1:], Found(tree[position - 1], str(position), found.groups))
        case _Only():
            filled = [each for each in _members(tree) if each[1] is not None]
            for key, member in filled:
                yield from _walk(steps[1:], Found(member, key, found.groups))
        case _Where(key, text, pattern):
            for position, member in enumerate(tree if isinstance(tree, list) else (), start=1):
                value = member.get(key) if isinstance(member, dict) else None
                if isinstance(value, str) and (
                    value == text if pattern is None else pattern.search(value)
                ):
                    yield from _walk(steps[1:], Found(member, str(position), found.groups))
                    return
        case _Matching(pattern):
            for key, member in tree.items() if isinstance(tree, dict) else ():
                if (match := pattern.search(key)) is not None:
                    groups = {**found.groups, **match.groupdict(default="")}
                    yield from _walk(steps[1:], Found(member, key, groups))


def _find_names(names: tuple[str, ...], tree: Tree) -> list[Found]:
    """Follow literal names, the longest first: ``a.b`` may be the name of one member."""
    name, start = "", 0
    while start < len(names):
        if not isinstance(tree, dict):
            return []
        for stop in range(len(names), start, -1):
            name = names[start] if stop == start + 1 else ".".join(names[start:stop])
            if name in tree:
                tree, start = tree[name], stop
                break
        else:
            return []
    return [Found(tree, name)]


def _walk_names(steps: tuple[_Step, ...], found: Found) -> Iterator[Found]:
    """Follow the longest literal name: ``a.b`` may be the name of one member."""
    tree = found.value
    if not isinstance(tree, dict):
        return
    names = []
    for step in steps:
        if not isinstance(step, _Name):
            break
        names.append(step.name)
    for length in range(len(names), 0, -1):
        name = ".".join(names[:length])
        if name in tree:
            yield from _walk(steps[length:], Found(tree[name], name, found.groups))
            return


def _members(tree: Tree) -> Iterator[tuple[str, Tree]]:
    if isinstance(tree, dict):
        yield from tree.items()
    elif isinstance(tree, list):
        yield from ((str(position), each) for position, each in enumerate(tree, start=1))
    elif tree is not None:
        yield "1", tree


@lru_cache(maxsize=4096)
def _as_pattern(path: Path) -> re.Pattern[str]:
    """Return the pattern of the fields that a path reads, and of the fields below them."""
    parts = ""
    for step in path.steps:
        match step:
            case _Name(name):
                parts += ("" if not parts else r"\.") + re.escape(name)
            case _Every() | _Nth() | _Where():
                parts += r"(?:\[\]|\.[^.\[\]]+)?"
            case _Only():
                parts += ("" if not parts else r"\.") + r"[^.\[\]]+"
            case _Matching():
                parts += ("" if not parts else r"\.") + r"[^.\[\]]*"
    return re.compile(parts + r"(?:$|[.\[])")


def fields_of(tree: Tree) -> Iterator[str]:
    """Yield the names of a record's fields, with ``[]`` for the members of lists.

    >>> from workbench.sources.mapping.field_places import fields_of
    >>> list(fields_of({"id": "1", "lines": [{"sku": "A"}, {"sku": "B"}]}))
    ['id', 'lines[].sku', 'lines[].sku']
    """
    return map(join_steps, steps_of(tree))


def steps_of(tree: Tree, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the keys that lead to each field of a record, with ``EVERY`` for members of lists."""
    if isinstance(tree, dict) and tree:
        for name, member in tree.items():
            yield from steps_of(member, (*above, name))
    elif isinstance(tree, list) and tree:
        for member in tree:
            yield from steps_of(member, (*above, EVERY))
    else:
        yield above


def join_steps(steps: tuple[str, ...]) -> str:
    """Return the name of a field from the keys that lead to it."""
    return ".".join(steps).replace(f".{EVERY}", EVERY)
