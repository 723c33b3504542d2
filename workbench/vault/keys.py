"""Make, store, read and derive keys; a key file can be read only by its owner.

The ``repr`` of a key is ``Key(…)`` with an id from which the secret cannot be computed.
"""

import base64
import hashlib
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from workbench.foundation.errors import AccessError, ParameterError
from workbench.foundation.files import write_whole

_HEAD = "workbench-key-1"
_BYTES = 32
_LONGEST = 4_096  # Largest number of bytes that are read from a key file.


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """A 256-bit secret.

    Attributes
    ----------
    secret : bytes
        The 32 bytes.
    origin : str
        Id of the key file's key from which this key was derived, or this key's own id. Messages
        name keys by it, because people have key files.
    """

    secret: bytes
    origin: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if len(self.secret) != _BYTES:
            raise ValueError(f"a key has {_BYTES} bytes")
        object.__setattr__(self, "origin", self.origin or self.id)

    @classmethod
    def new(cls) -> Self:
        """Make a key from the system's randomness."""
        return cls(secrets.token_bytes(_BYTES))

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Return the key with this ``text``; ValueError where it is the text of no key."""
        return cls(base64.b64decode(text, validate=True))

    @property
    def id(self) -> str:
        """Eight hexadecimal digits that distinguish keys."""
        return hashlib.sha256(b"workbench key id" + self.secret).hexdigest()[:8]

    def derive(self, purpose: str) -> "Key":
        """Return the key for one purpose (HKDF-Expand with SHA-256, RFC 5869 section 2.3).

        Neither this key nor any other derived key can be computed from a derived key.
        """
        expand = HKDFExpand(algorithm=SHA256(), length=_BYTES, info=purpose.encode())
        return Key(expand.derive(self.secret), self.origin)

    def hash_ids(self, ids: pl.Series) -> pl.Series:
        """Return a keyed hash of 64 bits for each id, as UInt64; null stays null.

        The hash is one half of the id's block under AES-256, which is a pseudorandom function:
        without the key nobody can tell the hashes from random numbers. A text is put into the
        block as a hash with a seed from the key, which another version of polars may compute
        otherwise. HMAC, by ``identity.keyed_hash``, needs five times the CPU seconds (six million
        ids of 1.5 million sessions: .88, and .16 here).

        Parameters
        ----------
        ids : Series of UInt64 or String
        """
        numbers = ids
        if ids.dtype != pl.UInt64:
            numbers = ids.hash(seed=int.from_bytes(self.derive("texts").secret[:8], "little"))
        blocks = np.zeros((len(ids), 2), dtype="<u8")
        blocks[:, 0] = numbers.fill_null(0).to_numpy()
        mode = modes.ECB()  # noqa: S305  # equal ids have equal hashes
        cipher = Cipher(algorithms.AES(self.derive("numbers").secret), mode).encryptor()
        encrypted = np.frombuffer(cipher.update(blocks.tobytes()), dtype="<u8")
        hashes = pl.Series(ids.name, encrypted[::2].astype(np.uint64))
        return hashes.set(ids.is_null(), None) if ids.null_count() else hashes

    @property
    def text(self) -> str:
        """The secret as text, for environment variables and key files; never show it."""
        return base64.b64encode(self.secret).decode()

    def __repr__(self) -> str:
        return f"Key({self.id}…)"


def write_key(path: Path) -> Key:
    """Make a new key and write it to a file that only its owner can read.

    Raises
    ------
    ParameterError
        There is a key already. It is never overwritten, because its data would be lost.
    InputError
        The disk is full or the folder cannot be written.
    """
    if path.exists():
        raise ParameterError(f"there is a key at {path} already: it is kept")
    key = Key.new()
    write_whole(path, f"{_HEAD}\n{key.text}\n".encode(), mode=0o600)
    path.parent.chmod(0o700)
    return key


def read_key(path: Path, *, is_private_folder: bool = False) -> Key:
    """Read a key file.

    The owner and the mode are read from the open file, so nobody can exchange the file between the
    check and the reading. The folder of the path is checked too, and where the path is a link also
    the folder of the linked file: people who may write there can put another key in its place.

    Parameters
    ----------
    path : Path
        Key file.
    is_private_folder : bool
        Whether the folder is made for keys, so that nobody else may even list it. A key file that
        the user names may be stored in any folder that others cannot write.

    Raises
    ------
    AccessError
        There is no such file, it belongs to somebody else, others can read or exchange it, or it
        is no key file.
    """
    try:
        with path.open("rb") as file:
            held = os.fstat(file.fileno())
            text = file.read(_LONGEST).decode("utf-8", errors="replace")
        for folder in dict.fromkeys((path.absolute().parent, path.resolve().parent)):
            _require_owned(folder, folder.stat(), is_private=is_private_folder)
    except OSError as error:
        raise AccessError(
            f"no key file at {path} that can be read ({error.strerror}): name the right one with "
            "--key or WORKBENCH_KEY"
        ) from error
    if held.st_uid not in _owners():
        raise AccessError(f"the key file {path} belongs to another user: make one of your own")
    mode = stat.S_IMODE(held.st_mode)
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


def _require_owned(folder: Path, held: os.stat_result, *, is_private: bool) -> None:
    if held.st_uid not in _owners():
        raise AccessError(
            f"the key folder {folder} belongs to another user, who can exchange the key: "
            "move the key file into a folder of your own"
        )
    mode = stat.S_IMODE(held.st_mode)
    is_shared = (
        bool(mode & 0o022) and not mode & stat.S_ISVTX
    )  # In a sticky folder only owners can rename.
    if mode & 0o077 if is_private else is_shared:
        raise AccessError(
            f"the key folder {folder} is open to others (mode {mode:o}): run chmod 700 on it, "
            "and ask yourself who has been in it so far"
        )


def _owners() -> tuple[int, int]:
    """Return the users who may own a key: this user, and root, who can read all files anyway."""
    return os.getuid(), 0
