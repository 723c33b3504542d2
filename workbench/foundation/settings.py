"""Settings of one invocation: the folders of the project, from options and environment variables.

A *project* is a folder with ``notebooks/`` and ``reports/studies/``. The option ``--project`` or
the variable ``WORKBENCH_PROJECT`` names it, which a scheduler needs because it starts in ``/``.
Otherwise the project is the working directory or the nearest folder above it that has a
``.workbench`` or a ``pyproject.toml``. The *workspace* contains the keys and the vault; the
*reports* folder contains files that anyone may read. Both are folders of the project unless an
option or a variable names others.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from workbench.foundation.errors import ParameterError, unknown_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Folders and number of processes of one invocation.

    Attributes
    ----------
    project : Path
        Root of the project: recipes, studies and notebooks are looked up below it.
    workspace : Path
        Folder of the keys and encrypted holdings; mode 700, never in git.
    reports : Path
        Parent of ``runs/`` and ``site/``, which contain nothing personal.
    workers : int
        Number of processes for work over blocks and buckets, 1 or more.
    lab_reads : tuple of Path
        Folders that notebooks of the lab can read besides notebooks and studies.
    is_lab_confined : bool
        Whether kernels of the lab are confined.
    """

    project: Path
    workspace: Path
    reports: Path
    workers: int = 1
    lab_reads: tuple[Path, ...] = ()
    is_lab_confined: bool = True

    @classmethod
    def read(
        cls,
        *,
        project: Path | None = None,
        workspace: Path | None = None,
        reports: Path | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> Self:
        """Read the settings: options come first, then ``WORKBENCH_*`` variables, then defaults.

        Raises
        ------
        ParameterError
            The named project is no folder, or a variable is malformed.
        """
        root = _find_project(project or environ.get("WORKBENCH_PROJECT") or None)
        workspace = workspace or Path(environ.get("WORKBENCH_WORKSPACE") or root / ".workbench")
        reports = reports or Path(environ.get("WORKBENCH_REPORTS") or root / "reports")
        return cls(
            project=root,
            workspace=workspace.absolute(),
            reports=reports.absolute(),
            workers=_parse_workers(environ.get("WORKBENCH_WORKERS")),
            lab_reads=tuple(
                Path(each).absolute()
                for each in environ.get("WORKBENCH_LAB_READS", "").split(os.pathsep)
                if each
            ),
            is_lab_confined=environ.get("WORKBENCH_LAB_UNCONFINED", "") in ("", "0"),
        )

    @property
    def has_workspace(self) -> bool:
        """Whether ``workbench init`` has made the workspace."""
        return (self.workspace / "format").is_file()

    @property
    def studies(self) -> Path:
        """Folder of the study files, in the project even where ``reports`` is another folder."""
        return self.project / "reports" / "studies"

    @property
    def policies(self) -> Path:
        """Folder of the policy files, in the project even where ``reports`` is another folder."""
        return self.project / "reports" / "policies"

    @property
    def notebooks(self) -> Path:
        """Folder of the notebooks."""
        return self.project / "notebooks"

    @property
    def site(self) -> Path:
        """Folder of the pages."""
        return self.reports / "site"


def find_file(kind: str, name: str, *, folder: Path, suffix: str) -> Path:
    """Return the file that has a name or a path, or refuse with the names that exist.

    A name with a suffix or a slash is a path; any other is looked up in ``folder``.

    Raises
    ------
    ParameterError
        The file does not exist; the message lists the names in the folder, and the folder.
    """
    if "/" in name or Path(name).suffix:
        path = Path(name)
        if not path.is_file():
            raise ParameterError(f"no {kind} at {name}: the file does not exist")
        return path
    path = folder / f"{name}{suffix}"
    if not path.is_file():
        known = unknown_name(kind, name, (p.stem for p in folder.glob(f"*{suffix}")))
        raise ParameterError(f"{known} (looked in {folder})")
    return path


def _find_project(named: Path | str | None) -> Path:
    if named is not None:
        folder = Path(named).absolute()
        if not folder.is_dir():
            raise ParameterError(f"there is no project folder {folder}: check --project")
        return folder
    start = Path.cwd()
    for folder in (start, *start.parents):
        if (folder / ".workbench").is_dir() or (folder / "pyproject.toml").is_file():
            return folder
    return start


def _parse_workers(text: str | None) -> int:
    if text is None or text == "":
        return 1
    if not text.isdecimal() or int(text) < 1:
        raise ParameterError(
            f"WORKBENCH_WORKERS is {text!r}: give the number of processes, 1 or more"
        )
    return int(text)
