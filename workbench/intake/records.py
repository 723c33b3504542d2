"""From what a reader made of a file to rows of the customer tables, or to the quarantine."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from workbench.identity import keyed_hash, keyed_native
from workbench.intake.refusals import gathered, in_own_words, refusal, refuse_rows, without
from workbench.schema import TABLES, Column
from workbench.schema.record_faults import FAULTS, MISSING, Rule
from workbench.schema.validation import validate_rows
from workbench.sources import REFUSED, ReadResult, refused_records

#: Columns that are put on rows when a dataset is opened.
_OPENED = ("customer_id",)

#: An e-mail address within a native id: the one kind of identifier that is known by its form.
_ADDRESS = r"[^\s@]@[^\s@]+\.[^\s@]"

#: Cells of records that are refused already and have theirs.
_NO_CELLS = pl.DataFrame(schema={"source_row": pl.Int64, "raw": pl.String})


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Rows of the customer tables, and the records that gave none.

    Attributes
    ----------
    tables : mapping of str to DataFrame
        Rows by table, all declared columns in declared order, and on every table ``source_row``
        and ``record_id`` where the table or its reader has it.
    refused : DataFrame
        One row per refused record, columns of ``REFUSED``.
    about : DataFrame
        ``source_row`` and ``record_id`` (UInt64) of the refused records whose person is known.
    read : int
        Records read.
    """

    tables: Mapping[str, pl.DataFrame]
    refused: pl.DataFrame
    about: pl.DataFrame
    read: int


def resolve(
    reading: ReadResult, *, source_id: str, data_until_at: datetime, secret: str
) -> Records:
    """Give ids and lineage to a reading's rows and hold them against the schema.

    A record one of whose rows breaks a rule is refused as a whole: its other rows go too. So do
    the lines of an order that was refused, and all that is stated about a customer who was.

    Parameters
    ----------
    reading : Reading
        What the reader made.
    source_id : str
        The load it belongs to.
    data_until_at : datetime
        Up to when the source is complete: a decision on consent without a time counts from then.
    secret : str
        The dataset's secret for ids.

    """
    rows = _complete(reading.tables, reading.keyed, source_id, secret)
    passed, failed = {}, []
    for name, frame in rows.items():
        passed[name], bad, found = validate_rows(frame, table=name, without=_OPENED)
        failed.append(refuse_rows(bad, found))
    failed.append(_dependents(rows, passed))
    refused = gathered([reading.refused, *failed])
    tables = without(_dated(passed, data_until_at), refused)
    orphans = parts_without_whole(tables)
    if not orphans.is_empty():
        refused = gathered([refused, orphans])
        tables = without(tables, refused)
    doubtful = _complete(reading.doubtful, reading.keyed, source_id, secret)
    further = pl.concat(
        [FAULTS.to_frame(), *(_further(name, frame) for name, frame in doubtful.items())]
    )
    refused = gathered([refused, refused_records(further, _NO_CELLS)])
    return Records(
        tables={name: frame.select(_kept(name, frame)) for name, frame in tables.items()},
        refused=in_own_words(refused, reading.cells),
        about=records_about([*rows.values(), *doubtful.values()], refused),
        read=reading.read,
    )


def records_about(frames: Iterable[pl.DataFrame], refused: pl.DataFrame) -> pl.DataFrame:
    """Return which record each refused source row is about, as far as it is known.

    Parameters
    ----------
    frames : iterable of DataFrame
        Rows of tables, with ``source_row``.
    refused : DataFrame
        Columns of ``REFUSED``.
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
    return pl.concat([nothing, *known]).unique("source_row", keep="first", maintain_order=True)


def parts_without_whole(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Refuse parts whose whole was refused: an order line would have no customer and no time."""
    refused = [pl.DataFrame(schema=REFUSED)]
    for name, rows in tables.items():
        part_of = TABLES[name].part_of
        if part_of is None or part_of[1] not in tables:
            continue
        key, whole = part_of
        lost = rows.join(tables[whole], on=key, how="anti", maintain_order="left")
        refused.append(refusal(lost, table=name, rule=Rule("whole_refused", {"part_of": whole})))
    return gathered(refused)


def _complete(
    tables: Mapping[str, pl.DataFrame],
    keyed: Mapping[str, tuple[str, ...]],
    source_id: str,
    secret: str,
) -> dict[str, pl.DataFrame]:
    """Hash ids, add whose a row is and where it came from, fill columns nobody stated."""
    told = {_origin(TABLES[table].column(name)) for table, names in keyed.items() for name in names}
    return {
        name: _completed(name, frame, told, source_id, secret) for name, frame in tables.items()
    }


