"""HTML of tables and figures: with captions, aligned and formatted numbers, all texts escaped.

A printed table differs from its rows in three ways: the two limits of an interval are one column,
values have no more digits than the interval beside them supports, and a name that repeats from row
to row is the heading of its rows.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import polars as pl

from workbench.charts.exhibits import Figure, Table
from workbench.charts.formatting import NOTHING, cell_text, column_format

__all__ = ["NOTHING", "cell_text", "figure_markup", "hidden_note", "table_markup"]

_INTERVAL = "95\xa0% interval"
_LOW, _HIGH = "low", "high"
#: Texts that are numbers with a unit; they are aligned at the right like numbers.
_QUANTITY = re.compile(
    r"(?:(?:below|about|less than|fewer than) )?[+−-]?\d[\d,]*\.?\d*(?:[ \xa0]?%|\xa0.+)?"
)
#: Number of characters in a row from which a table is wider than a phone.
_PHONE = 46
_FEWEST_ROWS = 2  # average number of rows per name from which names become headings


class _PrintedColumn(NamedTuple):
    """A printed column, made from one column of the table or from the two limits of an interval."""

    name: str
    upper: str | None
    heading: str
    form: str | None
    is_number: bool


def table_markup(table: Table, *, caption: bool = True, hidden: int = 0) -> str:
    """Return a table as HTML in a scrollable, focusable region, with its notes below.

    Parameters
    ----------
    table : Table
        Table to print.
    caption : bool
        Whether the title is printed.
    hidden : int
        Number of rows that disclosure control removed, printed below the table.
    """
    parts = _group_rows(table)
    columns = [each for each in _printed_columns(table) if each.name not in parts.names]
    heads = "".join(
        f'<th scope="col"{_number_class(each.is_number)}>{html.escape(each.heading)}</th>'
        for each in columns
    )
    body, start = "", 0
    for heading, size in parts.headings:
        rows = table.rows[start : start + size]
        start += size
        lines = "".join(_row_markup(columns, row) for row in rows.iter_rows(named=True))
        if heading:
            across = f'<th scope="rowgroup" colspan="{len(columns)}"><span>{heading}</span></th>'
            lines = f'<tr class="part">{across}</tr>{lines}'
        body += f"<tbody>{lines}</tbody>"
    title = html.escape(table.title)
    shown = f"<caption>{title}</caption>" if caption else ""
    wide = " wide" if _is_wide(table, columns) else ""
    return (
        f'<div class="table{wide}" tabindex="0" role="region" aria-label="{title}"><table>{shown}'
        f"<thead><tr>{heads}</tr></thead>{body or '<tbody></tbody>'}</table></div>"
        f"{_notes(table)}{hidden_note(hidden)}"
    )


def hidden_note(hidden: int, *, what: str = "row") -> str:
    """Return a note about the number of hidden rows of an exhibit; empty if there are none."""
    if not hidden:
        return ""
    count = f"1 {what}" if hidden == 1 else f"{hidden} {what}s"
    return (
        f'<p class="note hidden">{count} not shown: too few persons, or a hidden figure could be '
        "computed by subtraction.</p>"
    )


def figure_markup(figure: Figure, drawn: str, narrow: str = "") -> str:
    """Return a figure as HTML: title, picture, notes, and the data behind the picture, folded.

    Parameters
    ----------
    figure : Figure
        Figure to print.
    drawn, narrow : str
        Drawings of the figure. ``narrow`` is shown on a phone; without it, ``drawn`` is shown
        everywhere.
    """
    title = html.escape(figure.table.title)
    kind = "pictures two" if narrow else "pictures"
    return (
        f'<figure id="{figure.table.name}"><figcaption>{title}'
        f'</figcaption><div class="{kind}">{drawn}{narrow}</div>'
        f"{_notes(figure.table)}{hidden_note(figure.hidden, what='group')}"
        "<details><summary>Data behind the figure</summary>"
        f"<p>{html.escape(figure.description)}</p>"
        f"{table_markup(replace(figure.table, note='', source=''), caption=False)}"
        "</details></figure>"
    )


class _RowGroups(NamedTuple):
    """Rows under headings.

    Attributes
    ----------
    names : tuple of str
        Columns whose values are in the headings.
    headings : tuple of (str, int)
        Headings in order, each with its number of rows.
    """

    names: tuple[str, ...]
    headings: tuple[tuple[str, int], ...]


def _group_rows(table: Table) -> _RowGroups:
    """Group rows by the first columns whose names repeat from row to row."""
    rows = table.rows
    keys = _key_columns(table)
    for count in range(len(keys) - 1, 0, -1):
        names = keys[:count]
        marked = rows.select(pl.struct(names).rle_id()).to_series()
        groups = marked.n_unique()
        if groups != rows.select(names).n_unique() or rows.height < _FEWEST_ROWS * groups:
            continue  # The names return later in the table, or they hardly repeat.
        persons = _constant_persons(table, marked)
        pieces = rows.partition_by(names, maintain_order=True) if rows.height else []
        headings = tuple(
            (_group_heading(table, names, persons, piece), piece.height) for piece in pieces
        )
        return _RowGroups((*names, *persons), headings)
    return _RowGroups((), (("", rows.height),))


def _key_columns(table: Table) -> list[str]:
    """Return the first text columns; the last of them names the rows under a heading."""
    keys: list[str] = []
    for name, kind in table.rows.schema.items():
        if name == table.persons:
            continue
        if kind != pl.String:
            break
        keys.append(name)
    return keys


def _constant_persons(table: Table, marked: pl.Series) -> tuple[str, ...]:
    """Return the column of persons if its value is the same in all rows of each group."""
    if table.persons is None or table.rows.is_empty():
        return ()
    rows = pl.DataFrame({"part": marked, "persons": table.rows[table.persons]})
    is_constant = rows.group_by("part").agg(pl.col("persons").n_unique())["persons"].max() == 1
    return (table.persons,) if is_constant else ()


def _group_heading(
    table: Table, names: Sequence[str], persons: tuple[str, ...], part: pl.DataFrame
) -> str:
    row = part.row(0, named=True)
    texts = [html.escape(cell_text(row[name], None)) for name in names]
    for name in persons:
        count = cell_text(row[name], table.formats.get(name))
        texts.append(f'<span class="note">{count} {html.escape(table.label(name))}</span>')
    return " · ".join(texts)


def _printed_columns(table: Table) -> list[_PrintedColumn]:
    schema = table.rows.schema
    names = list(schema)
    found: list[_PrintedColumn] = []
    skipped: set[str] = set()
    for place, name in enumerate(names):
        if name in skipped:
            continue
        upper = _upper_limit_column(table, name)
        value = names[place - 1] if upper and place else None
        form = table.formats.get(name)
        if upper is not None:
            skipped.add(upper)
            form = column_format(table, name, (name, upper))
            heading = table.labels.get(name, "")
            heading = _INTERVAL if heading in ("", name, _LOW) else heading
            found.append(_PrintedColumn(name, upper, heading, form, True))
            if value is not None and _is_value_of_interval(table, value, name):
                found[-2] = found[-2]._replace(form=column_format(table, value, (name, upper)))
            continue
        is_number = schema[name].is_numeric() or (place > 0 and _has_quantities(table.rows[name]))
        found.append(_PrintedColumn(name, None, table.label(name), form, is_number))
    return found


def _upper_limit_column(table: Table, name: str) -> str | None:
    """Return the column of the upper limit if ``name`` is a lower limit, otherwise None."""
    if name != _LOW and not name.endswith(f"_{_LOW}"):
        return None
    upper = f"{name.removesuffix(_LOW)}{_HIGH}"
    schema = table.rows.schema
    return (
        upper if upper in schema and schema[name].is_float() and schema[upper].is_float() else None
    )


def _is_value_of_interval(table: Table, value: str, low: str) -> bool:
    """Return whether the column before an interval contains the interval's values."""
    is_float = table.rows.schema[value].is_float()
    return is_float and (low == _LOW or low.startswith(f"{value.removesuffix('_share')}"))


