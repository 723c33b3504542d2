"""Run a plan: the one function behind ``workbench run``.

Everything that will lie in the open, the page included, is searched for persons before any of it
is written. One process executes a run; others that want the same wait for it and find it done.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

import polars as pl
from filelock import FileLock, Timeout

from workbench.foundation import errors
from workbench.foundation.errors import InputError, PrivacyError, RunError, WorkbenchError
from workbench.foundation.progress import say
from workbench.privacy.leaks import KnownIdentifiers, find_leaks, known_identifiers
from workbench.privacy.variants import Sketch, Variant
from workbench.privacy.view import View, open_view
from workbench.runs.catalogue import Folder, Run
from workbench.runs.confined import demand_confinement, keep_apart
from workbench.runs.execution import Execution
from workbench.runs.failures import one_line, refusal_of_exhibits
from workbench.runs.kernel import execute
from workbench.runs.notebooks import import_nbformat
from workbench.runs.outputs import failed_files, finished_files, shortcoming
from workbench.runs.persons import keep_persons
from workbench.runs.plan import Plan, PlannedRun
from workbench.runs.record import SCHEMA_VERSION, ExecutionRecord, RecordedConfinement
from workbench.runs.scratch import Scratch
from workbench.runs.variants import Reservation, TooManyVariantsError, reserve
from workbench.vault import Vault, read_sealed_view, seal_view
from workbench.vault.parquet import reading

#: Classes that a notebook may raise and the command passes on with their own exit code.
_OURS = {name: getattr(errors, name) for name in ("ParameterError", "InputError", "PrivacyError")}

Clock = Callable[[], datetime]
Page = Callable[[Mapping[str, bytes], date], bytes]
Publish = Callable[[Run], object]


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
    page: Page,
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
    page : callable
        Makes a run's page from its files by their path in the run's folder and the day of its
        execution; the page is searched for persons before anything is written.
    publish : callable
        Called with each run that was written, finished or failed: it writes the page.
    again : bool
        Execute also what has finished.
    timeout_seconds : int, optional
        Longest time for one cell.

    Raises
    ------
    InputError
        The workspace is in a folder that notebooks can read.
    PrivacyError
        The study may see too few customers, or demands a confinement that this machine does not
        have.
    """
    folder = replace(folder, vault=vault)  # what it reads is verified, what it writes sealed
    with Scratch(vault) as scratch:
        opened = _Opened(plan, vault, scratch, page)
        return [
            _one(planned, opened, folder, clock, page, publish, again, timeout_seconds)
            for planned in plan.runs
        ]


class _Opened:
    """The plan's view, opened and sealed once, when the first run needs it."""

    def __init__(self, plan: Plan, vault: Vault, scratch: Scratch, page: Page) -> None:
        self.plan = plan
        self.vault = vault
        self.folder = scratch.folder
        self._page = page
        self._view: View | None = None
        self._environment: dict[str, str] = {}
        self._known: KnownIdentifiers | None = None
        self._pseudonyms = pl.Series(dtype=pl.UInt64)

    def view(self) -> View:
        """Open and seal the view, or return what was opened before."""
        if self._view is None:
            keep_apart([self.vault.workspace])
            if self.plan.study.require_confinement:
                demand_confinement(self.plan.study.name)
            dataset = self.plan.dataset
            with reading(dataset.label):
                view = open_view(self.plan.study, dataset, as_of=self.plan.as_of)
                about = view.describe()
                sealed = seal_view(self.folder / "view", data=view.data, description=about)
                self._environment = dict(sealed)
                # what is read of the view from now on is what the kernels read, not made anew
                self._view = View.restore(about, read_sealed_view(sealed).data)
                self._known = known_identifiers(dataset.data()["identities"])
                self._pseudonyms = (
                    self._view.data["customers"].select("customer_id").collect().to_series()
                )
        return self._view

    @contextmanager
    def reserved(self, planned: PlannedRun) -> Iterator[Reservation]:
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
        """Environment that opens the sealed view."""
        return self._environment

    def check(self, made: Mapping[str, bytes], started: datetime) -> None:
        """Refuse files that identify a person, or whose page does; anyone could read them."""
        self._require_nobody((*made.values(), self._page(made, started.date())))

    def searched(self, message: str) -> str:
        """Return a message of the kernel for the operator's terminal; empty if it names a person.

        The operator holds the key and reads why a notebook refused; no page prints the message.
        """
        line = one_line(message)
        try:
            self._require_nobody((line.encode(), message.encode()))
        except PrivacyError:
            return ""
        return line

    def _require_nobody(self, contents: Iterable[bytes]) -> None:
        study, known = self.plan.study, self._known
        if known is None:
            raise RunError("files are checked after the view was opened: report this fault")
        for content in contents:
            found = find_leaks(
                content,
                known=known,
                pseudonyms=self._pseudonyms,
                exempt=(study.owner, study.contact),
            )
            if found:
                told = ", ".join(f"{count} {kind}" for kind, count in found.items())
                raise PrivacyError(
                    f"the report of study {study.name} would identify persons ({told}): "
                    "it is not written; look at the notebook in the vault"
                )


