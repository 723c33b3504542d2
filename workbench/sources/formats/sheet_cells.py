"""Read the cells of one sheet as text.

Number formats change values: a zip code stored as the number 2494 with the format 00000 is 02494, a
number with a date format is a date (in one of two date systems), and an amount may have its
currency in its format alone. Numbers become their shortest decimal form, instants ISO form, amounts
their number after the sign or code of the currency.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import Enum

from openpyxl.styles.numbers import is_date_format, is_timedelta_format
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

from workbench.foundation.errors import InputError
from workbench.schema.currencies import is_currency
from workbench.sources.formats.workbook_parts import (
    Attributes,
    SheetPart,
    TextGatherer,
    Workbook,
    parse_part,
    unescape,
)

_ZEROS = re.compile(r"0{2,}")
_WHOLE = re.compile(r"-?\d+")
_CODED = re.compile(r"\[\$([^\]-]+)(?:-[^\]]*)?\]")
_SIGN = re.compile(r"[€£$¥₹₩₺]|\b(?:kr|zł|Kč|Ft|CHF)\b")
_QUOTED = re.compile(r'"([^"]*)"')
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_MOST_ROWS = 1 << 20
_MOST_COLUMNS = 1 << 14
#: Number of 29 February 1900, a day that Excel counts although no calendar has it.
_NO_DAY = 60


class Kind(Enum):
    """Kind of a cell: its content, or why it has none."""

    TEXT = "text"
    NUMBER = "number"  # a number that is shown without leading zeros
    SHAPED = "number with a format"
    DATE = "date"
    BOOLEAN = "boolean"
    ERROR = "error value"
    NOT_COMPUTED = "formula without a stored value"


@dataclass(frozen=True, slots=True)
class SheetCell:
    """Text and kind of a cell."""

    text: str | None
    kind: Kind
    is_percent: bool = False


@dataclass(slots=True)
class SheetNotes:
    """Counts of what a reader of the sheet does not see in its cells."""

    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: int = 0
    merged: list[int] = field(default_factory=list)  # first row of each merged area


Row = dict[int, SheetCell]


def read_rows(workbook: Workbook, sheet: SheetPart, notes: SheetNotes) -> Iterator[tuple[int, Row]]:
    """Yield the number and the filled cells, by column from 0, of each row of a sheet.

    Raises
    ------
    InputError
        The sheet is damaged.
    """
    reader = _SheetReader(workbook, notes)
    for _ in parse_part(
        workbook.archive,
        sheet.path,
        f"{workbook.name}: sheet {sheet.number}",
        start=reader.start,
        end=reader.end,
        text=reader.text,
    ):
        yield from reader.rows
        reader.rows.clear()


class _SheetReader:
    """Handlers of the elements of a sheet, which gather its rows."""

    def __init__(self, workbook: Workbook, notes: SheetNotes) -> None:
        self._workbook = workbook
        self._notes = notes
        self._shapes = [_shape_of(code) for code in workbook.formats] or [_shape_of("General")]
        self._epoch = MAC_EPOCH if workbook.is_1904 else WINDOWS_EPOCH
        self._row = self._column = 0
        self._cells: Row = {}
        self._cell: Attributes | None = None
        self._value: list[str] | None = None
        self._has_value = self._has_formula = False
        self._inline = TextGatherer()
        self.rows: list[tuple[int, Row]] = []

    def start(self, tag: str, attributes: Attributes) -> None:
        if self._cell is not None:
            self._has_formula |= tag == "f"
            if tag == "v":
                self._value = []
            self._inline.start(tag)
        elif tag == "c":
            self._start_cell(attributes)
        elif tag == "row":
            self._row = self._within(attributes.get("r"), self._row + 1, _MOST_ROWS)
            self._column, self._cells = 0, {}
            if attributes.get("hidden") in ("1", "true"):
                self._notes.hidden_rows.append(self._row)
        elif tag == "col" and attributes.get("hidden") in ("1", "true"):
            first, last = int(attributes.get("min", 0)), int(attributes.get("max", 0))
            self._notes.hidden_columns += last - first + 1
        elif tag == "mergeCell":
            found = _REFERENCE.match(attributes.get("ref", ""))
            self._notes.merged.append(int(found[2]) if found else 0)

    def _start_cell(self, attributes: Attributes) -> None:
        found = _REFERENCE.fullmatch(attributes.get("r", ""))
        column = _column_number(found[1]) if found else self._column + 1
        self._column = self._within(str(column), column, _MOST_COLUMNS)
        self._cell, self._value = attributes, None
        self._has_formula = False
        self._inline.take()

    def _within(self, given: str | None, following: int, most: int) -> int:
        number = int(given) if given and given.isdecimal() and len(given) < 9 else following
        if not 0 < number <= most:
            raise InputError(
                f"{self._workbook.name} has a cell outside the {_MOST_ROWS:,} rows and "
                f"{_MOST_COLUMNS:,} columns of a sheet: it is damaged; save it again"
            )
        return number

    def text(self, found: str) -> None:
        if self._value is not None and self._cell is not None:
            self._value.append(found)
        self._inline.text(found)

    def end(self, tag: str) -> None:
        if tag == "v" and self._cell is not None:
            self._cell["v"] = "".join(self._value or ())
            self._value = None
        elif tag == "c" and self._cell is not None:
            cell = self._read_cell(self._cell)
            if cell is not None:
                self._cells[self._column - 1] = cell
            self._cell = None
        elif tag == "row":
            self.rows.append((self._row, self._cells))
        self._inline.end(tag)

    def _read_cell(self, attributes: Attributes) -> SheetCell | None:
        kind, value = attributes.get("t", "n"), attributes.get("v")
        if kind == "inlineStr":
            return SheetCell(self._inline.take(), Kind.TEXT)
        if value is None or (value == "" and kind not in ("str", "e")):
            return SheetCell(None, Kind.NOT_COMPUTED) if self._has_formula else None
        match kind:
            case "s":
                return SheetCell(self._shared_text(value), Kind.TEXT)
            case "str":
                return SheetCell(unescape(value), Kind.TEXT)
            case "b":
                return SheetCell("true" if value.strip() == "1" else "false", Kind.BOOLEAN)
            case "e":
                return SheetCell(value or None, Kind.ERROR)
            case "d":
                return SheetCell(value, Kind.DATE)
            case _:
                style = int(attributes.get("s", "0"))
                shape = self._shapes[style if style < len(self._shapes) else 0]
                return _number_cell(value.strip(), shape, self._epoch)

    def _shared_text(self, value: str) -> str:
        texts = self._workbook.texts
        if not value.strip().isdecimal() or int(value) >= len(texts):
            raise InputError(
                f"{self._workbook.name} refers to a text that it lacks: it is damaged; save it "
                "again"
            )
        return texts[int(value)]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a number format says about a number."""

    zeros: int = 0
    is_date: bool = False
    is_duration: bool = False
    is_percent: bool = False
    currency: str = ""


