"""The folders of runs, as they lie under ``reports/runs``.

    runs/ID/           a finished run
    runs/ID-failed/    its last failure; goes when the run finishes

A folder is made under a hidden name, every file in it is written and flushed, and only then it gets
its name: a folder that can be seen is whole.
"""

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.foundation.errors import InputError, IntegrityError
from workbench.foundation.files import sync_folder

_FAILED = "-failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that lies there, finished or failed."""

    id: str
    status: str
    folder: Path
    record: Mapping[str, Any]
    execution: Mapping[str, Any]

    @property
    def notebook(self) -> str:
        """Name of its notebook."""
        return str(self.record["notebook"]["name"])

    @property
    def study(self) -> str:
        """Name of its study."""
        return str(self.record["study"]["name"])

    @property
    def started_at(self) -> str:
        """When it was executed, ISO 8601 in UTC."""
        return str(self.execution["started_at"])


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of all runs."""

    path: Path

    def finished(self, run: str) -> Run | None:
        """Return a finished run, None where it has not finished."""
        folder = self.path / run
        return _read(folder) if (folder / "record.json").is_file() else None

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

    def put(self, run: str, content: Mapping[str, bytes], *, is_failed: bool) -> Run:
        """Write a run's files so that its folder appears whole or not at all.

        A failure never touches a finished run of the same id; a finished run takes the place of an
        earlier one and of its failure.
        """
        name = f"{run}{_FAILED}" if is_failed else run
        target = self.path / name
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
        if not is_failed:
            shutil.rmtree(self.path / f"{run}{_FAILED}", ignore_errors=True)
        return _read(target)


def runs_in(folder: Path) -> list[Run]:
    """Return all runs, by study and notebook, the latest as-of date and execution first."""
    found = [
        _read(path)
        for path in folder.glob("*")
        if not path.name.startswith(".") and (path / "record.json").is_file()
    ]
    found.sort(key=lambda run: run.folder.name)
    found.sort(key=lambda run: (str(run.record["as_of"]), run.started_at), reverse=True)
    return sorted(found, key=lambda run: (run.study, run.notebook))


def _read(folder: Path) -> Run:
    try:
        record = json.loads((folder / "record.json").read_bytes())
        execution = json.loads((folder / "execution.json").read_bytes())
        _ = record["as_of"], record["notebook"]["name"], record["study"], execution["started_at"]
        return Run(
            id=record["run"],
            status=record["status"],
            folder=folder,
            record=record,
            execution=execution,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            f"run {folder.name}: its record was changed or damaged; remove the folder and run again"
        ) from error


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
