"""Execute a notebook through papermill in a confined kernel that holds one sealed view.

The kernel's environment is made, not inherited: a short list of variables that programs need to
start, the settings under which equal runs give equal bytes, and the sealed view. The folder of the
kernel is a private one, so neither the project's path nor a user's name can come into an output.
After a dead kernel papermill marks every cell of the notebook as completed, so the ``Execution``
made here describes what happened.

The kernel's process confines itself before it becomes a kernel, see ``foundation.confinement``: it
can read Python, its libraries, this package and the sealed view, it can write its own folder, it
has no socket but local streams, and all processes that a notebook started end with it. The parts of
this that the machine cannot do are in ``Execution.confinement``.
"""

import compileall
import os
import re
import resource
import shutil
import signal
import sys
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from workbench.foundation.errors import InputError
from workbench.runs.execution import Execution, KernelSession
from workbench.runs.failures import kind_of_error
from workbench.runs.notebooks import Notebook, import_nbformat
from workbench.vault.views import FOLDER_VARIABLE

_KEPT = (
    "PATH",
    "LD_LIBRARY_PATH",
    "VIRTUAL_ENV",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
)

_STARTS = 3  # on a crowded machine a kernel can die before it answers for the first time

_SOCKET = "kernel-ipc-5"  # the longest name of a kernel's sockets
_LONGEST_SOCKET = 103 if sys.platform == "darwin" else 107  # bytes of a path

_COLOURS = re.compile("\x1b\\[[0-9;]*m")  # of a traceback as IPython prints it

#: Environment under which equal notebooks give equal outputs for every user and machine.
PINNED = {
    "LC_ALL": "C.UTF-8",
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "0",
    "TZ": "UTC",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    # The allocator in polars returns memory a second after it was freed, that of large arrays too.
    # After .3 s, churn and segments of a million customers took 1.6 CPU s more; by default, three
    # notebooks of 3 million customers took 3.1 GB instead of 2.95 (measured by hand).
    "_RJEM_MALLOC_CONF": "oversize_threshold:0,dirty_decay_ms:1000,muzzy_decay_ms:0",
}


def execute(
    notebook: Notebook,
    *,
    parameters: Mapping[str, Any],
    sealed_view: Mapping[str, str],
    folder: Path,
    timeout_seconds: int | None = None,
    require_confinement: bool = False,
) -> Execution:
    """Execute a notebook; return what happened, also where the notebook failed.

    Parameters
    ----------
    notebook : Notebook
        Notebook of the project.
    parameters : mapping
        Checked values by name.
    sealed_view : mapping of str to str
        Environment variables that open the view, see ``vault.seal_view``.
    folder : Path
        Private working folder of the kernel; made here and removed afterwards.
    timeout_seconds : int, optional
        Longest time for one cell.
    require_confinement : bool
        Whether the notebook must not start where a part of the confinement is missing.

    Raises
    ------
    InputError
        The path of the folder is too long for the kernel's sockets.
    """
    socket = os.fsencode(folder.absolute() / _SOCKET)
    if len(socket) > _LONGEST_SOCKET:
        raise InputError(
            f"the path of the folder for temporary files is too long: a socket in it would have "
            f"{len(socket)} bytes, and {_LONGEST_SOCKET} are possible; set TMPDIR to a shorter path"
        )
    _compile_package()
    for _ in range(_STARTS):
        execution = _attempt(
            notebook, parameters, sealed_view, folder, timeout_seconds, require_confinement
        )
        if execution.cell is not None or execution.reason is None:
            break  # only a kernel that died before the first cell is replaced: it has done nothing
        if require_confinement and execution.confinement.missing:
            break  # another kernel would be refused too
    return execution


@cache
def _compile_package() -> None:
    """Compile this package's modules once, because a confined kernel cannot store byte code.

    Otherwise every kernel would compile again the modules that only kernels import. All modules
    take 0.4 CPU s, and 0.06 s where none has changed.
    """
    compileall.compile_dir(str(files("workbench")), quiet=2)


def _attempt(
    notebook: Notebook,
    parameters: Mapping[str, Any],
    sealed_view: Mapping[str, str],
    folder: Path,
    timeout_seconds: int | None,
    require_confinement: bool,
) -> Execution:
    nbformat = import_nbformat()
    import papermill  # late, as the engine: together they take a quarter of a second
    import papermill.log
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    from workbench.runs.engine import ENGINE, register_engine

    # papermill warns of parameters that its own pattern does not find; they were checked before
    papermill.log.logger.setLevel("ERROR")
    register_engine()
    # a core dump would hold customers' data
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    session = KernelSession(
        environment=kernel_environment(folder) | dict(sealed_view),
        folder=folder,
        reads=(Path(sealed_view[FOLDER_VARIABLE]),),
        is_confinement_required=require_confinement,
        title=notebook.name,
    )
    node: Any = nbformat.read(notebook.path, as_version=4)
    execution = session.execution
    try:
        papermill.execute_notebook(
            node,
            None,
            parameters=dict(parameters),
            engine_name=ENGINE,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            cwd=str(folder),
            session=session,
            execution_timeout=timeout_seconds,
        )
    except papermill.PapermillExecutionError as error:
        if _is_raised_here(error.traceback):
            execution.error = (error.ename, error.evalue)
        execution.has_traceback = True
        execution.reason = f"{kind_of_error(error.ename)} in cell {execution.cell}"
    except DeadKernelError:
        execution.exit_code = session.exit_code
        execution.reason = f"kernel {_death(session.exit_code)} in cell {execution.cell}"
    except CellTimeoutError:
        execution.reason = f"cell {execution.cell} took longer than {timeout_seconds} s"
    except RuntimeError:
        if execution.cell is not None:
            raise
        execution.exit_code = session.exit_code
        execution.reason = f"the kernel did not start (exit code {session.exit_code})"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return execution


def kernel_environment(folder: Path) -> dict[str, str]:
    """Return the environment variables of a kernel with this folder, without those of a view."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    homes = {
        "HOME": str(folder),
        "IPYTHONDIR": str(folder / "ipython"),
        "TMPDIR": str(folder),  # a confined kernel cannot write the machine's
    }
    return {**kept, **PINNED, **homes}


def _is_raised_here(traceback: list[str]) -> bool:
    """Return whether the last frame of a notebook's traceback is in a file of this package.

    A cell can raise anything under any name, and the messages of this package contain no value of
    the data. This guards against accident only, since the kernel makes the traceback: the message
    is searched for persons and shown to the operator, and never printed on a page.
    """
    text = _COLOURS.sub("", "\n".join(traceback))
    frames = re.findall(r"^(?:File (.+?):\d+|Cell In\[\d+\])", text, re.MULTILINE)
    return bool(frames) and Path(frames[-1]).is_relative_to(str(files("workbench")))


def _death(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        name = signal.Signals(-exit_code).name
        return f"killed (signal {-exit_code}, {name})"
    return f"ended by itself (exit code {exit_code})"
