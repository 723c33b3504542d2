"""Hide small groups of a table, so that they cannot be found by subtraction either.

A group can be found by subtraction if its table adds up to a known number: a total that is
published elsewhere (``margin``), or a total among the rows of the table, which is recognised by its
number. In such a table the next smallest groups are hidden too, until at least two groups are
hidden and together have as many persons as the smallest group that may be shown (secondary
suppression; Hundepool et al. 2012, Statistical Disclosure Control, section 4.4). Totals of several
tables together are not examined.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from workbench.charts.exhibits import Figure, Table
from workbench.statistics.estimates import Estimate

_TOO_FEW = "not shown: fewer than {} persons"


@dataclass(frozen=True, kw_only=True)
class DisclosedTable:
    """Table that may be shown.

    Attributes
    ----------
    table : Table
        Table in which rows of small groups have their names and nothing else.
    hidden : int
        Number of hidden rows, including rows that prevent subtraction.
    """

    table: Table
    hidden: int


def disclose(table: Table, *, min_group: int) -> DisclosedTable:
    """Hide the rows of groups that are too small to be shown.

    A group without persons is shown, because it discloses nobody. A row without a number of persons
    is hidden. The name of a row consists of its first column, the texts that follow it directly,
    and the column of ``margin``. Further texts can repeat a figure, so they are hidden with the
    figures.
    """
    hidden = _find_hidden_rows(table, min_group)
    if not hidden:
        return DisclosedTable(table=table, hidden=0)
    is_shown = pl.Series([row not in hidden for row in range(table.rows.height)])
    names = _name_columns(table)
    rows = table.rows.with_columns(
        pl.when(is_shown).then(pl.col(name)).alias(name)
        for name in table.rows.columns
        if name not in names
    )
    return DisclosedTable(table=replace(table, rows=rows, original_rows=None), hidden=len(hidden))


def disclose_figure(figure: Figure, *, min_group: int) -> Figure:
    """Remove groups that are too small from a figure, its data and its description."""
    hidden = _find_hidden_rows(figure.table, min_group)
    if not hidden:
        return figure
    kept = [row for row in range(figure.table.rows.height) if row not in hidden]
    table = replace(figure.table, rows=figure.table.rows[kept], original_rows=None)
    # The description contains figures of the groups, and the scale may end at one of them.
    drawn = figure.redraw(table) if figure.redraw else _replace_description(figure, table)
    groups = "1 group is" if len(hidden) == 1 else f"{len(hidden)} groups are"
    note = (
        f"{groups} not shown: groups of fewer than {min_group} persons, and groups that would "
        "reveal them by subtraction."
    )
    return replace(
        drawn, description=f"{drawn.description} {note}", hidden=figure.hidden + len(hidden)
    )


def disclose_estimate(estimate: Estimate, *, min_group: int) -> Estimate:
    """Remove the value of an estimate that counts too few persons, or does not count them."""
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
        Number of persons of each row; null if it is not known.
    min_group : int
        Smallest number that may be shown, apart from 0.
    sums : sequence of sequences of int
        Positions of rows that add up to a known number.
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


def _find_hidden_rows(table: Table, min_group: int) -> set[int]:
    if table.persons is None or table.rows.is_empty():
        return set()
    persons = table.rows[table.persons]
    return hidden_rows(persons, min_group=min_group, sums=_rows_with_known_sum(table))


def _rows_with_known_sum(table: Table) -> list[list[int]]:
    """Return rows that add up to a known number: all rows, and rows that share a name."""
    numbered = table.rows.select(_name_columns(table)).with_row_index("_row")
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


def _name_columns(table: Table) -> list[str]:
    """Return the columns that name the group of a row."""
    names = []
    for position, (name, kind) in enumerate(table.rows.schema.items()):
        is_text = kind == pl.String or isinstance(kind, pl.Enum | pl.Categorical)
        if name == table.persons or not (is_text or position == 0):
            break
        names.append(name)
    if table.margin is not None and table.margin not in names:
        names.append(table.margin)
    return names


def _replace_description(figure: Figure, table: Table) -> Figure:
    return replace(figure, table=table, description=f"{table.title}: see the data behind it.")
