"""What of a load is new to the dataset, what it holds already, and what contradicts it.

Rows are compared by the declared keys. Exports repeat what earlier ones said, and say more of it:
a subscription ends, an identifier is seen again. So a row that states nothing else than the held
one is known, one that fills in what was not known *completes* it, and only one that states another
value contradicts it, which is for people to settle. What a record says of its person may change,
and so may its decisions on consent: a statement is kept beside the earlier ones, unless the very
same one is held. So it makes no difference in which order exports are loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from workbench.intake.records import Records, parts_without_whole
from workbench.intake.refusals import gathered, refusal, without
from workbench.schema import TABLES
from workbench.schema.record_faults import Rule
from workbench.schema.table_declarations import LINEAGE
from workbench.sources import REFUSED
from workbench.vault import Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The rows of one part of a load, told apart.

    Attributes
    ----------
    tables : mapping of str to DataFrame
        Rows to write: new ones, and held ones that were completed.
    superseded : mapping of str to DataFrame
        Keys of the held rows that completed ones replace, and the record they are stored under.
    contradicting : DataFrame
        Columns of ``REFUSED``: records whose key is held with other values.
    records : int
        Accepted records of which a row in ``tables`` is new.
    """

    tables: Mapping[str, pl.DataFrame]
    superseded: Mapping[str, pl.DataFrame]
    contradicting: pl.DataFrame
    records: int


def compare(records: Records, held: Dataset | None) -> Comparison:
    """Tell new rows from held ones by the declared primary keys.

    Parameters
    ----------
    records : Records
        Accepted rows of one part of a source. No two of them have the same key, except for
        statements, of which the last counts.
    held : Dataset or None
        What is held: the version before, with what this load wrote already.
    """
    first = {name: _last_statements(rows, name) for name, rows in records.tables.items()}
    if held is None:
        nothing = pl.DataFrame(schema=REFUSED)
        accepted = records.read - records.refused.height
        return Comparison(tables=first, superseded={}, contradicting=nothing, records=accepted)
    compared = {name: _compared(rows, name, held) for name, rows in first.items()}
    refused = [
        refusal(
            rows.filter(pl.col("_is_other")),
            table=name,
            rule=Rule("key_held", {"columns": _key(name)}),
        )
        for name, rows in compared.items()
    ]
    contradicting, left = _settled(compared, gathered(refused), records.tables)
    fresh = {name: rows.filter(pl.col("_is_new")) for name, rows in left.items()}
    new_records = pl.concat(
        [pl.Series("source_row", [], dtype=pl.Int64).to_frame()]
        + [rows.select("source_row") for rows in fresh.values()]
    ).unique()
    return Comparison(
        tables={
            name: _to_write(rows, name, list(first[name].columns)) for name, rows in fresh.items()
        },
        superseded={
            name: keys for name, rows in fresh.items() if (keys := _superseded(rows, name)).height
        },
        contradicting=contradicting,
        records=new_records.height,
    )


def _settled(
    compared: Mapping[str, pl.DataFrame],
    contradicting: pl.DataFrame,
    tables: Mapping[str, pl.DataFrame],
) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Take out contradicting records, and lines whose order goes with one, until none is left."""
    everything = {**tables, **compared}
    if contradicting.is_empty():  # the usual case: no whole is lost
        return contradicting, dict(compared)
    while True:
        left = without(everything, contradicting)
        orphans = _parts_of_lost_wholes(compared, left)
        if orphans.is_empty():
            return contradicting, left
        contradicting = gathered([contradicting, orphans])


def _parts_of_lost_wholes(
    compared: Mapping[str, pl.DataFrame], left: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Refuse new parts of rows that this load stated and that are neither held nor accepted."""
    lost = [pl.DataFrame(schema=REFUSED)]
    for name, rows in left.items():
        part_of = TABLES[name].part_of
        if part_of is None or part_of[1] not in compared or "_is_new" not in rows.columns:
            continue
        key, whole = part_of
        stated = compared[whole]
        is_held = ~pl.col("_is_new") & ~pl.col("_is_other")
        kept = pl.concat([left[whole].select(key), stated.filter(is_held).select(key)])
        gone = stated.select(key).unique().join(kept, on=key, how="anti")
        new = rows.filter(pl.col("_is_new"))
        doomed = new.join(gone, on=key, how="semi", maintain_order="left")
        lost.append(parts_without_whole({name: doomed, whole: kept}))
    return gathered(lost)


def _key(name: str) -> list[str]:
    """Columns by which rows of several loads are the same; which load it was is none of them."""
    return [column for column in TABLES[name].stored_key if column not in LINEAGE]


