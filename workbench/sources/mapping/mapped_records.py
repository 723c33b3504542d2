"""Make typed records of raw cells: parse columns, derive values, refuse records."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches

import polars as pl
from polars.exceptions import PolarsError

from workbench.foundation.errors import InputError, ParameterError
from workbench.schema.record_faults import Rule, join_faults, make_faults
from workbench.sources.formats.raw_cells import RawCells, count_text
from workbench.sources.mapping.mapping_rules import MonthsRule, WholeRule
from workbench.sources.mapping.source_mapping import SourceMapping
from workbench.sources.mapping.typed_columns import (
    ColumnCells,
    TypedColumn,
    read_column,
)
from workbench.sources.source_settings import Provenance

RECORD = "_record_id"
KIND = "_kind"
OBSERVED = "_observed_at"

#: Similarity of two names that differ by a letter or a sign; below it they are different names.
_A_LETTER = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedRecords:
    """Typed records of one file.

    Attributes
    ----------
    accepted : DataFrame
        One row per record: ``source_row``, the mapped and derived columns, the settings, and
        ``_record_id`` (String ``system:native id``, null for guests), ``_kind``, ``_observed_at``.
    faulty : DataFrame
        The refused records with the same columns, null where a cell was at fault.
    faults : DataFrame
        Faults of the refused records, with columns of ``FAULTS``.
    notes : tuple of str
        Assumptions.
    """

    accepted: pl.DataFrame
    faulty: pl.DataFrame
    faults: pl.DataFrame
    notes: tuple[str, ...]


def read_records(
    cells: RawCells, mapping: SourceMapping, provenance: Provenance, *, name: str
) -> MappedRecords:
    """Return the typed records that a mapping makes of raw cells.

    Raises
    ------
    InputError
        A column is missing, or no cell of a column can be read.
    """
    _check_header(cells, mapping, name)
    columns = {
        source: _read_column(cells, source, mapping, provenance) for source in mapping.columns
    }
    for source, column in columns.items():
        _check_readable(source, column, mapping, name)
    typed = _type_records(cells, columns, mapping, provenance)
    found = _find_faults(typed, columns, mapping)
    return MappedRecords(
        accepted=typed.join(found, on="source_row", how="anti", maintain_order="left"),
        faulty=typed.join(found, on="source_row", how="semi", maintain_order="left"),
        faults=found,
        notes=(*_column_notes(columns), *_unused_columns_note(cells, mapping)),
    )


def assumption_notes(accepted: pl.DataFrame, mapping: SourceMapping) -> Iterator[str]:
    """Yield the mapping's assumptions, each with the number of accepted records it concerns."""
    with explain_sql_errors(mapping, "assume"):
        yield from _assumption_notes(accepted, mapping)


def _assumption_notes(accepted: pl.DataFrame, mapping: SourceMapping) -> Iterator[str]:
    yield from _rounding_notes(accepted, mapping)
    conditions = [pl.sql_expr(sql).fill_null(value=False).sum() for sql in mapping.assume.values()]
    for sentence, condition in zip(mapping.assume, conditions, strict=True):
        if count := accepted.select(condition).item():
            yield f"{count_text(count, 'record')}: {sentence}"


@contextmanager
def explain_sql_errors(mapping: SourceMapping, place: str) -> Iterator[None]:
    """Replace an error of polars, which may contain a cell, by one that names the expression."""
    try:
        yield
    except PolarsError as error:
        raise ParameterError(
            f"mapping {mapping.name}: {place} cannot be computed from these columns: check the "
            "types it joins, and use TRY_CAST where a text may not be a number"
        ) from error


def _read_column(
    cells: RawCells, source: str, mapping: SourceMapping, provenance: Provenance
) -> TypedColumn:
    rule = mapping.columns[source]
    column = ColumnCells(
        cells=_cells_of(cells, source),
        is_plain=cells.is_plain,
        is_number=None if cells.numbers is None else cells.numbers.to_dict().get(source),
        currencies=None if rule.currency is None else _cells_of(cells, rule.currency),
        empty=mapping.file.empty,
        may_be_later=mapping.column_name(source) in mapping.ends,
    )
    return read_column(column, rule, provenance=provenance)


