"""HTML of a view in a notebook: its tables, their columns, and the treatment of each."""

import html
from typing import TYPE_CHECKING

import polars as pl

from workbench.schema import TABLES

if TYPE_CHECKING:
    from workbench.privacy.view import View


def view_markup(view: "View") -> str:
    """Return the tables of a view with their columns and treatments, as HTML."""
    lines, absent = [], []
    rows = dict(view.data.rows().iter_rows())
    done = view.report.columns
    for table in view.data:
        asked = view.study.columns.get(table)
        if asked is None:
            if TABLES[table].is_in_views:
                absent.append(table)
            continue
        of_table = done.filter(pl.col("table") == table)
        treatment = dict(zip(of_table["column"], of_table["what"], strict=True))
        columns = ", ".join(
            f'<span title="{html.escape(treatment.get(name, ""))}">{html.escape(name)}'
            f"{_mark(treatment.get(name, ''))}</span>"
            for name in view.data[table].collect_schema().names()
        )
        lines.append(
            f'<tr><th scope="row">{table}</th>'
            f"<td style='text-align:right'>{rows[table]:,}</td>"
            f"<td style='text-align:left'>{columns}</td></tr>"
        )
    study = view.study
    missing = (
        f"<p>Not asked for by the study: {', '.join(absent)}. A table is added under [columns] of "
        f"its file.</p>"
        if absent
        else ""
    )
    return (
        f"<p>View of study <b>{html.escape(study.name)}</b> on dataset {view.dataset} (version "
        f"{view.version}) as of {view.as_of}, purpose {study.purpose}, basis {study.basis}. "
        f"{html.escape(view.report.cost)}</p>"
        "<table><thead><tr><th>view.data[…]</th><th>rows</th>"
        "<th style='text-align:left'>columns (* changed: point at it to see how; "
        "view.report has all)</th></tr></thead><tbody>"
        f"{''.join(lines)}</tbody></table>{missing}"
        "<p>Next: <code>view.table(rows, by=[…])</code> makes figures that may be shown, "
        "<code>wb.show(…)</code> shows them, <code>wb.chart</code> draws them.</p>"
    )


def _mark(what: str) -> str:
    return "" if what in ("", "kept", "pseudonym") else "*"
