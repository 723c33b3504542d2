"""``workbench dataset``: take back a load, or accept a restored backup."""

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

    Withdrawals, objections and refusals of customers that came with the load are kept.
    """
    from workbench.intake.undo import undo as undo_load  # late: polars

    session = Session.open(project=project, workspace=workspace, key=key, head=head)
    dataset_now = undo_load(session.vault, name)
    undone = dataset_now.operations[-1].undoes
    # This is said first: counting customers refuses a damaged file, and the version is stored.
    say(
        f"The load that made version {undone} is taken back: dataset {name} is now at version "
        f"{dataset_now.version}. Withdrawals, objections and refusals were kept."
    )
    if as_json:
        print_json(
            {
                "dataset": name,
                "version": dataset_now.version,
                "undone": undone,
                "tables": dataset_now.contents,
            }
        )
    else:
        print_table(("table", "rows"), list(dataset_now.contents.items()))


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
    accepted = session.vault.accept_restore(name)
    if as_json:
        print_json({"dataset": name, "version": accepted.version, "tables": accepted.contents})
    else:
        print_table(("table", "rows"), list(accepted.contents.items()))
    say(
        f"Version {accepted.version} of dataset {name} is the newest from now on. Load the later "
        "exports again, withdrawals of consent first."
    )
