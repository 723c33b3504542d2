"""Keys: how they are made, kept in a file that only the owner can read, and derived.

A key never shows itself: its ``repr`` is ``Key(…)`` with an id that says nothing about the secret.
"""

import base64
import hashlib
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from workbench.foundation.errors import AccessError, ParameterError
from workbench.foundation.files import write_whole

_HEAD = "workbench-key-1"
_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """A 256-bit secret."""

    secret: bytes

    def __post_init__(self) -> None:
        if len(self.secret) != _BYTES:
            raise ValueError(f"a key has {_BYTES} bytes")

    @classmethod
    def new(cls) -> Self:
        """Make a key from the system's randomness."""
        return cls(secrets.token_bytes(_BYTES))

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Return the key whose ``text`` it is; ValueError where it is none's."""
        return cls(base64.b64decode(text, validate=True))

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
    InputError
        The disk is full or the folder cannot be written.
    """
    if path.exists():
        raise ParameterError(f"there is a key at {path} already: it is kept")
    key = Key.new()
    write_whole(path, f"{_HEAD}\n{key.text}\n".encode(), mode=0o600)
    path.parent.chmod(0o700)
    return key


def read_key(path: Path) -> Key:
    """Read a key file.

    Raises
    ------
    AccessError
        There is none, others can read it, or it is no key file.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise AccessError(
            f"no key file at {path} that can be read ({error.strerror}): name the right one with "
            "--key or WORKBENCH_KEY"
        ) from error
    if mode & 0o077:
        raise AccessError(
            f"the key file {path} can be read by others (mode {mode:o}): run chmod 600 on it, "
            "and ask yourself who has read it so far"
        )
    head, _, rest = text.partition("\n")
    try:
        if head != _HEAD:
            raise ValueError(f"the first line is not {_HEAD}")
        return Key.of_text(rest.strip())
    except ValueError as error:
        raise AccessError(
            f"{path} is no workbench key file: name the right one with --key or WORKBENCH_KEY"
        ) from error
