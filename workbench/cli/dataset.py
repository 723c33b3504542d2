"""``workbench dataset``: take a load back, or accept a backup that was restored."""

from typing import Annotated

import typer

from workbench.cli.options import (
    AsJson,
    HeadCopy,
    KeyFile,
    Project,
    Workspace,
    print_json,
    print_table,
)
from workbench.foundation.progress import say
from workbench.session import Session

dataset = typer.Typer(
    help="Take back a load, or accept a restored backup.",
    rich_markup_mode=None,
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the dataset.")]


@dataset.command()
def undo(
    name: Name,
    project: Project = None,
    workspace: Workspace = None,
    key: KeyFile = None,
    head: HeadCopy = None,
    as_json: AsJson = False,
) -> None:
    """Take back the newest load as a new version.

    Whoever withdrew, objected or refused in what the load brought has done so all the same.
    """
    from workbench.intake.undo import undo as take_back  # late: polars

    session = Session.open(project=project, workspace=workspace, key=key, head=head)
    made = take_back(session.vault, name)
    undone = made.operations[-1].undoes
    if as_json:
        print_json(
            {"dataset": name, "version": made.version, "undone": undone, "tables": made.contents}
        )
    else:
        print_table(("table", "rows"), list(made.contents.items()))
    say(
        f"The load that made version {undone} is taken back: dataset {name} is now at version "
        f"{made.version}. Withdrawals, objections and refusals were kept."
    )


@dataset.command("accept-restore")
def accept_restore(
    name: Name,
    project: Project = None,
    workspace: Workspace = None,
    key: KeyFile = None,
    head: HeadCopy = None,
    as_json: AsJson = False,
) -> None:
    """Accept that a backup was restored.

    The newest version that is stored counts from then on. Withdrawals of consent that came after
    the backup are lost: load them again before anything is run.
    """
    session = Session.open(project=project, workspace=workspace, key=key, head=head)
    taken = session.vault.accept_restore(name)
    if as_json:
        print_json({"dataset": name, "version": taken.version, "tables": taken.contents})
    else:
        print_table(("table", "rows"), list(taken.contents.items()))
    say(
        f"Version {taken.version} of dataset {name} is the newest from now on. Load again what "
        "came after it, withdrawals of consent first."
    )
