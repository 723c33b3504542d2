"""``workbench`` alone: the five stations, what is there already, and the next step."""

import typer

from workbench.cli.options import shown
from workbench.foundation.settings import Settings


def overview(context: typer.Context) -> None:
    """From customer data to reviewed reports, without seeing who anyone is."""
    if context.invoked_subcommand is not None:
        return
    place = Settings.read()
    has_workspace = (place.workspace / "format").is_file()
    datasets = sorted(
        folder.name
        for folder in (place.workspace / "datasets").glob("*")
        if any((folder / "versions").glob("[0-9]*"))
    )
    records = list((place.reports / "runs").glob("[!.]*/record.json"))
    index = place.reports / "site" / "index.html"
    stations = (
        ("generate", "workbench generate RECIPE --out DIR", "a world and its truth"),
        ("load", "workbench load PATH… --dataset NAME", _there("dataset", datasets)),
        ("view", "(part of run)", "what one study may see"),
        ("run", "workbench run STUDY", f"{len(records)} runs"),
        ("site", "workbench site", shown(index) if index.is_file() else "no catalogue yet"),
    )
    for number, (name, command, what) in enumerate(stations, start=1):
        typer.echo(f"{number}  {name:<9} {command:<38} {what}")
    typer.echo("")
    if not has_workspace:
        typer.echo("Next: workbench init")
    elif not datasets:
        typer.echo("Next: workbench generate retail --out synthetic/worlds/retail")
        typer.echo("      workbench load synthetic/worlds/retail --dataset demo")
    elif not records:
        study = "demo" if "demo" in datasets else "STUDY"
        typer.echo(f"Next: workbench run {study}")
    else:
        typer.echo(f"Next: open {shown(index)}, or make lab")
        typer.echo("      workbench --help lists every command")


def _there(noun: str, names: list[str]) -> str:
    return f"{noun}s: {', '.join(names)}" if names else f"no {noun} yet"
