"""Turn the result of a reader into rows of the customer tables and refused records."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl

from workbench.identity import keyed_native
from workbench.intake.completed_rows import complete_rows
from workbench.intake.refusals import (
    add_repeats,
    gather_refusals,
    refuse_by_rule,
    refuse_rows,
    remove_refused,
    restore_source_cells,
)
from workbench.schema import TABLES
from workbench.schema.person_identifiers import CODE
from workbench.schema.record_faults import MISSING, NO_FAULTS, Rule
from workbench.schema.validation import first_of_repeated, validate_rows
from workbench.sources import NONE_REFUSED, ReadResult, refused_records
from workbench.sources.mapping.minimisation import minimised_values
from workbench.sources.mapping.statement_times import HELD_SINCE

#: Columns that rows get when a dataset is opened.
_ADDED_ON_OPENING = ("customer_id",)

#: Moment before every decision on consent that states its time.
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

#: Table without cells, for records that are refused already and keep the cells that they have.
_NO_CELLS = pl.DataFrame(schema={"source_row": pl.Int64, "raw": pl.String})


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Rows of the customer tables, and the refused records.

    Attributes
    ----------
    tables : mapping of str to DataFrame
        Rows by table, with all declared columns in declared order and ``source_row``; also
        ``record_id`` if the table or its reader has it.
    refused : DataFrame
        One row per refused record, columns of ``REFUSED``.
    about : DataFrame
        ``source_row`` and ``record_id`` (UInt64) of the refused records whose person is known.
    read : int
        Number of records.
    repeated : mapping of str to int
        Number of records that repeat an earlier one, by table.
    stated : mapping of str to DataFrame
        Rows that several records can state, by table, those of refused records included.
    """

    tables: Mapping[str, pl.DataFrame]
    refused: pl.DataFrame
    about: pl.DataFrame
    read: int
    repeated: Mapping[str, int] = field(default_factory=dict)
    stated: Mapping[str, pl.DataFrame] = field(default_factory=dict)


def resolve(
    reading: ReadResult, *, source_id: str, data_until_at: datetime, secret: str
) -> Records:
    """Add ids and lineage to the rows of a reader, and check them against the schema.

    If one row of a record breaks a rule, the record is refused as a whole, with its other rows. The
    lines of a refused order and all statements about a refused customer are refused too.

    Parameters
    ----------
    reading : ReadResult
        Result of the reader.
    source_id : str
        Id of the load.
    data_until_at : datetime
        Time until which the source is complete; a decision on consent without a time counts from
        then.
    secret : str
        Secret of the dataset for ids.
    """
    rows = complete_rows(reading.tables, reading.keyed, source_id, secret)
    passed, failed, repeating = {}, [], []
    for name, frame in rows.items():
        checked = validate_rows(frame, table=name, without=_ADDED_ON_OPENING)
        passed[name] = checked.passed
        failed.append(refuse_rows(checked.failed, checked.faults))
        repeating += [name] if checked.has_repeats else []
    failed.append(_refuse_dependents(rows, passed))
    refused = gather_refusals([reading.refused, *failed])
    tables = remove_refused(_date_decisions(passed, data_until_at), refused)
    orphans = refuse_orphans(tables)
    if not orphans.is_empty():
        refused = gather_refusals([refused, orphans])
        tables = remove_refused(tables, refused)
    tables, repeated = _keep_first_rows(tables, repeating)
    tables = {name: _code(frame, name, reading.coded, secret) for name, frame in tables.items()}
    doubtful = complete_rows(reading.doubtful, reading.keyed, source_id, secret)
    further = pl.concat(
        [
            NO_FAULTS,
            *(_find_further_faults(name, frame) for name, frame in doubtful.items()),
        ]
    )
    refused = gather_refusals([refused, refused_records(further, _NO_CELLS)])
    refused = add_repeats(refused, reading.repeats)
    return Records(
        tables={name: frame.select(_kept_columns(name, frame)) for name, frame in tables.items()},
        refused=restore_source_cells(refused, reading.raw),
        about=records_about([*rows.values(), *doubtful.values()], refused, reading.repeats),
        read=reading.read,
        repeated=repeated,
        stated={
            name: frame.select(_kept_columns(name, frame))
            for name, frame in passed.items()
            if TABLES[name].is_stated_again
        },
    )


def _keep_first_rows(
    tables: Mapping[str, pl.DataFrame], repeating: list[str]
) -> tuple[dict[str, pl.DataFrame], dict[str, int]]:
    """Return the first of the accepted rows that are equal, and how many records repeat one."""
    kept, repeated = dict(tables), {}
    for name in repeating:
        kept[name], repeated[name] = first_of_repeated(tables[name], table=name)
    return kept, repeated


