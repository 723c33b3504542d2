"""``workbench site``: make the catalogue, and the pages that are missing or out of date."""

from typing import TYPE_CHECKING

from workbench.cli.options import (
    AsJson,
    HeadCopy,
    KeyFile,
    Project,
    Reports,
    Workspace,
    print_json,
)
from workbench.foundation.errors import IntegrityError, WorkbenchError
from workbench.foundation.progress import say
from workbench.session import Session

if TYPE_CHECKING:
    from workbench.reports import Site


def site(
    project: Project = None,
    workspace: Workspace = None,
    reports: Reports = None,
    key: KeyFile = None,
    head: HeadCopy = None,
    as_json: AsJson = False,
) -> None:
    """Make the catalogue of reports, and pages that are missing.

    Every run is compared with its seal first; a run that was changed is not published.
    """
    session = Session.open(
        project=project, workspace=workspace, reports=reports, key=key, head=head
    )
    made = session.build_site()
    is_verified = session.vault_at_hand is not None
    if as_json:
        print_json(
            {
                "index": str(made.index),
                "verified": is_verified,
                "withheld": {name: str(error) for name, error in made.withheld.items()},
            }
        )
    if not is_verified:
        say("No key is available: every run is labelled as not verified.")
    say(f"All reports: {made.index}")
    if made.withheld:
        raise refusal(made)


def refusal(made: "Site") -> WorkbenchError:
    """Return the error that names the runs which are not published, for its exit code."""
    errors = list(made.withheld.values())
    damage = [error for error in errors if isinstance(error, IntegrityError)]
    words = "\n  ".join(["runs that are not published:", *map(str, errors)])
    return type((damage or errors)[0])(words)
