"""``workbench lab``: JupyterLab on the project's notebooks, with a broker that holds the key."""

import os
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from workbench.cli.options import AsJson, HeadCopy, KeyFile, Project, Reports, Workspace
from workbench.foundation.confinement.attempts import possible_attempts
from workbench.foundation.errors import ParameterError
from workbench.foundation.progress import say
from workbench.session import Session

_OPTIONS = (
    "--ServerApp.kernel_spec_manager_class=workbench.lab.kernels.LabKernels",
    "--MultiKernelManager.default_kernel_name=python3",
    # What a cell displays can be a script, which does in the browser whatever its user can do. So
    # the server offers the browser no way to run code outside of kernels: no terminals, no
    # installation of extensions, and no language servers, which write files.
    "--ServerApp.terminals_enabled=False",
    "--LabApp.extension_manager=readonly",
    "--ServerApp.jpserver_extensions={'jupyter_lsp': False, 'jupyter_server_terminals': False}",
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
    if not place.notebooks.is_dir():
        raise ParameterError(
            f"the project {place.project} has no folder notebooks: make it, or name another "
            "project with --project"
        )
    session.folders_of_lab()  # refuses a key where kernels and the browser could read it
    settings = {
        "WORKBENCH_PROJECT": place.project,
        "WORKBENCH_WORKSPACE": place.workspace,
        "WORKBENCH_REPORTS": place.reports,
        "WORKBENCH_KEY": session.key_file.absolute() if session.key_file else None,
        "WORKBENCH_HEAD": head.absolute() if head else None,
        "WORKBENCH_LAB_UNCONFINED": "1" if unconfined else None,
    }
    environment = os.environ | {n: str(value) for n, value in settings.items() if value}
    if unconfined or not place.is_lab_confined:
        say("Kernels are not confined: code in a notebook can read the key of the vault.")
    elif possible := possible_attempts():
        say(f"This machine cannot confine kernels fully: a notebook can {', '.join(possible)}.")
    root = ["--allow-root"] if os.getuid() == 0 else []
    command = [
        *(sys.executable, "-m", "jupyterlab", *root, *_OPTIONS),
        # The browser reads and writes notebooks, and neither studies, which grant columns, nor
        # exports and code that are stored beside them.
        *(f"--ServerApp.root_dir={place.notebooks}", *(options or [])),
    ]
    sys.stdout.flush()
    os.execve(sys.executable, command, environment)  # noqa: S606 - this Python, no shell
