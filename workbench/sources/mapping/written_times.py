"""Times as cells write them: in a format of strptime, in ISO 8601, or as a count since 1970.

A cell that states its offset from UTC gives an instant, any other a local time whose zone the cell
does not contain.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.schema.record_faults import Rule
from workbench.sources.file_evidence import FileEvidence
from workbench.sources.mapping.numerals import to_decimals
from workbench.sources.mapping.time_formats import EPOCH_UNITS, EPOCHS, TimeFormat

_UTC = pl.Datetime("us", "UTC")
_LOCAL = pl.Datetime("us")

#: Years of facts; other years come from a wrong unit or format, or stand for no date.
_YEARS = {"low": 1900, "high": 2199}
_DAY = 86_400_000_000  # in microseconds
_COUNT = r"^[+-]?\d{1,18}(\.\d+)?$"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTimes:
    """Times of a column.

    Attributes
    ----------
    absolute, local : Series of Datetime
        Instants in UTC, and local times; a cell is one of them at most.
    faults : tuple of (Rule, Series of Boolean)
        Rules that cells break, with the cells that break them.
    notes : tuple of str
        Assumptions, with their counts.
    question : str or None
        Why the format cannot be right, and what to do.
    """

    absolute: pl.Series
    local: pl.Series
    faults: tuple[tuple[Rule, pl.Series], ...] = ()
    notes: tuple[str, ...] = ()
    question: str | None = None

    @property
    def is_read(self) -> pl.Series:
        """Mark the cells that have a time."""
        return self.absolute.is_not_null() | self.local.is_not_null()

    def of_cells(self, chosen: pl.Series) -> "WrittenTimes":
        """Return the reading with the chosen cells only."""
        return replace(
            self, absolute=self.absolute.set(~chosen, None), local=self.local.set(~chosen, None)
        )


def _instants(absolute: pl.Series) -> WrittenTimes:
    return WrittenTimes(absolute=absolute, local=_nothing(len(absolute), _LOCAL))


def _local_times(local: pl.Series) -> WrittenTimes:
    return WrittenTimes(absolute=_nothing(len(local), _UTC), local=local)


def _nothing(length: int, kind: pl.DataType) -> pl.Series:
    return pl.Series([None], dtype=kind).new_from_index(0, length)


def read_typed(cells: pl.Series) -> WrittenTimes:
    """Return dates and times of a typed file."""
    has_zone = isinstance(cells.dtype, pl.Datetime) and cells.dtype.time_zone is not None
    return _refuse_years(_reading_of(cells.cast(_UTC if has_zone else _LOCAL)))


def read_format(
    cells: pl.Series, form: TimeFormat, evidence: FileEvidence | None = None
) -> WrittenTimes:
    """Return the times of the cells that have a format; a year of two digits lies in 1970 to 2069.

    Cells of a number type are counts since 1970, or digits as in 20240301.
    """
    return _refuse_years(_read_form(cells, form, evidence or FileEvidence()))


def _refuse_years(read: WrittenTimes) -> WrittenTimes:
    """Remove times whose year is no year of a fact."""
    years = read.absolute.dt.year().zip_with(read.absolute.is_not_null(), read.local.dt.year())
    is_beyond = ((years < _YEARS["low"]) | (years > _YEARS["high"])).fill_null(value=False)
    if not is_beyond.any():
        return read
    return replace(
        read.of_cells(~is_beyond), faults=(*read.faults, (Rule("year", _YEARS), is_beyond))
    )


def _read_form(cells: pl.Series, form: TimeFormat, evidence: FileEvidence) -> WrittenTimes:
    if form.epoch is not None:
        return _read_epoch(cells, form.epoch, evidence)
    text = cells.cast(pl.String).str.strip_chars()
    if form.names_zone:
        text = text.str.replace(_UTC_IN_CELL, "${1}+00:00${2}")
    if form.has_comma:
        text = text.str.replace(r"(\d),(\d{1,9})", "$1.$2")
    zone = "UTC" if form.has_offset else None
    found = text.str.to_datetime(form.chrono, time_unit="us", time_zone=zone, strict=False)
    return _reading_of(found)


#: A name of UTC where a format has the name of a zone.
_UTC_IN_CELL = r"(?i)([\d\s(])(?:UTC|GMT|Z)([\s)]|$)"


def _reading_of(found: pl.Series) -> WrittenTimes:
    is_instant = isinstance(found.dtype, pl.Datetime) and found.dtype.time_zone is not None
    return _instants(found) if is_instant else _local_times(found)


def _read_epoch(cells: pl.Series, unit: str, evidence: FileEvidence) -> WrittenTimes:
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
    zeros = evidence.count("zeros", int((count == 0).sum() or 0))
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
#: The usual form, which needs no change; the offset is one that polars reads.
_USUAL_ISO = r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})?)?$"
_ISO_OFFSET = r"T.*[+-]\d{2}(?::?\d{2})?$"


def read_iso(cells: pl.Series) -> WrittenTimes:
    """Return the times of cells in ISO 8601 and in the variants that databases write of it."""
    text = cells.cast(pl.String).str.strip_chars()
    if not text.str.contains(_USUAL_ISO).all():
        for variant, form in _ISO_VARIANTS:
            text = text.str.replace(variant, form)
    is_utc = text.str.ends_with("Z").fill_null(value=False)
    has_offset = is_utc
    if not is_utc.all():
        has_offset = is_utc | text.str.contains(_ISO_OFFSET).fill_null(value=False)
    absolute = text.set(~has_offset, None).str.to_datetime(
        "%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", time_zone="UTC", strict=False
    )
    if has_offset.all():  # Exports that state offsets do so in every cell.
        return _refuse_years(_instants(absolute))
    bare = text.set(has_offset, None)
    local = bare.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    if local.null_count() > bare.null_count():
        days = bare.str.to_date("%Y-%m-%d", strict=False).cast(_LOCAL)
        local = local.zip_with(local.is_not_null(), days)
    return _refuse_years(WrittenTimes(absolute=absolute, local=local))
