"""Parse instants and dates, also local times on the two days a year when the clock is set.

The declared zone turns a local time into UTC. When the clock is set back, the times of one hour
occur twice. If the file is sorted by time and steps back once within that hour, the order of the
records decides between the first and the second pass; otherwise the first pass is assumed. A local
time that does not exist, because the clock was set forward, is a fault.
"""

from datetime import UTC
from typing import Literal

import polars as pl

from workbench.schema.record_faults import EXAMPLE_MOMENT

_OFFSET = r"(?:[Zz]|[+-]\d{2}:?\d{2})$"
_ISO = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d")
_UTC = pl.Datetime("us", "UTC")
_LOCAL = pl.Datetime("us")


def parse_instants(
    cells: pl.Series, *, form: str | None, zone: str
) -> tuple[pl.Series, pl.Series, tuple[str, ...]]:
    """Parse cells as instants.

    Parameters
    ----------
    cells : Series
        String, an integer (with form ``epoch_s`` or ``epoch_ms``), Date or Datetime.
    form : str or None
        strptime format of text cells; None for ISO 8601, with or without offset.
    zone : str
        Zone of cells without an offset.

    Returns
    -------
    instants : Series of Datetime(us, UTC)
        Null if the cell is empty or cannot be parsed.
    never_was : Series of Boolean
        True if the local time does not exist in the zone.
    notes : tuple of str
        Number of ambiguous times, and of those that the order of the records decided.
    """
    if isinstance(cells.dtype, pl.Datetime) and cells.dtype.time_zone is not None:
        return _without_notes(cells.cast(_UTC))
    if cells.dtype in (pl.Date, pl.Datetime):
        return local_to_utc(cells.cast(_LOCAL), zone=zone)
    if form in ("epoch_s", "epoch_ms"):
        number = cells.cast(pl.Int64, strict=False)
        factor = 1_000_000 if form == "epoch_s" else 1_000
        return _without_notes((number * factor).cast(_UTC))
    text = cells.cast(pl.String).str.strip_chars()
    if form is not None and "%z" in form:
        return _without_notes(
            text.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False)
        )
    if form is not None:
        return local_to_utc(text.str.to_datetime(form, time_unit="us", strict=False), zone=zone)
    text = text.str.replace(r"^(\d{4}-\d{2}-\d{2})[ t]", "${1}T")
    has_offset = text.str.contains(_OFFSET) & text.str.contains("T", literal=True)
    fixed = text.set(~has_offset.fill_null(value=False), None).str.replace("[Zz]$", "+00:00")
    absolute = fixed.str.to_datetime(
        "%Y-%m-%dT%H:%M:%S%.f%z", time_unit="us", time_zone="UTC", strict=False
    )
    bare = text.set(has_offset.fill_null(value=False), None)
    found, never_was, notes = local_to_utc(_parse_iso(bare), zone=zone)
    return absolute.zip_with(absolute.is_not_null(), found), never_was, notes


def parse_dates(cells: pl.Series, *, form: str | None, zone: str) -> pl.Series:
    """Parse cells as dates: text by strptime format or ISO 8601, instants by their day in the zone.

    A time without an offset is local already, so its date is the written one.
    """
    if cells.dtype == pl.Date:
        return cells
    if isinstance(cells.dtype, pl.Datetime):
        return (cells.dt.convert_time_zone(zone) if cells.dtype.time_zone else cells).dt.date()
    text = cells.cast(pl.String).str.strip_chars()
    if form is not None:
        return text.str.to_date(form, strict=False)
    text = text.str.replace(r"^(\d{4}-\d{2}-\d{2})[ t]", "${1}T")
    has_offset = (text.str.contains(_OFFSET) & text.str.contains("T", literal=True)).fill_null(
        value=False
    )
    absolute, _, _ = parse_instants(text.set(~has_offset, None), form=None, zone=zone)
    written = _parse_iso(text.set(has_offset, None)).dt.date()
    return written.zip_with(~has_offset, absolute.dt.convert_time_zone(zone).dt.date())


