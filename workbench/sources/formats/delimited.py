"""Read delimited text files: commas, semicolons, tabs, bars or blanks between fields.

``delimited_layout`` finds the delimiter and the header, ``delimited_records`` splits the text into
records. A record is refused if its number of fields differs from the header's, if its quotes cannot
be understood, or if it contains undecodable or zero bytes. Lines that are no records are passed
over and counted: those before the header, blank ones, those without any value, and headers that
occur again where files were joined. A header that occurs again with its columns in another order
would shift all values after it, so such a file is refused.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import InputError
from workbench.schema.record_faults import Rule
from workbench.sources.formats.column_names import (
    HeaderAgain,
    case_notes,
    name_columns,
    reordered_header,
)
from workbench.sources.formats.delimited_layout import FileLayout, find_layout
from workbench.sources.formats.delimited_records import (
    FaultyRecord,
    RecordSplitter,
    has_width,
)
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.raw_cells import (
    RawCells,
    malformed_records,
    record_as_json,
)
from workbench.sources.formats.regular_lines import read_regular_lines
from workbench.sources.formats.text_decoding import DecodedText, decode, is_undecodable
from workbench.sources.formats.twice_encoded import twice_encoded_notes

#: Number of characters that become columns at a time, because text in Python takes much memory.
_BLOCK = 1 << 23

#: A formula that is a text alone.
_TEXT_FORMULA = r'^="([^"]*)"$'

_UNDECODABLE = Rule("undecodable")
_ZERO_BYTES = Rule("zero_bytes")


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
        Source columns that the mapping names, as evidence for the delimiter and the header.
    name : str
        Name of the file, for messages.

    Raises
    ------
    InputError
        The file is empty, is in another encoding or no text file, or the ends of its records cannot
        be found.
    """
    text = decode(data, declared=rule.encoding, name=name)
    content, notes = _without_end_mark(text.content)
    if not content.strip():
        raise InputError(f"{name} is empty: nothing to read")
    _check_is_text(content, name)
    layout = find_layout(content, rule, expected)
    try:
        return _read_cells(layout, rule, expected, text, notes, name)
    except InputError as error:
        if str(error).startswith(name):
            raise
        raise InputError(f"{name}: {error}") from error


def _without_end_mark(content: str) -> tuple[str, tuple[str, ...]]:
    if not content.endswith("\x1a"):
        return content, ()
    return content.rstrip("\x1a"), ("the end-of-file mark of DOS is passed over",)


def _check_is_text(content: str, name: str) -> None:
    if "\x00" not in content:
        return
    lines = content.replace("\r", "\n").split("\n")
    if sum("\x00" in line for line in lines) * 2 >= sum(map(bool, lines)):
        raise InputError(
            f"{name} contains zero bytes in most lines: it is no text file, or in an unusual "
            "encoding; declare encoding under [file] in the mapping"
        )


def _read_cells(
    layout: FileLayout,
    rule: FileRule,
    expected: Collection[str],
    text: DecodedText,
    notes: tuple[str, ...],
    name: str,
) -> RawCells:
    header = name_header(layout, rule, expected, name)
    reading = DelimitedReading(layout, header, is_complete=text.is_complete)
    frames = [*reading.frames(layout.content)]
    records = pl.concat(frames, rechunk=True)
    return RawCells(
        records=records,
        refused=malformed_records(reading.bad),
        read=reading.read,
        is_plain=False,
        has_header=rule.header,
        assumptions=(
            *text.assumptions,
            *notes,
            *layout.notes,
            *case_notes(layout.header or (), header),
            *reading.notes(),
            *(() if text.content.isascii() else twice_encoded_notes(records)),
        ),
    )


def name_header(
    layout: FileLayout, rule: FileRule, expected: Collection[str], name: str
) -> list[str]:
    """Return the names of a file's columns."""
    if layout.header is None:
        return list(rule.columns)
    found = layout.header
    is_trailing = len(found) == layout.width + 1 and not found[-1].strip()
    return name_columns(
        found[: layout.width] if is_trailing else found, expected=expected, name=name
    )


