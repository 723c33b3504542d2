"""Compare the rows of a load with the rows that the dataset holds.

Rows are compared by the declared keys. Exports repeat rows of earlier exports and add to them: a
subscription ends, an identifier is seen again. A row with the same values as the held row is not
written again. A row that fills empty cells of the held row *completes* it. Where values differ, the
export of the same system that covers more time counts: a newer one *updates* the held row, an older
one only fills its empty cells. An updated whole, such as an order, loses the held parts that the
newer export does not have. If both cover the same time, or come from different systems, the row
contradicts the held row, and people have to decide which is right. Statements about a person and
decisions on consent may change, so they are kept beside the earlier ones, unless the same statement
is held already. The order in which exports are loaded therefore makes no difference, but for what
the newest of three exports leaves empty or only repeats: a held row that is repeated is not written
again, so an export between the two counts as newer than the row.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from workbench.intake.load_coverage import LoadCoverage
from workbench.intake.records import Records, refuse_orphans
from workbench.intake.refusals import gather_refusals, refuse_by_rule, remove_refused
from workbench.schema import TABLES
from workbench.schema.record_faults import Rule
from workbench.schema.table_declarations import LINEAGE
from workbench.sources import NONE_REFUSED
from workbench.vault import Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """New, completed and contradicting rows of one part of a load.

    Attributes
    ----------
    tables : mapping of str to DataFrame
        Rows to write: new rows, and held rows that were completed or updated.
    superseded : mapping of str to DataFrame
        Keys of the held rows that these rows replace, or that a newer export does not have any
        more, with the records of these held rows.
    contradicting : DataFrame
        Columns of ``REFUSED``: records whose key is held with other values.
    records : int
        Number of accepted records with a new row in ``tables``.
    """

    tables: Mapping[str, pl.DataFrame]
    superseded: Mapping[str, pl.DataFrame]
    contradicting: pl.DataFrame
    records: int


def compare(records: Records, held: Dataset | None, coverage: LoadCoverage) -> Comparison:
    """Compare accepted rows with the held rows that have the same primary key.

    Parameters
    ----------
    records : Records
        Accepted rows of one part of a source. No two rows of a table have the same key, except for
        statements, of which the last counts.
    held : Dataset or None
        The version before the load, with the files that the load wrote already. None if the
        dataset is empty: then all rows are new.
    coverage : LoadCoverage
        Time that the load and the held loads of its system cover.
    """
    distinct = {name: _last_statements(rows, name) for name, rows in records.tables.items()}
    if held is None:
        accepted = records.read - records.refused.height
        return Comparison(
            tables=distinct, superseded={}, contradicting=NONE_REFUSED, records=accepted
        )
    joined = {name: _compare_table(rows, name, held, coverage) for name, rows in distinct.items()}
    compared = {
        name: _drop_outdated_parts(rows, name, joined, held) for name, rows in joined.items()
    }
    refused = [
        refuse_by_rule(
            rows.filter(pl.col("_is_contradicting")),
            table=name,
            rule=Rule("key_held", {"columns": _key_columns(name)}),
        )
        for name, rows in compared.items()
    ]
    contradicting, left = _remove_contradicting(compared, gather_refusals(refused), records.tables)
    new_rows = {name: rows.filter(pl.col("_is_new")) for name, rows in left.items()}
    new_records = pl.concat(
        [pl.Series("source_row", [], dtype=pl.Int64).to_frame()]
        + [rows.select("source_row") for rows in new_rows.values()]
    ).unique()
    return Comparison(
        tables={
            name: _rows_to_write(rows, name, list(distinct[name].columns))
            for name, rows in new_rows.items()
        },
        superseded=_superseded(new_rows, compared, held),
        contradicting=contradicting,
        records=new_records.height,
    )


def _remove_contradicting(
    compared: Mapping[str, pl.DataFrame],
    contradicting: pl.DataFrame,
    tables: Mapping[str, pl.DataFrame],
) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Remove contradicting records, then lines whose order was removed, until none is left."""
    everything = {**tables, **compared}
    if contradicting.is_empty():  # Usually nothing contradicts, and no order is lost.
        return contradicting, dict(compared)
    while True:
        left = remove_refused(everything, contradicting)
        orphans = _refuse_new_orphans(compared, left)
        if orphans.is_empty():
            return contradicting, left
        contradicting = gather_refusals([contradicting, orphans])


