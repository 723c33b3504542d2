"""Treat the columns of a view, and leave out rows that it may not have.

The schema declares the treatment of each column (``Column.view``), and the policy of a study
decides how far it goes.
"""

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from workbench.privacy.coarsening import banded_amount, cut_time
from workbench.privacy.pseudonyms import ORDER, PLACE, PSEUDONYM
from workbench.privacy.shared_values import (
    SharedValues,
    common_values,
    shared_values,
    show_shared,
)
from workbench.privacy.view_report import Change
from workbench.schema import TABLES, Column
from workbench.schema.table_declarations import Treatment
from workbench.schema.time_units import Unit
from workbench.studies import StudyTerms


def columns_of(table: str, study: StudyTerms) -> list[str]:
    """Return the columns that a study's view has of a table, ``customer_id`` first."""
    declared = TABLES[table]
    first = ["customer_id"] if "customer_id" in declared else []
    wanted = (name for name in study.columns[table] if declared.column(name).view != "absent")
    return list(dict.fromkeys([*first, *wanted]))


def history_units(study: StudyTerms) -> dict[str, Unit]:
    """Return the unit to which a view truncates each column of times in the histories."""
    return {
        f"{table}.{name}": study.policy.time
        for table in study.columns
        for name in TABLES[table].columns_with_treatment("time")
        if study.policy.time != "day" or TABLES[table].schema[name] != pl.Date
    }


def suppress_rarely_referenced(
    rows: pl.LazyFrame, table: str, histories: Mapping[str, pl.LazyFrame], *, k: int
) -> pl.LazyFrame:
    """Suppress names of rows, such as campaigns, to which fewer than k persons refer.

    Parameters
    ----------
    rows : LazyFrame
        Rows of a table without customers.
    table : str
        Name of the table; other tables refer to it by a column of its primary key's name.
    histories : mapping of str to LazyFrame
        Rows of customers whom the study may see, by table.
    k : int
        Smallest number of persons who refer to a row that is shown.
    """
    (key,) = TABLES[table].primary_key
    names = [name for name in TABLES[table].columns_with_treatment("common") if name != key]
    referring = [
        frame.filter(pl.col(key).is_not_null()).select(key, "customer_id")
        for name, frame in histories.items()
        if key in TABLES[name] and "customer_id" in TABLES[name]
    ]
    shared = (
        pl.concat(referring)
        .group_by(key)
        .agg(_persons=pl.col("customer_id").drop_nulls().n_unique())
        .filter(pl.col("_persons") >= k)
        .select(key, _is_shared=pl.lit(True))
    )
    marked = rows.join(shared, on=key, how="left")
    is_shared = pl.col("_is_shared").fill_null(False)
    return marked.with_columns(
        pl.when(is_shared).then(pl.col(name)).alias(name) for name in (key, *names)
    ).drop("_is_shared")


def treat_columns(
    rows: pl.LazyFrame, table: str, study: StudyTerms, *, secret: bytes
) -> tuple[pl.LazyFrame, list[Change]]:
    """Treat each column of a table as the schema and the policy ask.

    The limits of bands are drawn from the study's secret.

    Returns
    -------
    rows : LazyFrame
        Rows in any order, with the keys of the dataset, and pseudonym and its place where the rows
        have them. Columns of the primary key, columns that name what a value is about, and the time
        of statements have an untreated copy whose name begins with ``ORDER``.
    changes : list of Change
        Treatment of the study's columns.
    """
    declared = TABLES[table]
    names = columns_of(table, study)
    rows, done = _leave_out_rows(rows, table, study)
    about = (each for name in names for each in declared.column(name).within)
    # Two statements of one day are shown with this day, but the later one must come last.
    time = [declared.time] if declared.is_state and declared.time is not None else []
    untouched = dict.fromkeys([*time, *declared.primary_key, *about])
    carried = [name for name in (PSEUDONYM, PLACE) if name in rows.collect_schema()]
    rows = rows.select(
        *names, *carried, *(pl.col(name).alias(f"{ORDER}{name}") for name in untouched)
    )
    columns = [declared.column(name) for name in names]
    together = [each for each in columns if each.view == "common" and "customer_id" in declared]
    if together:
        rows, changes = _show_common_names(rows, together, study)
        done += changes
    for column in columns:
        if column not in together:
            rows, changes = treat_column(rows, column, study, secret)
            done += changes
    return rows, done


def treat_column(
    rows: pl.LazyFrame, column: Column, study: StudyTerms, secret: bytes
) -> tuple[pl.LazyFrame, list[Change]]:
    """Treat one column as the schema and the policy ask; see ``treat_columns``."""
    if column.view == "shared":
        return _show_shared_values(rows, column, study, secret)
    return _TREATMENTS[column.view](rows, column, study)


def _keep_column(
    rows: pl.LazyFrame, column: Column, study: StudyTerms
) -> tuple[pl.LazyFrame, list[Change]]:
    return rows, [Change(column.table, column.name, "kept")]


def _report_pseudonym(
    rows: pl.LazyFrame, column: Column, study: StudyTerms
) -> tuple[pl.LazyFrame, list[Change]]:
    note = "differs from study to study"  # ``Pseudonyms.replace`` makes it for all keys at once.
    return rows, [Change(column.table, column.name, "pseudonym", note)]


def _suppress_column(
    rows: pl.LazyFrame, column: Column, study: StudyTerms
) -> tuple[pl.LazyFrame, list[Change]]:
    note = "free text is never shown, because names in it are not removed"
    empty = pl.lit(None, dtype=column.type).alias(column.name)
    return rows.with_columns(empty), [Change(column.table, column.name, "suppressed", note)]


