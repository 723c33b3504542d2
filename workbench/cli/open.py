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

_EXECUTION = re.compile(r"Cell In\[(\d+)\]")
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
    """Print why a run failed and in which cell.

    Cells are counted as everywhere: Markdown and code cells from the top, the first is 1.
    What a notebook printed can hold values of customers: it goes to this terminal, or with --out
    into a file that only you can read.
    """
    from workbench.runs.notebooks import import_nbformat  # late: 0.2 s

    session = Session.open(project=project, workspace=workspace, key=key, head=head)
    name = _full_id(run, session.vault.kept_names("notebooks"))
    content = session.vault.open_kept("notebooks", name).decode()
    if out is not None:
        _write(out, content)
        say(f"Wrote the executed notebook to {out}, readable by you alone: it is personal data.")
    node: Any = import_nbformat().reads(content, as_version=4)
    failure = _failure(node)
    if as_json:
        print_json({"run": name, **failure})
        return
    if failure["reason"] is None:
        say("Every cell of this run reached its end." + ("" if out else " --out FILE writes it."))
        return
    typer.echo(f"Run {name}: {failure['reason']}")
    if failed := failure["failed"]:
        if failed["error"]:
            typer.echo(failed["error"])
        typer.echo(f"\nCell {failed['cell']} of {failed['cells']}:\n\n{failed['source']}")
        if failed["traceback"]:
            typer.echo(f"\nThe traceback of the cell:\n\n{failed['traceback']}")


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


def _failure(node: Any) -> dict[str, Any]:
    """Return why an executed notebook failed, and the cell in which it did.

    Returns
    -------
    dict
        ``reason``, None where the run did not fail, and ``failed``: number, source, error and
        traceback of the cell, None where no cell failed.
    """
    from workbench.runs.notebooks import FAILURE, number_cells  # late, as above

    known = dict(node.metadata.get(FAILURE, {}))
    numbered = number_cells(node.cells)
    failed = None
    for number, cell in numbered:
        errors = [each for each in cell.get("outputs", ()) if each.output_type == "error"]
        if not errors and number != known.get("cell"):
            continue
        failed = {"cell": number, "cells": len(numbered), "source": cell.source}
        failed |= {"error": "", "traceback": ""}
        if errors:
            found = errors[0]
            failed["error"] = f"{found.ename}: {found.evalue}" if found.evalue else found.ename
            failed["traceback"] = _numbered_traceback("\n".join(found.traceback), numbered)
        break
    reason = known.get("reason") or (f"it failed in cell {failed['cell']}" if failed else None)
    return {"reason": reason, "failed": failed}


def _numbered_traceback(text: str, numbered: list[tuple[int, Any]]) -> str:
    """Return a traceback whose frames name cells by their numbers in the notebook.

    IPython counts executions, papermill's own cell with the parameters included.
    """
    numbers = {str(node.get("execution_count")): number for number, node in numbered}

    def name(match: re.Match[str]) -> str:
        return f"Cell {numbers[match[1]]}" if match[1] in numbers else "Cell of the parameters"

    return _EXECUTION.sub(name, _COLOURS.sub("", text))


def _write(path: Path, content: str) -> None:
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; name a new file") from error
    with open(number, "w", encoding="utf-8") as file:
        file.write(content)
