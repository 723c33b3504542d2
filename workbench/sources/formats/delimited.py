"""Read delimited text files: commas, semicolons, tabs, bars or blanks between fields.

Python's ``csv``, which respects quotes, splits records into fields. Two decisions come before:

- **The end of records.** If records end with CRLF, an unquoted cell may contain a bare LF, and
  splitting at every LF would shift columns. If only splitting at CRLF gives every record the
  header's number of fields, records end with CRLF.
- **The delimiter.** Each candidate is tried on the first records. The best candidate finds most of
  the mapping's columns in the header. Of equal candidates the one is better that gives the same
  number of fields most often, then the one that is rarest in prose (tab, semicolon, bar before
  comma, blanks last). An empty last field that only some records have is a delimiter at the end of
  the line.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice

import polars as pl

from workbench.foundation.errors import InputError
from workbench.schema.record_faults import Rule
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.raw_cells import (
    RawCells,
    count_text,
    malformed_records,
    name_columns,
)
from workbench.sources.formats.text_decoding import decode, escape_undecodable, is_undecodable

BLANKS = "blanks"
_CANDIDATES = ("\t", ";", "|", ",", BLANKS)
_NAMES = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma", BLANKS: "blanks"}
_SAMPLE = 500  # number of records on which delimiters are tried
#: Number of records that become columns at a time, because text in Python takes much memory.
_CHUNK = 100_000
#: Line appended to the file. If csv returns it as part of a cell, a quote was not closed.
_END = "\ue001"
#: Replacement of a bare LF while CRLF ends records: a private character that the file lacks.
_LINE_FEED = "\ue000"

csv.field_size_limit(1 << 27)

Rows = Iterator[list[str]]


@dataclass(frozen=True, slots=True)
class _Layout:
    delimiter: str | None  # None for a file with one column
    width: int


def read_delimited(
    data: bytes, *, rule: FileRule, expected: Collection[str], name: str
) -> RawCells:
    """Split a text file into cells.

    Parameters
    ----------
    data : bytes
        Content of the whole file.
    rule : FileRule
        Declarations of the mapping about the file.
    expected : collection of str
        Source columns that the mapping names, as evidence for the delimiter.
    name : str
        Name of the file, for messages.

    Raises
    ------
    InputError
        The file is empty, has only a header, is in another encoding, or a quote is not closed.
    """
    text = decode(data, declared=rule.encoding, name=name)
    if not text.content.strip():
        raise InputError(f"{name} is empty: nothing to read")
    try:
        content, line_note = _unify_record_ends(text.content, rule, expected)
        layout = _detect_layout(content, rule, expected)
        rows = _read_fields(content, layout.delimiter)
        header = _read_header(rows, rule, layout, expected, name)
        notes = (*text.assumptions, _layout_note(layout, rule), *line_note)
        return _read_cells(rows, header, rule, notes, name)
    except csv.Error as error:
        raise InputError(
            f"{name} cannot be split into fields: {error}; correct the file there"
        ) from error


def _read_header(
    rows: Rows, rule: FileRule, layout: _Layout, expected: Collection[str], name: str
) -> list[str]:
    if not rule.header:
        return list(rule.columns)
    found = next(rows)
    is_trailing = len(found) == layout.width + 1 and not found[-1].strip()
    return name_columns(
        found[: layout.width] if is_trailing else found, expected=expected, name=name
    )


def _read_cells(
    rows: Rows, header: list[str], rule: FileRule, notes: tuple[str, ...], name: str
) -> RawCells:
    width, read, trailing = len(header), 0, 0
    bad: list[tuple[int, Rule, str]] = []
    frames: list[pl.DataFrame] = []
    while chunk := list(islice(rows, _CHUNK)):
        good, numbers = [], []
        for position, fields in enumerate(chunk, start=read + 1):
            is_trailing = len(fields) == width + 1 and fields[-1] == ""
            trailing += is_trailing
            if any(map(is_undecodable, fields)):
                raw = _raw_json([escape_undecodable(field) for field in fields], header)
                bad.append((position, Rule("undecodable"), raw))
            elif is_trailing or len(fields) == width:
                good.append(fields[:width])
                numbers.append(position)
            else:
                broken = Rule("field_count", {"found": len(fields), "expected": width})
                bad.append((position, broken, _raw_json(fields, header)))
        read += len(chunk)
        frames.append(_cells_frame(good, numbers, header))
    if not read:
        raise InputError(f"{name} has a header and no record: nothing to load")
    if trailing:
        notes = (
            *notes,
            f"{count_text(trailing, 'record')} end with a delimiter: the empty last field is "
            "left out",
        )
    return RawCells(
        records=pl.concat(frames, rechunk=True),
        refused=malformed_records(bad),
        read=read,
        is_plain=False,
        has_header=rule.header,
        assumptions=notes,
    )


def _cells_frame(good: list[list[str]], numbers: list[int], header: list[str]) -> pl.DataFrame:
    columns = zip(*good, strict=True) if good else ([] for _ in header)
    return pl.DataFrame(
        [
            pl.Series("source_row", numbers, dtype=pl.Int64),
            *(
                pl.Series(field, column, dtype=pl.String)
                for field, column in zip(header, columns, strict=True)
            ),
        ]
    )


def _raw_json(fields: list[str], header: list[str]) -> str:
    names = [*header, *(f"field {n}" for n in range(len(header) + 1, len(fields) + 1))]
    return json.dumps(dict(zip(names, fields, strict=False)), ensure_ascii=False)


def _unify_record_ends(
    content: str, rule: FileRule, expected: Collection[str]
) -> tuple[str, tuple[str, ...]]:
    """Return the content with LF record ends; bare LFs inside CRLF records are masked."""
    is_mixed = "\r\n" in content and re.search(r"(?<!\r)\n", content) is not None
    if not is_mixed or _LINE_FEED in content:
        return content, ()
    masked = re.sub(r"(?<!\r)\n", _LINE_FEED, content)
    layout = _detect_layout(masked, rule, expected)
    widths = _field_counts(masked, layout.delimiter)
    if set(widths) == {layout.width} and set(_field_counts(content, layout.delimiter)) != {
        layout.width
    }:
        return masked, ("records end with CRLF, bare line feeds belong to their cell",)
    return content, ()


def _read_fields(content: str, delimiter: str | None) -> Rows:
    """Yield the fields of each record; blank lines are left out."""
    is_masked = _LINE_FEED in content
    for fields in _split_fields(content, delimiter):
        yield [f.replace(_LINE_FEED, "\n") for f in fields] if is_masked else fields


def _split_fields(content: str, delimiter: str | None) -> Rows:
    if delimiter == BLANKS:
        yield from (line.split() for line in _split_lines(content) if line.strip())
        return
    # A file with one column has no delimiter, but a quoted cell may still contain line ends.
    lines = chain(_split_lines(content), [_END])
    count = 0
    for fields in csv.reader(lines, delimiter=delimiter or "\x1f"):
        if fields == [_END]:
            return
        if fields and (delimiter or fields[0].strip()):
            count += 1
            if fields[-1].endswith(_END):
                # Otherwise csv would take the rest of the file for one cell and lose records.
                raise csv.Error(f"the quote opened in line {count:,} is never closed")
            yield fields


def _split_lines(content: str) -> Iterator[str]:
    """Yield lines with their ends: CRLF, LF or CR only (``splitlines`` knows more line ends)."""
    for match in re.finditer(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$", content):
        yield match[0]


def _detect_layout(content: str, rule: FileRule, expected: Collection[str]) -> _Layout:
    if rule.delimiter is not None:
        return _Layout(rule.delimiter, _most_common(_field_counts(content, rule.delimiter)))
    best: tuple[tuple[float, ...], _Layout] | None = None
    for order, delimiter in enumerate(_CANDIDATES):
        sample = _sample_records(content, delimiter)
        widths = _ignore_trailing_fields(
            [len(fields) for fields in sample], [fields[-1] == "" for fields in sample]
        )
        width = widths[0] if rule.header and widths else _most_common(widths)
        if width < 2:
            continue
        same = sum(w == width for w in widths) / len(widths)
        found = len(set(expected) & {field.strip() for field in sample[0]}) if rule.header else 0
        score = (found, same, -order)
        if (found > 1 or same > 0.9) and (best is None or score > best[0]):
            best = (score, _Layout(delimiter, width))
    return best[1] if best else _Layout(None, 1)


def _field_counts(content: str, delimiter: str | None) -> list[int]:
    sample = _sample_records(content, delimiter)
    return _ignore_trailing_fields(
        [len(fields) for fields in sample], [fields[-1] == "" for fields in sample]
    )


def _sample_records(content: str, delimiter: str | None) -> list[list[str]]:
    """Return the fields of the first records, up to a fault; ``read_delimited`` reports it."""
    sample: list[list[str]] = []
    with suppress(csv.Error):
        for fields in islice(_split_fields(content, delimiter), _SAMPLE):
            sample.append(fields)
    return sample


def _ignore_trailing_fields(widths: list[int], is_open: list[bool]) -> list[int]:
    """Return numbers of fields without an empty last field, if only some records have one."""
    fewest = min(widths, default=0)
    is_trailing = set(widths) == {fewest, fewest + 1} and all(
        is_open[i] for i, width in enumerate(widths) if width > fewest
    )
    return [fewest] * len(widths) if is_trailing else widths


def _most_common(widths: list[int]) -> int:
    return max(Counter(widths).items(), key=lambda item: item[1], default=(0, 0))[0]


def _layout_note(layout: _Layout, rule: FileRule) -> str:
    if layout.delimiter is None:
        return "one column, no delimiter needed"
    how = "declared" if rule.delimiter else "by the number of fields"
    return f"delimiter {_NAMES[layout.delimiter]}, {how}"
