"""The record of a run: what went in, what came out, and nothing that differs between equal runs."""

import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import polars as pl

from workbench.charts.drawing import pictures
from workbench.foundation.errors import ParameterError, RunError
from workbench.foundation.files import canonical_json
from workbench.privacy.disclosure import disclose, disclose_estimate, disclose_figure
from workbench.privacy.provenance import require_released, require_released_estimate
from workbench.privacy.quoted_numbers import Shown
from workbench.privacy.view import View
from workbench.privacy.wording import Wording, exhibit_texts
from workbench.runs.bundles import (
    EXHIBIT,
    RECORD,
    estimate_json,
    figure_json,
    figure_of,
    table_json,
    table_of,
    verdict_of,
)
from workbench.runs.engine import INJECTED, Execution
from workbench.runs.notebooks import cells_of
from workbench.runs.plan import Plan, PlannedRun
from workbench.statistics.estimates import Estimate

FORMAT = 1

#: Packages whose version can change a figure.
_PACKAGES = ("polars", "numpy", "scipy", "scikit-learn", "fairlearn")


def finished_files(
    plan: Plan, run: PlannedRun, view: View, execution: Execution
) -> dict[str, bytes]:
    """Return the files of a finished run's folder, by their path in it.

    Raises
    ------
    RunError
        A figure cannot be drawn.
    """
    output = _read(execution, view)
    _require_wording(output, run, view)
    record = {
        **_head(plan, run, "finished"),
        "view": _view(view),
        "metrics": output.metrics,
        "metric_order": output.metric_order,
        "verdicts": output.verdicts,
        "cells": output.cells,
        "exhibits": [exhibit["name"] for exhibit in output.exhibits],
        "kept_out": output.kept_out,
    }
    made = {"record.json": canonical_json(record)}
    for exhibit in output.exhibits:
        name = exhibit["name"]
        made[f"tables/{name}.json"] = canonical_json(exhibit)
        if exhibit["kind"] == "figure":
            made |= _drawn(exhibit)
    return made


def _require_wording(output: "_Output", run: PlannedRun, view: View) -> None:
    """Refuse texts that hold values of persons, and take rare labels out of tables."""
    source = "\n".join(
        [*(cell.source for cell in run.notebook.cells), json.dumps(dict(run.parameters))]
    )
    wording = Wording(source=source, vocabulary=view.vocabulary)
    for exhibit in output.exhibits:
        exhibit["rows"] = wording.without_rare_labels(exhibit["rows"])
        if exhibit["origin"] == view.release.origin:
            wording.require_round(exhibit)
        if exhibit["source"]:
            wording.require_stated(exhibit)
    estimates = [
        *output.metrics.values(),
        *(each for verdict in output.verdicts for each in verdict["estimates"]),
    ]
    rules = f"{view.as_of} {view.data_until} {view.min_group} {view.study.policy.k}"
    texts = [text for exhibit in output.exhibits for text in exhibit_texts(exhibit)]
    texts += [
        ("the label of an estimate", f"{e['name']} {e['label']} {e['unit']} {e['note']}")
        for e in estimates
    ]
    texts += [("the name of a verdict", verdict["name"]) for verdict in output.verdicts]
    texts += [
        (f"the {part} of verdict {verdict['name']}", verdict[part])
        for verdict in output.verdicts
        for part in ("question", "answer")
    ]
    wording.require(texts, Shown.of(output.exhibits, estimates, f"{source} {rules}"))


def _drawn(exhibit: Mapping[str, Any]) -> dict[str, bytes]:
    try:
        drawn = pictures(figure_of(exhibit))
        return {path: picture.encode() for path, picture in drawn.items()}
    except ParameterError as error:  # it names a key of Vega-Lite, no value
        raise RunError(str(error)) from error
    except ValueError as error:  # of Vega; its message repeats the data
        raise RunError(
            f"figure {exhibit['name']} cannot be drawn: its specification is none of Vega-Lite"
        ) from error


def failed_files(plan: Plan, run: PlannedRun, *, reason: str, cell: int | None) -> dict[str, bytes]:
    """Return the files of a failed run's folder: what went in and why it failed, no output."""
    record = {**_head(plan, run, "failed"), "reason": reason.rstrip("."), "cell": cell}
    return {"record.json": canonical_json(record)}


def shortcoming(execution: Execution) -> str | None:
    """Say why an execution is not finished; None where its last cell ran and verdicts exist."""
    if execution.reason is not None:
        return execution.reason
    if execution.cells_done < len(execution.notebook.cells):
        return f"it ended in cell {execution.cell}"
    if not _has_verdicts(execution):
        return "it ran to its end but recorded no verdict: call wb.record in its last cell"
    return None


class _Output:
    """What an executed notebook handed over."""

    def __init__(self) -> None:
        self.metrics: dict[str, Any] = {}
        self.metric_order: list[str] = []
        self.verdicts: list[dict[str, Any]] = []
        self.exhibits: list[dict[str, Any]] = []
        self.cells: list[dict[str, Any]] = []
        self.kept_out: list[int] = []


