"""The folders of runs, as they lie under ``reports/runs``.

    runs/ID/           a finished run
    runs/ID-failed/    its last failure; goes when the run finishes

A folder is made under a hidden name, every file in it is written and flushed, and only then it gets
its name: a folder that can be seen is whole. With a vault its seal is written before the folder
gets its name, beside the seal of the folder it replaces, so that a crash in between leaves a folder
that has a seal; and whatever is read is compared with its seal.
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
    files_of,
    read_seals,
    verified,
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
        Where it is stored.
    record : FinishedRecord or FailedRecord
        Content of ``record.json``.
    execution : ExecutionRecord
        Content of ``execution.json``.
    files : mapping of str to bytes
        All files of the folder by their path in it, read once: what was verified is what is used.
    seal : Seal or None
        The seal that these files fit; None where no key was at hand and nothing was verified.
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
        """Name of its notebook."""
        return self.record.notebook.name

    @property
    def study(self) -> str:
        """Name of its study."""
        return self.record.study.name

    @property
    def started_at(self) -> datetime:
        """When it was executed, in UTC."""
        return self.execution.started_at


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of all runs.

    Attributes
    ----------
    path : Path
        Where it is.
    vault : Vault or None
        Contains the seals; without it nothing is sealed and nothing verified.
    """

    path: Path
    vault: Vault | None = None

    def finished(self, run: str) -> Run | None:
        """Return a finished run; None where it has not finished or was changed since."""
        folder = self.path / run
        if not (folder / "record.json").exists():
            return None
        try:
            return read_run(folder, self.vault)
        except (IntegrityError, ParameterError) as error:
            say(f"{error}: it counts as not finished")
            return None

    def mend(self, run: str) -> None:
        """Undo what a crash left of a run half written; only its holder may call this."""
        for name in (run, f"{run}{_FAILED}"):
            for old in sorted(self.path.glob(f".{name}.*.old")):
                if (self.path / name).exists():
                    shutil.rmtree(old, ignore_errors=True)
                else:  # it crashed between taking the earlier run away and putting the new one
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

        A failure never touches a finished run of the same id; a finished run takes the place of an
        earlier one and of its failure.

        Parameters
        ----------
        run : str
            Id of the run.
        content : mapping of str to bytes
            Files by their path in the folder.
        is_failed : bool
            Whether the run failed.
        page : bytes
            The page that was searched for persons with the files.
        identities : str
            Digest of the identities they were searched for.
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
        """Return the seal that a folder fits now; a changed folder has none."""
        if self.vault is None or not folder.is_dir():
            return []
        with contextlib.suppress(WorkbenchError):
            return [verified(folder.name, files_of(folder), read_seals(self.vault, folder.name))]
        return []


def folders_of_runs(folder: Path) -> list[Path]:
    """Return the folders of all runs, by name."""
    return sorted(
        path
        for path in folder.glob("*")
        if not path.name.startswith(".") and (path.is_dir() or path.is_symlink())
    )


def in_order(runs: Iterable[Run]) -> list[Run]:
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
        return _read(folder, vault)  # it may have been replaced by its own run while it was read


def _read(folder: Path, vault: Vault | None) -> Run:
    if folder.is_symlink():
        raise IntegrityError(f"run {folder.name}: it is a link to another folder")
    files = files_of(folder)
    seal = None if vault is None else verified(folder.name, files, read_seals(vault, folder.name))
    for needed in ("record.json", "execution.json"):
        if needed not in files:
            raise IntegrityError(
                f"run {folder.name}: it has no {needed}; remove the folder and run the study again"
            )
    return Run(
        folder=folder,
        record=read_record(files["record.json"], name=folder.name),
        execution=read_execution(files["execution.json"], name=folder.name),
        files=files,
        seal=seal,
    )


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
