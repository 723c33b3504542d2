"""Parse instants and dates in the forms that mappings declare, or in ISO 8601.

A cell that states its offset from UTC is an instant; any other time is a local time of the declared
zone. Of several formats, each cell is read by the first that fits it. A date is a fact only before
the day until which the data are declared complete, and in the years 1900 to 2199.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, time

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.schema.record_faults import Rule
from workbench.sources.file_evidence import FileEvidence
from workbench.sources.mapping.local_times import local_to_utc
from workbench.sources.mapping.time_formats import TimeFormat, exchange_day_and_month
from workbench.sources.mapping.written_times import (
    WrittenTimes,
    read_format,
    read_iso,
    read_typed,
)
from workbench.sources.source_settings import Provenance

#: Fewer cells than one in so many with a month above 12 are slips, and no sign of another order.
_SLIPS = 20


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
    evidence : FileEvidence
        Evidence of the column's earlier batches.
    """

    provenance: Provenance
    forms: tuple[str, ...] = ()
    may_be_later: bool = False
    evidence: FileEvidence = field(default_factory=FileEvidence)

    def parse_instants(self, cells: pl.Series) -> ParsedTimes:
        """Parse cells (String, Date, Datetime, or numbers in an epoch) as instants."""
        read = _read(cells, self)
        local, never_was, notes = local_to_utc(
            read.local, zone=self.provenance.zone, evidence=self.evidence
        )
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


def _read(cells: pl.Series, reader: TimeReader) -> WrittenTimes:
    if cells.dtype in (pl.Date, pl.Datetime):
        return read_typed(cells)
    if not reader.forms:
        return read_iso(cells)
    readings = [_read_in(cells, form, reader) for form in reader.forms]
    return _compare_orders(cells, _first_reading(readings, reader.evidence), reader)


def _read_in(cells: pl.Series, form: str, reader: TimeReader) -> WrittenTimes:
    chosen = TimeFormat.of(form)
    read = read_format(cells, chosen, reader.evidence.within(f"{reader.evidence.place}/{form}"))
    return _choose_century(read, form, reader) if chosen.has_short_year else read


def _choose_century(read: WrittenTimes, form: str, reader: TimeReader) -> WrittenTimes:
    """Take a year of two digits for the last such year before the end of the data."""
    count = reader.evidence.count(f"years of {form}", int(read.is_read.sum()))
    if not count:
        return read
    years = f"{count_text(count, 'year')} of two digits"
    until = reader.provenance.data_until_on
    if reader.may_be_later:
        return replace(read, notes=(f"{years}: 00 to 69 are assumed to be 2000 to 2069",))
    return replace(
        read,
        absolute=_before(read.absolute, reader.provenance.data_until_at),
        local=_before(read.local, datetime.combine(until, time.min)),
        notes=(f"{years}: the last one before {until} is assumed",),
    )


def _before(found: pl.Series, until: datetime) -> pl.Series:
    is_late = (found >= until).fill_null(value=False)
    earlier = found.dt.offset_by("-100y")
    is_there = earlier.dt.day() == found.dt.day()  # 1900 had no 29 February.
    return earlier.set(~is_there, None).zip_with(is_late, found)


def _compare_orders(cells: pl.Series, read: WrittenTimes, reader: TimeReader) -> WrittenTimes:
    """Try unread cells with day and month exchanged, since such a column was read wrongly.

    03/04/2024 fits both orders, so a wrong order refuses some cells and misreads the others.
    """
    is_unread = cells.is_not_null() & ~read.is_read
    exchanged = [form for form in map(exchange_day_and_month, reader.forms) if form is not None]
    if not exchanged:
        return read
    count, only_declared, cell_count = 0, 0, cells.count()
    if is_unread.any():
        # The other order is only tried, so its counts are no evidence about the file.
        trial = replace(reader, evidence=FileEvidence())
        readings = [_read_in(cells, form, trial) for form in exchanged]
        others = _first_reading(readings, trial.evidence)
        count = int((is_unread & others.is_read).sum())
        days = read.local.dt.day().zip_with(read.local.is_not_null(), read.absolute.dt.day())
        only_declared = int((read.is_read & ~others.is_read & (days > 12)).sum() or 0)
    count, only_declared, cell_count = reader.evidence.total(
        "order of day and month", count, only_declared, cell_count
    )
    is_doubtful = count > 0 and count * _SLIPS >= cell_count
    if not is_doubtful:
        return read
    reader.evidence.need_whole("some cells can be read only with day and month exchanged")
    fit = f"{count_text(count, 'cell')} can be read only with day and month exchanged"
    if only_declared:
        note = f"{fit}, others only as declared: where both fit, the declared order is assumed"
        return replace(read, notes=(*read.notes, note))
    return replace(
        read,
        question=f"{fit}, and none only as declared: correct the format, as {exchanged[0]!r}",
    )


def _first_reading(readings: list[WrittenTimes], evidence: FileEvidence) -> WrittenTimes:
    """Return each cell by the first format that reads it; count the cells read in two ways."""
    found, *others = readings
    differing = pl.repeat(value=False, n=len(found.local), eager=True)
    for other in others:
        both = found.is_read & other.is_read
        differing |= both & ~(
            found.local.eq_missing(other.local) & found.absolute.eq_missing(other.absolute)
        )
        more = other.of_cells(~found.is_read)
        found = WrittenTimes(
            absolute=found.absolute.zip_with(found.absolute.is_not_null(), more.absolute),
            local=found.local.zip_with(found.local.is_not_null(), more.local),
            faults=(*found.faults, *other.faults),
            notes=(*found.notes, *other.notes),
        )
    unread = tuple((rule, at_fault & ~found.is_read) for rule, at_fault in found.faults)
    notes = found.notes
    if count := evidence.count("read in two ways", int(differing.sum())):
        fits = f"{count_text(count, 'cell')} could be read by several formats with other results"
        notes = (*notes, f"{fits}: the first format that fits is used")
    return replace(found, faults=unread, notes=notes)
