"""Text files with one record after another: comma, semicolon, tab, bar or blanks between fields.

Fields are cut by Python's ``csv``, which respects quotes. Two things are settled before:

- **Where records end.** Where they end CRLF and a bare LF stands inside an unquoted cell, cutting
  at every LF would shift columns. If only cutting at CRLF gives every record the header's number of
  fields, records end CRLF.
- **What parts fields.** Each candidate is tried on the first records; the one wins that finds the
  mapping's columns in the header, then the one that gives the same number of fields most often,
  then the one that is rarest in prose (tab, semicolon, bar before comma, blanks last). A last empty
  field that only some records have is a delimiter at the line's end.
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
from workbench.schema.faults import Rule
from workbench.sources.cells import Cells, counted, header_names, refused
from workbench.sources.encoding import decode
from workbench.sources.rules import FileRule

BLANKS = "blanks"
_CANDIDATES = ("\t", ";", "|", ",", BLANKS)
_NAMES = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma", BLANKS: "blanks"}
_SAMPLE = 500  # records on which delimiters are tried
_CHUNK = 100_000  # records turned into columns at a time: text in Python takes much memory
_END = "\ue001"  # a last line of ours: read as part of a cell, a quote was left open
# Stands for a bare LF while CRLF ends records; private use, checked to be absent.
_LINE_FEED = "\ue000"

csv.field_size_limit(1 << 27)

Rows = Iterator[list[str]]


@dataclass(frozen=True, slots=True)
class _Layout:
    delimiter: str | None  # None: one column, nothing to part
    width: int


def read_delimited(data: bytes, *, rule: FileRule, expected: Collection[str], name: str) -> Cells:
    """Cut a text file into cells.

    Parameters
    ----------
    data : bytes
        The whole file.
    rule : FileRule
        What the mapping declares about the file.
    expected : collection of str
        Source columns that the mapping names: evidence for the delimiter.
    name : str
        The file's name, for messages.

    Raises
    ------
    InputError
        The file holds nothing, only a header, is in another encoding, or its quotes do not close.
    """
    text = decode(data, declared=rule.encoding, name=name)
    if not text.content.strip():
        raise InputError(f"{name} is empty: nothing to read")
    try:
        content, line_note = _record_ends(text.content, rule, expected)
        layout = _layout(content, rule, expected)
        rows = _rows(content, layout.delimiter)
        header = _header(rows, rule, layout, expected, name)
        notes = (*text.assumptions, _said(layout, rule), *line_note)
        return _cells(rows, header, rule, notes, name)
    except csv.Error as error:
        raise InputError(f"{name} cannot be cut into fields: {error}; correct it there") from error


def _header(
    rows: Rows, rule: FileRule, layout: _Layout, expected: Collection[str], name: str
) -> list[str]:
    if not rule.header:
        return list(rule.columns)
    found = next(rows)
    is_trailing = len(found) == layout.width + 1 and not found[-1].strip()
    return header_names(
        found[: layout.width] if is_trailing else found, expected=expected, name=name
    )


def _cells(
    rows: Rows, header: list[str], rule: FileRule, notes: tuple[str, ...], name: str
) -> Cells:
    width, read, trailing = len(header), 0, 0
    bad: list[tuple[int, Rule, str]] = []
    frames: list[pl.DataFrame] = []
    while chunk := list(islice(rows, _CHUNK)):
        good, numbers = [], []
        for position, fields in enumerate(chunk, start=read + 1):
            is_trailing = len(fields) == width + 1 and fields[-1] == ""
            trailing += is_trailing
            if is_trailing or len(fields) == width:
                good.append(fields[:width])
                numbers.append(position)
            else:
                broken = Rule("field_count", {"found": len(fields), "expected": width})
                bad.append((position, broken, _raw(fields, header)))
        read += len(chunk)
        frames.append(_frame(good, numbers, header))
    if not read:
        raise InputError(f"{name} has a header and no record: nothing to load")
    if trailing:
        notes = (
            *notes,
            f"{counted(trailing, 'record')} end with a delimiter: the empty last field is left out",
        )
    return Cells(
        records=pl.concat(frames, rechunk=True),
        refused=refused(bad),
        read=read,
        is_plain=False,
        has_header=rule.header,
        assumptions=notes,
    )


def _frame(good: list[list[str]], numbers: list[int], header: list[str]) -> pl.DataFrame:
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


def _raw(fields: list[str], header: list[str]) -> str:
    names = [*header, *(f"field {n}" for n in range(len(header) + 1, len(fields) + 1))]
    return json.dumps(dict(zip(names, fields, strict=False)), ensure_ascii=False)


def _record_ends(
    content: str, rule: FileRule, expected: Collection[str]
) -> tuple[str, tuple[str, ...]]:
    """Return the content with LF record ends; bare LFs inside CRLF records are masked."""
    is_mixed = "\r\n" in content and re.search(r"(?<!\r)\n", content) is not None
    if not is_mixed or _LINE_FEED in content:
        return content, ()
    masked = re.sub(r"(?<!\r)\n", _LINE_FEED, content)
    layout = _layout(masked, rule, expected)
    widths = _widths(masked, layout.delimiter)
    if set(widths) == {layout.width} and set(_widths(content, layout.delimiter)) != {layout.width}:
        return masked, ("records end CRLF, bare line feeds belong to their cell",)
    return content, ()


def _rows(content: str, delimiter: str | None) -> Rows:
    """Yield each record's fields, leaving out blank lines."""
    is_masked = _LINE_FEED in content
    for fields in _cut(content, delimiter):
        yield [f.replace(_LINE_FEED, "\n") for f in fields] if is_masked else fields


