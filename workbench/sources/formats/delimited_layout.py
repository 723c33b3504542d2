"""Find the delimiter, the line ends, the escapes and the header of a delimited file.

Each candidate is tried on the first records. The best candidate finds most of the mapping's columns
in the header. Of equal candidates the one is better that gives the same number of fields most
often, then CRLF before LF as the end of records (a cell may contain a bare LF, whose record would
otherwise be cut), then the delimiter that is rarest in prose (tab, semicolon, bar before comma,
blanks last). An empty last field that only some records have is a delimiter at the end of the line.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import InputError
from workbench.sources.formats.column_names import HEADER_LINES, find_header
from workbench.sources.formats.delimited_records import FaultyRecord, has_width, split
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.record_style import BLANKS, RecordStyle, split_fields

_CANDIDATES = ("\t", ";", "|", ",", BLANKS)
_NAMES = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma", BLANKS: "blanks"}
_SAMPLE = 500  # number of records on which candidates are tried
_SAMPLE_SIZE = 1 << 20  # number of characters from which they are taken
_ESCAPES_SIZE = 1 << 24  # number of characters in which escapes are searched
_SEPARATOR = re.compile(r'"?sep=([^\r\n"])"?[ \t;,]*(?:\r\n|\n|\r)', re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLayout:
    """The style of a file, and the place and cells of its header.

    ``width`` is the number of fields of most records. ``start`` is the position of the first record
    after the header, whose cells are ``header``; None if the file has none. ``content`` lacks a
    line that names the delimiter.
    """

    content: str
    style: RecordStyle
    width: int
    header: tuple[str, ...] | None
    start: int
    notes: tuple[str, ...]


def find_layout(content: str, rule: FileRule, expected: Collection[str]) -> FileLayout:
    """Return the layout of a file's content.

    Parameters
    ----------
    content : str
        Content of the file, which is not blank.
    rule : FileRule
        Declarations that replace detection.
    expected : collection of str
        Source columns that the mapping names.
    """
    notes: list[str] = []
    delimiters: tuple[str, ...] = _CANDIDATES if rule.delimiter is None else (rule.delimiter,)
    how = "by the number of fields" if rule.delimiter is None else "declared"
    if line := _SEPARATOR.match(content):
        content = content[line.end() :]
        notes.append("the first line, which names the delimiter (sep=), is passed over")
        if rule.delimiter is None and line[1] in _CANDIDATES:
            delimiters, how = (line[1],), "by the sep= line"
    candidates = [
        candidate
        for line_end in _line_ends(content)
        for delimiter in (*delimiters, None)
        if (
            candidate := _try(content, RecordStyle(delimiter, line_end), rule, expected)
        ).is_credible
        or delimiter is None
        or delimiters != _CANDIDATES
    ]
    best = max(candidates, key=lambda candidate: candidate.score)
    style = replace(best.style, has_escapes=_has_escapes(content, best))
    passed_over = sum(map(bool, map(str.strip, re.split(r"[\r\n]+", content[: best.header_at]))))
    if passed_over:
        notes.append(f"{count_text(passed_over, 'line')} before the header passed over")
    if style.delimiter is None:
        notes.append("one column, no delimiter needed")
    else:
        notes.append(f"delimiter {_NAMES.get(style.delimiter, 'declared')}, {how}")
    return FileLayout(
        content=content,
        style=style,
        width=best.width,
        header=best.header,
        start=best.start,
        notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    style: RecordStyle
    width: int
    header: tuple[str, ...] | None
    header_at: int
    start: int
    found: int  # number of the mapping's columns in the header, or of fields that it names
    same: float  # share of records with the same number of fields

    @property
    def is_credible(self) -> bool:
        return self.width > 1 and (self.found > 1 or self.same > 0.9)

    @property
    def score(self) -> tuple[float, ...]:
        order = 0 if self.style.delimiter is None else -_CANDIDATES.index(self.style.delimiter)
        is_crlf = self.style.line_end == "\r\n"
        return (self.style.delimiter is not None, self.found, self.same, is_crlf, order)


def _line_ends(content: str) -> Iterator[str]:
    """Yield the line ends that may end records."""
    pairs = content.count("\r\n")
    if pairs:
        yield "\r\n"
    if content.count("\n") > pairs or (not pairs and "\r" not in content):
        yield "\n"
    elif not pairs:
        yield "\r"


def _try(content: str, style: RecordStyle, rule: FileRule, expected: Collection[str]) -> _Candidate:
    """Read the first records with a style."""
    sample = content[:_SAMPLE_SIZE]
    header_at, header, start, found = 0, None, 0, 0
    if rule.header:
        header_at, header, start, found = _find_header(sample, style, expected)
    known = len(header) if header is not None else len(rule.columns)
    records: list[list[str] | FaultyRecord] = []
    with suppress(InputError):  # The reader reports the fault; the records before it are evidence.
        for record in islice(split(sample, style, width=known, start=start), _SAMPLE):
            records.append(record)
    if len(sample) < len(content) and len(records) > 1:
        records.pop()  # The sample may end within its last record.
    rows = [list(header)] if header is not None else []
    rows += [record for record in records if not isinstance(record, FaultyRecord)]
    widths = ignore_trailing_fields(
        [len(row) for row in rows], [bool(row) and row[-1] == "" for row in rows]
    )
    width = widths[0] if header is not None else _most_common(widths)
    if header is None and width == len(rule.columns):
        found = width
    return _Candidate(
        style=style,
        width=width,
        header=header,
        header_at=header_at,
        start=start,
        found=found,
        same=sum(w == width for w in widths) / (len(records) + (header is not None)),
    )


def _find_header(
    sample: str, style: RecordStyle, expected: Collection[str]
) -> tuple[int, tuple[str, ...], int, int]:
    """Return the position of the header, its cells, the position after it, and the names found."""
    starts: list[int] = []
    ends: list[int] = []
    rows: list[list[str]] = []
    position = 0
    while position < len(sample) and len(starts) < HEADER_LINES:
        line_end = sample.find(style.line_end, position)
        line_end = line_end if line_end >= 0 else len(sample)
        if sample[position:line_end].strip():
            row, end = _first_record(sample, position, line_end, style)
            starts.append(position)
            rows.append(row)
            ends.append(min(end + len(style.line_end), len(sample)))
        position = line_end + len(style.line_end)
    best, found = find_header(rows, expected)
    return starts[best], tuple(rows[best]), ends[best], found


def _first_record(
    sample: str, start: int, line_end: int, style: RecordStyle
) -> tuple[list[str], int]:
    if style.delimiter == BLANKS:
        return sample[start:line_end].split(), line_end
    if found := style.lenient.match(sample, start):
        return split_fields(found[0], style), found.end()
    line = sample[start:line_end]
    return (line.split(style.delimiter) if style.delimiter else [line]), line_end


def _has_escapes(content: str, best: _Candidate) -> bool:
    r"""Return whether fewer records are faulty if a backslash protects a quote, as in ``\"``."""
    if best.style.delimiter == BLANKS or '\\"' not in content:
        return False
    escaping = replace(best.style, has_escapes=True)
    return _count_faulty(content, best, escaping) < _count_faulty(content, best, best.style)


def _count_faulty(content: str, best: _Candidate, style: RecordStyle) -> int:
    sample = content[: best.start + _ESCAPES_SIZE]
    records = split(sample, style, width=best.width, start=best.start)
    return sum(
        isinstance(record, FaultyRecord) or not has_width(record, best.width) for record in records
    )


def ignore_trailing_fields(widths: list[int], is_open: list[bool]) -> list[int]:
    """Return numbers of fields without an empty last field, if only some records have one."""
    fewest = min(widths, default=0)
    is_trailing = set(widths) == {fewest, fewest + 1} and all(
        is_open[i] for i, width in enumerate(widths) if width > fewest
    )
    return [fewest] * len(widths) if is_trailing else widths


def _most_common(widths: list[int]) -> int:
    return max(Counter(widths).items(), key=lambda item: item[1], default=(0, 0))[0]