def _cells_of(cells: RawCells, source: str) -> pl.Series:
    """Return the cells of a source column, null if the file lacks it."""
    if source in cells.columns:
        return cells.records[source]
    return pl.Series(source, [None], dtype=pl.String).new_from_index(0, cells.records.height)


def _type_records(
    cells: RawCells, columns: dict[str, TypedColumn], mapping: SourceMapping, provenance: Provenance
) -> pl.DataFrame:
    source_row = cells.records["source_row"]
    typed = pl.DataFrame(
        [source_row, *(c.values.alias(mapping.column_name(s)) for s, c in columns.items())]
    ).with_columns(
        system=pl.lit(provenance.system),
        currency=pl.lit(provenance.currency),
        data_until_on=pl.lit(provenance.data_until_on),
        data_until_at=pl.lit(provenance.data_until_at).cast(pl.Datetime("us", "UTC")),
    )
    # Instants in expressions are in the source's zone, so that their day is the local day.
    instants = [name for name, kind in typed.schema.items() if isinstance(kind, pl.Datetime)]
    typed = typed.with_columns(pl.col(instants).dt.convert_time_zone(provenance.zone))
    days = {day: pl.col(name).dt.date() for day, name in mapping.day_columns.items()}
    typed = typed.with_columns(**days)
    for name, source in mapping.currency_columns.items():
        stated = columns[source].currencies
        typed = typed.with_columns(
            (pl.lit(None, dtype=pl.String) if stated is None else stated).alias(name)
        )
    for name, rule in mapping.derive.items():
        with explain_sql_errors(mapping, f"derive.{name}"):
            typed = typed.with_columns(_derive(rule).alias(name))
    record = mapping.record
    native = (
        pl.lit(None, dtype=pl.String)
        if record.id is None
        else pl.sql_expr(record.id).cast(pl.String)
    )
    with explain_sql_errors(mapping, "record"):
        return typed.with_columns(
            (pl.col("system") + ":" + native).alias(RECORD),
            pl.sql_expr(record.kind).alias(KIND),
            to_utc_instant(pl.sql_expr(record.observed_at), typed, provenance).alias(OBSERVED),
        )


def _derive(rule: str | MonthsRule | WholeRule) -> pl.Expr:
    if isinstance(rule, MonthsRule):
        return pl.sql_expr(rule.start).dt.offset_by(pl.sql_expr(rule.months).cast(pl.String) + "mo")
    if isinstance(rule, WholeRule):
        return pl.sql_expr(rule.whole).round(0, mode="half_away_from_zero").cast(pl.Int64)
    return pl.sql_expr(rule)


def _rounding_notes(accepted: pl.DataFrame, mapping: SourceMapping) -> Iterator[str]:
    for name, rule in mapping.derive.items():
        if isinstance(rule, WholeRule):
            amount = pl.sql_expr(rule.whole)
            if count := accepted.select((amount != amount.round(0)).sum()).item():
                yield f"{name}: {count:,} rounded to whole minor units, halves away from zero"


def to_utc_instant(expression: pl.Expr, records: pl.DataFrame, provenance: Provenance) -> pl.Expr:
    """Return an instant in UTC; a date becomes its first moment in the zone."""
    kind = records.lazy().select(expression).collect_schema().dtypes()[0]
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        return expression.dt.convert_time_zone("UTC")
    if kind != pl.Date:
        return expression
    midnight = expression.cast(pl.Datetime("us")).dt.replace_time_zone(
        provenance.zone, ambiguous="earliest", non_existent="null"
    )
    later = (expression.cast(pl.Datetime("us")) + pl.duration(hours=1)).dt.replace_time_zone(
        provenance.zone, ambiguous="earliest", non_existent="null"
    )  # If the clock is set forward at midnight, the day begins at one o'clock.
    return pl.coalesce(midnight, later).dt.convert_time_zone("UTC")