def _cut(content: str, delimiter: str | None) -> Rows:
    if delimiter == BLANKS:
        yield from (line.split() for line in _lines(content) if line.strip())
        return
    # In one column no delimiter can occur, but a quoted cell may still hold line ends.
    lines = chain(_lines(content), [_END])
    count = 0
    for fields in csv.reader(lines, delimiter=delimiter or "\x1f"):
        if fields == [_END]:
            return
        if fields and (delimiter or fields[0].strip()):
            count += 1
            if fields[-1].endswith(_END):
                # Left alone, csv takes all that follows for one cell: records would be lost.
                raise csv.Error(f"the quote opened in line {count:,} is never closed")
            yield fields


def _lines(content: str) -> Iterator[str]:
    """Yield lines with their ends, cut at CRLF, LF or CR only (``splitlines`` cuts at more)."""
    for match in re.finditer(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$", content):
        yield match[0]


def _layout(content: str, rule: FileRule, expected: Collection[str]) -> _Layout:
    if rule.delimiter is not None:
        return _Layout(rule.delimiter, _usual(_widths(content, rule.delimiter)))
    best: tuple[tuple[float, ...], _Layout] | None = None
    for order, delimiter in enumerate(_CANDIDATES):
        sample = _sample(content, delimiter)
        widths = _evened(
            [len(fields) for fields in sample], [fields[-1] == "" for fields in sample]
        )
        width = widths[0] if rule.header and widths else _usual(widths)
        if width < 2:
            continue
        same = sum(w == width for w in widths) / len(widths)
        found = len(set(expected) & {field.strip() for field in sample[0]}) if rule.header else 0
        score = (found, same, -order)
        if (found > 1 or same > 0.9) and (best is None or score > best[0]):
            best = (score, _Layout(delimiter, width))
    return best[1] if best else _Layout(None, 1)


def _widths(content: str, delimiter: str | None) -> list[int]:
    sample = _sample(content, delimiter)
    return _evened([len(fields) for fields in sample], [fields[-1] == "" for fields in sample])


def _sample(content: str, delimiter: str | None) -> list[list[str]]:
    """Cut the first records, at most up to a fault, which reading will name."""
    sample: list[list[str]] = []
    with suppress(csv.Error):
        for fields in islice(_cut(content, delimiter), _SAMPLE):
            sample.append(fields)
    return sample


def _evened(widths: list[int], is_open: list[bool]) -> list[int]:
    """Count fields without an empty last one where other records do without it."""
    fewest = min(widths, default=0)
    is_trailing = set(widths) == {fewest, fewest + 1} and all(
        is_open[i] for i, width in enumerate(widths) if width > fewest
    )
    return [fewest] * len(widths) if is_trailing else widths


def _usual(widths: list[int]) -> int:
    return max(Counter(widths).items(), key=lambda item: item[1], default=(0, 0))[0]


def _said(layout: _Layout, rule: FileRule) -> str:
    if layout.delimiter is None:
        return "one column, no delimiter needed"
    how = "declared" if rule.delimiter else "by the number of fields"
    return f"delimiter {_NAMES[layout.delimiter]}, {how}"
