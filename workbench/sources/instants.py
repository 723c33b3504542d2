"""Instants and dates, and local times on the two days a year when the clock is set.

A local time is turned into UTC by the declared zone. In the hour that is passed twice the order of
the records settles which pass is meant, where the file is in order of time and steps back once in
that hour; else the first pass is taken. A local time that never was is a fault.
"""

from datetime import UTC
from typing import Literal

import polars as pl

from workbench.schema.faults import EXAMPLE_MOMENT

_OFFSET = r"(?:[Zz]|[+-]\d{2}:?\d{2})$"
_ISO = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d")
_UTC = pl.Datetime("us", "UTC")
_LOCAL = pl.Datetime("us")


def instants(
    cells: pl.Series, *, form: str | None, zone: str
) -> tuple[pl.Series, pl.Series, tuple[str, ...]]:
    """Read cells as instants.

    Parameters
    ----------
    cells : Series
        String, an integer (with form ``epoch_s`` or ``epoch_ms``), Date or Datetime.
    form : str or None
        strptime format of text cells; None reads ISO 8601, with or without offset.
    zone : str
        Zone of those that state no offset.

    Returns
    -------
    instants : Series of Datetime(us, UTC)
        Null where there is none.
    never_was : Series of Boolean
        True where the local time does not exist in the zone.
    notes : tuple of str
        How many were ambiguous and what settled them.
    """
    if isinstance(cells.dtype, pl.Datetime) and cells.dtype.time_zone is not None:
        return _fixed(cells.cast(_UTC))
    if cells.dtype in (pl.Date, pl.Datetime):
        return localized(cells.cast(_LOCAL), zone=zone)
    if form in ("epoch_s", "epoch_ms"):
        number = cells.cast(pl.Int64, strict=False)
        factor = 1_000_000 if form == "epoch_s" else 1_000
        return _fixed((number * factor).cast(_UTC))
    text = cells.cast(pl.String).str.strip_chars()
    if form is not None and "%z" in form:
        return _fixed(text.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False))
    if form is not None:
        return localized(text.str.to_datetime(form, time_unit="us", strict=False), zone=zone)
    text = text.str.replace(r"^(\d{4}-\d{2}-\d{2})[ t]", "${1}T")
    has_offset = text.str.contains(_OFFSET) & text.str.contains("T", literal=True)
    fixed = text.set(~has_offset.fill_null(value=False), None).str.replace("[Zz]$", "+00:00")
    absolute = fixed.str.to_datetime(
        "%Y-%m-%dT%H:%M:%S%.f%z", time_unit="us", time_zone="UTC", strict=False
    )
    bare = text.set(has_offset.fill_null(value=False), None)
    found, never_was, notes = localized(_first_form(bare), zone=zone)
    return absolute.zip_with(absolute.is_not_null(), found), never_was, notes


def dates(cells: pl.Series, *, form: str | None, zone: str) -> pl.Series:
    """Read cells as dates: text by strptime format or ISO 8601, instants by their day in the zone.

    A time without an offset is local already: its day is the one that is written.
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
    absolute, _, _ = instants(text.set(~has_offset, None), form=None, zone=zone)
    written = _first_form(text.set(has_offset, None)).dt.date()
    return written.zip_with(~has_offset, absolute.dt.convert_time_zone(zone).dt.date())


def example(form: str | None, *, is_date: bool) -> str:
    """Return what a date or an instant in this form looks like, always of the same moment.

    Examples
    --------
    >>> example("%d.%m.%Y", is_date=True), example(None, is_date=False)
    ('31.03.2024', '2024-03-31 14:30:00')
    """
    if form in ("epoch_s", "epoch_ms"):
        seconds = int(EXAMPLE_MOMENT.replace(tzinfo=UTC).timestamp())
        return str(seconds if form == "epoch_s" else seconds * 1000)
    form = form or ("%Y-%m-%d" if is_date else "%Y-%m-%d %H:%M:%S")
    moment = pl.Series([EXAMPLE_MOMENT], dtype=_UTC if "%z" in form else _LOCAL)
    return str(moment.dt.to_string(form).item())


def localized(local: pl.Series, *, zone: str) -> tuple[pl.Series, pl.Series, tuple[str, ...]]:
    """Turn local times into UTC, see ``instants``."""
    first = _placed(local, zone, "earliest")
    last = _placed(local, zone, "latest")
    never_was = local.is_not_null() & first.is_null()
    is_twice = (first != last).fill_null(value=False)
    ambiguous = int(is_twice.sum())
    if not ambiguous:
        return first, never_was, ()
    is_second, settled = _second_pass(local, is_twice, never_was)
    by_order = int((is_twice & settled).sum())
    note = (
        f"{ambiguous:,} local times in {zone} are ambiguous (the clock was set back): "
        f"{by_order:,} settled by the order of the records, "
        f"{ambiguous - by_order:,} taken as the first pass"
    )
    return last.zip_with(is_second, first), never_was, (note,)


def _placed(local: pl.Series, zone: str, which: Literal["earliest", "latest"]) -> pl.Series:
    return local.dt.replace_time_zone(
        zone, ambiguous=which, non_existent="null"
    ).dt.convert_time_zone("UTC")


def _second_pass(
    local: pl.Series, is_twice: pl.Series, never_was: pl.Series
) -> tuple[pl.Series, pl.Series]:
    """Return who stands in the second pass, and on which days the order of records tells."""
    rows = pl.DataFrame({"at": local, "is_twice": is_twice}).with_row_index("row")
    kept = rows.filter(pl.col("at").is_not_null() & ~never_was).with_columns(
        is_step=(pl.col("at") < pl.col("at").shift(1)).fill_null(value=False),
        day=pl.col("at").dt.date(),
    )
    # A step back anywhere but inside a doubled hour means that the file is not in order of time.
    inside = (
        pl.col("is_twice") & pl.col("is_twice").shift(1) & (pl.col("day") == pl.col("day").shift(1))
    )
    strays = kept.filter(pl.col("is_step") & ~inside.fill_null(value=False)).height
    steps = (
        kept.filter("is_twice")
        .with_columns(steps=pl.col("is_step").cast(pl.Int32).cum_sum().over("day"))
        .with_columns(settled=(pl.col("steps").max().over("day") == 1) & pl.lit(strays == 0))
    )
    told = rows.select("row").join(steps, on="row", how="left", maintain_order="left")
    settled = told["settled"].fill_null(value=False)
    return settled & (told["steps"].fill_null(0) == 1), settled


def _first_form(text: pl.Series) -> pl.Series:
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


def _fixed(found: pl.Series) -> tuple[pl.Series, pl.Series, tuple[str, ...]]:
    return found, pl.repeat(value=False, n=len(found), eager=True), ()
