"""What an executed notebook handed over, checked, as the files of its run's folder."""

import json
import platform
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

from workbench.charts.drawing import draw_pictures
from workbench.foundation.errors import ParameterError, PrivacyError, RunError
from workbench.privacy.disclosure import disclose, disclose_estimate, disclose_figure
from workbench.privacy.provenance import require_released, require_released_estimate
from workbench.privacy.quoted_numbers import Shown, is_round, numbers_of
from workbench.privacy.view import View
from workbench.privacy.wording import TextError, Wording, exhibit_texts
from workbench.runs.bundles import (
    EXHIBIT,
    RECORD,
    EstimateBundle,
    Exhibit,
    FigureBundle,
    ResultsBundle,
    TableBundle,
    VerdictBundle,
    recorded_results,
    shown_exhibit,
)
from workbench.runs.execution import Execution
from workbench.runs.failures import ExhibitError
from workbench.runs.notebooks import cells_of, number_cells
from workbench.runs.plan import PlannedRun, RunPlan
from workbench.runs.record import (
    SCHEMA_VERSION,
    ExhibitReference,
    FailedRecord,
    FinishedRecord,
    RecordedCell,
    RecordedDataset,
    RecordedNotebook,
    RecordedSource,
    RecordedView,
)
from workbench.vault.entries import SourceEntry

#: Packages whose version can change a figure.
_PACKAGES = ("polars", "numpy", "scipy", "scikit-learn")


def finished_files(
    plan: RunPlan, run: PlannedRun, view: View, execution: Execution
) -> dict[str, bytes]:
    """Return the files of a finished run's folder, by their path in it.

    Raises
    ------
    PrivacyError
        Something that the notebook shows is about persons and may not be shown.
    RunError
        A figure cannot be drawn.
    """
    output = _outputs_of(execution, view)
    results = output.results
    if results is None:
        raise RunError("a run without verdicts has no record of a finished run: report this fault")
    _require_wording(output, results, run, view)
    record = FinishedRecord(
        **_inputs(plan, run),
        status="finished",
        view=_recorded_view(view),
        metrics=results.metrics,
        metric_order=results.order,
        verdicts=results.verdicts,
        cells=tuple(output.cells),
        exhibits=tuple(output.exhibits),
        kept_out=tuple(output.kept_out),
    )
    files = {"record.json": record.to_bytes()}
    for name, exhibit in output.exhibits.items():
        files[f"tables/{name}.json"] = exhibit.to_bytes()
        if isinstance(exhibit, FigureBundle):
            files |= _drawings(exhibit)
    return files


def failed_files(
    plan: RunPlan, run: PlannedRun, *, reason: str, cell: int | None
) -> dict[str, bytes]:
    """Return the files of a failed run's folder: what went in and why it failed, no output."""
    record = FailedRecord(
        **_inputs(plan, run), status="failed", reason=reason.rstrip("."), cell=cell
    )
    return {"record.json": record.to_bytes()}


def shortcoming(execution: Execution) -> str | None:
    """Return why an execution is not finished; None where its last cell ran and verdicts exist."""
    if execution.reason is not None:
        return execution.reason
    if execution.cells_done < len(execution.notebook.cells):
        return f"it ended in cell {execution.cell}"
    if not _has_verdicts(execution):
        return "it ran to its end but recorded no verdict: call wb.record in its last cell"
    return None


@dataclass(slots=True)
class _Outputs:
    """What an executed notebook handed over."""

    results: ResultsBundle | None = None
    exhibits: dict[str, Exhibit] = field(default_factory=dict)
    cells: list[RecordedCell] = field(default_factory=list)
    kept_out: list[int] = field(default_factory=list)
    cells_of_exhibits: dict[str, int] = field(default_factory=dict)
    given_names: dict[str, str] = field(default_factory=dict)
    results_cell: int = 0

    def add(self, exhibit: Exhibit, *, cell: int) -> ExhibitReference:
        """Keep an exhibit under a name that no other has, and return the reference to it."""
        name, number = exhibit.name, 2
        while name in self.exhibits:
            name = f"{exhibit.name}_{number}"
            number += 1
        self.exhibits[name] = exhibit.model_copy(update={"name": name})
        self.cells_of_exhibits[name] = cell
        self.given_names[name] = exhibit.name
        return ExhibitReference(kind=exhibit.kind, name=name)


