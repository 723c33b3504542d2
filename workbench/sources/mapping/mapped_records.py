"""Make typed records of cells and trees: parse columns, derive values, refuse records.

A part has one set of typed rows for its records, and one for each ``each``, whose rows have the
columns of their record as well. A record is refused as a whole, with the members of its sets.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import InputError
from workbench.schema import TABLES
from workbench.schema.record_faults import Rule, join_faults, make_faults
from workbench.sources.formats.json_values import pause_garbage_collection
from workbench.sources.mapping.expression_types import check_column, check_condition
from workbench.sources.mapping.header_checks import check_places
from workbench.sources.mapping.joined_dates import first_moment_of, in_zone, read_expression
from workbench.sources.mapping.mapping_rules import (
    DeriveEntry,
    LookupRule,
    MonthsRule,
    WholeRule,
)
from workbench.sources.mapping.members import Members
from workbench.sources.mapping.part_context import PartContext, explain_sql_errors
from workbench.sources.mapping.part_rules import column_name
from workbench.sources.mapping.placed_cells import Faults
from workbench.sources.mapping.typed_sets import TypedSet, type_set
from workbench.sources.source_settings import Provenance

RECORD = "_record_id"
KIND = "_kind"
OBSERVED = "_observed_at"

#: Typed rows by the name of their each; those of the records by None.
Rows = Mapping[str | None, pl.DataFrame]


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedRecords:
    """Typed records of one part of a file.

    Attributes
    ----------
    rows : mapping of str or None to DataFrame
        By the name of an each, for the records by None: ``source_row``, the mapped and derived
        columns, the settings, and ``_record_id`` (String ``system:native id``, null for guests),
        ``_kind``, ``_observed_at``. Cells at fault are null.
    faults : DataFrame
        Faults of the refused records, with columns of ``FAULTS``.
    passed_over : DataFrame
        ``source_row`` and ``reason`` of the records that are right but not for us.
    notes : tuple of str
        Assumptions.
    """

    rows: Rows
    faults: pl.DataFrame
    passed_over: pl.DataFrame
    notes: tuple[str, ...]


@pause_garbage_collection()
def read_records(members: Members, context: PartContext) -> MappedRecords:
    """Return the typed records that a part makes of its members.

    Raises
    ------
    InputError
        A column is missing, or no cell of a column can be read.
    """
    part = context.part
    members, decoding = members.decode(part.decode)
    check_places(members, context)
    records = type_set(members, None, context)
    frame, lookup_notes = _complete_records(records, context)
    at_fault = {
        column_name(label, part.columns[label]): column.is_at_fault
        for label, column in records.columns.items()
        if column.faults
    }
    faults = [
        *(make_faults(frame.filter(a), r, column=p) for p, r, a in _decoding_faults(decoding)),
        *(make_faults(frame.filter(a), r, column=p) for p, r, a in records.faults),
        *_whole_faults(frame, part.derive),
        *_condition_faults(frame, at_fault, context),
    ]
    rows: dict[str | None, pl.DataFrame] = {None: frame}
    sets: dict[str | None, Members] = {None: members}
    notes = [*records.notes, *lookup_notes]
    for name, each in part.each.items():
        own, wrong = sets[each.of].explode(each.path).decode(each.decode)
        typed = type_set(own, name, context)
        above = rows[each.of][_rows_of(own)]
        local = _local_days(typed.frame, part.day_columns(name), context.provenance.zone)
        whole = above.hstack(local.drop("source_row").get_columns())
        whole = _derive_columns(whole, each.derive, f"each.{name}.derive", context)
        sets[name], rows[name] = own, whole
        notes += [f"{each.path}: {note}" for note in typed.notes]
        faults += [
            make_faults(whole.filter(at), rule, column=f"{each.path}.{place}")
            for place, rule, at in (*_decoding_faults(wrong), *typed.faults)
        ]
        faults += _whole_faults(whole, each.derive)
    return MappedRecords(
        rows=rows,
        faults=join_faults(faults),
        passed_over=_find_passed_over(frame, at_fault, context),
        notes=tuple(notes),
    )


def keep_records(rows: Rows, kept: pl.DataFrame) -> Rows:
    """Return the rows of some records, by their ``source_row``."""
    return {
        name: frame.join(kept, on="source_row", how="semi", maintain_order="left")
        for name, frame in rows.items()
    }


def drop_records(rows: Rows, dropped: pl.DataFrame) -> Rows:
    """Return the rows without some records, by their ``source_row``."""
    if dropped.is_empty():  # Usually nothing is dropped, and then nothing is copied.
        return rows
    return {
        name: frame.join(dropped, on="source_row", how="anti", maintain_order="left")
        for name, frame in rows.items()
    }


def assumption_notes(accepted: pl.DataFrame, context: PartContext) -> Iterator[str]:
    """Yield the mapping's assumptions, each with the number of accepted records it concerns."""
    assume = context.part.assume
    with explain_sql_errors(context, "assume"):
        yield from _rounding_notes(accepted, context)
        conditions = [
            read_expression(sql, accepted).fill_null(value=False).sum() for sql in assume.values()
        ]
        for sentence, condition in zip(assume, conditions, strict=True):
            count = accepted.select(condition).item() or 0
            if count := context.evidence.count(f"assume {sentence!r}", count):
                yield f"{count_text(count, 'record')}: {sentence}"