def _find_faults(
    typed: pl.DataFrame, columns: dict[str, TypedColumn], mapping: SourceMapping
) -> pl.DataFrame:
    """Return all faults of the records: of cells first, then of the mapping's conditions."""
    found = [
        make_faults(typed.filter(at_fault), rule, column=source)
        for source, column in columns.items()
        for rule, at_fault in column.faults
    ]
    at_fault = {
        mapping.column_name(source): column.is_at_fault
        for source, column in columns.items()
        if column.faults
    }
    for says, sql in mapping.refuse.items():
        with explain_sql_errors(mapping, f"refuse {says!r}"):
            holds = typed.select(pl.sql_expr(sql).fill_null(value=False)).to_series()
        for name in mapping.names_used(sql) & set(at_fault):
            holds &= ~at_fault[name]  # A condition must not take an unreadable cell for empty.
        found.append(make_faults(typed.filter(holds), Rule("condition", {"says": says})))
    return join_faults(found)


def _check_header(cells: RawCells, mapping: SourceMapping, name: str) -> None:
    missing = [
        source
        for source, rule in mapping.columns.items()
        if source not in cells.columns and not rule.optional
    ]
    if not missing:
        return
    found = len(mapping.columns) - len(missing)
    # A first line with few of the expected names may be a record, so it is not printed.
    is_header = cells.has_header and (
        found * 2 >= len(mapping.columns) or _has_similar_names(missing, cells.columns)
    )
    if not is_header:
        fields = "1 field" if len(cells.columns) == 1 else f"{len(cells.columns)} fields"
        raise InputError(
            f"{name} has {fields} in a record and its first line names "
            f"{found or 'none'} of the columns that mapping {mapping.name} needs "
            f"({', '.join(mapping.columns)}): "
            "check the delimiter, whether the first line is a header, and whether it is the "
            "right mapping"
        )
    descriptions = [_describe_missing(source, cells.columns) for source in missing]
    raise InputError(
        f"{name} lacks {', '.join(descriptions)}. Its header: {', '.join(cells.columns)}. "
        f"Correct the file or the [columns] of mapping {mapping.name}"
    )


def _describe_missing(source: str, header: list[str]) -> str:
    nearest = get_close_matches(source.lower(), [h.lower() for h in header], n=1)
    original = next((h for h in header if nearest and h.lower() == nearest[0]), None)
    return f"column {source!r}" + (f" (did you mean {original!r}?)" if original else "")


def _has_similar_names(missing: list[str], header: list[str]) -> bool:
    """Return whether the first line has most missing names but for a letter, so is a header."""
    lowered = [name.lower() for name in header]
    near = [get_close_matches(name.lower(), lowered, n=1, cutoff=_A_LETTER) for name in missing]
    return sum(map(bool, near)) * 2 > len(missing)


def _check_readable(source: str, column: TypedColumn, mapping: SourceMapping, name: str) -> None:
    if column.refusal is not None:
        raise InputError(f"{name}: column {source!r}: {column.refusal} in mapping {mapping.name}")
    at_fault = int(column.is_at_fault.sum())
    if at_fault and column.values.null_count() == len(column.values):
        rule = mapping.columns[source]
        forms = " or ".join(map(repr, rule.format))
        form = f" in the form {forms}" if forms else ""
        rules = " or ".join(broken.words for broken, _ in column.faults)
        raise InputError(
            f"{name}: no cell of column {source!r} can be read as {rule.type}{form} "
            f"({count_text(at_fault, 'record')}), being {rules}: correct the column in the file, "
            f"or its rule in mapping {mapping.name}"
        )


def _column_notes(columns: dict[str, TypedColumn]) -> Iterator[str]:
    for source, column in columns.items():
        for note in column.notes:
            yield f"{source}: {note}"


def _unused_columns_note(cells: RawCells, mapping: SourceMapping) -> Iterator[str]:
    unused = [name for name in cells.columns if name not in mapping.columns]
    if unused and cells.has_header:
        yield f"columns that the mapping does not use: {', '.join(unused)}"
