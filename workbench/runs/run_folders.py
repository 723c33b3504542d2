"""The folders in which runs are stored, under ``reports/runs``.

    runs/ID/           a finished run
    runs/ID-failed/    the last failure of a run; it is removed when the run finishes

A folder is made under a hidden name, every file in it is written and flushed, and only then the
folder gets its name. So a folder with a name is complete. With a vault the seal of the new folder
is written before the folder gets its name, beside the seal of the folder that it replaces: after a
crash in between, the folder on the disk still has a seal. A folder that is read is compared with
its seal.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from workbench.foundation.errors import InputError, IntegrityError, ParameterError, WorkbenchError
from workbench.foundation.files import sync_folder
from workbench.foundation.progress import say
from workbench.runs.record import ExecutionRecord, RunRecord, read_execution, read_record
from workbench.runs.seals import (
    SEALS,
    Seal,
    fitting_seal,
    read_files,
    read_seals,
    write_seals,
)
from workbench.vault import Vault

_FAILED = "-failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run in the folder of runs, finished or failed.

    Attributes
    ----------
    folder : Path
        Folder of the run.
    record : FinishedRecord or FailedRecord
        Content of ``record.json``.
    execution : ExecutionRecord
        Content of ``execution.json``.
    files : mapping of str to bytes
        All files of the folder by their path in it. They are read once, so the files that were
        verified are the files that are used.
    seal : Seal or None
        The seal that these files fit; None where no key was available and nothing was verified.
    """

    folder: Path
    record: RunRecord
    execution: ExecutionRecord
    files: Mapping[str, bytes] = field(repr=False)
    seal: Seal | None = None

    @property
    def id(self) -> str:
        """Id of the run."""
        return self.record.run

    @property
    def status(self) -> str:
        """``finished`` or ``failed``."""
        return self.record.status

    @property
    def notebook(self) -> str:
        """Name of the run's notebook."""
        return self.record.notebook.name

    @property
    def study(self) -> str:
        """Name of the run's study."""
        return self.record.study.name

    @property
    def started_at(self) -> datetime:
        """Time at which the run was started, in UTC."""
        return self.execution.started_at


@dataclass(frozen=True, slots=True)
class RunsFolder:
    """The folder of all runs.

    Attributes
    ----------
    path : Path
        Path of the folder.
    vault : Vault or None
        Vault with the seals; without it no run is sealed and none is verified.
    """

    path: Path
    vault: Vault | None = None

    def finished_run(self, run: str) -> Run | None:
        """Return a finished run; None where it has not finished, was changed or cannot be read."""
        folder = self.path / run
        if not (folder / "record.json").exists():
            return None
        try:
            return read_run(folder, self.vault)
        except (IntegrityError, ParameterError) as error:
            say(f"{error}: it counts as not finished")
            return None

    def repair(self, run: str) -> None:
        """Repair the folder of a run after a crash; the caller must hold the lock of the run."""
        for name in (run, f"{run}{_FAILED}"):
            for old in sorted(self.path.glob(f".{name}.*.old")):
                if (self.path / name).exists():
                    shutil.rmtree(old, ignore_errors=True)
                else:  # the crash came between the two renames of ``put``
                    old.rename(self.path / name)
            for partial in self.path.glob(f".{name}.*.partial"):
                shutil.rmtree(partial, ignore_errors=True)

    def put(
        self,
        run: str,
        content: Mapping[str, bytes],
        *,
        is_failed: bool,
        page: bytes = b"",
        identities: str = "",
    ) -> Run:
        """Write a run's files so that its folder appears whole or not at all, and seal it.

        A failure never changes a finished run of the same id. A finished run replaces an earlier
        run of the same id, and its failure.

        Parameters
        ----------
        run : str
            Id of the run.
        content : mapping of str to bytes
            Files by their path in the folder.
        is_failed : bool
            Whether the run failed.
        page : bytes
            Page of the run; it was searched for persons together with the files.
        identities : str
            Digest of the identities for which files and page were searched.
        """
        name = f"{run}{_FAILED}" if is_failed else run
        target = self.path / name
        seal = Seal.of(content, page=page, identities=identities)
        if self.vault is not None:
            write_seals(self.vault, name, [*self._seal_in_force(target), seal])
        partial = self.path / f".{name}.{secrets.token_hex(4)}.partial"
        old = self.path / f".{name}.{secrets.token_hex(4)}.old"
        try:
            for path, data in content.items():
                _write(partial / path, data)
            if target.exists():
                target.rename(old)
            partial.rename(target)
            sync_folder(self.path)
        except OSError as error:
            if old.exists() and not target.exists():
                old.rename(target)
            raise InputError(
                f"cannot write the run to {self.path}: {error.strerror}; make room or name another "
                "folder with --reports"
            ) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)
        if self.vault is not None:
            write_seals(self.vault, name, [seal])
        if not is_failed:
            shutil.rmtree(self.path / f"{run}{_FAILED}", ignore_errors=True)
            if self.vault is not None:
                self.vault.forget(SEALS, f"{run}{_FAILED}")
        return read_run(target, self.vault)

    def _seal_in_force(self, folder: Path) -> list[Seal]:
        """Return the seal that a folder fits now, as a list; empty where the folder was changed."""
        if self.vault is None or not folder.is_dir():
            return []
        with contextlib.suppress(WorkbenchError):
            seals = read_seals(self.vault, folder.name)
            return [fitting_seal(folder.name, read_files(folder), seals)]
        return []


def folders_of_runs(folder: Path) -> list[Path]:
    """Return the folders of all runs, sorted by name."""
    return sorted(
        path
        for path in folder.glob("*")
        if not path.name.startswith(".") and (path.is_dir() or path.is_symlink())
    )


def sort_runs(runs: Iterable[Run]) -> list[Run]:
    """Sort runs by study and notebook, the latest as-of date and execution first."""
    found = sorted(runs, key=lambda run: run.folder.name)
    found.sort(key=lambda run: (run.record.as_of, run.started_at), reverse=True)
    return sorted(found, key=lambda run: (run.study, run.notebook))


def read_run(folder: Path, vault: Vault | None) -> Run:
    """Read a run's folder and compare it with its seal; without a vault nothing is compared.

    Raises
    ------
    AccessError
        The seal was made with another key.
    IntegrityError
        The folder was changed since the run was made, it has no seal, or its record is damaged.
    ParameterError
        Its record was written by a version of this package with another schema.
    """
    try:
        return _read(folder, vault)
    except IntegrityError:
        return _read(folder, vault)  # another process may have replaced it while it was read


def _read(folder: Path, vault: Vault | None) -> Run:
    if folder.is_symlink():
        raise IntegrityError(f"run {folder.name}: its folder is a link to another folder")
    files = read_files(folder)
    name = folder.name
    seal = None if vault is None else fitting_seal(name, files, read_seals(vault, name))
    for needed in ("record.json", "execution.json"):
        if needed not in files:
            raise IntegrityError(
                f"run {name}: it has no {needed}; remove the folder and run the study again"
            )
    return Run(
        folder=folder,
        record=read_record(files["record.json"], name=name),
        execution=read_execution(files["execution.json"], name=name),
        files=files,
        seal=seal,
    )


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
