"""papermill's engine with a kernel of our own: this Python, confined, over a local socket.

papermill fills in the parameters and calls the engine; nbclient executes the cells. Its hooks tell
which cell is being executed, and each of its messages passes ``process_message``, where a flood of
output is dropped (a gigabyte would be kept in memory several times over). The engine also measures
the largest memory of the kernel's processes, and reads what confines the kernel from a pipe that
the kernel closes before its first cell, so no cell can change it.

At the end a kernel gets ``SIGTERM`` at once instead of a request to shut down: all its outputs have
arrived, and the kernel has nothing left to save. After a request to shut down, ipykernel 7.4 stops
the thread that sends outputs while the thread of the request still waits for it, and hangs: 3 of 10
confined kernels did, and the runner waited 2.5 s for each until it sent ``SIGTERM`` after all (the
others took 0.3 to 0.7 s). Confined runs of three notebooks took 2.2 s longer for this reason;
unconfined kernels hung too, but less often.

This module imports papermill and nbclient, which takes a quarter of a second, so it is imported
only where a notebook is executed.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import psutil
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from papermill.engines import Engine, papermill_engines
from traitlets import Instance

from workbench.foundation.confinement import Confinement
from workbench.foundation.progress import progress
from workbench.runs.bundles import EXHIBIT, RECORD
from workbench.runs.execution import KernelSession
from workbench.runs.notebooks import number_cells

#: Name of the engine in papermill.
ENGINE = "workbench"

_MOST_PRINTED = 10_000_000  # characters that a notebook may print; what comes after is dropped
_POLL_SECONDS = 0.02  # between two checks whether a kernel has ended
_SAMPLE_SECONDS = 0.2  # between two measurements of the memory of the kernel's processes
_STARTUP_SECONDS = 60


def kernel_command(session: KernelSession, report: int) -> list[str]:
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


class RunKernelSpecs(KernelSpecManager):
    """Has one kernel: this Python. A kernel installed elsewhere may have another workbench."""

    command: tuple[str, ...] = ()

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the one kernel under whatever name a notebook asks for."""
        return KernelSpec(argv=list(self.command), display_name=kernel_name, language="python")


class RunKernelManager(AsyncKernelManager):
    """Ends a kernel without asking it first."""

    async def shutdown_kernel(  # type: ignore[override]  # the hints are those of KernelManager
        self, now: bool = False, restart: bool = False
    ) -> None:
        """Send ``SIGTERM``, wait until the kernel has ended, and clean up."""
        self.shutting_down = True
        self.stop_restarter()
        if self.has_kernel and self.provisioner is not None:
            await self.provisioner.terminate(restart=restart)
            await self.finish_shutdown(pollinterval=_POLL_SECONDS, restart=restart)
        await self.cleanup_resources(restart=restart)


