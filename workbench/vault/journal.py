"""The journal of a load: the beginning of all its file names, written before its first file.

    datasets/NAME/journal.sealed

The names of all files and lists of one load begin with the token that the journal contains. One
small write therefore names all of them, whichever process makes them. After a crash the next writer
removes the files with this token and no others. If the version that the load was to make exists,
the load had finished and only the journal is removed. Version numbers are never reused, so an old
journal that somebody puts back removes nothing.
"""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from workbench.foundation.errors import IntegrityError
from workbench.foundation.files import write_whole
from workbench.foundation.progress import say
from workbench.vault.keys import Key
from workbench.vault.regular_files import read_regular
from workbench.vault.roots import version_numbers
from workbench.vault.sealed_lists import compact_json
from workbench.vault.sealing import seal, unseal

_TOKEN = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """The journal's content: number of the version in progress, and token of its file names."""

    version: int
    token: str

    def write(self, folder: Path, *, name: str, key: Key) -> None:
        """Store the journal in a dataset's folder."""
        closed = seal(compact_json(asdict(self)), key=key, context=_context(name))
        write_whole(_path(folder), closed, mode=0o600)


def recover(folder: Path, *, name: str, key: Key) -> int:
    """Remove the files of an unfinished load; return the number of removed files.

    A journal that was changed or damaged names no files: a message says so, and only the journal
    itself is removed.
    """
    path = _path(folder)
    try:
        content = unseal(read_regular(path), key=key, context=_context(name))
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise IntegrityError(
            f"{_context(name)} cannot be read ({error.strerror}): remove {path}"
        ) from error
    except IntegrityError as error:
        say(f"{error}; files that a crash may have left are not removed")
        path.unlink()
        return 0
    journal = Journal(**json.loads(content))
    left: list[Path] = []
    if journal.version not in version_numbers(folder) and _TOKEN.fullmatch(journal.token):
        left += (folder / "files").glob(f"{journal.token}*")
        left += (folder / "lists").glob(f"{journal.token}*")
        left += (folder / "lists").glob(f".{journal.token}*")
        left += (folder / "versions").glob(f".{journal.version:08d}.*")
    for each in left:
        each.unlink()
    path.unlink()
    return len(left)


def _path(folder: Path) -> Path:
    return folder / "journal.sealed"


def _context(name: str) -> str:
    return f"journal of dataset {name}"