class DelimitedReading:
    """The records of one file: which are read, refused and passed over.

    Parameters
    ----------
    layout : FileLayout
        Layout of the file.
    header : list of str
        Names of the columns.
    is_complete : bool
        Whether all bytes of the file were decoded.
    """

    def __init__(self, layout: FileLayout, header: list[str], *, is_complete: bool) -> None:
        self._layout = replace(layout, content="")
        self._header = header
        self._is_complete = is_complete
        self._splitter = RecordSplitter("", layout.style, width=len(header), position=layout.start)
        self._header_again = HeaderAgain(layout.header or ())
        self._has_zeros = False
        self._trailing = 0
        self._headers = 0
        self._without_values = 0
        self._formulas = 0
        self.read = 0
        self.bad: list[tuple[int, Rule, str]] = []

    @property
    def position(self) -> int:
        """Position of the next record in the content."""
        return self._splitter.position

    def frames(self, content: str, *, until: int | None = None) -> Iterator[pl.DataFrame]:
        """Yield the good records block by block, with ``source_row``.

        Parameters
        ----------
        content : str
            Content of the file, or the part of it that was not read yet.
        until : int, optional
            Position from which on no record begins; the end of the content if it is not given.
        """
        splitter = self._splitter
        splitter.content = content
        self._has_zeros = "\x00" in content
        end = len(content) if until is None else until
        yield _cells_frame([], [], self._header)
        while splitter.position < end:
            block = splitter.next_block(min(_BLOCK, end - splitter.position))
            cells = read_regular_lines(block, splitter.style, width=len(self._header))
            if cells is None or self._header_again.is_among(cells):
                yield self._texts_of_formulas(self._read_carefully(len(block)), block)
                continue
            splitter.position += len(block)
            cells.columns = self._header
            cells = self._with_values(cells)
            numbers = pl.int_range(self.read + 1, self.read + cells.height + 1, eager=True)
            self.read += cells.height
            numbered = cells.insert_column(0, numbers.alias("source_row"))
            yield self._texts_of_formulas(numbered, block)

    def forget_read(self, content: str) -> str:
        """Return the content after the records that were read, which becomes the content."""
        splitter = self._splitter
        splitter.lines_before += content.count(splitter.style.line_end, 0, splitter.position)
        rest = content[splitter.position :]
        splitter.position = 0
        return rest

    def _read_carefully(self, size: int) -> pl.DataFrame:
        """Return the good records of the next characters, which are split one by one."""
        width = len(self._header)
        good: list[list[str]] = []
        numbers: list[int] = []
        for record in self._splitter.records(size):
            if isinstance(record, list) and self._is_passed_over(record):
                continue
            self.read += 1
            if broken := self._broken_rule(record):
                self._refuse(record, broken)
                continue
            fields = record if isinstance(record, list) else []
            self._trailing += len(fields) > width
            good.append(fields[:width])
            numbers.append(self.read)
        return _cells_frame(good, numbers, self._header)

    def _texts_of_formulas(self, cells: pl.DataFrame, block: str) -> pl.DataFrame:
        """Return cells like ``="007"``, which keep zeros in spreadsheets, as their text."""
        if '="' not in block:
            return cells
        texts = pl.col(pl.String)
        found = cells.select(texts.str.contains(_TEXT_FORMULA).sum()).sum_horizontal()
        self._formulas += int(found.sum() or 0)
        return cells.with_columns(texts.str.replace(_TEXT_FORMULA, "$1"))

    def _with_values(self, cells: pl.DataFrame) -> pl.DataFrame:
        """Return the records with a value, and count the others."""
        # Few records lack the first value, so other columns are seldom looked at.
        if not (cells[cells.columns[0]] == "").any():
            return cells
        is_filled = pl.any_horizontal(pl.all() != "")
        filled = cells.filter(is_filled)
        self._without_values += cells.height - filled.height
        return filled

    def _is_passed_over(self, record: list[str]) -> bool:
        """Return whether a record is the header again or has no value, and count it."""
        if self._header_again.is_equal(record):
            self._headers += 1
            return True
        if self._header_again.is_reordered(record):
            raise InputError(reordered_header(f"after record {self.read:,}"))
        has_values = any(record)
        self._without_values += not has_values
        return not has_values

    def _broken_rule(self, record: list[str] | FaultyRecord) -> Rule | None:
        if isinstance(record, FaultyRecord):
            return record.rule
        if not self._is_complete and any(map(is_undecodable, record)):
            return _UNDECODABLE
        if self._has_zeros and any("\x00" in field for field in record):
            return _ZERO_BYTES
        width = len(self._header)
        if has_width(record, width):
            return None
        return Rule("field_count", {"found": len(record), "expected": width})

    def _refuse(self, record: list[str] | FaultyRecord, broken: Rule) -> None:
        fields = record if isinstance(record, list) else self._cut(record.text)
        self.bad.append((self.read, broken, record_as_json(fields, self._header)))

    def _cut(self, text: str) -> list[str]:
        """Return the fields of a record whose quotes cannot be understood, for its correction."""
        delimiter = self._layout.style.delimiter
        return text.split(delimiter) if delimiter else [text]

    def notes(self) -> Iterator[str]:
        """Yield the assumptions that the records showed."""
        counts = self._splitter.counts
        if self._headers:
            times = "once" if self._headers == 1 else f"{self._headers:,} times"
            yield f"the header occurs again {times} and is passed over: were files joined?"
        if counts.blank_lines:
            yield f"{count_text(counts.blank_lines, 'blank line')} between records passed over"
        if self._without_values:
            lines = count_text(self._without_values, "line")
            yield f"{lines} between records with delimiters but no value passed over"
        if self._formulas:
            yield f'{count_text(self._formulas, "cell")} like ="007" taken as the text in them'
        if counts.odd_ends:
            end = "CRLF" if self._layout.style.line_end == "\r\n" else "line feeds"
            records = count_text(counts.odd_ends, "record")
            yield f"records end with {end}, other line ends belong to their cell, in {records}"
        if counts.escaped:
            records = count_text(counts.escaped, "record")
            yield f"a backslash before a quote protects it, in {records}"
        if counts.blanks_around:
            records = count_text(counts.blanks_around, "record")
            yield f"blanks around quoted cells are left out, in {records}"
        if counts.lookalikes:
            records = count_text(counts.lookalikes, "record")
            yield f"{records} with a quoted cell whose lines look like records: check the quotes"
        if self._trailing:
            records = count_text(self._trailing, "record", "end")
            yield f"{records} with a delimiter: the empty last field is left out"


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