def _has_quantities(texts: pl.Series) -> bool:
    if texts.dtype != pl.String:
        return False
    filled = [text for text in texts if text]
    return bool(filled) and all(_QUANTITY.fullmatch(text) for text in filled)


def _is_wide(table: Table, columns: Sequence[_PrintedColumn]) -> bool:
    """Return whether a table is too wide for a phone, where it is then scrolled."""
    widest = 0
    for column in columns:
        texts = [_cell_text(column, row) for row in table.rows.head(40).iter_rows(named=True)]
        longest = max((len(text) for text in texts), default=0)
        widest += max(min(longest, 14), min(len(column.heading), 14)) + 2
    return widest > _PHONE


def _notes(table: Table) -> str:
    """Return the notes below a table: its explanation, and the source of its figures."""
    notes = f'<p class="note">{html.escape(table.note)}</p>' if table.note else ""
    if table.source:
        notes += f'<p class="note">Not about persons. Source: {html.escape(table.source)}</p>'
    return notes


def _cell_text(column: _PrintedColumn, row: dict[str, Any]) -> str:
    low = cell_text(row[column.name], column.form)
    if column.upper is None:
        return low
    high = cell_text(row[column.upper], column.form)
    return NOTHING if NOTHING in (low, high) else f"{low} to {high}"


def _row_markup(columns: Sequence[_PrintedColumn], row: dict[str, Any]) -> str:
    cells = []
    for position, column in enumerate(columns):
        text, mark = html.escape(_cell_text(column, row)), _number_class(column.is_number)
        cells.append(
            f'<th scope="row"{mark}>{text}</th>' if position == 0 else f"<td{mark}>{text}</td>"
        )
    return f"<tr>{''.join(cells)}</tr>"


def _number_class(is_number: bool) -> str:
    return ' class="number"' if is_number else ""
