"""Refused records: one row each, with all their faults and the cells that the source gave them."""

from collections.abc import Iterable, Mapping

import polars as pl

from workbench.schema import TABLES
from workbench.schema.record_faults import Rule, make_faults
from workbench.sources import REFUSED, faults_of, refused_records
from workbench.sources.raw_cells import raw_cells_as_json


def gathered(refused: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return one row per record: every fault once, in the order found, and its raw cells.

    Parameters
    ----------
    refused : iterable of DataFrame
        Columns of ``REFUSED``; a record may be in several.
    """
    found = pl.concat([pl.DataFrame(schema=REFUSED), *refused])
    if found.is_empty():
        return found
    raw = found.select("source_row", "raw").drop_nulls()
    return refused_records(faults_of(found), raw)


def refusal(
    rows: pl.DataFrame, *, table: str, rule: Rule, column: str | None = None
) -> pl.DataFrame:
    """Refuse the records of some rows of a table that break one rule.

    Parameters
    ----------
    rows : DataFrame
        Rows that break the rule.
    table : str
        Their table.
    rule : Rule
        Rule that they break.
    column : str, optional
        Column at fault; None where no single column is.
    """
    return refuse_rows(rows, make_faults(rows, rule, table=table, column=column))


def refuse_rows(rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Refuse the records of some rows of a table for the faults found in them.

    Parameters
    ----------
    rows : DataFrame
        Rows of one table.
    found : DataFrame
        Their faults, columns of ``FAULTS``.
    """
    if found.is_empty():
        return pl.DataFrame(schema=REFUSED)
    return refused_records(found, rows.select("source_row", raw=_understood(rows)))


def _understood(rows: pl.DataFrame) -> pl.Expr:
    """Write each row as it was understood, for sources that have no cells of their own."""
    added = ("customer_id", "source_id", "source_row")
    names = [name for name in rows.columns if name not in added and not name.startswith("_")]
    return pl.struct(names).struct.json_encode()


def in_own_words(refused: pl.DataFrame, cells: pl.DataFrame | None) -> pl.DataFrame:
    """Replace ``raw`` by the record's own cells where the source has them."""
    if cells is None or refused.is_empty():
        return refused
    own = raw_cells_as_json(cells, refused).rename({"raw": "own"})
    return (
        refused.join(own, on="source_row", how="left", maintain_order="left")
        .with_columns(raw=pl.coalesce("own", "raw"))
        .drop("own")
    )


def without(tables: Mapping[str, pl.DataFrame], refused: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Leave out what refused records contribute.

    A customer or identifier that several records state is not lost with one of them: its row goes
    to the first of the others.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Rows by table, each with ``source_row``.
    refused : DataFrame
        Its ``source_row`` counts.
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
            left[name] = pl.concat([left[name], _taken_over(orphaned, left)])
    return left


def _taken_over(orphaned: pl.DataFrame, left: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
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
