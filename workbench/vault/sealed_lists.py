"""Sealed lists that versions share: each contains the files of one table, or some operations.

    datasets/NAME/lists/<id>.sealed

A root names each of its lists by the name of the stored file and by the SHA-256 of its bytes, so
nobody can put another list in its place. A version in which a table did not change names the same
list as the version before. A damaged list therefore harms only the versions that name it.
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.foundation.errors import IntegrityError
from workbench.foundation.files import write_whole
from workbench.vault.keys import Key
from workbench.vault.regular_files import read_regular
from workbench.vault.sealing import seal, unseal


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """The entry of one list in a root.

    Attributes
    ----------
    list : str
        Name under which the list is stored.
    sha256 : str
        Hash of the stored bytes.
    length : int
        Number of entries in the list.
    """

    list: str
    sha256: str
    length: int


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of one dataset.

    Attributes
    ----------
    folder : Path
        Folder of the dataset.
    name : str
        Name of the dataset.
    key : Key
        Key of the dataset's manifests.
    """

    folder: Path
    name: str
    key: Key
    _read: dict[str, list[dict[str, Any]]] = field(default_factory=dict, repr=False, compare=False)

    def write(self, what: str, name: str, content: list[dict[str, Any]]) -> ListEntry:
        """Store a list under a new name and return its entry for a root."""
        closed = seal(compact_json(content), key=self.key, context=self._context(what))
        write_whole(self._path(name), closed, mode=0o600)
        return ListEntry(list=name, sha256=digest(closed), length=len(content))

    def read(self, what: str, entry: ListEntry) -> list[dict[str, Any]]:
        """Open a list; a list that several versions name is opened once.

        Raises
        ------
        IntegrityError
            The list is missing, or is not the list that was written.
        """
        if entry.sha256 not in self._read:
            context = self._context(what)
            path = self._path(entry.list)
            file = f"file lists/{path.name}"
            try:
                content = read_regular(path)
            except FileNotFoundError as error:
                raise IntegrityError(f"{context} is missing, {file}") from error
            except OSError as error:
                raise IntegrityError(
                    f"{context} cannot be read ({error.strerror}), {file}"
                ) from error
            if digest(content) != entry.sha256:
                raise IntegrityError(f"{context} was swapped, changed or damaged, {file}")
            self._read[entry.sha256] = json.loads(unseal(content, key=self.key, context=context))
        return self._read[entry.sha256]

    def _path(self, name: str) -> Path:
        return self.folder / "lists" / f"{name}.sealed"

    def _context(self, what: str) -> str:
        return f"dataset {self.name}, list of {what}"


def compact_json(content: object) -> bytes:
    """Return content as JSON without indentation, which Python encodes ten times as fast."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def digest(content: bytes) -> str:
    """Return the SHA-256 by which roots and heads name stored content."""
    return hashlib.sha256(content).hexdigest()
