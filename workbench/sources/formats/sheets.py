"""Read Excel workbooks: all sheets with cells, one after another.

``workbook_parts`` opens the workbook and ``sheet_cells`` reads the cells of a sheet. A record is
refused if a cell that the mapping names is an error value or a formula without a stored value.
Everything that a user of the spreadsheet sees and a program does not, or the other way round, is
counted and reported: hidden rows, columns and sheets, merged cells, charts.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import InputError, ParameterError
from workbench.schema.record_faults import Rule
from workbench.sources.formats.column_names import (
    A_LETTER,
    HEADER_LINES,
    HeaderAgain,
    case_notes,
    find_header,
    name_columns,
    reordered_header,
)
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.raw_cells import (
    RawCells,
    malformed_records,
    record_as_json,
)
from workbench.sources.formats.sheet_cells import Kind, Row, SheetCell, SheetNotes, read_rows
from workbench.sources.formats.twice_encoded import twice_encoded_notes
from workbench.sources.formats.workbook_parts import SheetPart, Workbook, open_workbook

_FAULTS = {Kind.ERROR: Rule("error_value"), Kind.NOT_COMPUTED: Rule("not_computed")}
_NONE = SheetCell(None, Kind.TEXT)


def read_sheets(data: bytes, *, rule: FileRule, expected: Collection[str], name: str) -> RawCells:
    """Read the sheets of a workbook; the numbers of records continue from sheet to sheet.

    Raises
    ------
    InputError
        The file is not a workbook, has no cell, or its sheets differ in their columns.
    ParameterError
        A sheet that the mapping names does not exist.
    """
    workbook = open_workbook(data, name)
    notes: list[str] = []
    reading = _Reading(rule, expected, name)
    chosen = [*_choose_sheets(workbook, rule, notes)]
    for sheet in chosen:
        before = reading.read
        notes += reading.add(workbook, sheet)
        if len(chosen) > 1 and reading.read > before:
            notes.append(f"sheet {sheet.number}: records {before + 1:,} to {reading.read:,}")
    if not reading.values:
        raise InputError(f"{name} has no cell on any sheet: nothing to read")
    records = pl.concat(reading.values)
    return RawCells(
        records=records,
        refused=malformed_records(reading.bad),
        read=reading.read,
        is_plain=True,
        has_header=rule.header,
        numbers=pl.concat(reading.numbers),
        repeated=_repeated_records(reading.values) if rule.repeats == "sheets" else None,
        assumptions=(*notes, *reading.column_notes(), *twice_encoded_notes(records)),
    )


def _choose_sheets(workbook: Workbook, rule: FileRule, notes: list[str]) -> Iterator[SheetPart]:
    by_name = {sheet.name: sheet for sheet in workbook.sheets}
    for wanted in rule.sheets or by_name:
        if wanted not in by_name:
            raise ParameterError(f"{workbook.name} {_describe_missing(wanted, [*by_name])}")
        sheet = by_name[wanted]
        if sheet.kind != "worksheet":
            notes.append(f"sheet {sheet.number} is a {sheet.kind} without cells and is passed over")
            continue
        if sheet.is_hidden:
            notes.append(f"sheet {sheet.number} is hidden and is read")
        yield sheet


def _describe_missing(wanted: str, names: Sequence[str]) -> str:
    """Return that a sheet is missing, with the sheet whose name differs by a letter."""
    near = get_close_matches(wanted, names, n=1, cutoff=A_LETTER)
    guess = f" (did you mean {near[0]!r}?)" if near else ""
    return (
        f"has {count_text(len(names), 'sheet')} and none with the name {wanted!r}{guess}: correct "
        "the sheets under [file] in the mapping"
    )


@dataclass(slots=True)
class _Reading:
    """The records of the sheets that were read so far."""

    rule: FileRule
    expected: Collection[str]
    name: str
    header: list[str] = field(default_factory=list)
    values: list[pl.DataFrame] = field(default_factory=list)
    numbers: list[pl.DataFrame] = field(default_factory=list)
    bad: list[tuple[int, Rule, str, str]] = field(default_factory=list)
    read: int = 0
    kinds: dict[str, Counter[Kind]] = field(default_factory=dict)
    percents: Counter[str] = field(default_factory=Counter)

    def add(self, workbook: Workbook, sheet: SheetPart) -> list[str]:
        """Read a sheet, and return what should be known about it."""
        notes = SheetNotes()
        rows = [
            (number, row)
            for number, row in read_rows(workbook, sheet, notes)
            if any(_is_filled(cell) for cell in row.values())
        ]
        if not rows:
            return [f"sheet {sheet.number} is empty"]
        said: list[str] = []
        if self.rule.header:
            rows, said = self._take_header(rows, sheet)
        elif not self.header:
            self.header = list(self.rule.columns)
        first = rows[0][0] if rows else 0
        said += _sheet_notes(notes, {number for number, _ in rows}, first)
        width = len(self.header)
        beyond = sum(any(c >= width and _is_filled(row[c]) for c in row) for _, row in rows)
        if beyond:
            records_text = count_text(beyond, "record", "have")
            said.append(f"{records_text} cells beyond the last named column")
        self._add_records([row for _, row in rows])
        return [f"sheet {sheet.number}: {sentence}" for sentence in said]

    def _take_header(
        self, rows: list[tuple[int, Row]], sheet: SheetPart
    ) -> tuple[list[tuple[int, Row]], list[str]]:
        """Return the rows after the header without its repetitions, and what was passed over."""
        texts = [_texts(row) for _, row in rows[:HEADER_LINES]]
        position, _ = find_header(texts, self.expected)
        found = name_columns(texts[position], expected=self.expected, name=self.name)
        if self.header and found != self.header:
            raise InputError(
                f"{self.name}: the first row of sheet {sheet.number} differs from that of the "
                "first sheet: "
                "name the sheets that belong together under [file] sheets in the mapping"
            )
        self.header = found
        again = HeaderAgain([text or "" for text in texts[position]])
        after = rows[position + 1 :]
        records = []
        for number, row in after:
            cells = [text or "" for text in _texts(row)]
            if again.is_reordered(cells):
                where = f"{self.name}: in row {number} of sheet {sheet.number}"
                raise InputError(reordered_header(where))
            if not again.is_equal(cells):
                records.append((number, row))
        said = case_notes(texts[position], found)
        if position:
            said.append(f"{count_text(position, 'row')} before the header passed over")
        if len(records) < len(after):
            times = count_text(len(after) - len(records), "time")
            said.append(f"the header occurs again {times} and is passed over")
        return records, said

    def _add_records(self, rows: Sequence[Row]) -> None:
        columns = {
            name: [row.get(position, _NONE) for row in rows]
            for position, name in enumerate(self.header)
        }
        for name, cells in columns.items():
            filled = [cell for cell in cells if _is_filled(cell)]
            self.kinds.setdefault(name, Counter()).update(cell.kind for cell in filled)
            self.percents[name] += sum(cell.is_percent for cell in filled)
        good: list[int] = []
        for position, row in enumerate(rows):
            faults = [
                (name, _FAULTS[cells[position].kind])
                for name, cells in columns.items()
                if name in self.expected and cells[position].kind in _FAULTS
            ]
            number = self.read + position + 1
            if faults:
                texts = [row.get(c, _NONE).text for c in range(len(self.header))]
                raw = record_as_json(texts, self.header)
                self.bad += [(number, rule, raw, name) for name, rule in faults]
            else:
                good.append(position)
        kept = pl.Series("source_row", [self.read + p + 1 for p in good], dtype=pl.Int64)
        texts_of = {name: [cells[p].text for p in good] for name, cells in columns.items()}
        is_number = {
            name: [cells[p].kind is Kind.NUMBER for p in good] for name, cells in columns.items()
        }
        self.values.append(
            pl.DataFrame([kept, *(pl.Series(n, c, dtype=pl.String) for n, c in texts_of.items())])
        )
        self.numbers.append(
            pl.DataFrame([pl.Series(n, c, dtype=pl.Boolean) for n, c in is_number.items()])
        )
        self.read += len(rows)

    def column_notes(self) -> Iterator[str]:
        """Yield what the kinds of the cells of mapped columns show."""
        for name, kinds in self.kinds.items():
            if name not in self.expected:
                continue
            dates, numbers = kinds[Kind.DATE], kinds[Kind.NUMBER] + kinds[Kind.SHAPED]
            if dates and numbers:
                yield (
                    f"{name}: {count_text(dates, 'cell')} shown as a date and "
                    f"{count_text(numbers, 'cell')} as a number"
                )
            if self.percents[name]:
                cells = count_text(self.percents[name], "cell")
                yield f"{name}: {cells} shown in percent, read as shares (5 % is 0.05)"


def _sheet_notes(notes: SheetNotes, rows: set[int], first: int) -> list[str]:
    said: list[str] = []
    hidden = sum(number in rows for number in notes.hidden_rows)
    if hidden:
        said.append(f"{count_text(hidden, 'hidden row')} read as well")
    if notes.hidden_columns:
        said.append(f"{count_text(notes.hidden_columns, 'hidden column')} read as well")
    merged = sum(number >= first > 0 for number in notes.merged)
    if merged:
        said.append(
            f"{count_text(merged, 'merged area')} among the records, of which only the first cell "
            "has a value"
        )
    return said


def _is_filled(cell: SheetCell) -> bool:
    return cell.text is not None or cell.kind in _FAULTS


def _texts(row: Row) -> list[str | None]:
    """Return the texts of a row up to its last one; empty formatted cells may follow."""
    last = max((c for c, cell in row.items() if cell.text is not None), default=-1)
    return [row.get(c, _NONE).text for c in range(last + 1)]


def _repeated_records(sheets: list[pl.DataFrame]) -> pl.Series:
    """Mark records that an earlier sheet contains as well.

    Two equal records within one sheet are two records. The second of them is marked only if the
    earlier sheet has two as well.
    """
    cells = [name for name in sheets[0].columns if name != "source_row"]
    copies = pl.concat(
        sheet.with_columns(_copy=pl.int_range(pl.len()).over(cells)) for sheet in sheets
    )
    return copies.select(~pl.struct(*cells, "_copy").is_first_distinct()).to_series()
