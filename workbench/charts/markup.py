"""From a table to HTML: captioned, numbers aligned and formatted, everything escaped."""

import html
from typing import Any

from workbench.charts.exhibits import Figure, Table
from workbench.charts.wording import NOTHING, cell_text

__all__ = ["NOTHING", "cell_text", "figure_markup", "table_markup"]


def table_markup(table: Table, *, caption: bool = True) -> str:
    """Return a table as HTML in a scrollable, focusable region."""
    schema = table.rows.schema
    heads = "".join(
        f'<th scope="col"{_number(schema[name].is_numeric())}>'
        f"{html.escape(table.labels.get(name, name.replace('_', ' ')))}</th>"
        for name in schema
    )
    lines = "".join(_line(table, row) for row in table.rows.iter_rows(named=True))
    title = html.escape(table.title)
    shown = f"<caption>{title}</caption>" if caption else ""
    label = f'aria-label="{title}"'
    return (
        f'<div class="table" tabindex="0" role="region" {label}><table>{shown}'
        f"<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>{_source(table)}"
    )


def _source(table: Table) -> str:
    """Say where figures come from that are not about persons of the view."""
    if not table.source:
        return ""
    return f'<p class="note">Not about persons. Source: {html.escape(table.source)}</p>'


def figure_markup(figure: Figure, drawn: str) -> str:
    """Return a figure as HTML: title, picture, and the data behind it, folded."""
    title = html.escape(figure.table.title)
    return (
        f'<figure id="{figure.table.name}"><figcaption>{title}'
        f"</figcaption>{drawn}<details><summary>Data behind the figure</summary>"
        f"<p>{html.escape(figure.description)}</p>"
        f"{table_markup(figure.table, caption=False)}</details></figure>"
    )


def _line(table: Table, row: dict[str, Any]) -> str:
    cells = []
    for position, (name, value) in enumerate(row.items()):
        text = html.escape(cell_text(value, table.formats.get(name)))
        mark = _number(table.rows.schema[name].is_numeric())
        cells.append(
            f'<th scope="row"{mark}>{text}</th>' if position == 0 else f"<td{mark}>{text}</td>"
        )
    return f"<tr>{''.join(cells)}</tr>"


def _number(is_number: bool) -> str:
    return ' class="number"' if is_number else ""