def _outputs_of(execution: Execution, view: View) -> _Outputs:
    """Read exhibits and results from the outputs; note which cells printed anything else.

    ``wb.show`` has applied the disclosure rules in the kernel; they are applied again here, since
    a cell can display what it likes under the same types.
    """
    found = _Outputs()
    numbered = number_cells(execution.notebook.cells)
    for (number, node), cell in zip(
        numbered, cells_of([node for _, node in numbered]), strict=True
    ):
        shows: list[ExhibitReference] = []
        for output in node.get("outputs", ()):
            try:
                reference = _disclosed_output(output, found, view, number)
            except PrivacyError as error:
                raise ExhibitError(str(error), cell=number) from error
            if reference is not None:
                shows.append(reference)
        found.cells.append(
            RecordedCell(
                kind="markdown" if cell.kind == "markdown" else "code",
                source=cell.source,
                tags=cell.tags,
                shows=tuple(shows),
            )
        )
    return found


def _disclosed_output(
    output: Any, found: _Outputs, view: View, number: int
) -> ExhibitReference | None:
    """Add one output of a cell to what was found; return the reference to an exhibit."""
    data = output.get("data", {})
    exhibit = shown_exhibit(data.get(EXHIBIT))
    results = recorded_results(data.get(RECORD))
    if isinstance(exhibit, VerdictBundle):
        # the verdicts that wb.record handed over are at the head of the page
        _disclosed_verdict(exhibit, view)
    elif exhibit is not None:
        return found.add(_disclosed_exhibit(exhibit, view), cell=number)
    elif results is not None:
        found.results = _disclosed_results(results, view)
        found.results_cell = number
    elif number not in found.kept_out:
        found.kept_out.append(number)
    return None


def _has_verdicts(execution: Execution) -> bool:
    return any(
        recorded_results(output.get("data", {}).get(RECORD)) is not None
        for node in execution.notebook.cells
        for output in node.get("outputs", ())
    )


def _disclosed_exhibit(exhibit: Exhibit, view: View) -> Exhibit:
    """Return a table or figure without the groups that are too small.

    Raises
    ------
    PrivacyError
        It is about persons and the view's release did not make it.
    """
    if isinstance(exhibit, FigureBundle):
        figure = exhibit.figure()
        require_released(figure.table, release=view.release, data=view.data)
        return FigureBundle.of(disclose_figure(figure, min_group=view.min_group))
    table = exhibit.table()
    require_released(table, release=view.release, data=view.data)
    disclosed = disclose(table, min_group=view.min_group)
    return TableBundle.of(disclosed.table, max(disclosed.hidden, exhibit.hidden))


def _disclosed_estimate(bundle: EstimateBundle, view: View) -> EstimateBundle:
    """Return an estimate, without its value where it rests on too few persons.

    Raises
    ------
    PrivacyError
        It is about persons and the view's release did not make it.
    """
    estimate = bundle.estimate()
    require_released_estimate(estimate, release=view.release)
    return EstimateBundle.of(disclose_estimate(estimate, min_group=view.min_group))


def _disclosed_verdict(verdict: VerdictBundle, view: View) -> VerdictBundle:
    estimates = tuple(_disclosed_estimate(each, view) for each in verdict.estimates)
    return verdict.model_copy(update={"estimates": estimates})


def _disclosed_results(results: ResultsBundle, view: View) -> ResultsBundle:
    return ResultsBundle(
        metrics={name: _disclosed_estimate(e, view) for name, e in results.metrics.items()},
        order=results.order,
        verdicts=tuple(_disclosed_verdict(each, view) for each in results.verdicts),
    )


