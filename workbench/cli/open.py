"""``workbench open``: look into the executed notebook of a run, which is stored in the vault."""

import os
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli.options import AsJson, HeadCopy, KeyFile, Project, Workspace, print_json
from workbench.foundation.errors import InputError, ParameterError, unknown_name
from workbench.foundation.progress import say
from workbench.session import Session

_COLOURS = re.compile("\x1b\\[[0-9;]*m")  # of a traceback as IPython prints it


def open_run(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Id of a run, or how it begins; see status.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="File to write the executed notebook to, for you alone.")
    ] = None,
    project: Project = None,
    workspace: Workspace = None,
    key: KeyFile = None,
    head: HeadCopy = None,
    as_json: AsJson = False,
) -> None:
    """Print where a run's notebook failed, with its traceback.

    What a notebook printed can hold values of customers: it goes to this terminal, or with --out
    into a file that only you can read.
    """
    from workbench.runs.notebooks import import_nbformat  # late: polars

    session = Session.open(project=project, workspace=workspace, key=key, head=head)
    name = _full_id(run, session.vault.kept_names("notebooks"))
    content = session.vault.open_kept("notebooks", name).decode()
    if out is not None:
        _write(out, content)
        say(f"Wrote the executed notebook to {out}, readable by you alone: it is personal data.")
    node: Any = import_nbformat().reads(content, as_version=4)
    failed = _failed_cell(node)
    if as_json:
        print_json({"run": name, "failed": failed})
    elif failed is None:
        say("Every cell of this run reached its end." + ("" if out else " --out FILE writes it."))
    else:
        typer.echo(f"Cell {failed['cell']}:\n")
        typer.echo(failed["source"])
        typer.echo(f"\n{failed['traceback']}")


def _full_id(run: str, names: list[str]) -> str:
    """Return the one id that begins with these characters.

    Raises
    ------
    ParameterError
        No id does, or several do.
    """
    found = [name for name in names if name.startswith(run)] if run else []
    if len(found) == 1:
        return found[0]
    if run in found:
        return run
    if found:
        raise ParameterError(f"several runs begin with {run}: {', '.join(found)}")
    raise ParameterError(
        f"{unknown_name('executed run', run, names)}: workbench status lists the runs"
    )


def _failed_cell(node: Any) -> dict[str, Any] | None:
    """Return number, source and traceback of the cell that raised; None where no cell did."""
    own = [c for c in node.cells if "injected-parameters" not in c.metadata.get("tags", ())]
    for number, cell in enumerate(own, start=1):
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                traceback = _COLOURS.sub("", "\n".join(output.traceback))
                return {"cell": number, "source": cell.source, "traceback": traceback}
    return None


def _write(path: Path, content: str) -> None:
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; name a new file") from error
    with open(number, "w", encoding="utf-8") as file:
        file.write(content)
