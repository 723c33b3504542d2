"""``workbench run``: execute a study's notebooks and publish their pages."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import (
    AsJson,
    HeadCopy,
    KeyFile,
    Project,
    Reports,
    Workspace,
    parse_pairs,
    print_json,
    print_table,
    short_path,
)
from workbench.cli.site import refusal
from workbench.foundation.errors import ParameterError
from workbench.foundation.progress import say
from workbench.session import Session

if TYPE_CHECKING:
    from workbench.runs import RunPlan, RunResult, RunsFolder


def run(
    name: Annotated[
        str, typer.Argument(metavar="STUDY|NOTEBOOK", help="A study, or with --study a notebook.")
    ],
    study: Annotated[
        str | None, typer.Option(help="Study whose view a single notebook gets.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="Scoring date, 2024-12-31; the last covered one unless given."),
    ] = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            "-p",
            "--parameter",
            metavar="NAME=VALUE",
            help="Parameter of the notebooks that have it.",
        ),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="List what would run, and run nothing.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Run also what has finished.")] = False,
    timeout: Annotated[
        int | None, typer.Option(min=1, help="Longest time for one cell, seconds.")
    ] = None,
    project: Project = None,
    workspace: Workspace = None,
    reports: Reports = None,
    key: KeyFile = None,
    head: HeadCopy = None,
    as_json: AsJson = False,
) -> None:
    """Run a study as of a date, unless it has finished."""
    session = Session.open(
        project=project, workspace=workspace, reports=reports, key=key, head=head
    )
    given = parse_pairs(parameters or [], "-p")
    if as_of is not None and given.setdefault("as_of", as_of) != as_of:
        raise ParameterError("as_of is given twice: with --as-of and with -p")
    _require_study(session, study or name, is_named=study is not None)
    planned = session.plan(study or name, notebook=name if study else None, given=given)
    for each in planned.runs:
        for shortcoming in each.notebook.shortcomings:
            say(f"Notebook {each.notebook.name}: {shortcoming}.")
    if plan:
        _print_plan(planned, session.runs, as_json)
        return

    from workbench.reports.page import page_path  # late: jinja

    results = session.run(planned, again=again, timeout_seconds=timeout)
    site = session.place.site
    pages = {result.run.id: page_path(result.run.folder.name, site) for result in results}
    made = session.build_site()
    if as_json:
        withheld = {name: str(error) for name, error in made.withheld.items()}
        runs = [_run_json(result, pages[result.run.id]) for result in results]
        print_json({"runs": runs, "withheld": withheld})
    else:
        _print_results(results, pages)
    if all(result.is_reused for result in results):
        say("Nothing to do: every run of this study has finished with the same inputs.")
    say(f"All reports: {made.index}")
    if made.withheld:
        say(f"workbench: {refusal(made)}")
    errors = [result.error for result in results if result.error is not None]
    own = [result.run.folder.name for result in results]
    errors += [error for name, error in made.withheld.items() if name in own]
    for error in errors[1:]:
        say(f"workbench: {error}")
    if errors:
        raise errors[0]


def _require_study(session: Session, name: str, *, is_named: bool) -> None:
    """Refuse the name of a notebook in the place of a study, and say what to do."""
    notebook = session.place.notebooks / f"{name}.ipynb"
    if not is_named and name not in session.studies and notebook.is_file():
        raise ParameterError(
            f"{name} is a notebook, not a study: name the study whose view it gets, "
            f"workbench run {name} --study {next(iter(session.studies), 'STUDY')}"
        )


def _print_plan(planned: "RunPlan", folder: "RunsFolder", as_json: bool) -> None:
    rows = planned.dataset.contents
    runs = [
        {
            "run": each.id,
            "notebook": each.notebook.name,
            "parameters": dict(each.parameters),
            "finished": folder.finished_run(each.id) is not None,
        }
        for each in planned.runs
    ]
    if as_json:
        print_json(
            {
                "study": planned.study.name,
                "dataset": planned.dataset.name,
                "version": planned.dataset.version,
                "as_of": planned.as_of.isoformat(),
                "rows": {name: rows[name] for name in planned.study.columns if name in rows},
                "runs": runs,
            }
        )
        return
    typer.echo(
        f"Study {planned.study.name} on {planned.dataset.label}, as of {planned.as_of}:\n"
        f"{rows.get('customers', 0):,} customers before consent."
    )
    print_table(
        ("table", "rows"), [(name, rows[name]) for name in planned.study.columns if name in rows]
    )
    if unused := _not_acted_on(planned):
        typer.echo(f"Declared and not acted on yet: {', '.join(unused)}.")
    typer.echo("")
    print_table(
        ("run", "notebook", "would"),
        [(r["run"], r["notebook"], "be reused" if r["finished"] else "run") for r in runs],
    )


def _not_acted_on(planned: "RunPlan") -> list[str]:
    """Return the declarations of a study that no command acts on yet."""
    study = planned.study
    return [
        *(["schedule"] if study.schedule else []),
        f"retention_days = {study.retention_days}",
    ]


def _print_results(results: "list[RunResult]", pages: dict[str, Path]) -> None:
    print_table(
        ("run", "notebook", "status", "page"),
        [
            (
                r.run.id,
                r.run.notebook,
                f"{r.run.status}, reused" if r.is_reused else r.run.status,
                short_path(pages[r.run.id]),
            )
            for r in results
        ],
    )


def _run_json(result: "RunResult", page: Path) -> dict[str, object]:
    from workbench.runs.record import FinishedRecord  # late: polars

    record = result.run.record
    finished = record if isinstance(record, FinishedRecord) else None
    metrics = finished.metrics if finished else {}
    kept = {"value", "low", "high", "n", "unit"}
    return {
        "run": result.run.id,
        "notebook": result.run.notebook,
        "status": result.run.status,
        "reused": result.is_reused,
        "folder": str(result.run.folder),
        "page": str(page),
        "reason": None if result.error is None else str(result.error),
        "metrics": {name: metric.model_dump(include=kept) for name, metric in metrics.items()},
        "verdicts": [verdict.as_json() for verdict in finished.verdicts] if finished else [],
    }
