"""Parse instants and dates in the forms that mappings declare, or in ISO 8601.

A cell that states its offset from UTC is an instant; any other time is a local time of the declared
zone. Of several formats, each cell is read by the first that fits it. A date is a fact only before
the day until which the data are declared complete, and in the years 1900 to 2199.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time

import polars as pl

from workbench.schema.record_faults import Rule
from workbench.sources.formats.raw_cells import count_text
from workbench.sources.mapping.local_times import local_to_utc
from workbench.sources.mapping.numerals import to_decimals
from workbench.sources.mapping.time_formats import (
    EPOCH_UNITS,
    EPOCHS,
    TimeFormat,
    exchange_day_and_month,
)
from workbench.sources.source_settings import Provenance

_UTC = pl.Datetime("us", "UTC")
_LOCAL = pl.Datetime("us")

#: Years of facts; other years come from a wrong unit or format, or stand for no date.
_YEARS = {"low": 1900, "high": 2199}
_DAY = 86_400_000_000  # in microseconds
_COUNT = r"^[+-]?\d{1,18}(\.\d+)?$"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedTimes:
    """Instants or dates of a column.

    Attributes
    ----------
    values : Series of Datetime(us, UTC) or Date
        Null if the cell is empty, at fault or cannot be parsed.
    faults : tuple of (Rule, Series of Boolean)
        Rules that cells break, with the cells that break them.
    notes : tuple of str
        Assumptions, with their counts.
    question : str or None
        Why the format cannot be right, and what to do; then the values do not count.
    """

    values: pl.Series
    faults: tuple[tuple[Rule, pl.Series], ...] = ()
    notes: tuple[str, ...] = ()
    question: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeReader:
    """Parser of the cells of one column.

    Attributes
    ----------
    forms : tuple of str
        Formats of text cells, see ``TimeFormat``; none for ISO 8601, with or without offset.
    provenance : Provenance
        Settings with the zone of cells without an offset, and the end of the data.
    may_be_later : bool
        Whether cells may lie beyond the end of the data.
    """

    provenance: Provenance
    forms: tuple[str, ...] = ()
    may_be_later: bool = False

    def parse_instants(self, cells: pl.Series) -> ParsedTimes:
        """Parse cells (String, Date, Datetime, or numbers in an epoch) as instants."""
        read = _read(cells, self)
        local, never_was, notes = local_to_utc(read.local, zone=self.provenance.zone)
        found = read.absolute.zip_with(read.absolute.is_not_null(), local)
        is_late = self._is_late(found, self.provenance.data_until_at)
        return ParsedTimes(
            values=found.set(is_late, None),
            faults=(
                *read.faults,
                (Rule("local_time", {"zone": self.provenance.zone}), never_was),
                (self._late_rule, is_late),
            ),
            notes=(*read.notes, *notes),
            question=read.question,
        )

    def parse_dates(self, cells: pl.Series) -> ParsedTimes:
        """Parse cells as dates; an instant becomes the day on which it falls in the zone.

        A time without an offset is local already, so its date is the written one.
        """
        read = _read(cells, self)
        days = read.absolute.dt.convert_time_zone(self.provenance.zone).dt.date()
        found = days.zip_with(read.absolute.is_not_null(), read.local.dt.date())
        is_late = self._is_late(found, self.provenance.data_until_on)
        return ParsedTimes(
            values=found.set(is_late, None),
            faults=(*read.faults, (self._late_rule, is_late)),
            notes=read.notes,
            question=read.question,
        )

    def _is_late(self, found: pl.Series, until: object) -> pl.Series:
        if self.may_be_later:
            return pl.repeat(value=False, n=len(found), eager=True)
        return (found >= until).fill_null(value=False)

    @property
    def _late_rule(self) -> Rule:
        return Rule("too_late", {"until": self.provenance.data_until_on.isoformat()})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """Cells read as instants (``absolute``) or as local times; a cell is one of them at most."""

    absolute: pl.Series
    local: pl.Series
    faults: tuple[tuple[Rule, pl.Series], ...] = ()
    notes: tuple[str, ...] = ()
    question: str | None = None

    @property
    def is_read(self) -> pl.Series:
        return self.absolute.is_not_null() | self.local.is_not_null()

    def of_cells(self, chosen: pl.Series) -> "_Reading":
        """Return the reading with the chosen cells only."""
        return replace(
            self, absolute=self.absolute.set(~chosen, None), local=self.local.set(~chosen, None)
        )


def _instants(absolute: pl.Series) -> _Reading:
    return _Reading(absolute=absolute, local=_nothing(len(absolute), _LOCAL))


def _local_times(local: pl.Series) -> _Reading:
    return _Reading(absolute=_nothing(len(local), _UTC), local=local)


def _nothing(length: int, kind: pl.DataType) -> pl.Series:
    return pl.Series([None], dtype=kind).new_from_index(0, length)


def _read(cells: pl.Series, reader: TimeReader) -> _Reading:
    if isinstance(cells.dtype, pl.Datetime) and cells.dtype.time_zone is not None:
        return _refuse_years(_instants(cells.cast(_UTC)))
    if cells.dtype in (pl.Date, pl.Datetime):
        return _refuse_years(_local_times(cells.cast(_LOCAL)))
    if not reader.forms:
        return _refuse_years(_read_iso(cells.cast(pl.String).str.strip_chars()))
    readings = [_read_in(cells, form, reader) for form in reader.forms]
    return _compare_orders(cells, _first_reading(readings), reader)


def _read_in(cells: pl.Series, form: str, reader: TimeReader) -> _Reading:
    return _refuse_years(_read_form(cells, TimeFormat.of(form), reader))


def _compare_orders(cells: pl.Series, read: _Reading, reader: TimeReader) -> _Reading:
    """Try unread cells with day and month exchanged, since such a column was read wrongly.

    03/04/2024 fits both orders, so a wrong order refuses some cells and misreads the others.
    """
    is_unread = cells.is_not_null() & ~read.is_read
    exchanged = [form for form in map(exchange_day_and_month, reader.forms) if form is not None]
    if not (exchanged and is_unread.any()):
        return read
    others = _first_reading([_read_in(cells, form, reader) for form in exchanged])
    count = int((is_unread & others.is_read).sum())
    if not count:
        return read
    fit = f"{count_text(count, 'cell')} can be read only with day and month exchanged"
    days = read.local.dt.day().zip_with(read.local.is_not_null(), read.absolute.dt.day())
    if (read.is_read & ~others.is_read & (days > 12)).any():
        note = f"{fit}, others only as declared: where both fit, the declared order is assumed"
        return replace(read, notes=(*read.notes, note))
    return replace(
        read,
        question=f"{fit}, and none only as declared: correct the format, as {exchanged[0]!r}",
    )


def _first_reading(readings: list[_Reading]) -> _Reading:
    """Return each cell by the first format that reads it; count the cells read in two ways."""
    found, *others = readings
    differing = pl.repeat(value=False, n=len(found.local), eager=True)
    for other in others:
        both = found.is_read & other.is_read
        differing |= both & ~(
            found.local.eq_missing(other.local) & found.absolute.eq_missing(other.absolute)
        )
        more = other.of_cells(~found.is_read)
        found = _Reading(
            absolute=found.absolute.zip_with(found.absolute.is_not_null(), more.absolute),
            local=found.local.zip_with(found.local.is_not_null(), more.local),
            faults=(*found.faults, *other.faults),
            notes=(*found.notes, *other.notes),
        )
    unread = tuple((rule, at_fault & ~found.is_read) for rule, at_fault in found.faults)
    notes = found.notes
    if count := int(differing.sum()):
        fits = f"{count_text(count, 'cell')} could be read by several formats with other results"
        notes = (*notes, f"{fits}: the first format that fits is used")
    return replace(found, faults=unread, notes=notes)


def _refuse_years(read: _Reading) -> _Reading:
    """Remove times whose year is no year of a fact."""
    years = read.absolute.dt.year().zip_with(read.absolute.is_not_null(), read.local.dt.year())
    is_beyond = ((years < _YEARS["low"]) | (years > _YEARS["high"])).fill_null(value=False)
    if not is_beyond.any():
        return read
    return replace(
        read.of_cells(~is_beyond), faults=(*read.faults, (Rule("year", _YEARS), is_beyond))
    )


def _read_form(cells: pl.Series, form: TimeFormat, reader: TimeReader) -> _Reading:
    if form.epoch is not None:
        return _read_epoch(cells, form.epoch)
    text = cells.cast(pl.String).str.strip_chars()
    if form.names_zone:
        text = text.str.replace(_UTC_IN_CELL, "${1}+00:00${2}")
    if form.has_comma:
        text = text.str.replace(r"(\d),(\d{1,9})", "$1.$2")
    zone = "UTC" if form.has_offset else None
    found = text.str.to_datetime(form.chrono, time_unit="us", time_zone=zone, strict=False)
    return _choose_century(found, reader) if form.has_short_year else _reading_of(found)


#: A name of UTC where a format has the name of a zone.
_UTC_IN_CELL = r"(?i)([\d\s(])(?:UTC|GMT|Z)([\s)]|$)"


def _reading_of(found: pl.Series) -> _Reading:
    is_instant = isinstance(found.dtype, pl.Datetime) and found.dtype.time_zone is not None
    return _instants(found) if is_instant else _local_times(found)


def _choose_century(found: pl.Series, reader: TimeReader) -> _Reading:
    """Take a year of two digits for the last such year before the end of the data."""
    count = int(found.is_not_null().sum())
    until = reader.provenance.data_until_on
    read = _reading_of(found)
    if reader.may_be_later:
        note = f"{count_text(count, 'year')} of two digits: 00 to 69 are assumed to be 2000 to 2069"
    else:
        note = f"{count_text(count, 'year')} of two digits: the last one before {until} is assumed"
        end: datetime = reader.provenance.data_until_at
        if read.local.is_not_null().any():
            end = datetime.combine(until, time.min)
        earlier = found.dt.offset_by("-100y")
        found = earlier.zip_with((found >= end).fill_null(value=False), found)
    return replace(_reading_of(found), notes=(note,) if count else ())


def _read_epoch(cells: pl.Series, unit: str) -> _Reading:
    """Read a count of time since 1970, with fractions; a count in another unit is a fault.

    Seconds taken for milliseconds all fall in January 1970, at any time of the day.
    """
    factor = EPOCHS[unit]
    text = None if cells.dtype.is_numeric() else cells.cast(pl.String).str.strip_chars()
    if text is None:
        numbers = to_decimals(cells).values
    else:
        numbers = text.set(~text.str.contains(_COUNT).fill_null(value=True), None)
        numbers = numbers.str.to_decimal(scale=18)
    size = numbers.cast(pl.Float64) * factor
    low, high = (_microseconds_of(year) for year in (_YEARS["low"], _YEARS["high"] + 1))
    is_far = (size < low) | (size >= high)
    count = (numbers.set(is_far.fill_null(value=False), None) * factor).cast(pl.Int64)
    is_near = (count > 0) & (count < 31 * _DAY) & (count % _DAY != 0)
    is_wrong = is_far.fill_null(value=False) | is_near.fill_null(value=False)
    wrong = Rule("epoch", {"unit": EPOCH_UNITS[unit], **_YEARS})
    zeros = int((count == 0).sum() or 0)
    note = f"{count_text(zeros, 'cell')} 0, the start of 1970: list 0 as empty if it is no time"
    return replace(
        _instants(count.set(is_wrong, None).cast(_UTC)),
        faults=((wrong, is_wrong),),
        notes=(note,) if zeros else (),
    )


def _microseconds_of(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000


#: Changes that bring the usual variants of ISO 8601 into one form, in this order: Java's name of
#: the zone after the offset, a blank for T, a comma before the fraction, a time without seconds,
#: the names of UTC, and a blank before the offset.
_ISO_VARIANTS = (
    (r"([+-]\d{2}:?\d{2}|[Zz])\[[A-Za-z_/+-]+\]$", "$1"),
    (r"^(\d{4}-\d{2}-\d{2})(?: +|t)(\d)", "${1}T$2"),
    (r"(T\d{2}:\d{2}:\d{2}),(\d)", "$1.$2"),
    (r"(T\d{2}:\d{2})($|[^:\d])", "$1:00$2"),
    (r"(T\d.*?) ?(?:[Zz]|UTC|GMT)$", "${1}+00:00"),
    (r"(T\d.*\d) ([+-])", "$1$2"),
)
_ISO_OFFSET = r"T.*[+-]\d{2}(?::?\d{2})?$"


def _read_iso(text: pl.Series) -> _Reading:
    for variant, form in _ISO_VARIANTS:
        text = text.str.replace(variant, form)
    has_offset = text.str.contains(_ISO_OFFSET).fill_null(value=False)
    absolute = text.set(~has_offset, None).str.to_datetime(
        "%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", time_zone="UTC", strict=False
    )
    bare = text.set(has_offset, None)
    local = bare.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    if local.null_count() > bare.null_count():
        days = bare.str.to_date("%Y-%m-%d", strict=False).cast(_LOCAL)
        local = local.zip_with(local.is_not_null(), days)
    return _Reading(absolute=absolute, local=local)
