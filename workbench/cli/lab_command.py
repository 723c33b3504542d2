"""``workbench lab``: JupyterLab on the project's notebooks, with a broker that holds the key."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.options import AsJson, HeadCopy, KeyFile, Project, Reports, Workspace
from workbench.foundation.errors import ParameterError
from workbench.foundation.progress import say
from workbench.session import Session

_OPTIONS = (
    "--ServerApp.kernel_spec_manager_class=workbench.lab.kernels.LabKernels",
    "--MultiKernelManager.default_kernel_name=python3",
    # a terminal of the browser could read the key
    "--ServerApp.terminals_enabled=False",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)


def lab(
    options: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- OPTION...]", help="Options of jupyter lab, after --."),
    ] = None,
    unconfined: Annotated[
        bool,
        typer.Option(
            "--unconfined", help="Start kernels that can read what you can, the key included."
        ),
    ] = False,
    project: Project = None,
    workspace: Workspace = None,
    reports: Reports = None,
    key: KeyFile = None,
    head: HeadCopy = None,
    as_json: AsJson = False,
) -> None:
    """Open JupyterLab on the notebooks.

    Its kernels are confined: they get views of the project's studies, and hold no key. With --json
    a refusal is printed as one; the lab itself has no result to print.
    """
    if find_spec("jupyterlab") is None:
        raise ParameterError("the lab needs JupyterLab: install workbench[lab]")
    session = Session.open(
        project=project, workspace=workspace, reports=reports, key=key, head=head
    )
    place = session.place
    _ = session.vault  # a missing workspace or key is refused here, not in every notebook
    _require_hidden(place.workspace, place.project)
    settings = {
        "WORKBENCH_PROJECT": place.project,
        "WORKBENCH_WORKSPACE": place.workspace,
        "WORKBENCH_REPORTS": place.reports,
        "WORKBENCH_KEY": key.absolute() if key else None,
        "WORKBENCH_HEAD": head.absolute() if head else None,
        "WORKBENCH_LAB_UNCONFINED": "1" if unconfined else None,
    }
    environment = os.environ | {n: str(value) for n, value in settings.items() if value}
    if unconfined:
        say("Kernels are not confined: code in a notebook can read the key of the vault.")
    root = ["--allow-root"] if os.getuid() == 0 else []
    command = [
        *(sys.executable, "-m", "jupyterlab", *root, *_OPTIONS),
        *(f"--notebook-dir={place.project}", *(options or [])),
    ]
    if not options and place.notebooks.is_dir():
        command.append(str(place.notebooks))
    sys.stdout.flush()
    os.execve(sys.executable, command, environment)  # noqa: S606 - this Python, no shell


def _require_hidden(workspace: Path, project: Path) -> None:
    """Refuse a workspace that the browser could open: the server shows all but hidden folders."""
    if not workspace.resolve().is_relative_to(project.resolve()):
        return
    parts = workspace.resolve().relative_to(project.resolve()).parts
    if not any(part.startswith(".") for part in parts):
        raise ParameterError(
            f"the workspace {workspace} is in the project, where the lab shows its files: move "
            "it out of the project, or into a folder whose name begins with a dot"
        )