def _one(
    planned: PlannedRun,
    opened: _Opened,
    folder: Folder,
    clock: Clock,
    page: Page,
    publish: Publish,
    again: bool,
    timeout_seconds: int | None,
) -> RunResult:
    with _alone(opened.vault, planned):
        folder.mend(planned.id)
        finished = folder.finished(planned.id)
        if finished is not None and not again:
            return RunResult(run=finished, is_reused=True)
        view = opened.view()
        started = clock()
        execution = Execution()
        try:
            with opened.reserved(planned) as reservation:
                execution = execute(
                    planned.notebook,
                    parameters=planned.parameters,
                    sealed_view=opened.environment,
                    folder=opened.folder / "work",
                    timeout_seconds=timeout_seconds,
                    require_confinement=opened.plan.study.require_confinement,
                )
                _keep(opened.vault, planned.id, execution)
                keep_persons(opened.vault, planned.id, view)
                made, error = _files(planned, opened, view, execution, started)
                if error is not None:
                    reservation.release()
        except TooManyVariantsError as refusal:
            error = refusal
            made = failed_files(opened.plan, planned, reason=str(refusal), cell=None)
        finished_execution = _execution_record(started, clock(), execution)
        files = {**made, "execution.json": finished_execution.to_bytes()}
        run = folder.put(
            planned.id,
            files,
            is_failed=error is not None,
            page=page(files, started.date()),
            identities=opened.plan.dataset.digest_of("identities"),
        )
        publish(run)
        return RunResult(run=run, is_reused=False, error=error)


@contextmanager
def _alone(vault: Vault, planned: PlannedRun) -> Iterator[None]:
    """Hold a run, saying so where another process holds it."""
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


def _files(
    planned: PlannedRun, opened: _Opened, view: View, execution: Execution, started: datetime
) -> tuple[dict[str, bytes], WorkbenchError | None]:
    """Return what goes into the run's folder, checked, and what is wrong with the run."""
    plan, name = opened.plan, planned.notebook.name

    def failed(why: str, cell: int | None) -> dict[str, bytes]:
        made = failed_files(plan, planned, reason=why, cell=cell)
        opened.check(made, started)
        return made

    try:
        reason = shortcoming(execution)
        made = finished_files(plan, planned, view, execution) if reason is None else {}
    except (PrivacyError, RunError) as shortfall:
        why = refusal_of_exhibits(shortfall)
        return failed(why, None), type(shortfall)(opened.searched(str(shortfall)) or why)
    if reason is None:
        try:
            opened.check(made, started)
        except PrivacyError as found:
            return failed(str(found), None), found
        return made, None
    if execution.error is not None and execution.error[0] in _OURS:
        kind, message = execution.error
        if said := opened.searched(message):
            return failed(reason, execution.cell), _OURS[kind](f"notebook {name}: {said}")
    return failed(reason, execution.cell), RunError(
        f"notebook {name} failed: {reason}. `workbench open {planned.id}` shows the cell and its "
        "traceback to the key's holder; mend the notebook and run it again"
    )


def _keep(vault: Vault, run: str, execution: Execution) -> None:
    """Seal the executed notebook, whole or partial; it holds whatever its cells printed."""
    if execution.notebook is None:
        return
    content: str = import_nbformat().writes(execution.notebook)
    vault.keep("notebooks", run, content.encode())


def _execution_record(started: datetime, ended: datetime, execution: Execution) -> ExecutionRecord:
    held = execution.confinement
    return ExecutionRecord(
        schema=SCHEMA_VERSION,
        started_at=started.replace(microsecond=0),
        ended_at=ended.replace(microsecond=0),
        seconds=round((ended - started).total_seconds(), 1),
        peak_memory_mb=execution.peak_memory_bytes // 2**20,
        exit_code=execution.exit_code,
        confinement=RecordedConfinement(**asdict(held), missing=held.missing),
    )
