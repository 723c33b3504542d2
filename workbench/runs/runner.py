"""Execute a plan: the one function behind ``workbench run``.

Every file that anybody may read, the page included, is searched for persons before it is written.
One process executes a run; another process that wants the same run waits for it and finds it
finished.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

import polars as pl
from filelock import FileLock, Timeout

from workbench.foundation import errors
from workbench.foundation.errors import InputError, PrivacyError, RunError, WorkbenchError
from workbench.foundation.memory import release_freed_memory
from workbench.foundation.progress import say
from workbench.privacy.leaks import KnownIdentifiers, find_leaks, known_identifiers
from workbench.privacy.variants import Sketch, Variant
from workbench.privacy.view import View, open_view
from workbench.runs.execution import Execution
from workbench.runs.failures import ExhibitError, one_line, refusal_of_exhibits
from workbench.runs.kernel import execute
from workbench.runs.kernel_checks import require_confinement_works, require_outside
from workbench.runs.notebooks import FAILURE, import_nbformat
from workbench.runs.outputs import failed_files, finished_files, shortcoming
from workbench.runs.persons import store_persons
from workbench.runs.plan import PlannedRun, RunPlan
from workbench.runs.record import (
    SCHEMA_VERSION,
    ExecutionRecord,
    FailedRecord,
    RecordedConfinement,
)
from workbench.runs.reservations import Reservation, TooManyVariantsError, reserve
from workbench.runs.run_folders import Run, RunsFolder
from workbench.runs.scratch import Scratch
from workbench.vault import Vault, read_sealed_view
from workbench.vault.parquet import translate_read_errors

#: Classes that a notebook may raise; the command then ends with the exit code of the class.
_OWN_ERRORS = {
    name: getattr(errors, name) for name in ("ParameterError", "InputError", "PrivacyError")
}

Clock = Callable[[], datetime]
Page = Callable[[Mapping[str, bytes], date], bytes]
Publish = Callable[[Run], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """Outcome of one planned run.

    Attributes
    ----------
    run : Run
        The run as it is stored in the folder of runs.
    is_reused : bool
        True where the run had finished before and nothing was executed.
    error : WorkbenchError or None
        Why the run failed.
    """

    run: Run
    is_reused: bool
    error: WorkbenchError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """What the runner is given by its caller, for all runs of a plan; see ``run_plan``."""

    folder: RunsFolder
    clock: Clock
    page: Page
    publish: Publish
    again: bool
    timeout_seconds: int | None


def run_plan(
    plan: RunPlan,
    *,
    vault: Vault,
    folder: RunsFolder,
    clock: Clock,
    page: Page,
    publish: Publish,
    again: bool = False,
    timeout_seconds: int | None = None,
) -> list[RunResult]:
    """Execute the runs of a plan that have not finished yet.

    Parameters
    ----------
    plan : RunPlan
        Checked runs of one study.
    vault : Vault
        Vault with the dataset; executed notebooks are stored in it.
    folder : RunsFolder
        Folder in which the runs are stored.
    clock : callable
        Returns the time, for ``execution.json``.
    page : callable
        Makes a run's page from its files by their path in the run's folder and the day of its
        execution; the page is searched for persons before anything is written.
    publish : callable
        Called with each run that was written, finished or failed: it writes the page.
    again : bool
        Whether to execute also runs that have finished.
    timeout_seconds : int, optional
        Longest time for one cell.

    Raises
    ------
    InputError
        The workspace is in a folder that notebooks can read.
    PrivacyError
        The view has too few customers, or the study requires a confinement that this machine does
        not have.
    """
    steps = _Steps(
        folder=replace(folder, vault=vault),  # with the vault it verifies runs and seals them
        clock=clock,
        page=page,
        publish=publish,
        again=again,
        timeout_seconds=timeout_seconds,
    )
    with Scratch(vault) as scratch:
        source = _ViewSource(plan, vault, scratch, page)
        return [_reuse_or_execute(planned, source, steps) for planned in plan.runs]


class _ViewSource:
    """The view of a plan, opened and sealed once, when the first run needs it."""

    def __init__(self, plan: RunPlan, vault: Vault, scratch: Scratch, page: Page) -> None:
        self.plan = plan
        self.vault = vault
        self.folder = scratch.folder
        self._page = page
        self._view: View | None = None
        self._environment: dict[str, str] = {}
        self._known: KnownIdentifiers | None = None
        self._pseudonyms = pl.Series(dtype=pl.UInt64)

    def view(self) -> View:
        """Open and seal the view, or return the view that was opened before."""
        if self._view is None:
            require_outside([self.vault.workspace])
            if self.plan.study.require_confinement:
                require_confinement_works(self.plan.study.name)
            dataset = self.plan.dataset
            with translate_read_errors(dataset.label):
                opened = open_view(self.plan.study, dataset, as_of=self.plan.as_of)
                sealing = opened.seal(self.folder / "view", most_rows=dataset.rows)
                self._environment = dict(sealing)
                # from here on the runner reads the tables that the kernels read
                del opened
                sealed = read_sealed_view(self._environment)
                self._view = View.restore(sealed.description, sealed.data)
                self._known = known_identifiers(dataset.data()["identities"])
                self._pseudonyms = (
                    self._view.data["customers"].select("customer_id").collect().to_series()
                )
        return self._view

    @contextmanager
    def reserve_run(self, planned: PlannedRun) -> Iterator[Reservation]:
        """Count a run among the published reports of its study before its kernel starts."""
        view = self.view()
        variant = Variant.of(
            notebook=planned.notebook.name,
            digest=planned.notebook.digest,
            view=view.fingerprint,
            parameters=planned.parameters,
            persons=Sketch.of(self._pseudonyms),
        )
        with reserve(variant, study=self.plan.study, vault=self.vault) as reservation:
            yield reservation

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that open the sealed view."""
        return self._environment

    def require_no_person(self, files: Mapping[str, bytes], started: datetime) -> None:
        """Refuse files that identify a person, or whose page does, since anyone can read them.

        Raises
        ------
        PrivacyError
            A person was found; the message gives kinds and numbers of what was found.
        """
        self._require_no_person_in((*files.values(), self._page(files, started.date())))

    def message_for_operator(self, message: str) -> str:
        """Return a message of the kernel as one line; empty where it names a person.

        The operator holds the key and reads why a notebook refused; no page prints the message.
        """
        line = one_line(message)
        try:
            self._require_no_person_in((line.encode(), message.encode()))
        except PrivacyError:
            return ""
        return line

    def _require_no_person_in(self, contents: Iterable[bytes]) -> None:
        study, known = self.plan.study, self._known
        if known is None:
            raise RunError("files are searched after the view was opened: report this fault")
        for content in contents:
            found = find_leaks(
                content,
                known=known,
                pseudonyms=self._pseudonyms,
                exempt=(study.owner, study.contact),
            )
            if found:
                counts = ", ".join(f"{count} {kind}" for kind, count in found.items())
                raise PrivacyError(
                    f"the report of study {study.name} would identify persons ({counts}): "
                    "it is not written; look at the notebook in the vault"
                )


