"""``workbench policy``: draft a policy of anonymisation."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.options import AsJson, HeadCopy, KeyFile, Project, Workspace, print_json
from workbench.foundation.errors import ParameterError
from workbench.foundation.progress import say
from workbench.session import Session

policy = typer.Typer(
    help="Draft a policy of anonymisation.", rich_markup_mode=None, no_args_is_help=True
)


@policy.callback()
def group() -> None:
    """Draft a policy of anonymisation."""


@policy.command()
def draft(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="Name of a dataset, or path of a table's file.")
    ],
    preset: Annotated[str, typer.Option(help="research, internal or release.")] = "research",
    out: Annotated[
        Path | None,
        typer.Option(help="New .toml file; hierarchies are written beside it. Printed without."),
    ] = None,
    project: Project = None,
    workspace: Workspace = None,
    key: KeyFile = None,
    head: HeadCopy = None,
    as_json: AsJson = False,
) -> None:
    """Propose a policy, with the reason for each line and what it costs."""
    if out is not None and out.suffix != ".toml":
        raise ParameterError(f"--out {out.name}: give the policy a name that ends with .toml")
    session = Session.open(project=project, workspace=workspace, key=key, head=head)
    made = session.draft_policy(source, preset=preset, out=out)
    if as_json:
        print_json({"policy": made.text, "hierarchies": sorted(made.hierarchies)})
    elif out is None:
        typer.echo(made.text, nl=False)
        if made.hierarchies:
            say("It names files of hierarchies: --out FILE.toml writes them beside the policy.")
    if out is not None:
        for line in made.text.splitlines():
            if line.startswith("# These rules"):
                say(f"WARNING: {line.removeprefix('# ')}")
        say(f"Wrote {out}: check every line, then workbench anonymize {source} --policy {out}")