def _completed(
    name: str, frame: pl.DataFrame, told: set[str], source_id: str, secret: str
) -> pl.DataFrame:
    table = TABLES[name]
    readable = [
        _without_identifiers(frame, column, is_told=_origin(column) in told, secret=secret)
        for column in table.columns
        if column.name in frame.columns and _is_readable_key(column)
    ]
    own_ids = {column.name for column in table.columns if column.id == "hashed"}
    hashed = [
        keyed_hash(frame[name], secret=secret)
        for name in sorted({*own_ids, "record_id"})
        if frame.schema.get(name) == pl.String
        # whose a row is depends on the dataset also where a world's ids are hashes already
        or (name == "record_id" and name in frame.columns)
    ]
    frame = frame.with_columns(*readable, *hashed, source_id=pl.lit(source_id))
    missing = [
        pl.lit(None, dtype=kind).alias(column)
        for column, kind in table.stored.items()
        if column not in frame.columns
    ]
    if table.belongs_to == "customer" and "observed_at" not in frame.columns:
        # a world does not say when it learned something: it holds since the customer was first seen
        missing = [each for each in missing if each.meta.output_name() != "observed_at"]
        missing.append(pl.col("first_seen_at").alias("observed_at"))
    return frame.with_columns(missing)


def _is_readable_key(column: Column) -> bool:
    return column.sensitivity == "key" and column.id == "native"


def _origin(column: Column) -> str:
    """Name the column whose id it is, so that a table that quotes an id is treated as its own."""
    return column.foreign or f"{column.table}.{column.name}"


def _without_identifiers(
    frame: pl.DataFrame, column: Column, *, is_told: bool, secret: str
) -> pl.Series:
    """Replace native ids that hold an identifier of a person by their HMAC.

    The mapping names columns whose ids are all replaced. In other columns an id is replaced where
    it is the number of the customer whom the row is about, or contains an e-mail address. Each row
    is judged alone, so an id is the same in every load.
    """
    native = frame[column.name]
    if is_told:
        return keyed_native(native, secret=secret)
    holds = native.str.contains(_ADDRESS)
    if frame.schema.get("record_id") == pl.String:
        holds |= native == frame["record_id"]
    if not holds.any():
        return native
    return native.zip_with(~holds.fill_null(value=False), keyed_native(native, secret=secret))


def _dated(tables: dict[str, pl.DataFrame], data_until_at: datetime) -> dict[str, pl.DataFrame]:
    """Give decisions without a time the one from which they count.

    It is part of the decision: the same words in a later export are a later decision, so that a
    withdrawal that is stated again counts after a consent that was given in between.
    """
    if "consents" not in tables:
        return tables
    until = pl.lit(data_until_at).cast(TABLES["consents"].schema["decided_at"])
    dated = tables["consents"].with_columns(pl.col("decided_at").fill_null(until))
    return {**tables, "consents": dated}


def _dependents(
    rows: Mapping[str, pl.DataFrame], passed: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Refuse what is stated about customers who were refused: nobody would own it."""
    if "customers" not in rows:
        return pl.DataFrame(schema=REFUSED)
    gone = rows["customers"].join(passed["customers"], on="record_id", how="anti")
    if gone.is_empty():
        return pl.DataFrame(schema=REFUSED)
    about = [
        refusal(
            frame.join(gone, on="record_id", how="semi", maintain_order="left").join(
                gone, on="source_row", how="anti", maintain_order="left"
            ),
            table=name,
            rule=Rule("whole_refused", {"part_of": "customers"}),
        )
        for name, frame in passed.items()
        if name != "customers" and "record_id" in frame.columns
    ]
    return gathered(about)


def _further(table: str, doubtful: pl.DataFrame) -> pl.DataFrame:
    """Find faults of records that are refused already, so that they are corrected in one go.

    A value may be missing because its cell could not be read; that is no further fault.
    """
    _, _, found = validate_rows(doubtful, table=table, without=_OPENED)
    return found.filter(pl.col("rule") != MISSING.name)


def _kept(name: str, frame: pl.DataFrame) -> list[str]:
    further = [column for column in ("source_row",) if column in frame.columns]
    return list(dict.fromkeys([*TABLES[name].stored, *further]))
