"""From a table to HTML: captioned, numbers aligned and formatted, everything escaped.

A table is printed as it is read, which is not always as its rows are stored: the two limits of an
interval are one column, values have no more digits than the interval beside them supports, and a
name that repeats from row to row is the heading of its rows.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import polars as pl

from workbench.charts.exhibits import Figure, Table
from workbench.charts.wording import NOTHING, cell_text, column_form

__all__ = ["NOTHING", "cell_text", "figure_markup", "hidden_note", "table_markup"]

_INTERVAL = "95\xa0% interval"
_LOW, _HIGH = "low", "high"
#: Texts that are numbers with a unit: right-aligned as numbers are.
_QUANTITY = re.compile(
    r"(?:(?:below|about|less than|fewer than) )?[+−-]?\d[\d,]*\.?\d*(?:[ \xa0]?%|\xa0.+)?"
)
#: Characters in a row from which a table is wider than a phone.
_PHONE = 46
_FEWEST_ROWS = 2  # of one name, before they get a heading of their own


class _Column(NamedTuple):
    """A column as it is printed: of one of the table's columns, or of an interval's two."""

    name: str
    upper: str | None
    heading: str
    form: str | None
    is_number: bool


def table_markup(table: Table, *, caption: bool = True, hidden: int = 0) -> str:
    """Return a table as HTML in a scrollable, focusable region, with what explains it below.

    Parameters
    ----------
    table : Table
    caption : bool
        Whether its title is printed.
    hidden : int
        Rows whose figures disclosure control took away, said below the table.
    """
    parts = _parts(table)
    columns = [each for each in _columns(table) if each.name not in parts.names]
    heads = "".join(
        f'<th scope="col"{_number(each.is_number)}>{html.escape(each.heading)}</th>'
        for each in columns
    )
    body, start = "", 0
    for heading, size in parts.headings:
        rows = table.rows[start : start + size]
        start += size
        lines = "".join(_line(columns, row) for row in rows.iter_rows(named=True))
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
        f"{_below(table)}{hidden_note(hidden)}"
    )


def hidden_note(hidden: int, *, what: str = "row") -> str:
    """Say how many rows are missing from what stands above; empty where none is."""
    if not hidden:
        return ""
    told = f"1 {what}" if hidden == 1 else f"{hidden} {what}s"
    return (
        f'<p class="note hidden">{told} not shown: too few persons, or those would follow by '
        "subtraction.</p>"
    )


def figure_markup(figure: Figure, drawn: str, narrow: str = "") -> str:
    """Return a figure as HTML: title, picture, what is missing, and the data behind it, folded.

    Parameters
    ----------
    figure : Figure
    drawn, narrow : str
        Its drawings; ``narrow`` is shown on a phone, ``drawn`` everywhere if there is no other.
    """
    title = html.escape(figure.table.title)
    kind = "pictures two" if narrow else "pictures"
    return (
        f'<figure id="{figure.table.name}"><figcaption>{title}'
        f'</figcaption><div class="{kind}">{drawn}{narrow}</div>'
        f"{_below(figure.table)}{hidden_note(figure.hidden, what='group')}"
        "<details><summary>Data behind the figure</summary>"
        f"<p>{html.escape(figure.description)}</p>"
        f"{table_markup(replace(figure.table, note='', source=''), caption=False)}"
        "</details></figure>"
    )


class _Parts(NamedTuple):
    """Rows under headings: columns that the headings take, and each heading with its rows."""

    names: tuple[str, ...]
    headings: tuple[tuple[str, int], ...]


def _parts(table: Table) -> _Parts:
    """Find the first columns whose names repeat from row to row, and what is equal with them."""
    rows = table.rows
    keys = _keys(table)
    for count in range(len(keys) - 1, 0, -1):
        names = keys[:count]
        marked = rows.select(pl.struct(names).rle_id()).to_series()
        groups = marked.n_unique()
        if groups != rows.select(names).n_unique() or rows.height < _FEWEST_ROWS * groups:
            continue  # names that come back later, or that hardly repeat
        persons = _constant(table, marked)
        pieces = rows.partition_by(names, maintain_order=True) if rows.height else []
        headings = tuple((_heading(table, names, persons, piece), piece.height) for piece in pieces)
        return _Parts((*names, *persons), headings)
    return _Parts((), (("", rows.height),))


def _keys(table: Table) -> list[str]:
    """Return the first columns that name a row; the last of them stays its name."""
    keys: list[str] = []
    for name, kind in table.rows.schema.items():
        if name == table.persons:
            continue
        if kind != pl.String:
            break
        keys.append(name)
    return keys


def _constant(table: Table, marked: pl.Series) -> tuple[str, ...]:
    """Return the column that counts persons where it says the same in all rows of a part."""
    if table.persons is None or table.rows.is_empty():
        return ()
    rows = pl.DataFrame({"part": marked, "persons": table.rows[table.persons]})
    is_constant = rows.group_by("part").agg(pl.col("persons").n_unique())["persons"].max() == 1
    return (table.persons,) if is_constant else ()


def _heading(
    table: Table, names: Sequence[str], persons: tuple[str, ...], part: pl.DataFrame
) -> str:
    row = part.row(0, named=True)
    told = [html.escape(cell_text(row[name], None)) for name in names]
    for name in persons:
        count = cell_text(row[name], table.formats.get(name))
        told.append(f'<span class="note">{count} {html.escape(table.label(name))}</span>')
    return " · ".join(told)


def _columns(table: Table) -> list[_Column]:
    schema = table.rows.schema
    names = list(schema)
    found: list[_Column] = []
    skipped: set[str] = set()
    for place, name in enumerate(names):
        if name in skipped:
            continue
        upper = _upper(table, name)
        value = names[place - 1] if upper and place else None
        form = table.formats.get(name)
        if upper is not None:
            skipped.add(upper)
            form = column_form(table, name, (name, upper))
            heading = table.labels.get(name, "")
            heading = _INTERVAL if heading in ("", name, _LOW) else heading
            found.append(_Column(name, upper, heading, form, True))
            if value is not None and _is_its_value(table, value, name):
                found[-2] = found[-2]._replace(form=column_form(table, value, (name, upper)))
            continue
        is_number = schema[name].is_numeric() or (place > 0 and _has_quantities(table.rows[name]))
        found.append(_Column(name, None, table.label(name), form, is_number))
    return found


def _upper(table: Table, name: str) -> str | None:
    """Return the column of an interval's upper limit where a column has the lower one."""
    if name != _LOW and not name.endswith(f"_{_LOW}"):
        return None
    upper = f"{name.removesuffix(_LOW)}{_HIGH}"
    schema = table.rows.schema
    return (
        upper if upper in schema and schema[name].is_float() and schema[upper].is_float() else None
    )


