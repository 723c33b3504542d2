"""The page of one run."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import mistune
from markupsafe import Markup

from workbench.charts.markup import NOTHING, figure_markup, table_markup
from workbench.foundation.files import write_whole
from workbench.reports.templates import render
from workbench.runs import Run
from workbench.runs.bundles import figure_of, table_of

Check = Callable[[bytes], None]

_PAGES = "runs"
_BASIS = {
    "consent": "consent of each customer",
    "contract": "performance of a contract",
    "legal_obligation": "legal obligation",
    "vital_interest": "vital interest",
    "public_task": "public task",
    "legitimate_interest": "legitimate interest",
}
_MARKDOWN = mistune.create_markdown(escape=True, plugins=["table"])


def publish(run: Run, *, site: Path, check: Check | None = None) -> Path:
    """Write the page of a run and return where it is.

    Parameters
    ----------
    run : Run
        Finished or failed.
    site : Path
        Folder of the site.
    check : callable, optional
        Refuses the page's bytes if they identify a person.
    """
    content = page(run).encode()
    if check is not None:
        check(content)
    path = page_path(run, site)
    write_whole(path, content)
    return path


def page_path(run: Run, site: Path) -> Path:
    """Return where a run's page lies."""
    return site / _PAGES / f"{run.folder.name}.html"


def page(run: Run) -> str:
    """Return a run's page as HTML."""
    record = run.record
    exhibits = _exhibits(run)
    cells = record.get("cells", ())
    return render(
        "page.html",
        record=record,
        is_finished=run.status == "finished",
        basis=_BASIS[record["study"]["basis"]],
        verdicts=record.get("verdicts", ()),
        metrics=[_metric(record["metrics"][name]) for name in record.get("metric_order", ())],
        intro=_intro(cells),
        findings=[block for cell in cells[1:] for block in _blocks(cell, exhibits)],
        view_tables=[Markup(table_markup(table_of(t))) for t in _view_tables(record)],
        parameters=_parameters(record),
        kept_out=record.get("kept_out", ()),
        code=[cell["source"] for cell in cells if cell["kind"] == "code"],
    )


def figure_text(metric: Mapping[str, Any]) -> tuple[str, str]:
    """Return a metric's value and its interval as a reader sees them."""
    unit = metric["unit"]
    form = ".1%" if unit == "share" else ",.0f" if unit in _WHOLE else ".3f"
    if metric["value"] is None:
        return NOTHING, metric["note"]
    value = format(metric["value"], form)
    if metric["low"] is None or metric["high"] is None:
        return value, metric["note"]
    return value, f"{metric['low']:{form}} to {metric['high']:{form}}"


_WHOLE = frozenset({"persons", "orders", "days", "count", "segments", "groups"})


def _metric(metric: Mapping[str, Any]) -> dict[str, Any]:
    value, interval = figure_text(metric)
    shown = "" if metric["unit"] in ("share", "AUC") else metric["unit"]
    return {
        "label": metric["label"],
        "value": value,
        "unit": shown,
        "interval": interval,
        "n": metric["n"],
    }


def _exhibits(run: Run) -> dict[str, Markup]:
    found = {}
    for name in run.record.get("exhibits", ()):
        content = json.loads((run.folder / "tables" / f"{name}.json").read_bytes())
        if content["kind"] == "figure":
            drawn = (run.folder / "figures" / f"{name}.svg").read_text(encoding="utf-8")
            found[name] = Markup(figure_markup(figure_of(content), drawn))
        else:
            note = ""
            if content["hidden"]:
                note = f"<p class='note'>{content['hidden']} rows hidden: too few persons.</p>"
            found[name] = Markup(table_markup(table_of(content)) + note)
    return found


def _intro(cells: Any) -> Markup:
    """Return the first cell without its heading, which is the page's title."""
    if not cells or cells[0]["kind"] != "markdown":
        return Markup("")
    _, _, rest = cells[0]["source"].partition("\n")
    return _markdown(rest)


def _blocks(cell: Mapping[str, Any], exhibits: Mapping[str, Markup]) -> list[Markup]:
    if cell["kind"] == "markdown":
        return [_markdown(cell["source"])]
    # verdicts stand at the head of the page already
    return [exhibits[each["name"]] for each in cell["shows"] if each["kind"] != "verdict"]


def _markdown(text: str) -> Markup:
    return Markup(str(_MARKDOWN(text)))  # escaped by the renderer


def _view_tables(record: Mapping[str, Any]) -> list[Any]:
    return list(record.get("view", {}).get("tables", ()))


def _parameters(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, json.dumps(value)) for name, value in sorted(record["parameters"].items())]
