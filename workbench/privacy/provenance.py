"""Refuse figures about persons that the release of the view did not make.

``wb.show`` checks every table, figure and estimate, and the runner checks it again outside the
kernel. Figures that a release made have its mark (``origin``). The mark prevents mistakes; it does
not stop an author who copies it.
"""

from collections.abc import Iterator

import polars as pl

from workbench.charts.exhibits import Table
from workbench.foundation.errors import PrivacyError
from workbench.privacy.release import Release, model_origin
from workbench.schema import TABLES, CustomerData
from workbench.statistics.estimates import Estimate

#: Columns of the customer tables with values of single persons.
_PERSONAL_COLUMNS = frozenset(
    column.name
    for table in TABLES.values()
    for column in table.columns
    if column.sensitivity in ("direct", "key", "quasi") or column.view == "amount"
)

#: Largest number of rows of a table of words without a mark: a longer one could list persons.
_MOST_WORDS = 100
#: Smallest number of different values in a column that is compared with columns of the view.
_FEWEST_VALUES = 2


def require_released(table: Table, *, release: Release, data: CustomerData) -> None:
    """Refuse a table about persons that the release of the view did not make.

    Parameters
    ----------
    table : Table
        Table that is about to be shown.
    release : Release
        Release of the view.
    data : CustomerData
        Tables of the view, with whose values the values of the table are compared.

    Raises
    ------
    PrivacyError
        The table lacks the mark of the release, and it counts persons, has a column of the customer
        tables (renamed or not), or has numbers without a source; or it has the mark but was
        changed afterwards.
    """
    name = table.name
    if table.origin and table.is_changed:
        raise PrivacyError(
            f"table {name} was changed after the release made it: give view.table(...) the rows of "
            "persons that the new figures are about; rows and columns may be left out, labels= "
            "names columns and formats= rounds them"
        )
    if table.origin == model_origin(release.origin):
        return
    if table.origin == release.origin:
        if table.persons is None and _numbers(table):
            raise PrivacyError(
                f"table {name} lost the column that counts its persons: keep it, and name it with "
                "persons=..., so that groups of few can be found"
            )
        return
    if table.origin:
        raise PrivacyError(
            f"table {name} was made by the release of another view: make it with the view that is "
            "open"
        )
    how = "make it with view.table(rows, by=[...]), which counts persons and adds the noise"
    if table.persons is not None:
        raise PrivacyError(
            f"table {name} counts persons in {table.persons}, but no release made it: {how}"
        )
    if found := sorted(set(table.rows.columns) & _PERSONAL_COLUMNS):
        raise PrivacyError(
            f"table {name} has {', '.join(found)} of the customer tables, which are about persons: "
            f"{how}"
        )
    shared = sorted({f"{own} ({theirs})" for own, theirs in _shared_values(table, data)})
    is_words = not _numbers(table)
    if is_words and table.rows.height > _MOST_WORDS:
        raise PrivacyError(
            f"table {name} lists {table.rows.height:,} rows of words, {_MOST_WORDS} at most can be "
            f"shown: {how}"
        )
    if found := shared:
        raise PrivacyError(
            f"table {name} has the values of columns about persons: {', '.join(found)}; {how}"
        )
    numbers = _numbers(table)
    if numbers and not table.source:
        raise PrivacyError(
            f"table {name} has numbers in {', '.join(numbers)} that no release made: {how}; where "
            "they are not about persons, say where they come from with source=..."
        )


def require_released_estimate(estimate: Estimate, *, release: Release) -> None:
    """Refuse an estimate that the release of the view did not make, unless it has no value.

    Raises
    ------
    PrivacyError
        The estimate has a value and lacks the mark of the release.
    """
    figures = (estimate.value, estimate.low, estimate.high)
    if all(figure is None for figure in figures) and estimate.n == 0:
        return
    if estimate.origin == release.origin and estimate.is_changed:
        raise PrivacyError(
            f"estimate {estimate.name} was changed after the release made it: make another one "
            "with view.share, view.mean or view.quantile"
        )
    if estimate.origin != release.origin:
        raise PrivacyError(
            f"estimate {estimate.name} was not made by the release of the view: make it with "
            "view.share, view.mean or view.quantile, or with a model of this package and "
            "release=view.release"
        )


def _numbers(table: Table) -> list[str]:
    """Return the columns with numbers or times, also if they are texts."""
    return [
        name
        for name, kind in table.rows.schema.items()
        if kind.is_numeric()
        or kind.is_temporal()
        or (kind == pl.String and bool(table.rows[name].str.contains(r"\d").any()))
    ]


def _shared_values(table: Table, data: CustomerData) -> Iterator[tuple[str, str]]:
    """Yield each column of the table whose values all occur in one column about persons."""
    for own, kind in table.rows.schema.items():
        values = table.rows[own].drop_nulls().unique()
        if values.len() < _FEWEST_VALUES or kind.is_float() or kind == pl.Boolean:
            continue
        for theirs, frame in _columns_about_persons(data, is_integer=kind.is_integer()):
            wanted = values.cast(pl.String).implode()
            held = frame.select(pl.col(theirs).cast(pl.String).unique())
            found = held.filter(pl.col(theirs).is_in(wanted)).select(pl.len()).collect().item()
            if found == values.len():
                yield own, theirs
                break


def _columns_about_persons(
    data: CustomerData, *, is_integer: bool
) -> Iterator[tuple[str, pl.LazyFrame]]:
    for table, frame in data.tables.items():
        schema = frame.collect_schema()
        if "customer_id" not in schema:
            continue
        for column, kind in schema.items():
            if column not in TABLES[table]:
                continue
            declared = TABLES[table].column(column)
            is_amount = declared.view == "amount" or kind == pl.UInt64
            is_wanted = is_amount if is_integer else not (kind.is_numeric() or kind == pl.Boolean)
            if is_wanted and kind != pl.Null:
                yield column, frame