def _require_wording(output: _Outputs, results: ResultsBundle, run: PlannedRun, view: View) -> None:
    """Refuse texts that contain values of persons, and replace rare labels in tables.

    Raises
    ------
    PrivacyError
        A text has words or numbers that neither the notebook nor the package wrote.
    """
    source = "\n".join(
        [*(cell.source for cell in run.notebook.cells), json.dumps(dict(run.parameters))]
    )
    wording = Wording(source=source, vocabulary=view.vocabulary)
    for name, exhibit in output.exhibits.items():
        rows = wording.without_rare_labels([list(row) for row in exhibit.rows])
        exhibit = exhibit.model_copy(update={"rows": tuple(map(tuple, rows))})
        output.exhibits[name] = exhibit
        cell = output.cells_of_exhibits[name]
        try:
            if exhibit.origin == view.release.origin:
                wording.require_round(exhibit.as_json())
            if exhibit.source:
                wording.require_stated(exhibit.as_json())
        except PrivacyError as error:
            raise ExhibitError(str(error), cell=cell) from error
    exhibits = [exhibit.as_json() for exhibit in output.exhibits.values()]
    estimates = [
        *results.metrics.values(),
        *(each for verdict in results.verdicts for each in verdict.estimates),
    ]
    texts: list[tuple[str, str]] = []
    cells: dict[str, int] = {}
    for shown in exhibits:
        # the number that distinguishes a second exhibit of the same name is not the notebook's
        own = {shown["name"]: output.given_names[shown["name"]]}
        for what, text in exhibit_texts(shown):
            texts.append((what, own.get(text, text)))
            cells[what] = output.cells_of_exhibits[shown["name"]]
    texts += [
        ("the label of an estimate", f"{e.name} {e.label} {e.unit} {e.note}") for e in estimates
    ]
    for verdict in results.verdicts:
        texts.append(("the name of a verdict", verdict.name))
        texts.append((f"the question of verdict {verdict.name}", verdict.question))
        texts.append((f"the answer of verdict {verdict.name}", verdict.answer))
        texts.append((f"the rule of verdict {verdict.name}", verdict.basis))
    rules = f"{view.as_of} {view.data_until} {view.min_group} {view.study.policy.k}"
    if view.study.policy.limits is not None:
        stated = view.study.policy.limits.model_dump().values()
        rules = " ".join([rules, *(f"{limit:g}" for limit in stated)])
    # the limits of a rule are round numbers, not figures
    limits = {n for v in results.verdicts for n in numbers_of(v.basis) if is_round(n)}
    rules = " ".join([rules, *(f"{limit:g}" for limit in sorted(limits))])
    figures = [estimate.as_json() for estimate in estimates]
    try:
        wording.require(texts, Shown.of(exhibits, figures, f"{source} {rules}"))
    except TextError as error:
        cell = cells.get(error.text, output.results_cell)
        kind = " ".join(error.text.split()[:2])  # "the title"; the name after it is the notebook's
        fault = f"{kind} of something it shows {error.fault}"
        raise ExhibitError(str(error), cell=cell, fault=fault) from error


def _drawings(exhibit: FigureBundle) -> dict[str, bytes]:
    """Return the drawings of a figure by their path in the run's folder."""
    try:
        drawn = draw_pictures(exhibit.figure())
        return {path: picture.encode() for path, picture in drawn.items()}
    except ParameterError as error:  # its message names a key of Vega-Lite, no value
        raise RunError(str(error)) from error
    except ValueError as error:  # Vega's own message repeats the data
        raise RunError(
            f"figure {exhibit.name} cannot be drawn: its specification is none of Vega-Lite"
        ) from error


def _inputs(plan: RunPlan, run: PlannedRun) -> dict[str, Any]:
    """Return the fields that records of finished and of failed runs have in common."""
    dataset, inputs = plan.dataset, run.inputs
    return {
        "schema": SCHEMA_VERSION,
        "run": run.id,
        "title": run.notebook.title,
        "question": run.notebook.question,
        "as_of": plan.as_of,
        "study": plan.study.terms,
        "dataset": RecordedDataset(
            name=dataset.name,
            version=dataset.version,
            fingerprint=dataset.fingerprint,
            is_synthetic=dataset.is_synthetic,
            sources=tuple(
                RecordedSource(
                    format=source.format,
                    system=source.system,
                    basis=source.basis,
                    until=_first_day_after(source),
                )
                for source in dataset.sources
            ),
        ),
        "notebook": RecordedNotebook(name=run.notebook.name, digest=run.notebook.digest),
        "parameters": dict(run.parameters),
        "parameter_meanings": dict(run.meanings),
        "view_fingerprint": inputs["view_fingerprint"],
        "code": inputs["code"],
        "lock": inputs["lock"],
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
        },
    }


def _first_day_after(source: SourceEntry) -> str:
    """Return the first day that a source does not cover, in its own zone."""
    end = datetime.fromisoformat(source.data_until_at)
    return end.astimezone(ZoneInfo(source.zone)).date().isoformat()


def _recorded_view(view: View) -> RecordedView:
    disclosed = [disclose(t, min_group=view.min_group) for t in view.report.tables()]
    return RecordedView(
        cost=view.report.cost,
        k=view.report.k,
        noise_variance=view.release.variance,
        release_reason=view.study.policy.release_reason,
        tables=tuple(TableBundle.of(each.table, each.hidden) for each in disclosed),
    )
