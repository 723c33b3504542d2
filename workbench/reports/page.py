"""The page of one run."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import mistune
from markupsafe import Markup

from workbench.charts.drawing import narrow_path
from workbench.charts.exhibits import Table
from workbench.charts.markup import (
    NOTHING,
    figure_markup,
    hidden_note,
    table_markup,
)
from workbench.foundation.files import write_whole
from workbench.reports.templates import render, typeset
from workbench.runs import Run
from workbench.runs.bundles import EstimateBundle, FigureBundle, TableBundle, read_exhibit
from workbench.runs.record import FinishedRecord, RecordedCell, RunRecord, read_record
from workbench.statistics.figure_texts import interval_text, value_text

_PAGES = "runs"
_BASIS = {
    "consent": "consent of each customer",
    "contract": "performance of a contract",
    "legal_obligation": "legal obligation",
    "vital_interest": "vital interest",
    "public_task": "public task",
    "legitimate_interest": "legitimate interest",
}


class _TextRenderer(mistune.HTMLRenderer):
    """Renders text without pictures, because a page must load nothing from other places."""

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Return the picture's alternative text."""
        return text


_MARKDOWN = mistune.create_markdown(renderer=_TextRenderer(escape=True), plugins=["table"])


def publish(run: Run, *, site: Path) -> Path:
    """Write the page of a run, finished or failed, and return where in the site it is."""
    path = page_path(run.folder.name, site)
    write_whole(path, page_of_run(run))
    return path


def page_of_run(run: Run) -> bytes:
    """Return the page of a run, from the files that were read and verified together."""
    return _page(
        run.record,
        run.files,
        run_on=run.started_at.date(),
        is_verified=run.seal is not None,
    )


def withheld_page(name: str, reason: str) -> bytes:
    """Return the page that replaces the page of a withheld run; it shows nothing of the run.

    Parameters
    ----------
    name : str
        Name of the run's folder.
    reason : str
        Why the run is withheld, a sentence of this package.
    """
    return render("withheld.html", name=name, reason=reason).encode()


def page_of(files: Mapping[str, bytes], run_on: date) -> bytes:
    """Return the page that a run's files will make.

    Parameters
    ----------
    files : mapping of str to bytes
        Files of the run by their path in its folder.
    run_on : date
        Day of the execution in UTC, which the record does not have: equal runs have equal records.
    """
    record = read_record(files["record.json"], name="about to be published")
    return _page(record, files, run_on=run_on, is_verified=True)


def page_path(name: str, site: Path) -> Path:
    """Return where the page of a run's folder of this name is stored."""
    return site / _PAGES / f"{name}.html"


def _page(
    record: RunRecord, files: Mapping[str, bytes], *, run_on: date, is_verified: bool
) -> bytes:
    finished = record if isinstance(record, FinishedRecord) else None
    return render(
        "page.html",
        record=record,
        run_on=run_on.isoformat(),
        is_finished=finished is not None,
        is_verified=is_verified,
        basis=_BASIS[record.study.basis],
        parameters=_parameter_rows(record),
        sources=Counter(record.dataset.sources).items(),
        **(_NO_RESULTS if finished is None else _result_values(finished, files)),
    ).encode()


#: What the template asks for and a failed run does not have.
_NO_RESULTS: Mapping[str, Any] = {"view_tables": (), "kept_out": (), "code": ()}


def _result_values(record: FinishedRecord, files: Mapping[str, bytes]) -> dict[str, Any]:
    """Return what only the page of a finished run shows."""
    exhibits = {name: _exhibit_markup(name, files) for name in record.exhibits}
    return {
        "verdicts": record.verdicts,
        "metrics": [_metric_row(record.metrics[name]) for name in record.metric_order],
        "intro": _introduction(record.cells),
        "findings": [
            block
            for cell in _cells_after_introduction(record.cells)
            for block in _cell_markup(cell, exhibits)
        ],
        "view_tables": [_treatment_table(table) for table in record.view.tables],
        "kept_out": record.kept_out,
        "code": [
            (number, cell.source)
            for number, cell in enumerate(record.cells, start=1)  # as ``number_cells`` counts
            if cell.kind == "code"
        ],
    }


def figure_text(metric: EstimateBundle) -> tuple[str, str]:
    """Return a metric's value with its unit, and its interval, as a reader sees them."""
    estimate = metric.estimate()
    return typeset(value_text(estimate)) or NOTHING, typeset(interval_text(estimate))


def _metric_row(metric: EstimateBundle) -> dict[str, Any]:
    value, interval = figure_text(metric)
    unit = metric.unit
    # a reader looks for the name of a measure beside the label of the figure
    measure = "" if unit in value or unit == "share" or unit in metric.label else unit
    return {
        "label": metric.label,
        "value": value,
        "interval": interval,
        "note": "; ".join(part for part in (measure, metric.note) if part),
        "n": metric.n,
    }


def _exhibit_markup(name: str, files: Mapping[str, bytes]) -> Markup:
    exhibit = read_exhibit(files[f"tables/{name}.json"])
    if isinstance(exhibit, FigureBundle):
        drawn = files[f"figures/{name}.svg"].decode()
        narrow = files[narrow_path(name)].decode() if exhibit.narrow is not None else ""
        return Markup(figure_markup(exhibit.figure(), drawn, narrow))
    return Markup(table_markup(exhibit.table(), hidden=exhibit.hidden))


def _introduction(cells: Sequence[RecordedCell]) -> Markup:
    """Return the first cell without its heading, which is the title of the page."""
    if not cells or cells[0].kind != "markdown":
        return Markup("")
    first, _, rest = cells[0].source.partition("\n")
    return _markdown(rest if first.startswith("# ") else cells[0].source)


def _cells_after_introduction(cells: Sequence[RecordedCell]) -> Sequence[RecordedCell]:
    return cells[1:] if cells and cells[0].kind == "markdown" else cells


def _cell_markup(cell: RecordedCell, exhibits: Mapping[str, Markup]) -> list[Markup]:
    if cell.kind == "markdown":
        return [_markdown(cell.source)]
    return [exhibits[reference.name] for reference in cell.shows]


def _markdown(text: str) -> Markup:
    return Markup(str(_MARKDOWN(text)))  # escaped by the renderer


def _treatment_table(bundle: TableBundle) -> dict[str, Any]:
    """Return a table of the view's treatment, a summary of it, and the note on hidden rows."""
    table = bundle.table()
    return {
        "summary": _treatment_summary(table),
        "markup": Markup(table_markup(table, caption=False)),
        "hidden": Markup(hidden_note(bundle.hidden)),
    }


def _treatment_summary(table: Table) -> str:
    if "what" not in table.rows.columns:
        return table.title
    kept = int((table.rows["what"] == "kept").sum())
    others = table.rows.height - kept
    return f"{table.title}: {kept} of {kept + others} columns kept as they are, {others} changed"


def _parameter_rows(record: RunRecord) -> list[tuple[str, str, str]]:
    meanings = record.parameter_meanings
    return [
        (name, _NOT_GIVEN if value is None else _value_text(value), meanings.get(name, ""))
        for name, value in sorted(record.parameters.items())
    ]


_NOT_GIVEN = "not given"


def _value_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