def example_text(form: str | None, *, is_date: bool) -> str:
    """Return an example of a date or an instant in this form, always of the same moment.

    Examples
    --------
    >>> example_text("%d.%m.%Y", is_date=True), example_text(None, is_date=False)
    ('31.03.2024', '2024-03-31 14:30:00')
    """
    if form in ("epoch_s", "epoch_ms"):
        seconds = int(EXAMPLE_MOMENT.replace(tzinfo=UTC).timestamp())
        return str(seconds if form == "epoch_s" else seconds * 1000)
    form = form or ("%Y-%m-%d" if is_date else "%Y-%m-%d %H:%M:%S")
    moment = pl.Series([EXAMPLE_MOMENT], dtype=_UTC if "%z" in form else _LOCAL)
    return str(moment.dt.to_string(form).item())


def local_to_utc(local: pl.Series, *, zone: str) -> tuple[pl.Series, pl.Series, tuple[str, ...]]:
    """Return local times in UTC, with the other results of ``parse_instants``."""
    first = _to_utc(local, zone, "earliest")
    last = _to_utc(local, zone, "latest")
    never_was = local.is_not_null() & first.is_null()
    is_twice = (first != last).fill_null(value=False)
    ambiguous = int(is_twice.sum())
    if not ambiguous:
        return first, never_was, ()
    is_second, settled = _find_second_pass(local, is_twice, never_was)
    by_order = int((is_twice & settled).sum())
    note = (
        f"{ambiguous:,} local times in {zone} are ambiguous (the clock was set back): "
        f"{by_order:,} decided by the order of the records, "
        f"{ambiguous - by_order:,} assumed to be the first pass"
    )
    return last.zip_with(is_second, first), never_was, (note,)


def _to_utc(local: pl.Series, zone: str, which: Literal["earliest", "latest"]) -> pl.Series:
    return local.dt.replace_time_zone(
        zone, ambiguous=which, non_existent="null"
    ).dt.convert_time_zone("UTC")


def _find_second_pass(
    local: pl.Series, is_twice: pl.Series, never_was: pl.Series
) -> tuple[pl.Series, pl.Series]:
    """Return which rows are in the second pass, and for which the order of records decides."""
    rows = pl.DataFrame({"at": local, "is_twice": is_twice}).with_row_index("row")
    kept = rows.filter(pl.col("at").is_not_null() & ~never_was).with_columns(
        is_step=(pl.col("at") < pl.col("at").shift(1)).fill_null(value=False),
        day=pl.col("at").dt.date(),
    )
    # A step back outside a repeated hour means that the file is not sorted by time.
    inside = (
        pl.col("is_twice") & pl.col("is_twice").shift(1) & (pl.col("day") == pl.col("day").shift(1))
    )
    strays = kept.filter(pl.col("is_step") & ~inside.fill_null(value=False)).height
    steps = (
        kept.filter("is_twice")
        .with_columns(steps=pl.col("is_step").cast(pl.Int32).cum_sum().over("day"))
        .with_columns(settled=(pl.col("steps").max().over("day") == 1) & pl.lit(strays == 0))
    )
    passes = rows.select("row").join(steps, on="row", how="left", maintain_order="left")
    settled = passes["settled"].fill_null(value=False)
    return settled & (passes["steps"].fill_null(0) == 1), settled


def _parse_iso(text: pl.Series) -> pl.Series:
    found = pl.Series(text.name, [None] * len(text), dtype=_LOCAL)
    for form in _ISO:
        if found.null_count() == text.null_count():
            break
        read = (
            text.str.to_date(form, strict=False).cast(_LOCAL)
            if form == "%Y-%m-%d"
            else text.str.to_datetime(form, time_unit="us", strict=False)
        )
        found = found.zip_with(found.is_not_null(), read)
    return found


def _without_notes(found: pl.Series) -> tuple[pl.Series, pl.Series, tuple[str, ...]]:
    return found, pl.repeat(value=False, n=len(found), eager=True), ()
