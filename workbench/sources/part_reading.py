"""Read the records of one part into tables and refused records, by the rules of the part."""

from collections.abc import Iterator

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import InputError
from workbench.schema.record_faults import MISSING, Rule, join_faults, make_faults
from workbench.sources.mapping.found_names import FoundNames
from workbench.sources.mapping.joined_dates import read_expression
from workbench.sources.mapping.mapped_records import (
    MappedRecords,
    Rows,
    assumption_notes,
    drop_records,
    keep_records,
    read_records,
)
from workbench.sources.mapping.part_context import PartContext, explain_sql_errors
from workbench.sources.mapping.part_rules import column_name
from workbench.sources.mapping.recognition import SAMPLE, unknown_fields
from workbench.sources.mapping.repeated_records import find_repeats
from workbench.sources.mapping.table_rows import TableRows, make_rows
from workbench.sources.part_members import PartMembers
from workbench.sources.source import REPEATS, ReadResult, refused_records

_TOGETHER = Rule("together")
_SCATTERED = Rule("scattered")


def read_part(found: PartMembers, context: PartContext) -> ReadResult:
    """Return the tables, refused records and assumptions of the records of one part."""
    part = context.part
    records = read_records(found.members, context)
    rows = drop_records(records.rows, records.passed_over)
    together = find_wholes(rows[None], context)
    faults = [_without(records.faults, records.passed_over), _find_scattered(together)]
    equal = REPEATS.to_frame()
    while True:
        faulty = _spread(pl.concat(faults), together)
        accepted = drop_records(rows, faulty)
        repeated = find_repeated(accepted[None], found, context)
        distinct = drop_records(drop_records(accepted, repeated), equal)
        made = make_rows(distinct, context)
        more = _find_equal(made, distinct[None], found, context)
        if not (made.faults.height or more.height):
            break
        faults.append(made.faults)
        # A record whose earlier equal is refused is tried by itself, and gets its own fault.
        equal = pl.concat([equal, more]).join(
            made.faults, left_on="first_row", right_on="source_row", how="anti"
        )
    notes = [
        *found.assumptions,
        *records.notes,
        *assumption_notes(accepted[None], context),
        *_rounding_notes(made, context),
        *_unknown_fields_note(found, context),
    ]
    if repeated.height and part.record.key:
        again = count_text(repeated.height, "record")
        notes.append(f"{again} repeated: counted once, the newest is kept")
    elif repeated.height:
        again = count_text(repeated.height, "record", "are")
        notes.append(f"{again} in an earlier sheet as well and counted once")
    if count := context.evidence.count("equal records", equal.height):
        again = f"{count_text(count, 'record')} equal to an earlier one with the same key"
        notes.append(f"{again}: counted once")
    doubtful = _rows_of_refused(rows, faulty, records, context)
    every = join_faults([faulty, _further_faults(doubtful.faults, records.faults)])
    raw = found.members.as_json(every)
    refused = pl.concat([found.refused, refused_records(every, raw)]).sort("source_row")
    reasons = records.passed_over["reason"].value_counts(sort=True)
    return ReadResult(
        tables=made.tables,
        refused=refused,
        read=found.read,
        accepted=found.read - refused.height,
        repeated=repeated.height + equal.height,
        repeats=equal,
        passed_over=dict(reasons.iter_rows()),
        keyed={
            table: names
            for table, rules in part.tables.items()
            if (names := tuple(dict.fromkeys(name for rule in rules for name in rule.keyed)))
        },
        assumptions=tuple(notes),
        raw=found.members.as_json,
        doubtful=doubtful.tables,
        closes=found.closes,
    )


