"""``workbench init``: make a workspace and its key."""

from workbench.cli.options import AsJson, Project, Workspace, print_json
from workbench.foundation.progress import say
from workbench.foundation.settings import Settings


def init(project: Project = None, workspace: Workspace = None, as_json: AsJson = False) -> None:
    """Make a workspace with a key file that only you can read."""
    from workbench.vault import Vault  # late: polars and cryptography, for verbs that need them
    from workbench.vault.vault import key_path

    settings = Settings.read(project=project, workspace=workspace)
    vault = Vault.init(settings.workspace)
    path = key_path(settings.workspace)
    if as_json:
        print_json(
            {"workspace": str(settings.workspace), "key": vault.key_id, "key_file": str(path)}
        )
    say(f"Made the workspace {settings.workspace} with key {vault.key_id} in {path}.")
    say("Who loses this key file loses the data: keep a copy where only you can read it.")
