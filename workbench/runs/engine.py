"""papermill's engine with a kernel of our making: this Python, our environment, a local socket.

It counts the cells that were done, drops a flood of output (a gigabyte would be kept in memory
several times over), notes the kernel's largest memory and ends whatever the kernel leaves running.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from workbench.foundation.progress import progress
from workbench.runs.bundles import EXHIBIT, RECORD

#: Name under which papermill knows it.
ENGINE = "workbench"

#: Tag of the cell in which papermill writes the parameters; the notebook's own cells are counted.
INJECTED = "injected-parameters"

_MOST_PRINTED = 10_000_000  # characters that a notebook may print; what comes after is dropped
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
        Class name and message of an exception that this package raised in a cell.
    peak_memory_bytes : int
        Largest resident size of the kernel.
    exit_code : int or None
        Of a kernel that died on its own; minus the signal's number where a signal killed it.
    """

    notebook: Any = None
    cells_done: int = 0
    reason: str | None = None
    cell: int | None = None
    error: tuple[str, str] | None = None
    peak_memory_bytes: int = 0
    exit_code: int | None = None


@dataclass(slots=True)
class Session:
    """What the engine is given and what it leaves, since papermill returns nothing on failure."""

    environment: Mapping[str, str]
    folder: Path
    title: str
    execution: Execution = field(default_factory=Execution)
    exit_code: int | None = None
    printed: int = 0


def register_engine() -> None:
    """Tell papermill of the engine that gives a kernel our environment over a local socket."""
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient.exceptions import CellExecutionError
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines

    class OwnPython(KernelSpecManager):
        """Knows one kernel: this Python. One installed elsewhere may have another workbench."""

        def get_kernel_spec(self, kernel_name: str) -> Any:
            launch = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=launch, display_name=kernel_name, language="python")

    class Client(PapermillNotebookClient):  # type: ignore[misc]  # papermill has no hints
        """Executes cell by cell, and notes which one it is in."""

        session: Session

        def process_message(self, message: Any, cell: Any, cell_index: int) -> Any:
            content = message["content"]
            data = content.get("data", {})
            is_ours = EXHIBIT in data or RECORD in data
            size = len(content.get("text", "")) + sum(len(str(each)) for each in data.values())
            size = 0 if is_ours else size
            self.session.printed += size
            if size and self.session.printed > _MOST_PRINTED:
                # one short output of the cell remains, so that the record says it printed something
                if cell.outputs:
                    return None
                message = {
                    **message,
                    "msg_type": "stream",
                    "header": {**message["header"], "msg_type": "stream"},
                    "content": {"name": "stdout", "text": "cut off\n"},
                }
            return super().process_message(message, cell, cell_index)

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
            session: Session = options["session"]
            session.execution.notebook = nb_man.nb
            # a local socket: no port to clash over. Its path must be short and its folder writable,
            # which a home need not be, and swept if this process is killed
            manager = AsyncKernelManager(
                kernel_name=kernel_name,
                kernel_spec_manager=OwnPython(),
                transport="ipc",
                connection_file=str(session.folder / "kernel.json"),
            )
            client = Client(
                nb_man,
                km=manager,
                timeout=options.get("execution_timeout"),
                startup_timeout=options.get("start_timeout", 60),
                kernel_name=kernel_name,
                extra_arguments=["--HistoryManager.enabled=False"],
            )
            client.session = session
            client.owns_km = True
            with _watch(manager, session):
                # what a kernel writes past its outputs, a library's last words for instance, can
                # hold data and must not end in a terminal or a log
                return client.execute(
                    env=dict(session.environment),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )

    papermill_engines.register(ENGINE, Engine)


class _watch:  # noqa: N801 - used as a context, reads as a verb
    """Notes the kernel's largest memory while it lives, and ends what it leaves running."""

    def __init__(self, manager: Any, session: Session) -> None:
        self._manager = manager
        self._session = session
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._process: Any = None
        self._family: set[psutil.Process] = set()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        self._thread.join()
        if self._process is None:
            return
        self._session.exit_code = self._process.poll()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)  # the kernel leads a session of its own
        for member in self._family:  # and those that left it; none is killed whose number came anew
            with contextlib.suppress(psutil.Error):
                member.kill()

    def _look(self) -> None:
        execution = self._session.execution
        while not self._ended.wait(_LOOK_SECONDS):
            provisioner = getattr(self._manager, "provisioner", None)
            process = getattr(provisioner, "process", None)
            if process is None:
                continue
            self._process = process
            try:
                kernel = psutil.Process(process.pid)
                size = kernel.memory_info().rss
                self._family |= set(kernel.children(recursive=True))
            except psutil.Error:
                continue
            execution.peak_memory_bytes = max(execution.peak_memory_bytes, size)
