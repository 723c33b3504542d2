"""Load a file in batches of records, with the result of loading it whole.

Most rows come from one record, or from records that the reader keeps in one batch, so each batch is
checked, compared and written by itself. Customers and identifiers are stated by records of many
batches: their rows are joined and written at the end. What a batch cannot decide by itself needs
the whole file: a key that two batches have, or a statement about a customer that is refused,
because all that was said about the customer is then refused too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import polars as pl

from workbench.intake.part_loading import LoadedPart, PartLoader
from workbench.intake.records import Records
from workbench.schema import TABLES
from workbench.sources import NONE_REFUSED, NeedsWholeFileError, ReadResult, faults_of
from workbench.sources.batch_hashes import BatchHashes
from workbench.sources.mapping.statement_times import HELD_SINCE, latest_time

#: Number of rows of statements that are joined at once.
_ROWS = 200_000


def load_batches(loader: PartLoader) -> Iterator[LoadedPart]:
    """Yield the batches of a file, and at last the statements that batches have in common.

    Raises
    ------
    NeedsWholeFileError
        The file must be read whole; what was yielded must be forgotten.
    """
    keys, statements = _Keys(), _Statements()
    assumptions: tuple[str, ...] = ()
    for result in loader.source.read_batches():
        keys.add(result.tables)
        records = loader.resolve(result)
        _check_statements(records.refused)
        own = {n: rows for n, rows in records.tables.items() if not TABLES[n].is_stated_again}
        events = replace(records, tables=own)
        found = loader.compare(events)
        yield loader.write(events, found, result)
        refused = pl.concat([records.refused, found.contradicting]).select("source_row")
        statements.add(records.stated, refused=refused, events=own, new=found.tables, result=result)
        assumptions = result.assumptions
    keys.check()
    del keys  # its memory is needed for the statements
    joined, counted = statements.joined()
    about = pl.DataFrame(schema={"source_row": pl.Int64, "record_id": pl.UInt64})
    last = Records(tables=joined, refused=NONE_REFUSED, about=about, read=0)
    found = loader.compare(last)
    if found.contradicting.height:
        raise NeedsWholeFileError("statements about customers contradict held ones")
    if loader.held is not None:
        numbers = _numbers(found.tables).join(counted, on="source_row", how="anti")
        found = replace(found, records=numbers.height)
    empty = ReadResult(tables={}, refused=NONE_REFUSED, read=0, accepted=0, assumptions=assumptions)
    yield loader.write(last, found, empty)


def _check_statements(refused: pl.DataFrame) -> None:
    stated = [name for name, table in TABLES.items() if table.is_stated_again]
    if faults_of(refused)["table"].is_in(stated).any():
        raise NeedsWholeFileError("a statement about a customer is refused")


def _numbers(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    none = pl.DataFrame(schema={"source_row": pl.Int64})
    return pl.concat([none, *(rows.select("source_row") for rows in tables.values())]).unique()


class _Keys:
    """The keys of rows, as hashes, to find keys that two batches have.

    The key of a part, such as an order line, begins with that of its whole, which is in the same
    batch.
    """

    def __init__(self) -> None:
        self._hashes: dict[str, BatchHashes] = {}
        self._alone: set[str] = set()

    def add(self, tables: Mapping[str, pl.DataFrame]) -> None:
        for name, rows in tables.items():
            if TABLES[name].is_stated_again:
                continue
            if (part_of := TABLES[name].part_of) is not None:
                key, whole = part_of
                if whole in tables:
                    if rows.join(tables[whole], on=key, how="anti").height:
                        raise NeedsWholeFileError(f"{name} are apart from their {whole}")
                    continue
                self._alone.add(whole)
            key_columns = [c for c in TABLES[name].primary_key if c in rows.columns]
            hashes = rows.select(key_columns).drop_nulls().hash_rows()
            self._hashes.setdefault(name, BatchHashes()).add(hashes)

    def check(self) -> None:
        """Check that no two batches have rows with the same key, and no whole without its parts."""
        if self._alone & set(self._hashes):
            raise NeedsWholeFileError("parts are apart from their wholes")
        for name, hashes in self._hashes.items():
            if hashes.has_shared():
                raise NeedsWholeFileError(f"{name}: records with one key are far apart")


class _Statements:
    """Rows that records of several batches state, joined from time to time.

    ``_is_refused`` and ``_is_new`` are about the first record that states a row: whether it was
    refused, and whether it has other new rows. A row whose first record was refused is given to the
    first accepted record of the customer that has other rows, as in ``remove_refused``.
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[pl.DataFrame]] = {}
        self._firsts: list[pl.DataFrame] = []
        self._merges: Mapping[str, str] = {}

    def add(
        self,
        stated: Mapping[str, pl.DataFrame],
        *,
        refused: pl.DataFrame,
        events: Mapping[str, pl.DataFrame],
        new: Mapping[str, pl.DataFrame],
        result: ReadResult,
    ) -> None:
        self._merges = result.merges
        new_numbers = _numbers(new)["source_row"].implode()
        is_new = pl.col("source_row").is_in(new_numbers)
        is_refused = pl.col("source_row").is_in(refused["source_row"].implode())
        for name, rows in stated.items():
            flagged = rows.with_columns(_is_refused=is_refused, _is_new=is_new)
            self._append(self._rows.setdefault(name, []), flagged, name)
        owned = [
            rows.select("record_id", "source_row").drop_nulls().filter(~is_refused)
            for rows in events.values()
            if "record_id" in rows.columns
        ]
        if owned:
            first = pl.concat(owned).group_by("record_id").agg(pl.col("source_row").min())
            self._append(self._firsts, first.with_columns(_is_new=is_new), None)

    def joined(self) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
        """Return the joined rows by table, and the records that have other new rows."""
        tables: dict[str, pl.DataFrame] = {}
        counted = [pl.DataFrame(schema={"source_row": pl.Int64})]
        for name, frames in self._rows.items():
            rows = self._join(frames, name)
            if rows["_is_refused"].any():
                rows = pl.concat(
                    [
                        rows.filter(~pl.col("_is_refused")),
                        rows.filter("_is_refused")
                        .drop("source_row", "_is_new")
                        .join(self._join(self._firsts, None), on="record_id", how="inner")
                        .select(rows.columns),
                    ]
                )
            counted.append(rows.filter("_is_new").select("source_row"))
            tables[name] = rows.select(pl.exclude("_is_refused", "_is_new", HELD_SINCE))
        return tables, pl.concat(counted).unique()

    def _append(self, frames: list[pl.DataFrame], rows: pl.DataFrame, name: str | None) -> None:
        """Add rows, and join them when they have become many, so that memory stays bounded."""
        frames.append(rows)
        if sum(each.height for each in frames[1:]) > max(_ROWS, frames[0].height):
            frames[:] = [self._join(frames, name)]

    def _join(self, frames: list[pl.DataFrame], name: str | None) -> pl.DataFrame:
        """Join the rows about one subject; batches follow one another, so the first is first."""
        rows = pl.concat(frames)
        if name is None:
            return rows.unique("record_id", keep="first", maintain_order=True)
        if name == "identities":
            key, merges = list(TABLES[name].primary_key), {"last_seen_at": "max"}
        else:
            key, merges = ["record_id"], {"observed_at": "min", **self._merges}
        key = [column for column in key if column in rows.columns]
        first = ("source_row", "_is_refused", "_is_new")
        empty = [name for name in rows.columns if rows[name].null_count() == rows.height]
        groups = rows.group_by(key, maintain_order=True)
        joined = groups.agg(
            pl.col(column).first()
            if column in first
            else _merge(column, kind, merges.get(column, "known"))
            for column, kind in rows.schema.items()
            if column not in key and column not in empty
        )
        nothing = [pl.lit(None, dtype=rows.schema[name]).alias(name) for name in empty]
        joined = joined.with_columns(nothing).select(rows.columns)
        if HELD_SINCE in rows.columns:
            joined = _join_times(rows, joined)
        return joined


