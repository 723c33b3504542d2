"""``workbench dataset``: take back a load, accept a restored backup, give up what is damaged."""

from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from workbench.vault.giving_up import AcceptedVersion

dataset = typer.Typer(
    help="Take back a load, accept or give up versions.",
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
    """Accept a restored backup, or give up damaged versions.

    The newest stored version that is whole counts from then on. Withdrawals of consent that came
    with later versions are lost: load them again before anything is run.
    """
    session = Session.open(project=project, workspace=workspace, key=key, head=head)
    accepted = session.vault.accept_restore(name)
    dataset_now = accepted.dataset
    say(_acceptance_text(accepted))
    if as_json:
        print_json(
            {
                "dataset": name,
                "version": dataset_now.version,
                "given_up": list(accepted.given_up),
                "tables": dataset_now.contents,
            }
        )
    else:
        print_table(("table", "rows"), list(dataset_now.contents.items()))


def _acceptance_text(accepted: "AcceptedVersion") -> str:
    version = f"Version {accepted.dataset.version} of dataset {accepted.dataset.name}"
    if accepted.has_new_copy:
        return f"The copy of the head is made. {version} is the newest, as before."
    given_up = ""
    if accepted.given_up:
        numbers = ", ".join(map(str, accepted.given_up))
        given_up = (
            f" Given up because of damage: version {numbers}. What is left of it is kept in "
            f"{accepted.moved_to}."
        )
    if accepted.is_as_before:
        return f"{version} is whole and was the newest already.{given_up or ' Nothing is changed.'}"
    return (
        f"{version} is the newest from now on.{given_up} Load the later exports again, withdrawals "
        "of consent first."
    )
