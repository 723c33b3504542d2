"""Where this project keeps its state, read once from options and environment.

The *workspace* holds keys and the vault, the *reports* folder what anyone may read. Both default
to folders of the project: the nearest folder above the working directory that has a
``.workbench`` or a ``pyproject.toml``, so that a notebook in ``notebooks/`` finds the same
workspace as a command typed at the root.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from workbench.foundation.errors import ParameterError, unknown


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
    """

    project: Path
    workspace: Path
    reports: Path
    workers: int = 1

    @classmethod
    def read(
        cls,
        *,
        workspace: Path | None = None,
        reports: Path | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> Self:
        """Take options first, then ``WORKBENCH_*`` variables, then the project's folders."""
        project = _project(Path.cwd())
        place = workspace or environ.get("WORKBENCH_WORKSPACE") or project / ".workbench"
        pages = reports or environ.get("WORKBENCH_REPORTS") or project / "reports"
        return cls(
            project=project,
            workspace=Path(place).absolute(),
            reports=Path(pages).absolute(),
            workers=_workers(environ.get("WORKBENCH_WORKERS")),
        )


def find(kind: str, name: str, *, folder: Path, suffix: str) -> Path:
    """Return the file that a name or a path stands for.

    A name with a suffix or a slash is a path; any other is looked up in ``folder``.

    Raises
    ------
    ParameterError
        There is no such file; the message lists the names that exist.
    """
    if "/" in name or Path(name).suffix:
        path = Path(name)
        if not path.is_file():
            raise ParameterError(f"no {kind} at {name}: the file does not exist")
        return path
    path = folder / f"{name}{suffix}"
    if not path.is_file():
        raise ParameterError(unknown(kind, name, (p.stem for p in folder.glob(f"*{suffix}"))))
    return path


def _project(start: Path) -> Path:
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
