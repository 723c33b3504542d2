"""The execution of one notebook: what the engine is given, and what it reports back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.foundation.confinement import Confinement

#: Tag of the cell in which papermill writes the parameters; it is not counted as a cell.
INJECTED = "injected-parameters"


@dataclass(slots=True)
class Execution:
    """What happened to a notebook.

    The runner reads this object and not the executed notebook: after a dead kernel papermill marks
    every cell of the notebook as completed.

    Attributes
    ----------
    notebook : nbformat notebook or None
        The notebook at the end, outputs included; private.
    cells_done : int
        Number of cells that ran to their end, Markdown cells included.
    reason : str or None
        Why the notebook did not reach its end, without any value of the data.
    cell : int or None
        Number of the cell in which the notebook ended; the first is 1.
    has_traceback : bool
        Whether an exception that a cell raised is among its outputs.
    error : (str, str) or None
        Class name and message of an exception that this package raised in a cell.
    peak_memory_bytes : int
        Largest sum of the resident sizes of the kernel and the processes that it started.
    exit_code : int or None
        Exit code of a kernel that died on its own; negative where a signal killed it.
    confinement : Confinement
        What the kernel's process reported before it became a kernel.
    """

    notebook: Any = None
    cells_done: int = 0
    reason: str | None = None
    cell: int | None = None
    has_traceback: bool = False
    error: tuple[str, str] | None = None
    peak_memory_bytes: int = 0
    exit_code: int | None = None
    confinement: Confinement = field(default_factory=Confinement)

    @property
    def failed_cell(self) -> int | None:
        """Number of the cell in which the notebook failed; None where all cells ran."""
        is_whole = self.notebook is not None and self.cells_done == len(self.notebook.cells)
        return None if self.reason is None and is_whole else self.cell


@dataclass(slots=True)
class KernelSession:
    """One kernel for one notebook: how it is started, and what it left.

    papermill returns nothing when a notebook fails, so the engine writes its results in here.

    Attributes
    ----------
    environment : mapping of str to str
        Environment variables of the kernel.
    folder : Path
        Folder that the kernel can write.
    reads : tuple of Path
        Folders that the kernel can read besides Python and its libraries.
    is_confinement_required : bool
        Whether the kernel must not start where a part of the confinement is missing.
    title : str
        Name of the notebook, for the progress line.
    execution : Execution
        What happened to the notebook.
    exit_code : int or None
        Exit code of the kernel's process, None while it runs.
    printed : int
        Number of characters that the notebook printed.
    """

    environment: Mapping[str, str]
    folder: Path
    reads: tuple[Path, ...]
    is_confinement_required: bool
    title: str
    execution: Execution = field(default_factory=Execution)
    exit_code: int | None = None
    printed: int = 0