def _is_its_value(table: Table, value: str, low: str) -> bool:
    """Whether the column before an interval has the values that the interval is about."""
    is_float = table.rows.schema[value].is_float()
    return is_float and (low == _LOW or low.startswith(f"{value.removesuffix('_share')}"))


def _has_quantities(texts: pl.Series) -> bool:
    if texts.dtype != pl.String:
        return False
    told = [text for text in texts if text]
    return bool(told) and all(_QUANTITY.fullmatch(text) for text in told)


def _is_wide(table: Table, columns: Sequence[_Column]) -> bool:
    """Whether a table is so wide that it is scrolled on a phone."""
    widest = 0
    for column in columns:
        texts = [_cell(column, row) for row in table.rows.head(40).iter_rows(named=True)]
        longest = max((len(text) for text in texts), default=0)
        widest += max(min(longest, 14), min(len(column.heading), 14)) + 2
    return widest > _PHONE


def _below(table: Table) -> str:
    """Say how a column is read, and where figures come from that are not about persons."""
    told = f'<p class="note">{html.escape(table.note)}</p>' if table.note else ""
    if table.source:
        told += f'<p class="note">Not about persons. Source: {html.escape(table.source)}</p>'
    return told


def _cell(column: _Column, row: dict[str, Any]) -> str:
    low = cell_text(row[column.name], column.form)
    if column.upper is None:
        return low
    high = cell_text(row[column.upper], column.form)
    return NOTHING if NOTHING in (low, high) else f"{low} to {high}"


def _line(columns: Sequence[_Column], row: dict[str, Any]) -> str:
    cells = []
    for position, column in enumerate(columns):
        text, mark = html.escape(_cell(column, row)), _number(column.is_number)
        cells.append(
            f'<th scope="row"{mark}>{text}</th>' if position == 0 else f"<td{mark}>{text}</td>"
        )
    return f"<tr>{''.join(cells)}</tr>"


def _number(is_number: bool) -> str:
    return ' class="number"' if is_number else ""
