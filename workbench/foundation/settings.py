"""Where this project keeps its state, read once from options and environment.

A *project* is a folder with ``notebooks/`` and ``reports/studies/``. It is named by ``--project``
or ``WORKBENCH_PROJECT``, as a scheduler has to that starts in ``/``; otherwise it is the nearest
folder above the working directory that has a ``.workbench`` or a ``pyproject.toml``. The
*workspace* holds keys and the vault, the *reports* folder what anyone may read; both are folders of
the project unless they are named.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from workbench.foundation.errors import ParameterError, unknown_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Folders and sizes of one invocation.

    Attributes
    ----------
    project : Path
        Root of the project: recipes, studies and notebooks are looked up below it.
    workspace : Path
        Keys and encrypted holdings; mode 700, never in git.
    reports : Path
        Parent of ``runs/`` and ``site/``: nothing in it is personal.
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
        """Take options first, then ``WORKBENCH_*`` variables, then the project's folders.

        Raises
        ------
        ParameterError
            The named project is no folder, or a variable is malformed.
        """
        root = _project(project or environ.get("WORKBENCH_PROJECT") or None)
        place = workspace or environ.get("WORKBENCH_WORKSPACE") or root / ".workbench"
        pages = reports or environ.get("WORKBENCH_REPORTS") or root / "reports"
        return cls(
            project=root,
            workspace=Path(place).absolute(),
            reports=Path(pages).absolute(),
            workers=_workers(environ.get("WORKBENCH_WORKERS")),
            lab_reads=tuple(
                Path(each).absolute()
                for each in environ.get("WORKBENCH_LAB_READS", "").split(os.pathsep)
                if each
            ),
            is_lab_confined=environ.get("WORKBENCH_LAB_UNCONFINED", "") in ("", "0"),
        )

    @property
    def studies(self) -> Path:
        """Folder of the study files, which stay in the project wherever reports are written."""
        return self.project / "reports" / "studies"

    @property
    def notebooks(self) -> Path:
        """Folder of the notebooks."""
        return self.project / "notebooks"

    @property
    def site(self) -> Path:
        """Folder of the pages."""
        return self.reports / "site"


def find_file(kind: str, name: str, *, folder: Path, suffix: str) -> Path:
    """Return the file that a name or a path stands for.

    A name with a suffix or a slash is a path; any other is looked up in ``folder``.

    Raises
    ------
    ParameterError
        There is no such file; the message lists the names that exist and says where it looked.
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


def _project(named: Path | str | None) -> Path:
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


def _workers(text: str | None) -> int:
    if text is None or text == "":
        return 1
    if not text.isdecimal() or int(text) < 1:
        raise ParameterError(
            f"WORKBENCH_WORKERS is {text!r}: give the number of processes, 1 or more"
        )
    return int(text)
