"""``workbench generate``: make a synthetic world."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.options import AsJson, print_json, print_table
from workbench.foundation.progress import say
from workbench.foundation.settings import Settings, find


def generate(
    recipe: Annotated[
        str,
        typer.Argument(metavar="RECIPE", help="A name in synthetic/, or a path to a TOML file."),
    ],
    out: Annotated[Path, typer.Option(help="Folder to make.")],
    customers: Annotated[int | None, typer.Option(help="Number of customers.")] = None,
    months: Annotated[int | None, typer.Option(help="Months of history.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all random streams.")] = None,
    disparity: Annotated[
        float | None, typer.Option(help="Size of the planted disparity, 0 plants none.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a world of customers who never lived, and its truth."""
    from workbench.synthetic import generate as make  # late: numpy, polars and the lists of names

    settings = Settings.read()
    path = find("recipe", recipe, folder=settings.project / "synthetic", suffix=".toml")
    world = make(
        path,
        out=out,
        customers=customers,
        months=months,
        seed=seed,
        disparity=disparity,
        workers=settings.workers,
    )
    if as_json:
        print_json(world.to_json())
        return
    print_table(("table", "rows"), list(world.tables.items()))
    say(f"Made the world {world.name} in {out}; its truth lies apart in {world.truth}.")
    say(f"Next: workbench load {out} --dataset demo")