def _code(rows: pl.DataFrame, table: str, coded: Iterable[str], secret: str) -> pl.DataFrame:
    """Replace the values that a mapping codes by their HMAC; equal values have equal codes."""
    for entry in minimised_values(table, coded):
        column = entry.column
        chosen = rows.select(entry.condition.fill_null(value=False)).to_series()
        code = keyed_native(CODE + rows[column].cast(pl.String), secret=secret)
        rows = rows.with_columns(code.zip_with(chosen, rows[column]).alias(column))
    return rows


def records_about(
    frames: Iterable[pl.DataFrame], refused: pl.DataFrame, repeats: pl.DataFrame
) -> pl.DataFrame:
    """Return for refused source rows the record that they are about, if it is known.

    Parameters
    ----------
    frames : iterable of DataFrame
        Rows of tables, with ``source_row``.
    refused : DataFrame
        Columns of ``REFUSED``.
    repeats : DataFrame
        Records without rows of their own, and the earlier record that each equals.
    """
    nothing = pl.DataFrame(schema={"source_row": pl.Int64, "record_id": pl.UInt64})
    if refused.is_empty():
        return nothing
    known = [
        frame.select("source_row", "record_id")
        .join(refused.select("source_row"), on="source_row", how="semi")
        .drop_nulls()
        for frame in frames
        if frame.schema.get("record_id") == pl.UInt64
    ]
    stated = pl.concat([nothing, *known]).unique("source_row", keep="first", maintain_order=True)
    again = repeats.join(stated, left_on="first_row", right_on="source_row")
    return pl.concat([stated, again.select(stated.columns)])


def refuse_orphans(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Refuse order lines whose order was refused: they would have no customer and no time."""
    refused = [NONE_REFUSED]
    for name, rows in tables.items():
        part_of = TABLES[name].part_of
        if part_of is None or part_of[1] not in tables:
            continue
        key, whole = part_of
        lost = rows.join(tables[whole], on=key, how="anti", maintain_order="left")
        refused.append(
            refuse_by_rule(lost, table=name, rule=Rule("whole_refused", {"part_of": whole}))
        )
    return gather_refusals(refused)


def _date_decisions(
    tables: dict[str, pl.DataFrame], data_until_at: datetime
) -> dict[str, pl.DataFrame]:
    """Give decisions without a time the time until which the source is complete.

    The time is part of the decision: the same statement in a later export is a later decision. So a
    withdrawal that is stated again counts after a consent that was given in between. A state that
    was imported without a time may lower a consent but never raise it: that it is given counts as
    older than every decision that has a time.
    """
    if "consents" not in tables:
        return tables
    kind = TABLES["consents"].schema["decided_at"]
    raises = (pl.col("decision") == "given") & (pl.col("method") == "import")
    undated = pl.when(raises).then(pl.lit(_LONG_AGO)).otherwise(pl.lit(data_until_at)).cast(kind)
    dated = tables["consents"].with_columns(pl.col("decided_at").fill_null(undated))
    return {**tables, "consents": dated}


def _refuse_dependents(
    rows: Mapping[str, pl.DataFrame], passed: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Refuse all statements about refused customers: these rows would have no customer."""
    if "customers" not in rows:
        return NONE_REFUSED
    gone = rows["customers"].join(passed["customers"], on="record_id", how="anti")
    if gone.is_empty():
        return NONE_REFUSED
    about = [
        refuse_by_rule(
            frame.join(gone, on="record_id", how="semi", maintain_order="left").join(
                gone, on="source_row", how="anti", maintain_order="left"
            ),
            table=name,
            rule=Rule("whole_refused", {"part_of": "customers"}),
        )
        for name, frame in passed.items()
        if name != "customers" and "record_id" in frame.columns
    ]
    return gather_refusals(about)


def _find_further_faults(table: str, doubtful: pl.DataFrame) -> pl.DataFrame:
    """Find more faults of records that are refused already, so that people correct all at once.

    A missing value is no further fault, because its cell may have been unreadable.
    """
    found = validate_rows(doubtful, table=table, without=_ADDED_ON_OPENING).faults
    return found.filter(pl.col("rule") != MISSING.name)


def _kept_columns(name: str, frame: pl.DataFrame) -> list[str]:
    further = [column for column in ("source_row", HELD_SINCE) if column in frame.columns]
    return list(dict.fromkeys([*TABLES[name].stored, *further]))
