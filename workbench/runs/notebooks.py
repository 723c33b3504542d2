"""A notebook file: its cells, its tags, its title."""

import hashlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

from workbench.foundation.errors import ParameterError
from workbench.runs.execution import INJECTED

#: Name of the grammar whose import takes 1.3 CPU seconds.
_ADDRESS_GRAMMAR = "rfc3987_syntax"

#: Key in the metadata of an executed notebook under which the vault keeps why it failed.
FAILURE = "workbench_failure"
#: Tags of the cells that papermill adds to a notebook.
_ADDED = frozenset({INJECTED, "papermill-error-cell-tag"})


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a notebook; ``kind`` is ``markdown`` or ``code``."""

    kind: str
    source: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """A notebook file of the project, without outputs.

    Attributes
    ----------
    name : str
        Name of the file without suffix.
    path : Path
        Path of the file.
    cells : tuple of Cell
        Markdown and code cells in their order; raw cells are left out.
    """

    name: str
    path: Path
    cells: tuple[Cell, ...]

    @property
    def title(self) -> str:
        """The first heading: the question in plain words."""
        for cell in self.cells:
            if cell.kind == "markdown" and cell.source.startswith("# "):
                return cell.source.splitlines()[0][2:].strip()
        return self.name

    @property
    def question(self) -> str:
        """The question in the notebook's first Markdown cell, with which its page opens.

        It is the first heading, ``# Who is about to leave?``, without the words before a colon,
        ``# Churn: who is about to leave?``. Where the heading is no question, it is the first line
        of the cell that ends with a question mark; where there is none, it is the title.
        """
        if self.title.endswith("?"):
            asked = self.title.partition(": ")[2] or self.title
            return f"{asked[:1].upper()}{asked[1:]}"
        first = next((cell.source for cell in self.cells if cell.kind == "markdown"), "")
        lines = (line.strip(" #*_") for line in first.splitlines())
        return next((line for line in lines if line.endswith("?")), self.title)

    @property
    def digest(self) -> str:
        """SHA-256 over kinds, tags and sources of all cells."""
        parts = [f"{c.kind}\x1f{','.join(c.tags)}\x1f{c.source}" for c in self.cells]
        return hashlib.sha256("\x1e".join(parts).encode()).hexdigest()

    @property
    def shortcomings(self) -> tuple[str, ...]:
        """What the notebook lacks without which it runs, but is read or run less well."""
        found = []
        if self.title == self.name:
            found.append(
                "it has no heading, so its page opens with the name of its file: begin its first "
                "Markdown cell with its question, `# Who is about to leave?`"
            )
        if self.cell_with_tag("parameters") is None:
            found.append(
                "no code cell has the tag parameters, so neither study nor date can be given to "
                'it: put `study: str = "demo"  # study` into a cell and give the cell this tag'
            )
        return tuple(found)

    def cell_with_tag(self, tag: str) -> Cell | None:
        """Return the first code cell with a tag."""
        return next((c for c in self.cells if c.kind == "code" and tag in c.tags), None)


class _WithoutAddressGrammar(MetaPathFinder):
    """Refuses the import of ``rfc3987_syntax``."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        """Return no module, so that the other finders are asked."""
        if fullname == _ADDRESS_GRAMMAR:
            raise ModuleNotFoundError(f"{fullname} is not needed here", name=fullname)


def import_nbformat() -> Any:
    """Import nbformat in 0.2 instead of 1.5 CPU seconds, and return it.

    nbformat imports jsonschema, which tries to import a grammar of international addresses and
    does without where it is not installed. Nothing here checks such addresses, so the grammar is
    not found during this import. Where nbformat was imported before, nothing is done.
    """
    finder = _WithoutAddressGrammar()
    sys.meta_path.insert(0, finder)
    try:
        return import_module("nbformat")
    finally:
        sys.meta_path.remove(finder)


def read_notebook(path: Path) -> Notebook:
    """Read a notebook file.

    Raises
    ------
    ParameterError
        The file does not exist or is no notebook.
    """
    nbformat = import_nbformat()
    try:
        content = nbformat.read(path, as_version=4)
    except FileNotFoundError as error:
        raise ParameterError(f"no notebook at {path}") from error
    except Exception as error:  # nbformat raises whatever its parsers raise
        raise ParameterError(f"{path.name} is no notebook: {type(error).__name__}") from error
    return Notebook(name=path.stem, path=path, cells=cells_of(content.cells))


def number_cells(nodes: Iterable[Any]) -> list[tuple[int, Any]]:
    """Return the Markdown and code cells of a notebook, each with its number; the first is 1.

    Everything that names a cell counts in this way: the page, messages and ``workbench open``.
    Cells that papermill adds have no number: the one with the parameters, and those that point to
    the cell in which a notebook failed.
    """
    own = [
        node
        for node in nodes
        if node.cell_type in ("markdown", "code")
        and _ADDED.isdisjoint(node.metadata.get("tags", ()))
    ]
    return list(enumerate(own, start=1))


def cells_of(cells: Sequence[Any]) -> tuple[Cell, ...]:
    """Return nbformat's cells as ours."""
    return tuple(
        Cell(cell.cell_type, cell.source, tuple(cell.metadata.get("tags", ())))
        for cell in cells
        if cell.cell_type in ("markdown", "code")
    )
