"""``workbench status``: what is there, which key is in use, how far notebooks are confined."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.options import AsJson, KeyFile, Reports, Workspace, print_json, print_table
from workbench.foundation.errors import IntegrityError
from workbench.foundation.progress import say
from workbench.foundation.settings import Settings

if TYPE_CHECKING:
    from workbench.vault import Dataset


def status(
    check: Annotated[
        bool, typer.Option("--check", help="Compare every file of every dataset with its hash.")
    ] = False,
    workspace: Workspace = None,
    reports: Reports = None,
    key: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """List datasets, studies, runs, the key in use, confinement."""
    from workbench.foundation.confinement.attempts import CLAUSES, try_confinement  # late: ctypes
    from workbench.runs import runs_in  # late: polars
    from workbench.vault import Vault

    place = Settings.read(workspace=workspace, reports=reports)
    vault = Vault.open(place.workspace, key_file=key)
    datasets = [vault.dataset(name) for name in vault.datasets()]
    studies = sorted(p.stem for p in (place.project / "reports" / "studies").glob("*.toml"))
    runs = runs_in(place.reports / "runs")
    content: dict[str, Any] = {
        "workspace": str(place.workspace),
        "key": vault.key.id,
        "datasets": [_dataset(each) for each in datasets],
        "studies": studies,
        "runs": [
            {"run": r.id, "study": r.study, "notebook": r.notebook, "as_of": r.record["as_of"],
             "status": r.status}
            for r in runs
        ],
        "confinement": {
            CLAUSES[name]: "possible" if is_possible else "refused"
            for name, is_possible in try_confinement().items()
        },
    }  # fmt: skip
    if as_json:
        print_json(content)
    else:
        _print(content)
    if check:
        _check(datasets)


def _dataset(dataset: "Dataset") -> dict[str, Any]:
    from workbench.privacy import default_as_of  # late: polars

    return {
        "dataset": dataset.name,
        "version": dataset.version,
        "customers": dataset.rows.get("customers", 0),
        "until": default_as_of(dataset).isoformat(),
        "synthetic": dataset.is_synthetic,
    }


def _print(content: dict[str, Any]) -> None:
    typer.echo(f"Workspace {content['workspace']}, key {content['key']}")
    typer.echo("")
    if content["datasets"]:
        head = ("dataset", "version", "customers", "complete until", "synthetic")
        print_table(
            head,
            [(*tuple(each.values())[:4], _yes(each["synthetic"])) for each in content["datasets"]],
        )
    else:
        typer.echo("No dataset yet: workbench load PATH --dataset NAME")
    typer.echo("")
    typer.echo(f"Studies: {', '.join(content['studies']) or 'none'}")
    typer.echo("")
    if content["runs"]:
        head = ("run", "study", "notebook", "as of", "status")
        print_table(head, [tuple(each.values()) for each in content["runs"]])
    else:
        typer.echo("No run yet: workbench run STUDY")
    typer.echo("")
    typer.echo(_confinement(content["confinement"]))


def _confinement(outcomes: dict[str, str]) -> str:
    possible = [clause for clause, outcome in outcomes.items() if outcome == "possible"]
    if not possible:
        return f"Notebooks are confined: all {len(outcomes)} attempts to get out were refused."
    return (
        f"Notebooks are not fully confined: {len(possible)} of {len(outcomes)} attempts to get out "
        f"succeeded. A notebook can {'; '.join(possible)}."
    )


def _check(datasets: "list[Dataset]") -> None:
    found = [fault for dataset in datasets for fault in dataset.damaged()]
    if found:
        raise IntegrityError("stored files are not what was written:\n  " + "\n  ".join(found))
    say(f"{sum(len(d.files) for d in datasets):,} files are what was written.")


def _yes(value: bool) -> str:
    return "yes" if value else "no"
