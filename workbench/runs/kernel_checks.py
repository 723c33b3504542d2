"""What has to hold before a kernel gets a view, in a run and in the lab alike."""

from collections.abc import Iterable
from pathlib import Path

from workbench.foundation.confinement import readable_folders
from workbench.foundation.confinement.attempts import possible_attempts
from workbench.foundation.errors import InputError, PrivacyError


def keep_apart(secrets: Iterable[Path], *, folders: Iterable[Path] = ()) -> None:
    """Refuse a workspace or key file in a folder that confined notebooks can read.

    Parameters
    ----------
    secrets : iterable of Path
        The workspace, and the key file where it lies elsewhere.
    folders : iterable of Path
        What notebooks can read besides Python and its libraries.

    Raises
    ------
    InputError
        One lies in such a folder.
    """
    read = [*readable_folders(), *folders]
    for secret in secrets:
        for folder in read:
            if secret.resolve().is_relative_to(folder.resolve()):
                raise InputError(
                    f"{secret} is in {folder}, which notebooks can read: move it out of there "
                    "(--workspace and --key name another place)"
                )


def demand_confinement(study: str, *, is_confined: bool = True) -> None:
    """Refuse a study that requires confinement where a notebook could get out.

    Parameters
    ----------
    study : str
        Name of the study.
    is_confined : bool
        Whether kernels are confined at all.

    Raises
    ------
    PrivacyError
        They are not, or this machine cannot do all of it.
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
