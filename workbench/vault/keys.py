"""Keys: how they are made, kept in a file that only the owner can read, and derived.

A key never shows itself: its ``repr`` is ``Key(…)`` with an id that says nothing about the secret.
"""

import base64
import binascii
import hashlib
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from workbench.foundation.errors import AccessError, ParameterError

_HEAD = "workbench-key-1"
_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """A 256-bit secret."""

    secret: bytes

    @classmethod
    def new(cls) -> Self:
        """Make a key from the system's randomness."""
        return cls(secrets.token_bytes(_BYTES))

    @property
    def id(self) -> str:
        """Eight hexadecimal digits by which people tell keys apart."""
        return hashlib.sha256(b"workbench key id" + self.secret).hexdigest()[:8]

    def derive(self, purpose: str) -> "Key":
        """Return the key for one purpose (HKDF-Expand with SHA-256, RFC 5869 section 2.3).

        Whoever holds a derived key learns nothing about this one or its siblings.
        """
        expand = HKDFExpand(algorithm=SHA256(), length=_BYTES, info=purpose.encode())
        return Key(expand.derive(self.secret))

    @property
    def text(self) -> str:
        """The secret as text, for the places that take only text; never show or store it."""
        return base64.b64encode(self.secret).decode()

    def __repr__(self) -> str:
        return f"Key({self.id}…)"


def write_key(path: Path) -> Key:
    """Make a new key and write it to a file that only its owner can read.

    Raises
    ------
    ParameterError
        There is a key already: it is never overwritten, its data would be lost.
    """
    key = Key.new()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.parent.chmod(0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ParameterError(f"there is a key at {path} already: it is kept") from error
    with os.fdopen(handle, "w") as file:
        file.write(f"{_HEAD}\n{key.text}\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def read_key(path: Path) -> Key:
    """Read a key file.

    Raises
    ------
    AccessError
        There is none, others can read it, or it is no key file.
    """
    if not path.is_file():
        raise AccessError(f"no key file at {path}: name the right one with --key or WORKBENCH_KEY")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise AccessError(
            f"the key file {path} can be read by others (mode {mode:o}): run chmod 600 on it, "
            "and ask yourself who has read it so far"
        )
    head, _, rest = path.read_text(encoding="utf-8", errors="replace").partition("\n")
    try:
        secret = base64.b64decode(rest.strip(), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if head != _HEAD or len(secret) != _BYTES:
        raise AccessError(f"{path} is no workbench key file: name the right one with --key")
    return Key(secret)
