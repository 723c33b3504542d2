"""``workbench`` alone: the five stations, what exists already, and the next step."""

from pathlib import Path

import typer

from workbench.cli.options import AsJson, Project, Reports, Workspace, print_json, short_path
from workbench.foundation.errors import ParameterError
from workbench.session import Session


def overview(
    context: typer.Context,
    project: Project = None,
    workspace: Workspace = None,
    reports: Reports = None,
    as_json: AsJson = False,
) -> None:
    """From customer data to reviewed reports, without seeing who anyone is."""
    if context.invoked_subcommand is not None:
        if as_json or any(option is not None for option in (project, workspace, reports)):
            verb = context.invoked_subcommand
            raise ParameterError(f"options come after the command: workbench {verb} --OPTION")
        return
    place = Session.open(project=project, workspace=workspace, reports=reports).place
    datasets = sorted(
        folder.name
        for folder in (place.workspace / "datasets").glob("*")
        if any((folder / "versions").glob("[0-9]*"))
    )
    runs = sum(1 for _ in (place.reports / "runs").glob("[!.]*/record.json"))
    index = place.reports / "site" / "index.html"
    next_steps = _next_steps(place.has_workspace, datasets, runs, index)
    if as_json:
        catalogue = str(index) if index.is_file() else None
        print_json(
            {"datasets": datasets, "runs": runs, "index": catalogue, "next": list(next_steps)}
        )
        return
    stations = (
        ("generate", "workbench generate RECIPE --out DIR", "a world and its truth"),
        ("load", "workbench load PATH… --dataset NAME", _names_or_none("dataset", datasets)),
        ("view", "(part of run)", "what one study may see"),
        ("run", "workbench run STUDY", f"{runs} {'run' if runs == 1 else 'runs'}"),
        ("site", "workbench site", short_path(index) if index.is_file() else "no catalogue yet"),
    )
    for number, (name, command, what) in enumerate(stations, start=1):
        typer.echo(f"{number}  {name:<9} {command:<38} {what}")
    typer.echo("")
    for step, label in zip(next_steps, ("Next: ", "      "), strict=False):
        typer.echo(f"{label}{step}")


def _next_steps(
    has_workspace: bool, datasets: list[str], runs: int, index: Path
) -> tuple[str, ...]:
    """Return the next one or two steps, in the order in which they are done."""
    if not has_workspace:
        return ("workbench init",)
    if not datasets:
        return (
            "workbench generate retail --out synthetic/worlds/retail",
            "workbench load synthetic/worlds/retail --dataset demo",
        )
    if not runs:
        return (f"workbench run {'demo' if 'demo' in datasets else 'STUDY'}",)
    return (f"open {short_path(index)}, or make lab", "workbench --help lists every command")


def _names_or_none(noun: str, names: list[str]) -> str:
    return f"{noun}s: {', '.join(names)}" if names else f"no {noun} yet"