def _shape_of(code: str) -> _Shape:
    """Return the shape of a number format; only its section for positive numbers counts.

    Examples
    --------
    >>> _shape_of("00000").zeros, _shape_of("#,##0.00 [$€-407]").currency
    (5, '€')
    >>> _shape_of('#,##0.00 "USD"').currency
    'USD'
    >>> _shape_of("dd/mm/yyyy").is_date, _shape_of('0 "days"').is_date, _shape_of("0%").is_percent
    (True, False, True)
    """
    first = code.split(";")[0]
    if _ZEROS.fullmatch(first):
        return _Shape(zeros=len(first))
    if is_date_format(code):
        return _Shape(is_date=True, is_duration=is_timedelta_format(code))
    return _Shape(is_percent="%" in _QUOTED.sub("", first), currency=_currency_of(first))


def _currency_of(code: str) -> str:
    """Return the sign or code of the currency that a number format shows, "" if it shows none."""
    if coded := _CODED.search(code):
        return coded[1].strip()
    if quoted := next(filter(is_currency, map(str.strip, _QUOTED.findall(code))), None):
        return quoted
    sign = _SIGN.search(re.sub(r"\[[^\]]*\]", "", code))
    return sign[0] if sign else ""


def _number_cell(value: str, shape: _Shape, epoch: datetime) -> SheetCell:
    try:
        number = float(value)
    except ValueError:
        return SheetCell(value, Kind.TEXT)
    if shape.is_date and (moment := _moment(number, shape, epoch)) is not None:
        return SheetCell(moment, Kind.DATE)
    text = _plain_number(value, number)
    if shape.zeros and _WHOLE.fullmatch(text):
        return SheetCell(text.zfill(shape.zeros), Kind.SHAPED)
    if shape.currency:
        blank = " " if shape.currency[-1].isalpha() else ""
        return SheetCell(f"{shape.currency}{blank}{text}", Kind.SHAPED)
    return SheetCell(text, Kind.NUMBER, shape.is_percent)


def _plain_number(value: str, number: float) -> str:
    if _WHOLE.fullmatch(value):
        return value
    if number.is_integer() and abs(number) < 1e15:  # exact as integer
        return str(int(number))
    return repr(number)


def _moment(number: float, shape: _Shape, epoch: datetime) -> str | None:
    """Return a date in ISO form; None if no calendar has it, which Excel shows as ####."""
    is_no_day = epoch == WINDOWS_EPOCH and int(number) == _NO_DAY
    if (number < 0 or is_no_day) and not shape.is_duration:
        return None
    try:
        found: object = from_excel(number, epoch, timedelta=shape.is_duration)
    except (OverflowError, ValueError):
        return None
    return found.isoformat() if isinstance(found, datetime | date | time) else str(found)


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
