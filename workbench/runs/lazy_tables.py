"""Display of lazy tables in a notebook: the columns, not the plan of a query with its paths."""

import html
from typing import Any

import polars as pl


def lazy_markup(frame: pl.LazyFrame) -> str:
    """Return the columns of a lazy table as HTML; the rows are not counted, which takes time."""
    lines = "".join(
        f"<tr><td style='text-align:left'>{html.escape(name)}</td>"
        f"<td style='text-align:left'>{html.escape(str(kind))}</td></tr>"
        for name, kind in frame.collect_schema().items()
    )
    return (
        "<table><caption>A table that is read when it is needed: .head() and .collect() show "
        f"rows</caption><thead><tr><th style='text-align:left'>column</th>"
        f"<th style='text-align:left'>type</th></tr></thead><tbody>{lines}"
        "</tbody></table>"
    )


def display_lazy_tables_by_columns() -> None:
    """Make this notebook display lazy tables by their columns; outside a notebook do nothing."""
    from IPython import get_ipython  # late: only where there is a notebook

    shell: Any = get_ipython()
    if shell is None:
        return
    formatters = shell.display_formatter.formatters
    formatters["text/html"].for_type(pl.LazyFrame, lazy_markup)
    formatters["text/plain"].for_type(
        pl.LazyFrame, lambda frame, printer, _: printer.text(f"LazyFrame {frame.collect_schema()}")
    )