class RunClient(NotebookClient):
    """Executes the cells of a notebook and drops a flood of output."""

    session = Instance(KernelSession)

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Keep an output of a cell; of a flood one short output, so that the cell is recorded."""
        content = msg["content"]
        data = content.get("data", {})
        if EXHIBIT not in data and RECORD not in data:
            size = len(content.get("text", "")) + sum(len(str(each)) for each in data.values())
            self.session.printed += size
            if size and self.session.printed > _MOST_PRINTED:
                if cell.outputs:
                    return None
                msg = {
                    **msg,
                    "msg_type": "stream",
                    "header": {**msg["header"], "msg_type": "stream"},
                    "content": {"name": "stdout", "text": "cut off\n"},
                }
        return super().process_message(msg, cell, cell_index)


class RunEngine(Engine):  # type: ignore[misc]  # papermill has no hints
    """Executes a notebook in a kernel of our own."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:
        """Execute all cells, up to the first that raises.

        Parameters
        ----------
        nb_man : NotebookExecutionManager
            papermill's notebook; it writes the state of each cell into the notebook.
        kernel_name : str
            Name of the kernel in the notebook.
        **options
            ``session``, a ``KernelSession``, and ``execution_timeout`` of one cell in seconds.
        """
        session: KernelSession = options["session"]
        execution = session.execution
        execution.notebook = nb_man.nb
        specs = RunKernelSpecs()
        # A local socket needs no port, so two kernels cannot clash. Its path must be short, and its
        # folder must be writable, which a home need not be.
        manager = RunKernelManager(
            kernel_name=kernel_name,
            kernel_spec_manager=specs,
            transport="ipc",
            connection_file=str(session.folder / "kernel.json"),
        )

        numbers = {id(cell): number for number, cell in number_cells(nb_man.nb.cells)}

        def start_cell(cell: Any, cell_index: int) -> None:
            execution.cell = numbers.get(id(cell), execution.cell)
            nb_man.cell_start(cell, cell_index)

        client = RunClient(
            nb_man.nb,
            km=manager,
            session=session,
            timeout=options.get("execution_timeout"),
            startup_timeout=_STARTUP_SECONDS,
            kernel_name=kernel_name,
            raise_on_iopub_timeout=True,
            extra_arguments=["--HistoryManager.enabled=False"],
            on_cell_start=start_cell,
        )
        with KernelWatch(manager, session), _report(session) as report:
            specs.command = tuple(kernel_command(session, report))
            client.reset_execution_trackers()
            # what a kernel writes past its outputs, the last message of a library for instance, can
            # contain data and must not end in a terminal or a log
            with client.setup_kernel(
                env=dict(session.environment),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(report,),
                cleanup_kc=True,
            ):
                _execute_cells(client, nb_man, session)


def register_engine() -> None:
    """Make the engine known to papermill."""
    papermill_engines.register(ENGINE, RunEngine)


def _execute_cells(client: RunClient, nb_man: Any, session: KernelSession) -> None:
    cells = list(enumerate(nb_man.nb.cells))
    for index, cell in progress(cells, total=len(cells), title=f"run {session.title}"):
        try:
            client.execute_cell(cell, index)
        except CellExecutionError as error:
            nb_man.cell_exception(cell, cell_index=index, exception=error)
            return  # papermill raises the error that is in the cell's outputs
        nb_man.cell_complete(cell, cell_index=index)
        session.execution.cells_done = index + 1


@contextlib.contextmanager
def _report(session: KernelSession) -> Iterator[int]:
    """Give a kernel's process a pipe for its report, and read the report at the end."""
    end, report = os.pipe()
    try:
        yield report
    finally:
        os.close(report)
        os.set_blocking(end, False)  # a process that hangs before its report still has it open
        with contextlib.suppress(BlockingIOError), open(end, "rb") as file:
            content = file.read()
            if content:
                session.execution.confinement = Confinement.from_json(json.loads(content))


class KernelWatch:
    """Measures the largest memory of a kernel's processes, and at the end kills what is left.

    Parameters
    ----------
    manager : RunKernelManager
        Manager that starts the kernel.
    session : KernelSession
        Session that gets the exit code and the largest memory.
    """

    def __init__(self, manager: RunKernelManager, session: KernelSession) -> None:
        self._manager = manager
        self._session = session
        self._has_ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._process: Any = None
        self._descendants: set[psutil.Process] = set()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *exception: object) -> None:
        self._has_ended.set()
        self._thread.join()
        if self._process is None:
            return
        self._session.exit_code = self._process.poll()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)  # the kernel leads a session of its own
        # Without namespaces and without a subreaper nothing has ended the processes that left the
        # group. psutil kills no process that has got the number of another one.
        for process in self._descendants:
            with contextlib.suppress(psutil.Error):
                process.kill()

    def _sample(self) -> None:
        execution = self._session.execution
        while not self._has_ended.wait(_SAMPLE_SECONDS):
            provisioner: Any = self._manager.provisioner  # the local one, which has a process
            process = None if provisioner is None else provisioner.process
            if process is None:
                continue
            self._process = process
            try:
                waiter = psutil.Process(process.pid)
                descendants = waiter.children(recursive=True)
            except psutil.Error:
                continue
            self._descendants |= set(descendants)
            # where the kernel has no waiter, the process is the kernel itself
            size = sum(_resident_bytes(each) for each in descendants or [waiter])
            execution.peak_memory_bytes = max(execution.peak_memory_bytes, size)


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0  # it ended after it was listed
