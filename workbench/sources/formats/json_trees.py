"""Read JSON as trees: one Python object per record, of dicts, lists and leaves.

Files come in several layouts, which the content itself shows:

- *Lines*: one value per line, or several values on one line as some message queues write them.
- *A document*: one value over many lines, or several such values one after another.

An array at the top of either has no meaning of its own, so its members are the records. A name
before the JSON (``window.YTD.tweets.part0 = [``) is passed over. A line or a member that is not
valid JSON is refused alone: the ends of members are found by counting brackets outside strings.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import InputError
from workbench.schema.record_faults import Rule
from workbench.sources.formats.file_kinds import may_be_blank
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.json_values import (
    NOT_JSON,
    JsonConstant,
    JsonFaultError,
    Tree,
    parse_value,
    pause_garbage_collection,
    texts_of,
)
from workbench.sources.formats.raw_cells import malformed_records
from workbench.sources.formats.shaped_trees import ShapedContent, ShapedTrees
from workbench.sources.formats.text_decoding import decode, escape_undecodable
from workbench.sources.formats.twice_encoded import twice_encoded_json_note

_PREFIX = re.compile(r"\s*(?:(?:var|let|const)\s+)?[A-Za-z_$][\w$.]*\s*=\s*(?=[\[{])")
_BLANKS = " \t\r\n"  # blanks between values; JSON knows no others
_SPACE = re.compile(f"[{_BLANKS}]*")
_SAMPLE = 1 << 16  # number of characters before and after a faulty line that show the layout
#: Texts (which JSON never continues in the next line), brackets, commas, and unmatched quotes.
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*+"|[\[\]{},"]')


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonTrees:
    """The records of a JSON file.

    Attributes
    ----------
    records : ShapedTrees
        Accepted records: every valid JSON value, usually a dict.
    numbers : Series of Int64
        Number of each record in the file, from 1.
    refused : DataFrame
        Records that are not valid, with columns of ``REFUSED``.
    read : int
        Number of records of either kind.
    assumptions : tuple of str
        Assumptions about encoding and layout.
    """

    records: ShapedTrees
    numbers: pl.Series
    refused: pl.DataFrame
    read: int
    assumptions: tuple[str, ...] = ()


def read_json_trees(data: bytes, *, rule: FileRule, name: str) -> JsonTrees:
    """Read the values of a JSON file: lines, a document, or the members of an array.

    Raises
    ------
    InputError
        The file is empty or in another encoding, or a document is not closed.
    """
    text = decode(data, declared=rule.encoding, name=name)
    content, notes = pass_over_name(text.content)
    if not content.strip() and not may_be_blank(name):
        raise InputError(f"{name} is empty: nothing to read")
    layout = JsonLayout(name, is_complete=text.is_complete)
    found = read_content(content, layout)
    notes = (*text.assumptions, *notes, *layout.notes(), *twice_encoded_json_note(content))
    return replace(found, assumptions=notes)


def read_content(
    content: str, layout: "JsonLayout", *, before: int = 0, ahead: int = 0
) -> JsonTrees:
    """Read the values of a text, without assumptions.

    Parameters
    ----------
    content : str
        Content of a file, or lines of it.
    layout : JsonLayout
        Counts of the file, to which those of the content are added. Its ``position`` becomes the
        position after the last value.
    before : int
        Number of the file's records before the content.
    ahead : int
        Number of characters at the end of the content in which only lines of a known shape are
        read, because another value could continue after the content.
    """
    lines = ShapedContent.of(content)
    trees: list[Tree] = []
    numbers: list[int] = []
    bad: list[tuple[int, Rule, str]] = []
    read = before
    with pause_garbage_collection():
        for found in _split_records(content, layout, lines, until=len(content) - ahead):
            if isinstance(found, range):
                read += lines.number(found, after=read)
                continue
            read += 1
            if isinstance(found, _Refused):
                raw = json.dumps({"line": escape_undecodable(found.text)}, ensure_ascii=False)
                bad.append((read, found.rule, raw))
            else:
                trees.append(found)
                numbers.append(read)
    records, every = lines.with_others(trees, numbers)
    return JsonTrees(
        records=records, numbers=every, refused=malformed_records(bad), read=read - before
    )


@dataclass(frozen=True, slots=True)
class _Refused:
    text: str
    rule: Rule


@dataclass(slots=True)
class JsonLayout:
    """Name of the file, and counts for the assumptions about its layout."""

    name: str
    is_complete: bool  # whether all bytes were decoded
    has_lines: bool | None = None  # decided when a value is not closed in its line
    long_values: int = 0
    arrays: int = 0
    neighbours: int = 0
    constants: int = 0
    position: int = 0

    def notes(self) -> Iterator[str]:
        """Yield the assumptions about what was counted."""
        if self.long_values:
            yield f"{count_text(self.long_values, 'value')} written over several lines"
        if self.arrays:
            arrays = count_text(self.arrays, "array")
            yield f"the members of {arrays} at the top level are the records"
        if self.neighbours:
            yield f"{count_text(self.neighbours, 'value')} after another one in the same line"
        if self.constants:
            constants = count_text(self.constants, "value")
            yield f"{constants} written as NaN or Infinity, no numbers of JSON, read as these words"


def pass_over_name(content: str) -> tuple[str, Sequence[str]]:
    """Return a text without the name before its JSON, and what is said about it."""
    found = _PREFIX.match(content)
    if not found:
        return content, ()
    bare = content[found.end() :].rstrip().removesuffix(";")
    return bare, ("the name before the JSON is passed over",)


def _split_records(
    content: str, layout: JsonLayout, lines: ShapedContent, *, until: int
) -> Iterator[Tree | _Refused | range]:
    """Yield the values one by one, and lines of known shapes as ranges of line numbers."""
    end, position = 0, _skip_blanks(content, 0)
    while position < len(content):
        if run := lines.run_at(position):
            yield run
            end = lines.start_of(run.stop) - 1
            position = _skip_blanks(content, end)
            continue
        if position >= until:
            break
        layout.neighbours += end > 0 and content.find("\n", end, position) < 0
        try:
            value, end = _parse(content, position, layout)
            if _is_followed_by_text(content, end):
                raise JsonFaultError(NOT_JSON)
        except JsonFaultError as fault:
            is_closed, end = _end_of_faulty(content, position, layout)
            if is_closed and content[position] == "[":
                layout.arrays += 1
                yield from _parse_members(content, position, layout)
            else:
                yield _Refused(content[position:end].rstrip(_BLANKS), fault.rule)
        else:
            layout.long_values += content.find("\n", position, end) >= 0
            if isinstance(value, list):
                layout.arrays += 1
                yield from value
            else:
                yield value
        position = _skip_blanks(content, end)
    layout.position = position


def _is_followed_by_text(content: str, end: int) -> bool:
    """Return whether a value is followed by something that is neither a value nor a line end."""
    following = _skip_blanks(content, end)
    is_last = following == len(content) or content.find("\n", end, following) >= 0
    return not is_last and content[following] not in "[{\r"


def _end_of_faulty(content: str, start: int, layout: JsonLayout) -> tuple[bool, int]:
    """Return whether a faulty value is closed, and the end of the value or else of its line.

    Raises
    ------
    InputError
        The value continues in later lines and is not closed, so records could not be counted.
    """
    line_end = content.find("\n", start)
    line_end = line_end if line_end >= 0 else len(content)
    if content[start] not in "[{":
        return False, line_end
    end = _end_of_value(content[start:line_end], 0)
    if end is not None:
        is_whole = not _is_followed_by_text(content, start + end)
        return is_whole, start + end if is_whole else line_end
    if layout.has_lines is None:
        layout.has_lines = _is_line_cut_off(content, start, line_end)
    if layout.has_lines:
        return False, line_end
    end = _end_of_value(content, start)
    if end is None:
        line = content.count("\n", 0, start) + 1
        raise InputError(
            f"{layout.name} is a JSON document, and its value that begins in line {line:,} is not "
            "closed: the file is cut off or a bracket or quote is missing; export it again"
        )
    return True, end


def _is_line_cut_off(content: str, start: int, end: int) -> bool:
    """Return whether a value that is not closed in its line is a line of JSON lines.

    It is one if most of the lines that follow, or else precede, are values.
    """
    following = content[end : end + _SAMPLE].split("\n")
    preceding = content[max(0, start - _SAMPLE) : start].split("\n")
    for sample in (following, preceding):
        if lines := [line for line in map(_strip, sample) if line]:
            complete = sum(
                line[0] in "[{" and _end_of_value(line, 0) == len(line) for line in lines
            )
            return complete * 2 > len(lines)
    return False


def _parse_members(text: str, start: int, layout: JsonLayout) -> Iterator[Tree | _Refused]:
    """Yield the members of an array, which begins at ``start`` and is closed."""
    for member in _split_members(text, start):
        try:
            value, end = _parse(member, 0, layout)
        except JsonFaultError as fault:
            yield _Refused(member, fault.rule)
        else:
            yield value if end == len(member) else _Refused(member, NOT_JSON)


def _split_members(text: str, start: int) -> Iterator[str]:
    depth, first, commas = 0, start + 1, 0
    for token in _TOKEN.finditer(text, start):
        sign = token[0]
        if sign in ("[", "{"):
            depth += 1
        elif sign in ("]", "}"):
            depth -= 1
        if depth == 0 or (depth == 1 and sign == ","):
            member = _strip(text[first : token.start()])
            first = token.end()
            commas += depth
            if member or commas:
                yield member
        if depth == 0:
            return


def _end_of_value(text: str, start: int) -> int | None:
    """Return the end of an object or array; None if a bracket or a quote is not closed."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        if token[0] in ("[", "{"):
            depth += 1
        elif token[0] in ("]", "}"):
            depth -= 1
            if depth == 0:
                return token.end()
        elif token[0] == '"':
            return None
    return None


def _strip(text: str) -> str:
    return text.strip(_BLANKS)


def _skip_blanks(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    return found.end() if found else start


def _parse(text: str, start: int, layout: JsonLayout) -> tuple[Tree, int]:
    value, end = parse_value(text, start, is_complete=layout.is_complete)
    if text.find("NaN", start, end) >= 0 or text.find("Infinity", start, end) >= 0:
        layout.constants += sum(isinstance(leaf, JsonConstant) for leaf in texts_of(value))
    return value, end