def _has_verdicts(execution: Execution) -> bool:
    return any(
        _is_record(output.get("data", {}).get(RECORD))
        for node in execution.notebook.cells
        for output in node.get("outputs", ())
    )


def _read(execution: Execution, view: View) -> _Output:
    """Take exhibits and records from the outputs; note which cells printed anything else.

    ``wb.show`` has applied the disclosure rules in the kernel; they are applied again here, since
    a cell can display what it likes under the same types.
    """
    made = _Output()
    nodes = [n for n in execution.notebook.cells if n.cell_type in ("markdown", "code")]
    injected = {id(n) for n in nodes if INJECTED in n.metadata.get("tags", ())}
    number = 0
    for node, cell in zip(nodes, cells_of(nodes), strict=True):
        if id(node) in injected:
            continue  # papermill's own cell: the record lists the parameters
        number += 1
        shows: list[dict[str, Any]] = []
        for output in node.get("outputs", ()):
            data = output.get("data", {})
            if _is_exhibit(data.get(EXHIBIT)):
                shows.append(_exhibit(_safe(data[EXHIBIT], view), made))
            elif _is_record(data.get(RECORD)):
                made.metrics = {
                    name: _safe_estimate(each, view)
                    for name, each in data[RECORD]["metrics"].items()
                }
                made.metric_order = data[RECORD]["order"]
                made.verdicts = [_safe(each, view) for each in data[RECORD]["verdicts"]]
            elif number not in made.kept_out:
                made.kept_out.append(number)
        made.cells.append(
            {"kind": cell.kind, "source": cell.source, "tags": list(cell.tags), "shows": shows}
        )
    return made


def _safe(content: Mapping[str, Any], view: View) -> dict[str, Any]:
    """Return an exhibit without the groups that are too small.

    Raises
    ------
    PrivacyError
        It is about persons and the view's release did not make it.
    """
    if content["kind"] == "verdict":
        estimates = [_safe_estimate(each, view) for each in content["estimates"]]
        return {**content, "estimates": estimates}
    if content["kind"] == "figure":
        figure = figure_of(content)
        require_released(figure.table, release=view.release, data=view.data)
        shown = disclose_figure(figure, min_group=view.min_group)
        return figure_json(shown)
    table = table_of(content)
    require_released(table, release=view.release, data=view.data)
    made = disclose(table, min_group=view.min_group)
    return table_json(made.table, max(made.hidden, content["hidden"]))


def _safe_estimate(content: Mapping[str, Any], view: View) -> dict[str, Any]:
    estimate = Estimate(**content)
    require_released_estimate(estimate, release=view.release)
    return estimate_json(disclose_estimate(estimate, min_group=view.min_group))


def _is_exhibit(content: Any) -> bool:
    """Whether an output is what ``wb.show`` makes; a cell can display anything under its type."""
    kinds = {"table": table_of, "figure": figure_of, "verdict": verdict_of}
    try:
        kinds[content["kind"]](content)
    except (KeyError, TypeError, ValueError, pl.exceptions.PolarsError):
        return False
    return True


def _is_record(content: Any) -> bool:
    """Whether an output is what ``wb.record`` makes."""
    try:
        verdicts = [verdict_of(each) for each in content["verdicts"]]
        metrics = {name: Estimate(**each) for name, each in content["metrics"].items()}
        return bool(verdicts) and sorted(metrics) == sorted(content["order"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return False


def _exhibit(content: Mapping[str, Any], made: _Output) -> dict[str, Any]:
    """Keep an exhibit under a name of its own and return the reference to it."""
    if content["kind"] == "verdict":
        return {"kind": "verdict", "content": dict(content)}
    taken = {exhibit["name"] for exhibit in made.exhibits}
    name = content["name"]
    number = 2
    while name in taken:
        name = f"{content['name']}_{number}"
        number += 1
    made.exhibits.append({**content, "name": name})
    return {"kind": content["kind"], "name": name}


def _head(plan: Plan, run: PlannedRun, status: str) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "run": run.id,
        "status": status,
        "title": run.notebook.title,
        "question": run.notebook.question,
        **run.inputs,
        "parameter_meanings": dict(run.meanings),
        "study": plan.study.model_dump(mode="json", exclude={"notebooks"}),
        "dataset": {
            **run.inputs["dataset"],
            "is_synthetic": plan.dataset.is_synthetic,
            "sources": [
                {"format": s.format, "system": s.system, "basis": s.basis, "until": s.data_until_at}
                for s in plan.dataset.sources
            ],
        },
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
        },
    }


def _view(view: View) -> dict[str, Any]:
    return {
        "cost": view.report.cost,
        "k": view.report.k,
        "noise_variance": view.release.variance,
        "release_reason": view.study.policy.release_reason,
        "tables": [
            table_json(made.table, made.hidden)
            for made in (disclose(t, min_group=view.min_group) for t in view.report.tables())
        ],
    }