def _rows_of(members: Members) -> pl.Series:
    if members.rows is None:
        raise RuntimeError("members of an each have rows of a parent")
    return members.rows


def _complete_records(
    typed: TypedSet, context: PartContext
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Add the settings, the looked-up and derived columns and the customer of each record."""
    part, provenance = context.part, context.provenance
    frame = typed.frame.with_columns(
        system=pl.lit(provenance.system),
        currency=pl.lit(provenance.currency),
        orders=pl.lit(provenance.orders),
        data_until_on=pl.lit(provenance.data_until_on),
        data_until_at=pl.lit(provenance.data_until_at).cast(pl.Datetime("us", "UTC")),
        undated_at=pl.lit(provenance.undated_at).cast(pl.Datetime("us", "UTC")),
        **{name: pl.lit(answer) for name, answer in provenance.answers.items()},
    )
    frame = _local_days(frame, part.day_columns(None), provenance.zone)
    for name, label in part.currency_columns.items():
        stated = typed.columns[label].currencies
        frame = frame.with_columns(
            (pl.lit(None, dtype=pl.String) if stated is None else stated).alias(name)
        )
    notes: list[str] = []
    for name, lookup in part.lookup.items():
        frame, note = _look_up(frame, name, lookup, context)
        notes += [note] if note else []
    frame = _derive_columns(frame, part.derive, "derive", context)
    record = part.record
    with explain_sql_errors(context, "record"):
        observed_at = read_expression(record.observed_at, frame)
        kind = read_expression(record.kind, frame)
        customers = TABLES["customers"]
        for value, name in ((observed_at, "observed_at"), (kind, "kind")):
            column, place = customers.column(name), f"record.{name}"
            check_column(value, frame, column, place=place, context=context)
        complete = frame.with_columns(
            native_record_id(record.id, frame),
            kind.alias(KIND),
            to_utc_instant(observed_at, frame, provenance).alias(OBSERVED),
        )
    return complete, tuple(notes)


def native_record_id(sql: str | None, records: pl.DataFrame) -> pl.Expr:
    """Return the expression of ``_record_id``, the native id with its system; null for guests."""
    native = pl.lit(None) if sql is None else read_expression(sql, records)
    return (pl.col("system") + ":" + native.cast(pl.String)).alias(RECORD)


def _local_days(frame: pl.DataFrame, days: Mapping[str, str], zone: str) -> pl.DataFrame:
    # Instants in expressions are in the source's zone, so that their day is the local day.
    instants = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
    frame = frame.with_columns(pl.col(instants).dt.convert_time_zone(zone))
    return frame.with_columns(**{day: pl.col(name).dt.date() for day, name in days.items()})


def _look_up(
    frame: pl.DataFrame, name: str, lookup: LookupRule, context: PartContext
) -> tuple[pl.DataFrame, str | None]:
    others = context.find_part(lookup.part)
    found = others.select(
        pl.col(lookup.key).cast(pl.String).alias("_key"),
        *(pl.col(column).alias(f"{name}_{column}") for column in lookup.columns),
        **{"_is_found": pl.lit(value=True)},
    ).filter(pl.col("_key").is_not_null())
    if found["_key"].is_duplicated().any():
        raise InputError(
            f"{context.file}: {lookup.key} of {lookup.part} occurs more than once, so a lookup by "
            "it is ambiguous: correct the file"
        )
    joined = frame.with_columns(pl.col(lookup.on).cast(pl.String).alias("_key")).join(
        found, on="_key", how="left", maintain_order="left"
    )
    missed = joined.filter(pl.col("_is_found").is_null() & pl.col("_key").is_not_null()).height
    note = f"{count_text(missed, 'record')}: {lookup.on} is not among {lookup.part}"
    return joined.drop("_key", "_is_found"), note if missed else None


def _derive_columns(
    frame: pl.DataFrame, rules: Mapping[str, DeriveEntry], where: str, context: PartContext
) -> pl.DataFrame:
    for name, rule in rules.items():
        with explain_sql_errors(context, f"{where}.{name}"):
            frame = frame.with_columns(_derive(rule, frame).alias(name))
    return frame


def _derive(rule: DeriveEntry, frame: pl.DataFrame) -> pl.Expr:
    if isinstance(rule, MonthsRule):
        months = read_expression(rule.months, frame)
        return read_expression(rule.start, frame).dt.offset_by(months.cast(pl.String) + "mo")
    if isinstance(rule, WholeRule):
        return (
            read_expression(rule.whole, frame)
            .round(0, mode="half_away_from_zero")
            .cast(pl.Int64, strict=False)
        )
    return read_expression(rule, frame)


def _whole_faults(frame: pl.DataFrame, derive: Mapping[str, DeriveEntry]) -> Iterator[pl.DataFrame]:
    """Yield faults of the whole amounts that are too large to be kept."""
    for name, rule in derive.items():
        if isinstance(rule, WholeRule):
            is_lost = read_expression(rule.whole, frame).is_not_null() & pl.col(name).is_null()
            yield make_faults(frame.filter(is_lost), Rule("too_large", {"digits": 18}), column=name)


def _rounding_notes(accepted: pl.DataFrame, context: PartContext) -> Iterator[str]:
    for name, rule in context.part.derive.items():
        if isinstance(rule, WholeRule):
            amount = read_expression(rule.whole, accepted)
            count = accepted.select((amount != amount.round(0)).sum()).item() or 0
            if count := context.evidence.count(f"rounded {name}", count):
                yield f"{name}: {count:,} rounded to whole minor units, halves away from zero"


def to_utc_instant(expression: pl.Expr, records: pl.DataFrame, provenance: Provenance) -> pl.Expr:
    """Return an instant in UTC.

    A date becomes its first moment in the source's zone. A time without a zone, as an expression
    makes it of a date and a time of the day in two columns, is a local time of that zone.
    """
    kind = records.lazy().select(expression).collect_schema().dtypes()[0]
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        return expression.dt.convert_time_zone("UTC")
    if kind != pl.Date and not isinstance(kind, pl.Datetime):
        return expression
    if kind == pl.Date:
        instant = first_moment_of(expression, provenance.zone)
    else:
        instant = in_zone(expression.cast(pl.Datetime("us")), provenance.zone)
    return instant.dt.convert_time_zone("UTC")


def _decoding_faults(decoding: Mapping[str, Faults]) -> Iterator[tuple[str, Rule, pl.Series]]:
    for place, faults in decoding.items():
        for rule, at_fault in faults:
            yield place, rule, at_fault


def _condition_faults(
    frame: pl.DataFrame, at_fault: Mapping[str, pl.Series], context: PartContext
) -> Iterator[pl.DataFrame]:
    """Yield the faults of the records that meet a condition of refusal."""
    for says, holds in _conditions(frame, context.part.refuse, at_fault, "refuse", context):
        yield make_faults(frame.filter(holds), Rule("condition", {"says": says}))


def _find_passed_over(
    frame: pl.DataFrame, at_fault: Mapping[str, pl.Series], context: PartContext
) -> pl.DataFrame:
    """Return the records that are not for us, each with the first reason."""
    found = [pl.DataFrame(schema={"source_row": pl.Int64, "reason": pl.String})]
    for says, holds in _conditions(frame, context.part.pass_over, at_fault, "pass_over", context):
        found.append(frame.filter(holds).select("source_row", reason=pl.lit(says)))
    return pl.concat(found).unique("source_row", keep="first", maintain_order=True)


def _conditions(
    frame: pl.DataFrame,
    conditions: Mapping[str, str],
    at_fault: Mapping[str, pl.Series],
    where: str,
    context: PartContext,
) -> Iterator[tuple[str, pl.Series]]:
    """Yield for each condition the records that meet it.

    A condition must not take an unreadable cell for empty, so it holds for no such record.
    """
    for says, sql in conditions.items():
        place = f"{where} {says!r}"
        with explain_sql_errors(context, place):
            condition = read_expression(sql, frame)
            check_condition(condition, frame, place=place, context=context)
            holds = frame.select(condition.fill_null(value=False)).to_series()
        for name in context.part.names_used(sql) & set(at_fault):
            holds &= ~at_fault[name]
        yield says, holds
