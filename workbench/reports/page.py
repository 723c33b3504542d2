"""The page of one run."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import mistune
from markupsafe import Markup

from workbench.charts.drawing import narrow_path
from workbench.charts.exhibits import Table
from workbench.charts.markup import (
    NOTHING,
    cell_text,
    figure_markup,
    hidden_note,
    table_markup,
)
from workbench.charts.wording import form_beside
from workbench.foundation.files import write_whole
from workbench.reports.templates import render
from workbench.runs import Run
from workbench.runs.bundles import figure_of, table_of

Read = Callable[[str], bytes]

_PAGES = "runs"
_BASIS = {
    "consent": "consent of each customer",
    "contract": "performance of a contract",
    "legal_obligation": "legal obligation",
    "vital_interest": "vital interest",
    "public_task": "public task",
    "legitimate_interest": "legitimate interest",
}


class _Words(mistune.HTMLRenderer):
    """Words only: a picture would be asked for elsewhere, and a page needs nothing from outside."""

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Return the picture's alternative text."""
        return text


_MARKDOWN = mistune.create_markdown(renderer=_Words(escape=True), plugins=["table"])


def publish(run: Run, *, site: Path) -> Path:
    """Write the page of a run, finished or failed, and return where in the site it is."""
    path = page_path(run.folder.name, site)
    write_whole(path, page_of_run(run))
    return path


def page_of_run(run: Run) -> bytes:
    """Return the page of a run, from the files that were read and verified together."""
    return page(
        run.record,
        run.files.__getitem__,
        run_on=_day_of(run.execution),
        is_verified=run.seal is not None,
    )


def withheld_page(name: str, reason: str) -> bytes:
    """Return the page in the place of a run that is not published; it shows nothing of the run.

    Parameters
    ----------
    name : str
        Name of the run's folder.
    reason : str
        Sentence of this package.
    """
    return render("withheld.html", name=name, reason=reason).encode()


def page_of(files: Mapping[str, bytes]) -> bytes:
    """Return the page that a run's files will make, by their path in the run's folder."""
    execution = json.loads(files.get("execution.json", b"{}"))
    return page(json.loads(files["record.json"]), files.__getitem__, run_on=_day_of(execution))


def page_path(name: str, site: Path) -> Path:
    """Return where the page of a run's folder of this name is stored."""
    return site / _PAGES / f"{name}.html"


def _day_of(execution: Mapping[str, Any]) -> str:
    """Return the day on which a run was executed, in UTC; empty where that is not known yet."""
    return str(execution.get("started_at", ""))[: len("2025-01-31")]


def page(
    record: Mapping[str, Any], read: Read, *, run_on: str = "", is_verified: bool = True
) -> bytes:
    """Return a run's page.

    Parameters
    ----------
    record : mapping
        The run's ``record.json``.
    read : callable
        Gives the content of another file of the run's folder by its path there.
    run_on : str
        Day of the execution, which the record does not have: equal runs have equal records.
    is_verified : bool
        Whether the folder was compared with its seal; the page is labelled where it was not.
    """
    cells = record.get("cells", ())
    exhibits = _exhibits(record, read)
    return render(
        "page.html",
        record=record,
        question=question_of(record),
        run_on=run_on,
        is_finished=record["status"] == "finished",
        is_verified=is_verified,
        basis=_BASIS[record["study"]["basis"]],
        verdicts=record.get("verdicts", ()),
        metrics=[_metric(record["metrics"][name]) for name in record.get("metric_order", ())],
        intro=_intro(cells),
        findings=[block for cell in _after_intro(cells) for block in _blocks(cell, exhibits)],
        view_tables=[_view_table(content) for content in _view_tables(record)],
        parameters=_parameters(record),
        kept_out=record.get("kept_out", ()),
        code=[cell["source"] for cell in cells if cell["kind"] == "code"],
    ).encode()


