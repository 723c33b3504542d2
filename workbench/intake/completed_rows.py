"""Complete the rows of a reader: hash their ids, and add the columns that every stored row has."""

from collections.abc import Iterator, Mapping

import polars as pl

from workbench.identity import keyed_hashes, keyed_native
from workbench.schema import TABLES, Column

#: E-mail address within a native id: no other identifier can be recognised by its form.
_ADDRESS = r"[^\s@]@[^\s@]+\.[^\s@]"


def complete_rows(
    tables: Mapping[str, pl.DataFrame],
    keyed: Mapping[str, tuple[str, ...]],
    source_id: str,
    secret: str,
) -> dict[str, pl.DataFrame]:
    """Return tables with hashed ids and all stored columns, those that are missing null.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Tables of a reader, see ``ReadResult``.
    keyed : mapping of str to tuple of str
        Readable columns by table whose ids contain an identifier of a person.
    source_id : str
        Id of the load.
    secret : str
        Secret of the dataset for ids.
    """
    hashed_ids = {
        _origin(TABLES[table].column(name)) for table, names in keyed.items() for name in names
    }
    places = [
        (name, column) for name, frame in tables.items() for column in _columns_to_hash(name, frame)
    ]
    hashed = dict(
        zip(
            places,
            keyed_hashes([tables[name][column] for name, column in places], secret=secret),
            strict=True,
        )
    )
    return {
        name: _complete_table(
            name,
            frame.with_columns(
                *_readable_ids(name, frame, hashed_ids, secret),
                *(ids for (table, _), ids in hashed.items() if table == name),
                source_id=pl.lit(source_id),
            ),
        )
        for name, frame in tables.items()
    }


def _columns_to_hash(name: str, frame: pl.DataFrame) -> Iterator[str]:
    own_ids = {column.name for column in TABLES[name].columns if column.id == "hashed"}
    for column in sorted({*own_ids, "record_id"}):
        # A world's record ids are hashes already, but they must differ between datasets.
        if frame.schema.get(column) == pl.String or (
            column == "record_id" and column in frame.columns
        ):
            yield column


def _readable_ids(
    name: str, frame: pl.DataFrame, hashed_ids: set[str], secret: str
) -> list[pl.Series]:
    return [
        _replace_identifiers(frame, column, is_hashed=_origin(column) in hashed_ids, secret=secret)
        for column in TABLES[name].columns
        if column.name in frame.columns and _is_readable_key(column)
    ]


def _complete_table(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Add the declared columns that a table lacks, which are null."""
    table = TABLES[name]
    missing = [
        pl.lit(None, dtype=kind).alias(column)
        for column, kind in table.stored.items()
        if column not in frame.columns
    ]
    if table.belongs_to == "customer" and "observed_at" not in frame.columns:
        # A world has no time of observation, so its values hold since the customer was first seen.
        missing = [each for each in missing if each.meta.output_name() != "observed_at"]
        missing.append(pl.col("first_seen_at").alias("observed_at"))
    return frame.with_columns(missing)


def _is_readable_key(column: Column) -> bool:
    """Return whether a column is a key that contains the ids of the source."""
    return column.sensitivity == "key" and column.id == "native"


def _origin(column: Column) -> str:
    """Return the column to which an id belongs, so that all tables treat the id alike."""
    return column.foreign or f"{column.table}.{column.name}"


def _replace_identifiers(
    frame: pl.DataFrame, column: Column, *, is_hashed: bool, secret: str
) -> pl.Series:
    """Replace native ids that contain an identifier of a person by their HMAC.

    The mapping names columns in which all ids are replaced. In other columns an id is replaced if
    it is the number of the customer whom the row is about, or if it contains an e-mail address.
    Each row is judged by itself, so an id is the same in every load.
    """
    native = frame[column.name]
    if is_hashed:
        return keyed_native(native, secret=secret)
    is_personal = native.str.contains(_ADDRESS)
    if frame.schema.get("record_id") == pl.String:
        is_personal |= native == frame["record_id"]
    if not is_personal.any():
        return native
    is_kept = ~is_personal.fill_null(value=False)
    return native.zip_with(is_kept, keyed_native(native, secret=secret))
