"""Refused records: one row a record, with all its faults and its cells in the source."""

from collections.abc import Callable, Iterable, Mapping

import polars as pl

from workbench.schema import TABLES
from workbench.schema.record_faults import Rule, make_faults
from workbench.sources import NONE_REFUSED, faults_of, refused_records


def gather_refusals(refused: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Gather refusals into one row per record, with each fault once and the raw cells.

    Parameters
    ----------
    refused : iterable of DataFrame
        Refused records, columns of ``REFUSED``; a record may be in several frames.
    """
    found = pl.concat([NONE_REFUSED, *refused])
    if found.is_empty():
        return found
    raw = found.select("source_row", "raw").drop_nulls()
    return refused_records(faults_of(found), raw)


def refuse_by_rule(
    rows: pl.DataFrame, *, table: str, rule: Rule, column: str | None = None
) -> pl.DataFrame:
    """Refuse the records of some rows of a table that break one rule.

    Parameters
    ----------
    rows : DataFrame
        Rows that break the rule.
    table : str
        Table of the rows.
    rule : Rule
        Rule that the rows break.
    column : str, optional
        Column at fault, None if no single column is at fault.
    """
    return refuse_rows(rows, make_faults(rows, rule, table=table, column=column))


def refuse_rows(rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Refuse the records of some rows of a table for the faults found in them.

    Parameters
    ----------
    rows : DataFrame
        Rows of one table.
    found : DataFrame
        Faults of these rows, columns of ``FAULTS``.
    """
    if found.is_empty():
        return NONE_REFUSED
    return refused_records(found, rows.select("source_row", raw=_cells_as_json(rows)))


def _cells_as_json(rows: pl.DataFrame) -> pl.Expr:
    """Write the cells of each row as JSON, for sources without own cells, such as worlds."""
    added = ("customer_id", "source_id", "source_row")
    names = [name for name in rows.columns if name not in added and not name.startswith("_")]
    return pl.struct(names).struct.json_encode()


def add_repeats(refused: pl.DataFrame, repeats: pl.DataFrame) -> pl.DataFrame:
    """Return refused records with the records that repeat them, for the same faults.

    Parameters
    ----------
    refused : DataFrame
        Columns of ``REFUSED``.
    repeats : DataFrame
        Records that repeat an earlier one: ``source_row`` and ``first_row``.
    """
    again = repeats.join(
        refused.rename({"source_row": "first_row"}), on="first_row", maintain_order="left"
    )
    return pl.concat([refused, again.select(refused.columns)]).sort("source_row")


def restore_source_cells(
    refused: pl.DataFrame, raw: Callable[[pl.DataFrame], pl.DataFrame] | None
) -> pl.DataFrame:
    """Replace ``raw`` by the record in the source, see ``ReadResult``, if it has such records."""
    if raw is None or refused.is_empty():
        return refused
    own = raw(refused).rename({"raw": "own"})
    return (
        refused.join(own, on="source_row", how="left", maintain_order="left")
        .with_columns(raw=pl.coalesce("own", "raw"))
        .drop("own")
    )


def remove_refused(
    tables: Mapping[str, pl.DataFrame], refused: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """Remove the rows of refused records.

    A customer or identifier that several records state is not removed with one of them: its row is
    given to the first of the other records.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Rows by table, each with ``source_row``.
    refused : DataFrame
        Refused records, with ``source_row``.
    """
    gone = refused.select("source_row").unique()
    if gone.is_empty():
        return dict(tables)
    left = {
        name: frame.join(gone, on="source_row", how="anti", maintain_order="left")
        for name, frame in tables.items()
    }
    for name in tables:
        if TABLES[name].is_stated_again and left[name].height < tables[name].height:
            orphaned = tables[name].join(gone, on="source_row", how="semi", maintain_order="left")
            left[name] = pl.concat([left[name], _reassign_rows(orphaned, left)])
    return left


def _reassign_rows(orphaned: pl.DataFrame, left: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    people = orphaned.select("record_id").unique()
    others = [
        frame.select("record_id", "source_row").join(people, on="record_id", how="semi")
        for name, frame in left.items()
        if not TABLES[name].is_stated_again and "record_id" in TABLES[name]
    ]
    first = (
        pl.concat(others).group_by("record_id").agg(pl.col("source_row").min())
        if others
        else (orphaned.select("record_id", "source_row").clear())
    )
    return (
        orphaned.drop("source_row")
        .join(first, on="record_id", how="inner", maintain_order="left")
        .select(orphaned.columns)
    )
