"""The seal of a run: the hashes of the files of its folder, stored in the vault.

Folders of runs are stored in the open under ``reports/runs``, where anybody who may write there can
change a verdict or an owner, or add a person's address. So the vault stores the hash of every file
of a folder, sealed under the workspace's key and bound to the folder's name. Without the key nobody
can make a seal for other files, and the seal of one run does not fit another run.

The seal also contains a digest of the identities that the files were searched for, and the hash of
the page that was searched with them: the files must be searched again only where one of the two
differs.
"""

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from workbench.foundation.errors import IntegrityError, ParameterError
from workbench.foundation.files import canonical_json
from workbench.vault import Vault

#: Name of the holding: ``runs/ID.sealed`` in the workspace.
SEALS = "runs"

_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """The files that one folder of a run must contain.

    Attributes
    ----------
    files : mapping of str to str
        SHA-256 of each file by its path in the folder.
    page : str
        SHA-256 of the page that these files made when they were searched for persons.
    identities : str
        Digest of the identities for which files and page were searched, see
        ``Dataset.digest_of``.
    """

    files: Mapping[str, str]
    page: str
    identities: str

    @classmethod
    def of(cls, files: Mapping[str, bytes], *, page: bytes, identities: str) -> "Seal":
        """Return the seal of a folder's files."""
        return cls(files=hash_files(files), page=sha256(page), identities=identities)

    @property
    def state(self) -> str:
        """One digest of all files."""
        return sha256(canonical_json(self.files))

    def was_searched(self, page: bytes, identities: str) -> bool:
        """Return whether the files were searched for these identities, with this page."""
        return self.page == sha256(page) and self.identities == identities


def hash_files(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the SHA-256 of each file."""
    return {name: sha256(content) for name, content in sorted(files.items())}


def sha256(content: bytes) -> str:
    """Return the SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def read_seals(vault: Vault, name: str) -> list[Seal]:
    """Return the seals of a run's folder: one, or two where a crash cut its writing short.

    Parameters
    ----------
    vault : Vault
        Vault with the seals.
    name : str
        Name of the run's folder.

    Raises
    ------
    AccessError
        The seal was made with another key.
    IntegrityError
        The vault has no seal of the run, or the seal was changed, damaged or made for another run.
    """
    try:
        content = json.loads(vault.open_kept(SEALS, name))
    except ParameterError as error:
        raise IntegrityError(
            f"run {name}: the vault has no seal of it, so no run of this workspace wrote it"
        ) from error
    if content["format"] > _FORMAT:
        raise ParameterError(
            f"the seal of run {name} has format {content['format']}, this workbench reads up to "
            f"{_FORMAT}: install a newer one"
        )
    return [Seal(**each) for each in content["folders"]]


def write_seals(vault: Vault, name: str, seals: Iterable[Seal]) -> None:
    """Store the seals of a run's folder; they replace earlier ones."""
    content = {"format": _FORMAT, "folders": [asdict(seal) for seal in seals]}
    vault.keep(SEALS, name, canonical_json(content))


def read_files(folder: Path) -> dict[str, bytes]:
    """Read all files of a run's folder, by their path in it.

    Raises
    ------
    IntegrityError
        An entry of the folder is neither a file nor a folder, or cannot be read.
    """
    found = {}
    try:
        for path in sorted(folder.rglob("*")):
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode):
                continue
            if not stat.S_ISREG(mode):
                raise IntegrityError(f"run {folder.name}: it contains a link or a device")
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(handle, "rb") as file:
                found[path.relative_to(folder).as_posix()] = file.read()
    except OSError as error:
        raise IntegrityError(f"run {folder.name}: it cannot be read: {error.strerror}") from error
    return found


def fitting_seal(name: str, files: Mapping[str, bytes], seals: Iterable[Seal]) -> Seal:
    """Return the seal that fits the files of a run's folder.

    Raises
    ------
    IntegrityError
        No seal fits; the message counts the files that were changed, removed and added.
    """
    held = hash_files(files)
    found = list(seals)
    for seal in found:
        if seal.files == held:
            return seal
    expected = found[-1].files if found else {}
    counts = {
        "changed": sum(held[path] != expected[path] for path in held.keys() & expected.keys()),
        "removed": len(expected.keys() - held.keys()),
        "added": len(held.keys() - expected.keys()),
    }
    changes = ", ".join(
        f"{n} {'file' if n == 1 else 'files'} {what}" for what, n in counts.items() if n
    )
    raise IntegrityError(f"run {name}: it was changed since it was made ({changes})")
