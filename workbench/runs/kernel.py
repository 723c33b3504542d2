"""Execute a notebook through papermill in a kernel that holds one sealed view and nothing else.

The kernel's environment is made, not inherited: a short list of variables that programs need to
start, the settings under which equal runs give equal bytes, and the sealed view. Its folder is a
private one, so neither the project's path nor a user's name can come into an output. After a dead
kernel papermill's notebook says ``completed`` in every cell, so what happened is told by the
``Execution`` made here.
"""

import os
import shutil
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from workbench.foundation.progress import progress
from workbench.runs.notebooks import Notebook

_KEPT = (
    "PATH",
    "LD_LIBRARY_PATH",
    "VIRTUAL_ENV",
    "TMPDIR",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
)

#: Under these equal notebooks give equal outputs, whatever machine and user.
PINNED = {
    "LC_ALL": "C.UTF-8",
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "0",
    "TZ": "UTC",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}

#: Tag of the cell in which papermill writes the parameters; the notebook's own cells are counted.
INJECTED = "injected-parameters"

_LOOK_SECONDS = 0.2  # between two looks at the kernel's memory


@dataclass(slots=True)
class Execution:
    """What happened to a notebook: the witness, since the notebook itself may lie.

    Attributes
    ----------
    notebook : nbformat notebook or None
        As it stood at the end, outputs included; private.
    cells_done : int
        Cells that ran to their end, markdown included.
    reason : str or None
        Why it did not reach its end, without any value of the data.
    cell : int or None
        Number of the cell it ended in, the first is 1.
    error : (str, str) or None
        Class name and message of an exception that a cell raised.
    peak_memory_bytes : int
        Largest resident size of the kernel.
    exit_code : int or None
        Of a kernel that died; minus the signal's number where a signal killed it.
    """

    notebook: Any = None
    cells_done: int = 0
    reason: str | None = None
    cell: int | None = None
    error: tuple[str, str] | None = None
    peak_memory_bytes: int = 0
    exit_code: int | None = None


@dataclass(slots=True)
class _Session:
    """What the engine is given and what it leaves, since papermill returns nothing on failure."""

    environment: Mapping[str, str]
    title: str
    execution: Execution = field(default_factory=Execution)


def execute(
    notebook: Notebook,
    *,
    parameters: Mapping[str, Any],
    sealed_view: Mapping[str, str],
    folder: Path,
    timeout_seconds: int | None = None,
) -> Execution:
    """Execute a notebook; it returns whatever happens, and says what did.

    Parameters
    ----------
    notebook : Notebook
        As it lies in the project.
    parameters : mapping
        Checked values.
    sealed_view : mapping of str to str
        Environment that opens the view, see ``vault.seal_view``.
    folder : Path
        Private working folder of the kernel; made here and removed afterwards.
    timeout_seconds : int, optional
        Longest time for one cell.
    """
    import nbformat  # late, with papermill: together they cost most of a second
    import papermill
    import papermill.log
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    # it warns of names that its own pattern does not read; ours were checked before
    papermill.log.logger.setLevel("ERROR")
    _register_engine()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    session = _Session(_environment(sealed_view, folder), notebook.name)
    node: Any = nbformat.read(notebook.path, as_version=4)  # type: ignore[no-untyped-call]  # no hints
    execution = session.execution
    try:
        papermill.execute_notebook(
            node,
            None,
            parameters=dict(parameters),
            engine_name="workbench",
            kernel_name="python3",
            language="python",
            progress_bar=False,
            cwd=str(folder),
            session=session,
            execution_timeout=timeout_seconds,
        )
    except papermill.PapermillExecutionError as error:
        execution.error = (error.ename, error.evalue)
        execution.reason = f"{error.ename} in cell {execution.cell}"
    except DeadKernelError:
        how = _death(execution.exit_code)
        execution.reason = f"kernel {how} in cell {execution.cell}"
    except CellTimeoutError:
        execution.reason = f"cell {execution.cell} took longer than {timeout_seconds} s"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return execution


def _environment(sealed_view: Mapping[str, str], folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    homes = {"HOME": str(folder), "IPYTHONDIR": str(folder / "ipython")}
    return {**kept, **PINNED, **homes, **sealed_view}


def _death(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        name = signal.Signals(-exit_code).name
        return f"killed (signal {-exit_code}, {name})"
    return f"ended by itself (exit code {exit_code})"


def _register_engine() -> None:
    """Tell papermill of the engine that gives a kernel our environment over a local socket."""
    from jupyter_client.manager import AsyncKernelManager
    from nbclient.exceptions import CellExecutionError
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines

    class Client(PapermillNotebookClient):  # type: ignore[misc]  # papermill has no hints
        """Executes cell by cell, and notes which one it is in."""

        session: _Session

        def papermill_execute_cells(self) -> None:
            execution = self.session.execution
            cells = list(enumerate(self.nb.cells))
            for index, cell in progress(cells, total=len(cells), title=f"run {self.session.title}"):
                if INJECTED not in cell.metadata.get("tags", ()):
                    execution.cell = (execution.cell or 0) + 1
                try:
                    self.nb_man.cell_start(cell, index)
                    self.execute_cell(cell, index)
                except CellExecutionError as error:
                    self.nb_man.cell_exception(cell, cell_index=index, exception=error)
                    return
                self.nb_man.cell_complete(cell, cell_index=index)
                execution.cells_done = index + 1

    class Engine(NBClientEngine):  # type: ignore[misc]  # papermill has no hints
        """papermill's engine with a kernel of our making."""

        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
            session: _Session = options["session"]
            session.execution.notebook = nb_man.nb
            # a local socket: no port to clash over, and its path stays short
            manager = AsyncKernelManager(kernel_name=kernel_name, transport="ipc")
            client = Client(
                nb_man,
                km=manager,
                timeout=options.get("execution_timeout"),
                startup_timeout=options.get("start_timeout", 60),
                kernel_name=kernel_name,
                extra_arguments=["--HistoryManager.enabled=False"],
                coalesce_streams=True,
            )
            client.session = session
            client.owns_km = True
            with _watch(manager, session.execution):
                return client.execute(env=dict(session.environment))

    papermill_engines.register("workbench", Engine)


class _watch:  # noqa: N801 - used as a context, reads as a verb
    """Notes the kernel's largest memory while it lives, and how it died."""

    def __init__(self, manager: Any, execution: Execution) -> None:
        self._manager = manager
        self._execution = execution
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._process: Any = None

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        self._thread.join()
        if self._process is not None:
            self._execution.exit_code = self._process.poll()

    def _look(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            provisioner = getattr(self._manager, "provisioner", None)
            process = getattr(provisioner, "process", None)
            if process is None:
                continue
            self._process = process
            try:
                size = psutil.Process(process.pid).memory_info().rss
            except psutil.Error:
                continue
            self._execution.peak_memory_bytes = max(self._execution.peak_memory_bytes, size)
