"""``workbench generate``: make a synthetic world, or describe the world that would be made."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import AsJson, Project, Workspace, print_json, print_table, short_path
from workbench.foundation.progress import say
from workbench.session import Session

if TYPE_CHECKING:
    from workbench.synthetic import Explanation, World
    from workbench.synthetic.worlds import Exporter


def generate(
    recipe: Annotated[
        str,
        typer.Argument(metavar="RECIPE", help="A name in synthetic/, or a path to a TOML file."),
    ],
    out: Annotated[Path | None, typer.Option(help="Folder to make.")] = None,
    customers: Annotated[int | None, typer.Option(help="Number of customers.")] = None,
    months: Annotated[int | None, typer.Option(help="Months of history.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all random streams.")] = None,
    disparity: Annotated[
        float | None, typer.Option(help="Size of the planted disparity, 0 plants none.")
    ] = None,
    contrast: Annotated[
        float | None, typer.Option(help="How much segments differ: 0 not at all, 3 sharply.")
    ] = None,
    change_at: Annotated[
        float | None, typer.Option(help="When a drift begins, as a share of the world's time.")
    ] = None,
    exports: Annotated[
        bool, typer.Option("--exports", help="Also write it as its vendors would export it.")
    ] = False,
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler that makes it.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Describe what the recipe implies, and make nothing.")
    ] = False,
    project: Project = None,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Make a world of customers who never lived, and its truth."""
    from workbench.foundation.errors import ParameterError
    from workbench.synthetic import explain as explain_recipe  # late: numpy, polars, lists of names
    from workbench.synthetic import generate as make_world
    from workbench.synthetic import plan_world

    session = Session.open(project=project, workspace=workspace)
    path = session.recipe(recipe)
    sizes = {"customers": customers, "months": months, "seed": seed}
    if explain:
        plan = plan_world(
            path, **sizes, disparity=disparity, contrast=contrast, change_at=change_at
        )
        _print_explanation(explain_recipe(plan), as_json)
        return
    if out is None:
        raise ParameterError("--out is missing: name the folder to make, or ask with --explain")
    world = make_world(
        path,
        out=out,
        **sizes,
        disparity=disparity,
        contrast=contrast,
        change_at=change_at,
        workers=session.place.workers,
        cluster=cluster,
        exports=_writer_of_exports() if exports else None,
    )
    if as_json:
        print_json(world.to_json())
        return
    _print_world(world, out, has_workspace=session.place.has_workspace)


def _writer_of_exports() -> "Exporter":
    from workbench.exports import write_exports  # late: the writers of a dozen vendors

    return write_exports


def _print_world(world: "World", out: Path, *, has_workspace: bool) -> None:
    print_table(("table", "rows"), list(world.tables.items()))
    broken = {name: count for name, count in world.violations.items() if count}
    if not broken:
        say(f"All {len(world.violations)} rules across tables hold (first customers counted).")
    for name, count in broken.items():
        why = "planted by the recipe" if name in world.planted else "NOT PLANTED: a fault of ours"
        say(f"The rule {name} is broken by {count:,} rows, {why}.")
    say(f"Made the world {world.name} in {short_path(out)}.")
    say(
        f"Its truth is stored apart in {short_path(world.truth)}: workbench truth {short_path(out)}"
    )
    first = "" if has_workspace else "workbench init, then "
    say(f"Next: {first}workbench load {short_path(out)} --dataset demo")


def _print_explanation(explanation: "Explanation", as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "sample": explanation.sample,
                "implied": explanation.implied.to_dicts(),
                "rows": explanation.rows.to_dicts(),
                "planted": explanation.planted.to_dicts(),
            }
        )
        return
    print_table(
        ("what", "value", "unit"),
        [(what, _figure(value), unit) for what, value, unit in explanation.implied.iter_rows()],
    )
    print_table(
        ("table", "per customer", "rows"),
        [(name, f"{per:,.2f}", f"{rows:,}") for name, per, rows in explanation.rows.iter_rows()],
    )
    if explanation.planted.height:
        print_table(("planted", "how"), list(explanation.planted.iter_rows()))
    say(f"Counted on {explanation.sample:,} customers made in memory; nothing was written.")


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) and abs(value) >= 1 else f"{value:,.3f}"
