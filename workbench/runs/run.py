"""Run a plan: the one function behind ``workbench run``."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from filelock import FileLock

from workbench.foundation import errors
from workbench.foundation.errors import PrivacyError, RunError, WorkbenchError
from workbench.foundation.files import canonical_json
from workbench.privacy.leaks import find_leaks, known_identifiers
from workbench.privacy.view import View, open_view
from workbench.runs.catalogue import Folder, Run
from workbench.runs.kernel import Execution, execute
from workbench.runs.plan import Plan, PlannedRun
from workbench.runs.record import failed_files, finished_files, shortcoming
from workbench.vault import Vault, seal_view
from workbench.vault.parquet import reading

#: Classes that a notebook may raise and the command passes on with their own exit code.
_OURS = {name: getattr(errors, name) for name in ("ParameterError", "InputError", "PrivacyError")}

Clock = Callable[[], datetime]
Publish = Callable[[Run, Callable[[bytes], None]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What became of one planned run.

    Attributes
    ----------
    run : Run
        As it lies in the folder of runs.
    is_reused : bool
        True where it had finished before and nothing was executed.
    error : WorkbenchError or None
        Why it failed.
    """

    run: Run
    is_reused: bool
    error: WorkbenchError | None = None


def run(
    plan: Plan,
    *,
    vault: Vault,
    folder: Folder,
    clock: Clock,
    publish: Publish,
    again: bool = False,
    timeout_seconds: int | None = None,
) -> list[RunResult]:
    """Execute what of a plan has not finished yet.

    Parameters
    ----------
    plan : Plan
        Checked runs of one study.
    vault : Vault
        Holds the dataset; executed notebooks are kept there.
    folder : Folder
        Where records go.
    clock : callable
        Gives the time for ``execution.json``.
    publish : callable
        Called with each run that finished or failed and a check for the bytes about to be
        written: it makes the page.
    again : bool
        Execute also what has finished.
    timeout_seconds : int, optional
        Longest time for one cell.

    Raises
    ------
    PrivacyError
        The study may see too few customers.
    """
    opened = _Opened(plan, vault)
    try:
        return [
            _one(planned, opened, folder, clock, publish, again, timeout_seconds)
            for planned in plan.runs
        ]
    finally:
        opened.close()


class _Opened:
    """The plan's view, opened and sealed once, when the first run needs it."""

    def __init__(self, plan: Plan, vault: Vault) -> None:
        self.plan = plan
        self.vault = vault
        self._view: View | None = None
        self._environment: dict[str, str] = {}
        self._known = pl.DataFrame()
        self._pseudonyms = pl.Series(dtype=pl.UInt64)
        # one folder per process, so that two runs at once cannot take each other's view away
        self.folder = vault.private_folder(f"{plan.runs[0].id}-{os.getpid()}")

    def view(self) -> View:
        """Open and seal the view, or return what was opened before."""
        if self._view is None:
            dataset = self.plan.dataset
            with reading(dataset.label):
                self._view = open_view(self.plan.study, dataset, as_of=self.plan.as_of)
                sealed = seal_view(
                    self.folder / "view", data=self._view.data, description=self._view.describe()
                )
                self._environment = dict(sealed)
                self._known = known_identifiers(dataset.data()["identities"])
                self._pseudonyms = (
                    self._view.data["customers"].select("customer_id").collect().to_series()
                )
        return self._view

    @property
    def environment(self) -> dict[str, str]:
        """Environment that opens the sealed view."""
        return self._environment

    def check(self, content: bytes) -> None:
        """Refuse content that identifies a person; it is about to be written for anyone."""
        study = self.plan.study
        found = find_leaks(
            content,
            known=self._known,
            pseudonyms=self._pseudonyms,
            exempt=(study.owner, study.contact),
        )
        if found:
            told = ", ".join(f"{count} {kind}" for kind, count in found.items())
            raise PrivacyError(
                f"the report of study {study.name} would identify persons ({told}): "
                "it is not written; look at the notebook in the vault"
            )

    def close(self) -> None:
        """Remove the sealed view: its key is gone with this process."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _one(
    planned: PlannedRun,
    opened: _Opened,
    folder: Folder,
    clock: Clock,
    publish: Publish,
    again: bool,
    timeout_seconds: int | None,
) -> RunResult:
    locks = opened.vault.workspace / "locks"
    locks.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(locks / f"{planned.id}.lock"):
        finished = folder.finished(planned.id)
        if finished is not None and not again:
            return RunResult(run=finished, is_reused=True)
        view = opened.view()
        started = clock()
        execution = execute(
            planned.notebook,
            parameters=planned.parameters,
            sealed_view=opened.environment,
            folder=opened.folder / "work",
            timeout_seconds=timeout_seconds,
        )
        _keep(opened.vault, planned.id, execution)
        made, error = _files(planned, opened, view, execution)
        told = _told(started, clock(), execution)
        run = folder.put(
            planned.id,
            {**made, "execution.json": canonical_json(told)},
            is_failed=error is not None,
        )
        try:
            publish(run, opened.check)
        except PrivacyError as leak:
            return RunResult(run=run, is_reused=False, error=leak)
        return RunResult(run=run, is_reused=False, error=error)


def _files(
    planned: PlannedRun, opened: _Opened, view: View, execution: Execution
) -> tuple[dict[str, bytes], WorkbenchError | None]:
    """Return what goes into the run's folder, checked, and what is wrong with the run."""
    plan = opened.plan
    reason = shortcoming(execution)
    error: WorkbenchError | None = None
    if reason is None:
        made = finished_files(plan, planned, view, execution)
        try:
            for content in made.values():
                opened.check(content)
        except PrivacyError as leak:
            reason, error = str(leak), leak
        else:
            return made, None
    if execution.error is not None and execution.error[0] in _OURS:
        name, message = execution.error  # our own messages hold no value of the data
        error = _OURS[name](f"notebook {planned.notebook.name}: {message}")
        reason = f"{reason}: {message}"
    failed = failed_files(plan, planned, reason=reason, cell=execution.cell)
    for content in failed.values():
        opened.check(content)
    return failed, error or RunError(
        f"notebook {planned.notebook.name} failed: {reason}. Its cells lie in the vault; "
        f"run it again with --again, or open it in the lab"
    )


def _keep(vault: Vault, run: str, execution: Execution) -> None:
    """Seal the executed notebook, whole or partial; it holds whatever its cells printed."""
    if execution.notebook is None:
        return
    import nbformat  # late: see runs.notebooks

    content: str = nbformat.writes(execution.notebook)  # type: ignore[no-untyped-call]  # no hints
    vault.keep("notebooks", run, content.encode())


def _told(started: datetime, ended: datetime, execution: Execution) -> dict[str, Any]:
    return {
        "started_at": started.isoformat(timespec="seconds"),
        "ended_at": ended.isoformat(timespec="seconds"),
        "seconds": round((ended - started).total_seconds(), 1),
        "peak_memory_mb": execution.peak_memory_bytes // 2**20,
        "exit_code": execution.exit_code,
    }