def _reuse_or_execute(planned: PlannedRun, source: _ViewSource, steps: _Steps) -> RunResult:
    """Return a run that has finished before, or execute it."""
    with _run_lock(source.vault, planned):
        steps.folder.repair(planned.id)
        finished = steps.folder.finished_run(planned.id)
        if finished is not None and not steps.again:
            return RunResult(run=finished, is_reused=True)
        return _execute_run(planned, source, steps)


def _execute_run(planned: PlannedRun, source: _ViewSource, steps: _Steps) -> RunResult:
    """Execute a run, store its folder and publish its page."""
    view = source.view()
    started = steps.clock()
    execution = Execution()
    try:
        with source.reserve_run(planned) as reservation:
            release_freed_memory()  # The kernel may need it.
            execution = execute(
                planned.notebook,
                parameters=planned.parameters,
                sealed_view=source.environment,
                folder=source.folder / "work",
                timeout_seconds=steps.timeout_seconds,
                require_confinement=source.plan.study.require_confinement,
            )
            _store_notebook(source.vault, planned.id, execution)
            store_persons(source.vault, planned.id, view)
            files, error = _checked_files(planned, source, view, execution, started)
            if error is not None:
                reservation.release()
    except TooManyVariantsError as refusal:
        error = refusal
        files = failed_files(source.plan, planned, reason=str(refusal), cell=None)
    page = steps.page(files, started.date())
    execution_record = _execution_record(started, steps.clock(), execution)
    run = steps.folder.put(
        planned.id,
        {**files, "execution.json": execution_record.to_bytes()},
        is_failed=error is not None,
        page=page,
        identities=source.plan.dataset.digest_of("identities"),
    )
    if error is not None and isinstance(run.record, FailedRecord):
        failure = {"reason": str(error), "cell": run.record.cell}
        _store_notebook(source.vault, planned.id, execution, failure=failure)
    steps.publish(run)
    return RunResult(run=run, is_reused=False, error=error)


