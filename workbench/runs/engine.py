"""papermill's engine with a kernel of our making: this Python, confined, over a local socket.

It counts the cells that were done, drops a flood of output (a gigabyte would be kept in memory
several times over), notes the largest memory of the kernel's processes, and reads what confines the
kernel from a pipe that the kernel closes before its first cell, so no cell can change it.

At the end a kernel gets ``SIGTERM`` at once instead of a request to shut down: all its outputs have
arrived, and nothing that it could put away is needed any more. Asked to shut down, ipykernel 7.4
stops the thread that sends outputs while the thread of the request still waits for it, and hangs:
3 of 10 confined kernels did, and the runner waited 2.5 s for each until it sent ``SIGTERM`` after
all (the others took 0.3 to 0.7 s). That was the wall time by which confined runs of three notebooks
took longer, 2.2 s; unconfined kernels hung too, but less often.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from workbench.foundation.confinement import Confinement
from workbench.foundation.progress import progress
from workbench.runs.bundles import EXHIBIT, RECORD

#: Name under which papermill knows it.
ENGINE = "workbench"

#: Tag of the cell in which papermill writes the parameters; the notebook's own cells are counted.
INJECTED = "injected-parameters"

_MOST_PRINTED = 10_000_000  # characters that a notebook may print; what comes after is dropped
_POLL_SECONDS = 0.02  # between two looks whether a kernel has ended
_LOOK_SECONDS = 0.2  # between two looks at the memory of the kernel's processes


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
        Largest sum of the resident sizes of the kernel and the processes that it started.
    exit_code : int or None
        Of a kernel that died on its own; minus the signal's number where a signal killed it.
    confinement : Confinement
        What the kernel's process reported before it became a kernel.
    """

    notebook: Any = None
    cells_done: int = 0
    reason: str | None = None
    cell: int | None = None
    error: tuple[str, str] | None = None
    peak_memory_bytes: int = 0
    exit_code: int | None = None
    confinement: Confinement = field(default_factory=Confinement)


@dataclass(slots=True)
class Session:
    """What the engine is given and what it leaves, since papermill returns nothing on failure."""

    environment: Mapping[str, str]
    folder: Path
    reads: tuple[Path, ...]
    is_confinement_required: bool
    title: str
    execution: Execution = field(default_factory=Execution)
    exit_code: int | None = None
    printed: int = 0


def kernel_command(session: Session, report: int) -> list[str]:
    """Return the command of a kernel that confines itself and reports to an open file.

    ``make bench`` replaces this function in its own process to measure what confinement costs; no
    option or setting of the package does.
    """
    required = ["--required"] if session.is_confinement_required else []
    own, reads = str(session.folder), [str(path) for path in session.reads]
    return [
        *(sys.executable, "-m", "workbench.foundation.confinement"),
        *(*required, own, str(report), *reads, "--", "-f", "{connection_file}"),
    ]


def register_engine() -> None:
    """Tell papermill of the engine that gives a kernel our environment over a local socket."""
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient.exceptions import CellExecutionError
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines

    class OwnPython(KernelSpecManager):
        """Knows one kernel: this Python. One installed elsewhere may have another workbench."""

        command: Sequence[str] = ()

        def get_kernel_spec(self, kernel_name: str) -> Any:
            return KernelSpec(argv=list(self.command), display_name=kernel_name, language="python")

    class Manager(AsyncKernelManager):
        """Ends a kernel without asking it first."""

        async def shutdown_kernel(  # type: ignore[override]  # its hints are not those of async
            self, now: bool = False, restart: bool = False
        ) -> None:
            self.shutting_down = True
            self.stop_restarter()
            if self.has_kernel:
                await self._async_send_kernel_sigterm(restart=restart)
                await self._async_finish_shutdown(pollinterval=_POLL_SECONDS, restart=restart)
            await self._async_cleanup_resources(restart=restart)

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
            python = OwnPython()
            manager = Manager(
                kernel_name=kernel_name,
                kernel_spec_manager=python,
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
            with _watch(manager, session), _report(session) as report:
                python.command = kernel_command(session, report)
                # what a kernel writes past its outputs, a library's last words for instance, can
                # hold data and must not end in a terminal or a log
                return client.execute(
                    env=dict(session.environment),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=(report,),
                )

    papermill_engines.register(ENGINE, Engine)


@contextlib.contextmanager
def _report(session: Session) -> Iterator[int]:
    """Give a kernel's process a pipe for its report, and read the report at the end."""
    end, report = os.pipe()
    try:
        yield report
    finally:
        os.close(report)
        os.set_blocking(end, False)  # a process that hangs before its report has it open still
        with contextlib.suppress(BlockingIOError), open(end, "rb") as file:
            content = file.read()
            if content:
                session.execution.confinement = Confinement.from_json(json.loads(content))


class _watch:  # noqa: N801 - used as a context, reads as a verb
    """Notes the largest memory of a kernel's processes, and ends what is left of them."""

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
        # on a system without namespaces, and without a subreaper that could end them, also those
        # that left the group; psutil kills no process that has taken over the number of another
        for member in self._family:
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
                waiter = psutil.Process(process.pid)
                below = waiter.children(recursive=True)
            except psutil.Error:
                continue
            self._family |= set(below)
            # where there is no waiter the process is the kernel itself
            size = sum(_resident(each) for each in below or [waiter])
            execution.peak_memory_bytes = max(execution.peak_memory_bytes, size)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0  # it ended between two looks
