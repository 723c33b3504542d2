"""What of a table may be shown: no group below the smallest allowed, and none by subtraction.

A group can be subtracted where its table adds up to something that is known: a total stated
elsewhere (``margin``), or a total among the table's own rows, which is found by its number. There
a hidden group never stands alone: the next smallest are hidden with it, until those hidden are two
at least and together as many persons as may be shown (secondary suppression; Hundepool et al.
2012, Statistical Disclosure Control, section 4.4). Totals of several tables together are not
looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from workbench.charts.exhibits import Figure, Table
from workbench.statistics.estimates import Estimate

_TOO_FEW = "not shown: fewer than {} persons"


@dataclass(frozen=True, kw_only=True)
class Disclosed:
    """A table as it may be shown.

    Attributes
    ----------
    table : Table
        Rows of groups that are too small keep their name and lose everything else.
    hidden : int
        Rows that were emptied, those hidden against subtraction included.
    """

    table: Table
    hidden: int


def disclose(table: Table, *, min_group: int) -> Disclosed:
    """Empty the rows of groups that are too small to be shown.

    A group of nobody is shown, it gives none away; a row that does not say how many persons it is
    about is not. The name of a row is its first column, the texts that follow it directly, and the
    column of ``margin``; further texts can repeat a figure and go with the figures.
    """
    hidden = _hidden(table, min_group)
    if not hidden:
        return Disclosed(table=table, hidden=0)
    is_shown = pl.Series([row not in hidden for row in range(table.rows.height)])
    names = _names(table)
    rows = table.rows.with_columns(
        pl.when(is_shown).then(pl.col(name)).alias(name)
        for name in table.rows.columns
        if name not in names
    )
    return Disclosed(table=replace(table, rows=rows, original_rows=None), hidden=len(hidden))


def disclose_figure(figure: Figure, *, min_group: int) -> Figure:
    """Take the groups that are too small out of a picture, its data and its description."""
    hidden = _hidden(figure.table, min_group)
    if not hidden:
        return figure
    kept = [row for row in range(figure.table.rows.height) if row not in hidden]
    table = replace(figure.table, rows=figure.table.rows[kept], original_rows=None)
    # the description tells figures of the groups, and a scale can reach as far as theirs
    drawn = figure.redraw(table) if figure.redraw else _undescribed(figure, table)
    groups = "1 group is" if len(hidden) == 1 else f"{len(hidden)} groups are"
    note = (
        f"{groups} not shown, for fewer than {min_group} persons or because those would follow "
        "by subtraction."
    )
    return replace(
        drawn, description=f"{drawn.description} {note}", hidden=figure.hidden + len(hidden)
    )


def disclose_estimate(estimate: Estimate, *, min_group: int) -> Estimate:
    """Take the value of a figure that rests on too few persons, or does not say on how many."""
    if estimate.n >= min_group:
        return estimate
    return estimate.without(_TOO_FEW.format(min_group), n=0)


def hidden_rows(
    persons: pl.Series, *, min_group: int, sums: Sequence[Sequence[int]] = ()
) -> set[int]:
    """Return the positions of rows that may not be shown.

    Parameters
    ----------
    persons : Series of int
        Persons of each row; null where that is not known.
    min_group : int
        Smallest number that may be shown; nobody may.
    sums : sequence of sequences of int
        Positions of rows that add up to something known.
    """
    counts = [None if count is None else int(count) for count in persons]
    hidden = {row for row, n in enumerate(counts) if n is None or 0 < n < min_group}
    changed = bool(hidden)
    while changed:
        changed = False
        for rows in sums:
            inside = [row for row in rows if row in hidden]
            together = sum(counts[row] or 0 for row in inside)
            if not inside or (len(inside) > 1 and together >= min_group):
                continue
            others = [(counts[row] or 0, row) for row in rows if row not in hidden and counts[row]]
            if others:
                hidden.add(min(others)[1])
                changed = True
    return hidden


def _hidden(table: Table, min_group: int) -> set[int]:
    if table.persons is None or table.rows.is_empty():
        return set()
    persons = table.rows[table.persons]
    return hidden_rows(persons, min_group=min_group, sums=_sums(table))


def _sums(table: Table) -> list[list[int]]:
    """Rows that add up to something known: all of the table's, and those that share a name."""
    numbered = table.rows.select(_names(table)).with_row_index("_row")
    parts = [numbered["_row"].to_list()]
    for name in numbered.columns[1:]:
        parts += [p["_row"].to_list() for p in numbered.partition_by(name, maintain_order=True)]
    counts = [int(n or 0) for n in table.rows[table.persons or ""]]
    found = []
    for rows in parts:
        total = sum(counts[row] for row in rows)
        totals = [row for row in rows if 2 * counts[row] == total]
        own = totals[0] if len(rows) > 2 and totals else None
        is_known = own is not None or any(
            counts[row] == total for row in range(len(counts)) if row not in rows
        )
        if len(rows) > 1 and (is_known or table.margin is not None):
            found.append([row for row in rows if row != own])
    return found


def _names(table: Table) -> list[str]:
    """Columns that say which group a row is."""
    names = []
    for position, (name, kind) in enumerate(table.rows.schema.items()):
        is_text = kind == pl.String or isinstance(kind, pl.Enum | pl.Categorical)
        if name == table.persons or not (is_text or position == 0):
            break
        names.append(name)
    if table.margin is not None and table.margin not in names:
        names.append(table.margin)
    return names


def _undescribed(figure: Figure, table: Table) -> Figure:
    return replace(figure, table=table, description=f"{table.title}: see the data behind it.")
