"""The journal of a load: how the files that it makes are named, written before the first of them.

    datasets/NAME/journal.sealed

All files and lists of one load begin with the token that the journal contains, so the journal names
all of them in one small write, whichever process makes them. After a crash the next writer removes
what the journal names, and nothing else; a file that no journal names is never removed. If the
version that the load was to make exists, the load had finished and only the journal is removed.
Numbers of versions are never reused, so an old journal that is put back removes nothing.
"""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from workbench.foundation.errors import IntegrityError
from workbench.foundation.files import write_whole
from workbench.foundation.progress import say
from workbench.vault.keys import Key
from workbench.vault.sealed_lists import compact_json
from workbench.vault.sealing import sealed, unsealed

_TOKEN = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """What a load in progress makes: the version's number and the token of its files."""

    version: int
    token: str

    def write(self, folder: Path, *, name: str, key: Key) -> None:
        """Store the journal in a dataset's folder."""
        closed = sealed(compact_json(asdict(self)), key=key, context=_context(name))
        write_whole(_path(folder), closed, mode=0o600)


def recover(folder: Path, *, name: str, key: Key) -> int:
    """Remove what an unfinished load left; return the number of removed files.

    A journal that was changed or damaged names nothing: this is said, and nothing is removed.
    """
    path = _path(folder)
    try:
        content = unsealed(path.read_bytes(), key=key, context=_context(name))
    except FileNotFoundError:
        return 0
    except IntegrityError as error:
        say(f"{error}; files that a crash may have left stay where they are")
        path.unlink()
        return 0
    journal = Journal(**json.loads(content))
    left: list[Path] = []
    if not (folder / "versions" / f"{journal.version:08d}").exists() and _TOKEN.fullmatch(
        journal.token
    ):
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