def figure_text(metric: Mapping[str, Any]) -> tuple[str, str]:
    """Return a metric's value with its unit, and its interval, as a reader sees them."""
    unit = metric["unit"]
    is_money = _CURRENCY.fullmatch(unit) is not None
    form = _FORMS.get(unit, ",.2f" if is_money else ".3f")
    if metric["value"] is None:
        return NOTHING, ""
    has_interval = metric["low"] is not None and metric["high"] is not None
    if has_interval:
        form = form_beside(form, [(metric["high"] - metric["low"]) / 2])
    value, low, high = (
        "" if metric[part] is None else cell_text(float(metric[part]), f"z{form}")
        for part in ("value", "low", "high")
    )
    if unit != "share" and (unit in _FORMS or is_money):
        value = f"{value} {_singular(unit) if value == '1' else unit}"
    return value, f"{low} to {high}" if has_interval else ""


def _singular(unit: str) -> str:
    return unit.removesuffix("s") if unit != "times" else "time"


#: Number formats by unit; any other unit is a measure with a name, told with three decimals.
_FORMS = {
    "share": ".1%",
    "times": ".2f",
    **dict.fromkeys(("persons", "orders", "days", "count", "segments", "groups"), ",.0f"),
}
_CURRENCY = re.compile("(?!AUC)[A-Z]{3}")


def question_of(record: Mapping[str, Any]) -> str:
    """Return the question of a run's notebook; records of earlier versions have its title only."""
    return str(record.get("question") or record["title"])


def _metric(metric: Mapping[str, Any]) -> dict[str, Any]:
    value, interval = figure_text(metric)
    unit = metric["unit"]
    # the name of a measure: beside its label, where a reader looks for what the figure is
    measure = "" if unit in value or unit == "share" or unit in metric["label"] else unit
    return {
        "label": metric["label"],
        "value": value,
        "interval": interval,
        "note": "; ".join(part for part in (measure, metric["note"]) if part),
        "n": metric["n"],
    }


def _exhibits(record: Mapping[str, Any], read: Read) -> dict[str, Markup]:
    found = {}
    for name in record.get("exhibits", ()):
        content = json.loads(read(f"tables/{name}.json"))
        if content["kind"] == "figure":
            figure = figure_of(content)
            drawn = read(f"figures/{name}.svg").decode()
            narrow = read(narrow_path(name)).decode() if figure.narrow is not None else ""
            found[name] = Markup(figure_markup(figure, drawn, narrow))
        else:
            found[name] = Markup(table_markup(table_of(content), hidden=content["hidden"]))
    return found


def _intro(cells: Any) -> Markup:
    """Return the first cell without its heading, which is the page's title."""
    if not cells or cells[0]["kind"] != "markdown":
        return Markup("")
    first, _, rest = cells[0]["source"].partition("\n")
    return _markdown(rest if first.startswith("# ") else cells[0]["source"])


def _after_intro(cells: Any) -> Any:
    return cells[1:] if cells and cells[0]["kind"] == "markdown" else cells


def _blocks(cell: Mapping[str, Any], exhibits: Mapping[str, Markup]) -> list[Markup]:
    if cell["kind"] == "markdown":
        return [_markdown(cell["source"])]
    # verdicts stand at the head of the page already
    return [exhibits[each["name"]] for each in cell["shows"] if each["kind"] != "verdict"]


def _markdown(text: str) -> Markup:
    return Markup(str(_MARKDOWN(text)))  # escaped by the renderer


def _view_tables(record: Mapping[str, Any]) -> list[Any]:
    return list(record.get("view", {}).get("tables", ()))


def _view_table(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was done to the data in one line, the table of it, and what it does not show."""
    table = table_of(content)
    return {
        "summary": _summary(table),
        "markup": Markup(table_markup(table, caption=False)),
        "hidden": Markup(hidden_note(content["hidden"])),
    }


def _summary(table: Table) -> str:
    if "what" not in table.rows.columns:
        return table.title
    kept = int((table.rows["what"] == "kept").sum())
    others = table.rows.height - kept
    return f"{table.title}: {kept} of {kept + others} columns kept as they are, {others} changed"


def _parameters(record: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    meanings = record["parameter_meanings"]
    return [
        (name, _NOT_GIVEN if value is None else _value(value), meanings.get(name, ""))
        for name, value in sorted(record["parameters"].items())
    ]


_NOT_GIVEN = "not given"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