def _refuse_new_orphans(
    compared: Mapping[str, pl.DataFrame], left: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Refuse new order lines whose order is in this load but was not accepted."""
    refused = [NONE_REFUSED]
    for name, rows in left.items():
        part_of = TABLES[name].part_of
        if part_of is None or part_of[1] not in compared or "_is_new" not in rows.columns:
            continue
        key, whole = part_of
        wholes = compared[whole]
        is_held = ~pl.col("_is_new") & ~pl.col("_is_contradicting")
        kept = pl.concat([left[whole].select(key), wholes.filter(is_held).select(key)])
        gone = wholes.select(key).unique().join(kept, on=key, how="anti")
        new = rows.filter(pl.col("_is_new"))
        orphans = new.join(gone, on=key, how="semi", maintain_order="left")
        refused.append(refuse_orphans({name: orphans, whole: kept}))
    return gather_refusals(refused)


def _key_columns(name: str) -> list[str]:
    """Return the key columns without source and row number, in which loads differ."""
    return [column for column in TABLES[name].stored_key if column not in LINEAGE]


def _value_columns(name: str) -> list[str]:
    """Return the stored columns that neither belong to the key nor name the load."""
    key = _key_columns(name)
    return [c for c in TABLES[name].stored if c not in LINEAGE and c not in key]


def _last_statements(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the last row of each key in a table of statements; other keys are unique already."""
    key = list(TABLES[name].stored_key)
    if TABLES[name].merge != "statement" or rows.select(key).n_unique() == rows.height:
        return rows  # Usually all keys differ, and then nothing is copied.
    return rows.unique(subset=key, keep="last", maintain_order=True)


#: Columns for the record and the load to which a held row belongs.
_ORIGIN = ("record_id", *LINEAGE)


def _compare_table(
    rows: pl.DataFrame, name: str, held: Dataset, coverage: LoadCoverage
) -> pl.DataFrame:
    """Fill rows from held rows, and mark what is new.

    ``_is_new`` marks the rows to write, ``_is_completed`` and ``_is_updated`` those of them that
    replace a held row, ``_is_contradicting`` the rows to refuse, and ``_is_outdated`` those that a
    newer export states as well. For each column of ``_ORIGIN`` a
    column ``NAME_was`` has the value of the held row.
    """
    table, key, values = TABLES[name], _key_columns(name), _value_columns(name)
    is_kept_beside = table.merge in ("beside", "statement")
    # The join streams, so only held rows with a key of the load come into memory.
    held_rows = (
        held.stored_rows(name)
        .select(c for c in table.stored if not is_kept_beside or c not in LINEAGE)
        .join(rows.lazy().select(key).unique(), on=key, how="semi", nulls_equal=is_kept_beside)
        .collect(engine="streaming")
    )
    if not is_kept_beside:
        return _complete_held_rows(rows, held_rows, name, coverage)
    unchanged = rows.join(held_rows, on=[*key, *values], how="semi", nulls_equal=True)
    marked = rows.join(
        unchanged.select(table.stored_key).with_columns(_is_new=pl.lit(value=False)),
        on=table.stored_key,
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    return marked.with_columns(
        pl.col("_is_new").fill_null(value=True), **_columns_without_held_row(name)
    )


def _columns_without_held_row(name: str) -> dict[str, pl.Expr]:
    return {
        "_is_contradicting": pl.lit(value=False),
        "_is_completed": pl.lit(value=False),
        "_is_updated": pl.lit(value=False),
        "_is_outdated": pl.lit(value=False),
        **{f"{c}_was": pl.lit(None, dtype=TABLES[name].stored[c]) for c in _origin(name)},
    }


def _complete_held_rows(
    rows: pl.DataFrame, held_rows: pl.DataFrame, name: str, coverage: LoadCoverage
) -> pl.DataFrame:
    """Put rows together with the held rows of their keys, the newer one first."""
    key, values = _key_columns(name), _value_columns(name)
    names_load = "source_id" in TABLES[name].stored
    both = rows.join(
        held_rows.with_columns(_is_held=True),
        on=key,
        how="left",
        suffix="_held",
        maintain_order="left",
    ).with_columns(_is_newer=coverage.is_newer() if names_load else pl.lit(None, dtype=pl.Boolean))
    both = coverage.choose_times(both, name)
    is_held = pl.col("_is_held").fill_null(value=False)
    latest = [c for c in values if TABLES[name].column(c).keeps == "latest"]
    fixed = [c for c in values if c not in latest]
    none = pl.lit(value=False)
    differs = pl.any_horizontal(
        none, *(pl.col(c).ne(pl.col(f"{c}_held")).fill_null(value=False) for c in fixed)
    )
    fills = pl.any_horizontal(
        none,
        *(pl.col(c).is_not_null() & pl.col(f"{c}_held").is_null() for c in fixed),
        *(pl.col(c) > pl.col(f"{c}_held") for c in latest),
    )
    marked = both.with_columns(
        _is_contradicting=is_held & differs & pl.col("_is_newer").is_null(),
        _is_updated=is_held & differs & pl.col("_is_newer").fill_null(value=False),
    ).with_columns(
        _is_completed=is_held & fills & ~pl.col("_is_contradicting") & ~pl.col("_is_updated"),
    )
    replaces = pl.col("_is_completed") | pl.col("_is_updated")
    is_first = pl.col("_is_newer").fill_null(value=True)
    together = {
        c: pl.max_horizontal(c, f"{c}_held")
        if c in latest
        else pl.when(is_first)
        .then(pl.coalesce(c, f"{c}_held"))
        .otherwise(pl.coalesce(f"{c}_held", c))
        for c in values
    }
    filled = marked.with_columns(
        pl.when(replaces).then(value).otherwise(pl.col(c)).alias(c) for c, value in together.items()
    )
    return filled.select(
        *rows.columns,
        "_is_contradicting",
        "_is_completed",
        "_is_updated",
        (is_held & ~pl.col("_is_newer").fill_null(value=True)).alias("_is_outdated"),
        *(pl.col(c if c in key else f"{c}_held").alias(f"{c}_was") for c in _origin(name)),
        _is_new=~is_held | replaces,
    )


def _drop_outdated_parts(
    rows: pl.DataFrame, name: str, compared: Mapping[str, pl.DataFrame], held: Dataset
) -> pl.DataFrame:
    """Mark as not new the parts that a newer export of their whole does not have any more."""
    part_of = TABLES[name].part_of
    if part_of is None or part_of[1] not in compared:
        return rows
    key, whole = part_of
    outdated = compared[whole].filter("_is_outdated").select(key)
    if outdated.is_empty():
        return rows
    with_parts = held.stored_rows(name).select(key).join(outdated.lazy(), on=key, how="semi")
    stated = with_parts.unique().collect().with_columns(_is_stated=pl.lit(value=True))
    marked = rows.join(stated, on=key, how="left", maintain_order="left")
    is_gone = pl.col("_is_stated").fill_null(value=False) & ~pl.col("_is_outdated")
    return marked.with_columns(_is_new=pl.col("_is_new") & ~is_gone).drop("_is_stated")


def _origin(name: str) -> list[str]:
    """Return the columns of ``_ORIGIN`` that a table stores."""
    return [column for column in _ORIGIN if column in TABLES[name].stored]


def _rows_to_write(rows: pl.DataFrame, name: str, columns: list[str]) -> pl.DataFrame:
    """Return the rows to write; a completed row keeps the lineage of the held one."""
    if not rows["_is_completed"].any():
        return rows.select(columns)
    kept = {
        column: pl.when("_is_completed").then(f"{column}_was").otherwise(pl.col(column))
        for column in _origin(name)
        if column in LINEAGE
    }
    return rows.with_columns(**kept).select(columns)


def _superseded(
    new_rows: Mapping[str, pl.DataFrame], compared: Mapping[str, pl.DataFrame], held: Dataset
) -> dict[str, pl.DataFrame]:
    """Return the keys of the held rows that are replaced, or gone with a newer export."""
    found = {name: _replaced_keys(rows, name) for name, rows in new_rows.items()}
    for name, rows in compared.items():
        part_of = TABLES[name].part_of
        if part_of is not None and part_of[1] in new_rows:
            stale = _stale_keys(rows, name, new_rows[part_of[1]], held)
            found[name] = pl.concat([found[name], stale.select(found[name].columns)])
    return {name: keys for name, keys in found.items() if keys.height}


def _replaced_keys(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the keys of rows that replace a held row, with the record of the held row."""
    replacing = rows.filter(pl.col("_is_completed") | pl.col("_is_updated"))
    record = {"record_id": "record_id_was"} if "record_id" in _origin(name) else {}
    return replacing.select(*(c for c in _key_columns(name) if c not in record), **record)


def _stale_keys(rows: pl.DataFrame, name: str, wholes: pl.DataFrame, held: Dataset) -> pl.DataFrame:
    """Return the keys of held parts of updated wholes that the newer export does not have.

    A whole of which the export has no part at all keeps its parts: the export may have none.
    """
    key, _ = TABLES[name].part_of or ("", "")
    own = [*_key_columns(name), *(["record_id"] if "record_id" in _origin(name) else [])]
    updated = wholes.filter("_is_updated").select(key).join(rows.select(key), on=key, how="semi")
    if updated.is_empty():
        return held.stored_rows(name).select(own).head(0).collect()
    parts = held.stored_rows(name).select(own).join(updated.lazy(), on=key, how="semi")
    return parts.join(
        rows.lazy().select(_key_columns(name)), on=_key_columns(name), how="anti"
    ).collect()
