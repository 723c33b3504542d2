"""Checks before a kernel gets a view, the same for kernels of runs and of the lab."""

from collections.abc import Iterable
from pathlib import Path

from workbench.foundation.confinement import readable_folders
from workbench.foundation.confinement.attempts import possible_attempts
from workbench.foundation.errors import InputError, PrivacyError


def require_outside(secrets: Iterable[Path], *, folders: Iterable[Path] = ()) -> None:
    """Refuse a workspace or key file in a folder that confined notebooks can read.

    Parameters
    ----------
    secrets : iterable of Path
        The workspace, and the key file where it is stored elsewhere.
    folders : iterable of Path
        Folders that notebooks can read besides Python and its libraries.

    Raises
    ------
    InputError
        The workspace or the key file is in such a folder.
    """
    readable = [*readable_folders(), *folders]
    for secret in secrets:
        for folder in readable:
            if secret.resolve().is_relative_to(folder.resolve()):
                raise InputError(
                    f"{secret} is in {folder}, which notebooks can read: move it out of there "
                    "(--workspace and --key name another place)"
                )


def require_confinement_works(study: str, *, is_confined: bool = True) -> None:
    """Refuse a study that requires confinement where this machine cannot confine a notebook.

    Parameters
    ----------
    study : str
        Name of the study.
    is_confined : bool
        Whether kernels are confined at all.

    Raises
    ------
    PrivacyError
        Kernels are not confined, or this machine cannot confine them in every respect.
    """
    if not is_confined:
        raise PrivacyError(
            f"study {study} requires confinement, and the kernels of this lab are not confined: "
            "start `workbench lab` without --unconfined"
        )
    if possible := possible_attempts():
        raise PrivacyError(
            f"study {study} requires confinement, but on this machine a notebook can "
            f"{', '.join(possible)}: run it on a Linux that allows user namespaces, Landlock and "
            "seccomp (workbench status shows what is refused), or take require_confinement out of "
            "the study"
        )
