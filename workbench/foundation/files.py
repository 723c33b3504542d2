"""Write files so that a crash or a power cut leaves the old file or the new one."""

import contextlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from workbench.foundation.errors import InputError


def write_whole(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write a file so that a crash leaves its old content or its new content, never a fragment.

    Raises
    ------
    InputError
        The disk is full or the folder cannot be written.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise InputError(
            f"cannot write {path.name} in {path.parent}: {error.strerror}; make room or name "
            "another folder"
        ) from error
    finally:
        with contextlib.suppress(OSError):  # The parent may be a file, so nothing was written.
            partial.unlink()


def claim_new(path: Path) -> None:
    """Make an empty file at a path at which nothing is, so that no other process takes it.

    Raises
    ------
    InputError
        There is something already, or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise InputError(f"{path} exists: name a new one, or remove it") from error
    except OSError as error:
        raise InputError(
            f"cannot write {path.name} in {path.parent}: {error.strerror}; make room or name "
            "another folder"
        ) from error


def sync_folder(folder: Path) -> None:
    """Write a folder's list of names to disk, so that new files survive a power cut.

    Raises
    ------
    InputError
        The disk is full or the folder does not exist.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise InputError(f"cannot write in {folder}: {error.strerror}; make room there") from error


def canonical_json(content: Mapping[str, object]) -> bytes:
    """Return content as JSON whose bytes depend on the content only: keys are sorted.

    A number that is not finite is refused by ``ValueError``, and the text ends with one line feed.
    """
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)
    return text.encode() + b"\n"