def _without(faults: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    return faults.join(records, on="source_row", how="anti", maintain_order="left")


def find_wholes(records: pl.DataFrame, context: PartContext) -> pl.DataFrame:
    """Return ``source_row`` and ``whole``, what a record belongs to with its neighbours."""
    if context.part.record.together is None:
        return pl.DataFrame(schema={"source_row": pl.Int64, "whole": pl.String})
    with explain_sql_errors(context, "record.together"):
        whole = read_expression(context.part.record.together, records).cast(pl.String)
        return records.select("source_row", whole=whole).drop_nulls()


def _find_scattered(together: pl.DataFrame) -> pl.DataFrame:
    """Return faults of the records whose whole comes back after another one."""
    runs = together.with_columns(run=pl.col("whole").rle_id())
    first = runs.with_columns(first=pl.col("run").min().over("whole"))
    return make_faults(first.filter(pl.col("run") > pl.col("first")), _SCATTERED)


def _spread(faults: pl.DataFrame, together: pl.DataFrame) -> pl.DataFrame:
    """Add a fault to the records that belong together with a refused one."""
    wholes = together.join(faults, on="source_row", how="semi").select("whole").unique()
    others = together.join(wholes, on="whole", how="semi", maintain_order="left")
    innocent = others.join(faults, on="source_row", how="anti", maintain_order="left")
    return join_faults([faults, make_faults(innocent, _TOGETHER)])


def find_repeated(accepted: pl.DataFrame, found: PartMembers, context: PartContext) -> pl.DataFrame:
    """Return ``source_row`` of the records that repeat another one and give no rows."""
    record = context.part.record
    again = found.repeated.join(accepted, on="source_row", how="semi", maintain_order="left")
    if record.key is None:
        return again
    with explain_sql_errors(context, "record.key"):
        keyed = accepted.select(
            "source_row",
            key=read_expression(record.key, accepted).cast(pl.String),
            newer=pl.lit(0) if record.newer is None else read_expression(record.newer, accepted),
        ).filter(pl.col("key").is_not_null())
    newest_last = keyed.sort("newer", "source_row", nulls_last=False)
    kept = newest_last.unique("key", keep="last")
    older = keyed.join(kept, on="source_row", how="anti", maintain_order="left")
    return pl.concat([again, older.select("source_row")]).unique(maintain_order=True)


def _find_equal(
    made: TableRows, records: pl.DataFrame, found: PartMembers, context: PartContext
) -> pl.DataFrame:
    """Return the records that equal an earlier one with the same key, see ``find_repeats``."""
    part = context.part
    if made.faults.height:
        return REPEATS.to_frame()
    if part.each:  # Members may differ where the columns of records agree.
        return find_repeats(made.tables, found.members.as_json)
    columns = [column_name(label, rule) for label, rule in part.columns.items()]
    stated = records.select(source_row="source_row", **{f"_{c}": c for c in columns})
    return find_repeats(
        made.tables,
        lambda rows: stated.join(rows.select("source_row"), on="source_row", how="semi"),
    )


def _rows_of_refused(
    rows: Rows, faulty: pl.DataFrame, records: MappedRecords, context: PartContext
) -> TableRows:
    """Make the rows that the refused records would have given, to find their further faults."""
    nothing = TableRows(tables={}, faults=records.faults.clear(), rounded={})
    if faulty.is_empty():
        return nothing
    refused = keep_records(rows, faulty)
    try:
        return make_rows(refused, context)
    except InputError:
        return nothing


def _further_faults(doubtful: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Return faults of the rows of records that have unreadable cells.

    A value that is missing because its cell is unreadable is not a fault of its own.
    """
    of_faulty = doubtful.join(cells, on="source_row", how="semi", maintain_order="left")
    return of_faulty.filter(pl.col("rule") != MISSING.name)


def _rounding_notes(made: TableRows, context: PartContext) -> Iterator[str]:
    """Yield a sentence for each table whose amounts were rounded."""
    for table, count in made.rounded.items():
        if rounded := context.evidence.count(f"rounded amounts of {table}", count):
            amounts = count_text(rounded, "amount")
            yield f"{table}: {amounts} rounded to whole minor units, halves away from zero"


def _unknown_fields_note(found: PartMembers, context: PartContext) -> list[str]:
    part, evidence = context.part, context.evidence
    count = len(found.members)
    before = evidence.count("sampled records", count) - count
    sample = found.members.slice(0, max(SAMPLE - before, 0))
    unknown = {*unknown_fields(sample, part)} - {*part.file.columns}
    names = FoundNames.of(sample, part, has_header=found.has_header).among(unknown)
    printable = evidence.gather("printable unknown fields", names.printable)
    others = {*evidence.gather("other unknown fields", names.others)} - {*printable}
    if not (printable or others):
        return []
    names = FoundNames(printable=printable, others=tuple(others))
    return [f"columns that the mapping does not use: {names.as_text()}"]
