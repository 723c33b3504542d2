"""``workbench init``: make a workspace and its key."""

from workbench.cli.options import AsJson, Project, Workspace, print_json
from workbench.foundation.progress import say
from workbench.session import Session


def init(project: Project = None, workspace: Workspace = None, as_json: AsJson = False) -> None:
    """Make a workspace with a key file that only you can read."""
    session = Session.open(project=project, workspace=workspace)
    vault, path = session.init_workspace()
    if as_json:
        print_json({"workspace": str(vault.workspace), "key": vault.key_id, "key_file": str(path)})
    say(f"Made the workspace {vault.workspace} with key {vault.key_id} in {path}.")
    say("Who loses this key file loses the data: keep a copy where only you can read it.")