def _stated(name: str) -> list[str]:
    key = _key(name)
    return [c for c in TABLES[name].stored if c not in LINEAGE and c not in key]


def _last_statements(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return one row per key of a table of statements: the last. Other keys are unique already."""
    key = list(TABLES[name].stored_key)
    if TABLES[name].merge != "statement" or rows.select(key).n_unique() == rows.height:
        return rows  # the usual case: nothing is copied
    return rows.unique(subset=key, keep="last", maintain_order=True)


#: Where a held row is stored and where it came from.
_ORIGIN = ("record_id", *LINEAGE)


def _compared(rows: pl.DataFrame, name: str, held: Dataset) -> pl.DataFrame:
    """Complete rows by what is held; mark ``_is_new``, ``_is_other`` and ``_is_completed``.

    The columns of ``_ORIGIN`` are there a second time as ``NAME_was``: as a completed row is held.
    """
    table, key, stated = TABLES[name], _key(name), _stated(name)
    is_beside = table.merge in ("beside", "statement")
    # a join that streams: of the held rows only those that meet come into memory
    met = (
        held.stored_rows(name)
        .select(c for c in table.stored if not is_beside or c not in LINEAGE)
        .join(rows.lazy().select(key).unique(), on=key, how="semi", nulls_equal=is_beside)
        .collect(engine="streaming")
    )
    if not is_beside:
        return _completed(rows, met, name)
    known = rows.join(met, on=[*key, *stated], how="semi", nulls_equal=True)
    marked = rows.join(
        known.select(table.stored_key).with_columns(_is_new=pl.lit(value=False)),
        on=table.stored_key,
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    return marked.with_columns(pl.col("_is_new").fill_null(value=True), **_unmet(name))


def _unmet(name: str) -> dict[str, pl.Expr]:
    return {
        "_is_other": pl.lit(value=False),
        "_is_completed": pl.lit(value=False),
        **{f"{c}_was": pl.lit(None, dtype=TABLES[name].stored[c]) for c in _origin(name)},
    }


def _completed(rows: pl.DataFrame, met: pl.DataFrame, name: str) -> pl.DataFrame:
    """Fill held rows in by what a load says of them, and mark rows that say otherwise."""
    key, stated = _key(name), _stated(name)
    both = rows.join(
        met.with_columns(_is_met=True),
        on=key,
        how="left",
        suffix="_held",
        maintain_order="left",
    )
    is_met = pl.col("_is_met").fill_null(value=False)
    growing = [c for c in stated if TABLES[name].column(c).keeps == "latest"]
    fixed = [c for c in stated if c not in growing]
    differs = [pl.col(c).ne(pl.col(f"{c}_held")).fill_null(value=False) for c in fixed]
    fills = [pl.col(c).is_not_null() & pl.col(f"{c}_held").is_null() for c in fixed]
    fills += [pl.col(c) > pl.col(f"{c}_held") for c in growing]
    none = pl.lit(value=False)
    judged = both.with_columns(
        _is_other=is_met & pl.any_horizontal(none, *differs),
    ).with_columns(
        _is_completed=is_met & ~pl.col("_is_other") & pl.any_horizontal(none, *fills),
    )
    now = [
        pl.max_horizontal(c, f"{c}_held") if c in growing else pl.coalesce(c, f"{c}_held")
        for c in stated
    ]
    filled = judged.with_columns(
        pl.when("_is_completed").then(value).otherwise(pl.col(c)).alias(c)
        for c, value in zip(stated, now, strict=True)
    )
    return filled.select(
        *rows.columns,
        "_is_other",
        "_is_completed",
        *(pl.col(c if c in key else f"{c}_held").alias(f"{c}_was") for c in _origin(name)),
        _is_new=~is_met | pl.col("_is_completed"),
    )


def _origin(name: str) -> list[str]:
    return [column for column in _ORIGIN if column in TABLES[name].stored]


def _to_write(rows: pl.DataFrame, name: str, columns: list[str]) -> pl.DataFrame:
    """Return rows as they are written: a completed one stays that of its first load."""
    if not rows["_is_completed"].any():
        return rows.select(columns)
    kept = {
        column: pl.when("_is_completed").then(f"{column}_was").otherwise(pl.col(column))
        for column in _origin(name)
        if column in LINEAGE
    }
    return rows.with_columns(**kept).select(columns)


def _superseded(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the keys of the completed rows, with the record they are stored under."""
    completed = rows.filter("_is_completed")
    record = {"record_id": "record_id_was"} if "record_id" in _origin(name) else {}
    return completed.select(*(c for c in _key(name) if c not in record), **record)