def _truncate_time(
    rows: pl.LazyFrame, column: Column, study: StudyTerms
) -> tuple[pl.LazyFrame, list[Change]]:
    days = study.policy.shift_days
    if column.type == pl.Date and study.policy.time == "day":
        return _keep_column(rows, column, study)
    note = shift_note(study) if days else ""
    done = Change(column.table, column.name, f"cut to the {study.policy.time}", note)
    return rows.with_columns(cut_time(column.name, study.policy)), [done]


def shift_note(study: StudyTerms) -> str:
    """Say how far the times of a customer are moved."""
    days = study.policy.shift_days
    return f"moved back by up to {days} days, each customer by a number of their own"


def _band_amount(
    rows: pl.LazyFrame, column: Column, study: StudyTerms
) -> tuple[pl.LazyFrame, list[Change]]:
    if study.policy.amounts != "bands":
        return _keep_column(rows, column, study)
    banded = banded_amount(column.name).cast(column.type, strict=False)
    return rows.with_columns(banded), [Change(column.table, column.name, "put into bands")]


def _suppress_rare_products(
    rows: pl.LazyFrame, column: Column, study: StudyTerms
) -> tuple[pl.LazyFrame, list[Change]]:
    if study.policy.rare_products != "blanked" or "customer_id" not in TABLES[column.table]:
        return _keep_column(rows, column, study)
    return _suppress_rare_names(rows, column, study)


def _suppress_rare_names(
    rows: pl.LazyFrame, column: Column, study: StudyTerms
) -> tuple[pl.LazyFrame, list[Change]]:
    if "customer_id" not in TABLES[column.table]:  # ``suppress_rarely_referenced`` did it.
        why = f"fewer than {study.policy.k} persons refer to the row"
        return rows, [Change(column.table, column.name, "rare values suppressed", why)]
    return _show_common_names(rows, [column], study)


def _show_common_names(
    rows: pl.LazyFrame, columns: Sequence[Column], study: StudyTerms
) -> tuple[pl.LazyFrame, list[Change]]:
    """Show only names that k persons share, in some columns."""
    k = study.policy.k
    within = {each.name: tuple(f"{ORDER}{name}" for name in each.within) for each in columns}
    found = common_values(rows, within, k=k)
    done = []
    for column in columns:
        shared = found[column.name]
        if (shared.about["suppressed"] > 0).any():  # Otherwise each name is shown as it is.
            rows = show_shared(rows, column.name, shared=shared)
        done += _changes_of(column, shared, within[column.name], k)
    return rows, done


def _show_shared_values(
    rows: pl.LazyFrame, column: Column, study: StudyTerms, secret: bytes
) -> tuple[pl.LazyFrame, list[Change]]:
    k = study.policy.k
    within = tuple(f"{ORDER}{name}" for name in column.within)
    shared = shared_values(rows, column.name, k=k, within=within, secret=secret)
    return show_shared(rows, column.name, shared=shared), _changes_of(column, shared, within, k)


_TREATMENTS: Mapping[
    Treatment, Callable[[pl.LazyFrame, Column, StudyTerms], tuple[pl.LazyFrame, list[Change]]]
] = {
    "pseudonym": _report_pseudonym,
    "blank": _suppress_column,
    "time": _truncate_time,
    "amount": _band_amount,
    "product": _suppress_rare_products,
    "common": _suppress_rare_names,
    "keep": _keep_column,
}


def _changes_of(
    column: Column, shared: SharedValues, within: tuple[str, ...], k: int
) -> list[Change]:
    """Return the changes of a column, one for each subject that its values are about.

    Subjects with statements of fewer than k persons are counted together and are not named.
    """
    why = f"stated by fewer than {k} persons"
    about = shared.about.with_columns(_is_named=pl.col("persons") >= k)
    done = []
    for row in about.filter(pl.col("_is_named")).iter_rows(named=True):
        name = " ".join(str(row[each]) for each in within)
        done.append(
            Change(
                column.table,
                f"{column.name} of {name}" if name else column.name,
                "rare values suppressed"
                if row["step"] is None
                else f"put into bands of at least {k} persons, limits multiples of {row['step']:g}",
                why,
                row["cells"],
                row["suppressed"],
            )
        )
    rare = about.filter(~pl.col("_is_named"))
    if rare.height:
        cells = int(rare["cells"].sum())
        name = f"{column.name} of anything rarer" if within else column.name
        done.append(Change(column.table, name, "rare values suppressed", why, cells, cells))
    return done


def _leave_out_rows(
    rows: pl.LazyFrame, table: str, study: StudyTerms
) -> tuple[pl.LazyFrame, list[Change]]:
    """Leave out special categories, and statements that repeat a generalised customer column."""
    special, done = TABLES[table].special, []
    if {"namespace", "attribute"} <= set(TABLES[table].schema):
        repeated = (pl.col("namespace").cast(pl.String) == "profile") & pl.col("attribute").is_in(
            TABLES["customers"].columns_with_treatment("generalise", "shared", "common", "absent")
        )
        rows = rows.filter(~repeated)
        why = "they repeat a column of customers that is generalised there"
        done.append(Change(table, "attribute", "rows left out", why))
    if special is not None and study.special_categories_basis is None:
        rows = rows.filter(~pl.col(special))
        done.append(
            Change(
                table,
                special,
                "rows left out",
                "the study names no lawful basis for them",
            )
        )
    return rows, done