def _join_times(rows: pl.DataFrame, joined: pl.DataFrame) -> pl.DataFrame:
    """Return joined customers with the time since when all their values hold."""
    values = [name for name in rows[HELD_SINCE].struct.fields if name != "observed_at"]
    groups = rows.group_by("record_id", maintain_order=True)
    different = groups.agg(pl.col(values).drop_nulls().n_unique() > 1)
    if different.select(pl.any_horizontal(pl.col(values).any())).item():
        raise NeedsWholeFileError("the characteristics of a customer change")
    times = groups.agg(pl.col(HELD_SINCE).struct.unnest().min()).drop("record_id")
    held = times.with_columns(pl.when(joined[name].is_not_null()).then(name) for name in values)
    return joined.with_columns(
        latest_time(held).cast(joined.schema["observed_at"]).alias("observed_at"),
        times.to_struct(HELD_SINCE),
    )


def _merge(column: str, kind: pl.DataType, function: str) -> pl.Expr:
    value = pl.col(column)
    match function:
        case "min" | "max" if isinstance(kind, pl.Enum):  # Texts have another order than choices.
            text = value.cast(pl.String)
            return (text.min() if function == "min" else text.max()).cast(kind)
        case "min":
            return value.min()
        case "max":
            return value.max()
        case "first":
            return value.first()
        case "last":
            return value.last()
    return value.first(ignore_nulls=True)