@contextmanager
def _run_lock(vault: Vault, planned: PlannedRun) -> Iterator[None]:
    """Hold the lock of a run; say so where another process holds it, and wait."""
    lock = FileLock(vault.workspace / "locks" / f"{planned.id}.lock")
    try:
        (vault.workspace / "locks").mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say(
                f"Run {planned.id} of notebook {planned.notebook.name} is being executed by "
                "another process: waiting for it."
            )
            lock.acquire()
    except OSError as error:
        raise InputError(f"cannot write in {vault.workspace}: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()


def _checked_files(
    planned: PlannedRun, source: _ViewSource, view: View, execution: Execution, started: datetime
) -> tuple[dict[str, bytes], WorkbenchError | None]:
    """Return the files of the run's folder, searched for persons, and why the run failed."""
    plan, name = source.plan, planned.notebook.name

    def record_failure(why: str, cell: int | None) -> dict[str, bytes]:
        files = failed_files(plan, planned, reason=why, cell=cell)
        source.require_no_person(files, started)
        return files

    try:
        reason = shortcoming(execution)
        files = finished_files(plan, planned, view, execution) if reason is None else {}
    except (PrivacyError, RunError) as refusal:
        why = refusal_of_exhibits(refusal)
        message = source.message_for_operator(str(refusal)) or why
        cell = refusal.cell if isinstance(refusal, ExhibitError) else None
        kind = PrivacyError if isinstance(refusal, PrivacyError) else RunError
        place = f"notebook {name}" if cell is None else f"notebook {name}, cell {cell}"
        return record_failure(why, cell), kind(f"{place}: {message}")
    if reason is None:
        try:
            source.require_no_person(files, started)
        except PrivacyError as leak:
            return record_failure(str(leak), None), leak
        return files, None
    cell = execution.failed_cell
    if execution.error is not None and execution.error[0] in _OWN_ERRORS:
        kind_of_own, message = execution.error
        if line := source.message_for_operator(message):
            error = _OWN_ERRORS[kind_of_own](f"notebook {name}, cell {cell}: {line}")
            return record_failure(reason, cell), error
    advice = "mend the notebook and run it again"
    if cell is not None:
        shown = "the cell and its traceback" if execution.has_traceback else "the cell"
        advice = f"`workbench open {planned.id}` shows {shown} to the key's holder; {advice}"
    return record_failure(reason, cell), RunError(f"notebook {name} failed: {reason}. {advice}")


def _store_notebook(
    vault: Vault, run: str, execution: Execution, *, failure: Mapping[str, object] | None = None
) -> None:
    """Seal the executed notebook, whole or partial; it contains whatever its cells printed.

    A notebook that failed also contains why, for ``workbench open``.
    """
    if execution.notebook is None:
        return
    if failure is not None:
        execution.notebook.metadata[FAILURE] = dict(failure)
    content: str = import_nbformat().writes(execution.notebook)
    vault.keep("notebooks", run, content.encode())


def _execution_record(started: datetime, ended: datetime, execution: Execution) -> ExecutionRecord:
    confinement = execution.confinement
    return ExecutionRecord(
        schema=SCHEMA_VERSION,
        started_at=started.replace(microsecond=0),
        ended_at=ended.replace(microsecond=0),
        seconds=round((ended - started).total_seconds(), 1),
        peak_memory_mb=execution.peak_memory_bytes // 2**20,
        exit_code=execution.exit_code,
        confinement=RecordedConfinement(**asdict(confinement), missing=confinement.missing),
    )
