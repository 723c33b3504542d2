"""``workbench status``: datasets, studies, runs, the key in use, confinement of notebooks."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from workbench.cli.options import (
    AsJson,
    HeadCopy,
    KeyFile,
    Project,
    Reports,
    Workspace,
    print_json,
    print_table,
)
from workbench.foundation.errors import AccessError, IntegrityError, WorkbenchError
from workbench.foundation.progress import say
from workbench.session import Session

if TYPE_CHECKING:
    from workbench.runs import Run
    from workbench.vault import Check, Dataset, Vault

#: Whether an extract was written; lists of earlier versions do not say.
_WRITTEN = {True: "yes", False: "not known, as the command ended early", None: "not noted"}


def status(
    check: Annotated[
        bool, typer.Option("--check", help="Compare everything stored with what was written.")
    ] = False,
    project: Project = None,
    workspace: Workspace = None,
    reports: Reports = None,
    key: KeyFile = None,
    head: HeadCopy = None,
    as_json: AsJson = False,
) -> None:
    """List datasets, studies, runs and the key in use.

    It also tries in a child process what a notebook could reach on this machine.
    """
    from workbench.extracts.list_of_extracts import listed_extracts  # late: polars
    from workbench.foundation.confinement.attempts import CLAUSES, try_confinement  # late: ctypes
    from workbench.runs import sort_runs  # late: polars

    session = Session.open(
        project=project, workspace=workspace, reports=reports, key=key, head=head
    )
    place, vault = session.place, session.vault
    datasets, faults = _open_datasets(vault)
    described = _descriptions(datasets, faults)
    checked, changed = _read_runs(vault, place.reports / "runs")
    runs = sort_runs(checked)
    content: dict[str, Any] = {
        "workspace": str(place.workspace),
        "key": vault.key_id,
        "datasets": described,
        "damaged_datasets": [str(error) for error in faults],
        "studies": session.studies,
        "runs": [
            {
                "run": r.id,
                "study": r.study,
                "notebook": r.notebook,
                "as_of": r.record.as_of.isoformat(),
                "status": r.status,
            }
            for r in runs
        ],
        "extracts": [
            {
                "made_at": each["made_at"],
                "dataset": each["source"]["dataset"],
                "version": each["source"]["version"],
                "persons": each["persons"] - each["persons_left_out"],
                "recipient": each["recipient"],
                "by": each["by"],
                "written": _WRITTEN[each.get("is_written")],
            }
            for each in listed_extracts(vault)
        ],
        "damaged_runs": [str(error) for error in changed],
        "lab_is_confined": place.is_lab_confined,
        "confinement": {
            CLAUSES[name]: "possible" if is_possible else "refused"
            for name, is_possible in try_confinement().items()
        },
    }
    checks = _check_everything(vault, len(checked) + len(changed), changed) if check else []
    if check:
        content["checks"] = [
            {"what": c.what, "objects": c.objects, "damaged": list(c.faults)} for c in checks
        ]
    if as_json:
        print_json(content)
    else:
        _print_status(content, is_empty=not described and not faults)
    damaged = _print_checks(checks) if check else [str(error) for error in faults]
    if damaged:
        raise IntegrityError(
            "stored files are not the files that were written; put them back from a backup, or run "
            "`workbench dataset accept-restore NAME`, which gives up the newest versions of a "
            "dataset that are damaged:\n  " + "\n  ".join(damaged)
        )


def _open_datasets(vault: "Vault") -> "tuple[list[Dataset], list[WorkbenchError]]":
    """Open the newest version of every dataset; return the datasets, and why others do not open."""
    opened, faults = [], []
    for name in vault.datasets():
        try:
            opened.append(vault.dataset(name))
        except WorkbenchError as error:
            faults.append(error)
    if faults and not opened and isinstance(faults[0], AccessError):
        raise faults[0]  # the key is another one, so no dataset can be opened
    return opened, faults


def _read_runs(vault: "Vault", folder: Path) -> "tuple[list[Run], list[WorkbenchError]]":
    """Read every run and compare it with its seal; return also why others cannot be read."""
    from workbench.runs import folders_of_runs, read_run  # late: polars

    read, faults = [], []
    for each in folders_of_runs(folder):
        try:
            read.append(replace(read_run(each, vault), files={}))
        except WorkbenchError as error:
            faults.append(error)
    return read, faults


def _check_everything(vault: "Vault", runs: int, changed: "list[WorkbenchError]") -> "list[Check]":
    from workbench.vault import Check, check_vault  # late: polars

    faults = tuple(str(error) for error in changed)
    what = "folders of runs: files as in the seal"
    return [*check_vault(vault), Check(what=what, objects=runs, faults=faults)]


def _descriptions(datasets: "list[Dataset]", faults: list[WorkbenchError]) -> list[dict[str, Any]]:
    """Describe each dataset; add to the faults why a dataset cannot be described."""
    described = []
    for each in datasets:
        try:
            described.append(_description(each))
        except WorkbenchError as error:
            faults.append(error)
    return described


def _description(dataset: "Dataset") -> dict[str, Any]:
    return {
        "dataset": dataset.name,
        "version": dataset.version,
        "customers": dataset.customers,
        "until": _declared_until(dataset).isoformat(),
        "synthetic": dataset.is_synthetic,
    }


def _declared_until(dataset: "Dataset") -> date:
    """Return the first day that not all sources cover, each in its own zone as it was declared."""
    until: dict[tuple[str, str], date] = {}
    for source in dataset.sources:
        moment = datetime.fromisoformat(source.data_until_at).astimezone(ZoneInfo(source.zone))
        origin = (source.system, source.format)
        until[origin] = max(moment.date(), until.get(origin, moment.date()))
    return min(until.values())


def _print_status(content: dict[str, Any], *, is_empty: bool) -> None:
    typer.echo(f"Workspace {content['workspace']}, key {content['key']}")
    typer.echo("")
    if content["datasets"]:
        head = ("dataset", "version", "customers", "complete until", "synthetic")
        print_table(
            head,
            [
                (*tuple(each.values())[:4], _yes_or_no(each["synthetic"]))
                for each in content["datasets"]
            ],
        )
    elif is_empty:
        typer.echo("No dataset yet: workbench load PATH --dataset NAME")
    typer.echo("")
    typer.echo(f"Studies: {', '.join(content['studies']) or 'none'}")
    typer.echo("")
    if content["runs"]:
        head = ("run", "study", "notebook", "as of", "status")
        print_table(head, [tuple(each.values()) for each in content["runs"]])
    elif not content["damaged_runs"]:
        typer.echo("No run yet: workbench run STUDY")
    if content["extracts"]:
        typer.echo("\nExtracts that left:")
        columns = ("made at", "dataset", "version", "persons", "recipient", "by", "written")
        print_table(columns, [tuple(each.values()) for each in content["extracts"]])
    if content["damaged_runs"]:
        typer.echo("\nRuns that are damaged, changed since they were made, or of another version:")
        for words in content["damaged_runs"]:
            typer.echo(f"  {words}")
    typer.echo("")
    typer.echo(_confinement_text(content["confinement"]))
    if not content["lab_is_confined"]:
        typer.echo("Kernels of the lab are not confined (WORKBENCH_LAB_UNCONFINED).")


def _confinement_text(outcomes: dict[str, str]) -> str:
    possible = [clause for clause, outcome in outcomes.items() if outcome == "possible"]
    if not possible:
        return f"Notebooks are confined: all {len(outcomes)} attempts to get out were refused."
    return (
        f"Notebooks are not fully confined: {len(possible)} of {len(outcomes)} attempts to get out "
        f"succeeded. A notebook can {'; '.join(possible)}."
    )


def _print_checks(checks: "list[Check]") -> list[str]:
    """Print the checks and their numbers of objects to stderr; return a line per damage."""
    for each in checks:
        found = f"{len(each.faults):,} damaged" if each.faults else "none damaged"
        say(f"{each.objects:>7,}  {each.what}: {found}")
    faults = [fault for each in checks for fault in each.faults]
    if not faults:
        say("Everything stored is what was written.")
    return faults


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"
