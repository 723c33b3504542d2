"""Files of a delivery: one file, those of a folder, those that a pattern names, or of an archive.

An archive may contain archives. What a file unpacks to is limited, since a small archive can be
made to fill any memory.
"""

import glob
import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from workbench.foundation.errors import InputError
from workbench.schema.customer_data import SYNTHETIC_MARK

_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"
#: A member that every workbook has, by which a workbook is no archive of files.
_WORKBOOK = "[Content_Types].xml"
#: A file may unpack to this many times its size. The exports of a world of 600 customers unpack to
#: 2 to 35 times theirs, a file of zeros to 1,029 times (zlib, level 9).
_MOST_TIMES = 200
#: Below this number of bytes any file may unpack.
_ALWAYS = 1 << 26
_MOST_LEVELS = 3
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file on the disk, or a member of an archive; it can be pickled for other processes.

    Attributes
    ----------
    path : Path
        Path of the file on the disk.
    members : tuple of str
        Names of the archive members that lead to the file, the outermost first.
    """

    path: Path
    members: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the file itself, without folders."""
        inner = self.members[-1].rsplit("/", 1)[-1] if self.members else self.path.name
        return inner.removesuffix(".gz")

    @property
    def is_synthetic(self) -> bool:
        """Whether a mark lies beside the file or its folder: it is an export of a world."""
        folders = self.path.absolute().parents[:2]
        return any((folder / SYNTHETIC_MARK).is_file() for folder in folders)

    @property
    def label(self) -> str:
        """Path of the file as messages have it: a member after its archive."""
        return "/".join([str(self.path), *self.members])

    def read(self) -> bytes:
        """Return the content, unpacked.

        Raises
        ------
        InputError
            The file cannot be read, is damaged, or unpacks to far more than its size.
        """
        stream = self.open_stream()
        if stream is not None:
            with stream:
                return stream.read()
        content = _read_disk(self.path)
        for member in self.members:
            content = _read_member(content, member, self.label)
        return _gunzip(content, self.label) if content.startswith(_GZIP) else content

    def read_start(self, size: int) -> bytes:
        """Return the first bytes of the content, unpacked; the whole content if they are blank.

        Raises
        ------
        InputError
            See ``read``.
        """
        stream = self.open_stream()
        if stream is None:
            return self.read()
        with stream:
            start = stream.read(size)
            return start if start.strip() else start + stream.read()

    def hash(self) -> bytes:
        """Return the SHA-256 of the content, unpacked, of which little is in memory at a time.

        Raises
        ------
        InputError
            See ``read``.
        """
        stream = self.open_stream()
        if stream is None:
            return hashlib.sha256(self.read()).digest()
        with stream:
            return hashlib.file_digest(stream, "sha256").digest()

    def size(self) -> int:
        """Return about how many bytes the content has, unpacked; a packed file may state fewer."""
        if not self.members:
            with _open_disk(self.path) as file:
                if file.read(len(_GZIP)) != _GZIP:
                    return file.seek(0, io.SEEK_END)
                file.seek(-4, io.SEEK_END)  # gzip ends with the size modulo 4 GiB.
                return max(int.from_bytes(file.read(4), "little"), file.tell())
        if len(self.members) > 1:
            return self.path.stat().st_size
        with zipfile.ZipFile(self.path) as archive:
            return archive.getinfo(self.members[0]).file_size

    def open_stream(self) -> io.BufferedReader | None:
        """Open the content, unpacked while it is read; None if it is in an archive in an archive.

        Raises
        ------
        InputError
            The file cannot be read.
        """
        if len(self.members) > 1:
            return None
        if self.members:
            return _open_member(self.path, self.members[0], self.label)
        return _open_gzip(_open_disk(self.path), self.path.stat().st_size, self.label)


def find_files(path: Path) -> list[StoredFile]:
    """Return the files at a place, sorted by name; hidden files are left out.

    Raises
    ------
    InputError
        Nothing is there, or an archive is damaged or nested too deeply.
    """
    if path.is_dir():
        found = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
    elif path.exists():
        found = [path]
    else:
        found = sorted(Path(each) for each in glob.glob(str(path)))
    files = [file for each in found for file in _unpack(StoredFile(each))]
    if not files:
        what = "contains no file" if path.is_dir() else "does not exist: check the path"
        raise InputError(f"{path} {what}")
    return files


def _unpack(file: StoredFile) -> Iterator[StoredFile]:
    """Yield the file, or the files of the archive that it is."""
    with _open_start(file) as start:
        if start.read(len(_ZIP)) != _ZIP:
            yield file
            return
    content = file.read()
    names = _member_names(content, file.label)
    if _WORKBOOK in names:
        yield file
        return
    if len(file.members) >= _MOST_LEVELS:
        raise InputError(f"{file.label} is nested in {_MOST_LEVELS} archives: unpack it first")
    for name in names:
        yield from _unpack(StoredFile(file.path, (*file.members, name)))


def _open_start(file: StoredFile) -> io.BufferedIOBase:
    return io.BytesIO(file.read()) if file.members else _open_disk(file.path)


def _open_disk(path: Path) -> io.BufferedReader:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist: check the path") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def _member_names(content: bytes, label: str) -> list[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [each.filename for each in archive.infolist() if not each.is_dir()]
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"{label} is a damaged archive: fetch it again") from error
    hidden = ("__MACOSX/", ".")
    return sorted(name for name in names if not name.startswith(hidden))


def _read_disk(path: Path) -> bytes:
    with _open_disk(path) as file:
        return file.read()


def _open_member(path: Path, member: str, label: str) -> io.BufferedReader:
    """Open a member of an archive on the disk, unpacked while it is read."""
    with _explain_damage(label, "archive"):
        archive = zipfile.ZipFile(path)
        info = _find_member(archive, member, label)
        stream = archive.open(info)
    unpacked = _Unpacked(stream, packed=info.compress_size, label=label, kind="archive")
    return _open_gzip(io.BufferedReader(unpacked, _PIECE), info.file_size, label)


def _open_gzip(file: io.BufferedReader, packed: int, label: str) -> io.BufferedReader:
    """Return a file, of a gzip file the content, unpacked while it is read."""
    if not file.peek(len(_GZIP)).startswith(_GZIP):
        return file
    stream = gzip.GzipFile(fileobj=file)
    unpacked = _Unpacked(stream, packed=packed, label=label, kind="gzip file", below=file)
    return io.BufferedReader(unpacked, _PIECE)


class _Unpacked(io.RawIOBase):
    """A packed stream that is unpacked while it is read, up to a number of bytes."""

    def __init__(
        self,
        stream: IO[bytes] | gzip.GzipFile,
        *,
        packed: int,
        label: str,
        kind: str,
        below: io.BufferedReader | None = None,
    ) -> None:
        self._stream, self._below = stream, below
        self._left = max(_ALWAYS, packed * _MOST_TIMES)
        self._label, self._kind = label, kind

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _explain_damage(self._label, self._kind):
            piece = self._stream.read(len(buffer))
        self._left -= len(piece)
        if self._left < 0:
            raise InputError(
                f"{self._label} unpacks to more than {_MOST_TIMES} times its size, as no export "
                "does: unpack it yourself if it is to be trusted"
            )
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._stream.close()
        if self._below is not None:  # gzip leaves the file open that it reads.
            self._below.close()
        super().close()


@contextmanager
def _explain_damage(label: str, kind: str) -> Iterator[None]:
    """Replace the errors of unpacking by a sentence."""
    try:
        yield
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error, NotImplementedError) as error:
        raise InputError(f"{label} is a damaged {kind}: fetch it again") from error


def _find_member(archive: zipfile.ZipFile, member: str, label: str) -> zipfile.ZipInfo:
    try:
        info = archive.getinfo(member)
    except KeyError as error:
        raise InputError(f"{label} is no longer in its archive: load it again") from error
    if info.flag_bits & 1:
        raise InputError(f"{label} is encrypted: unpack it with its password first")
    return info


def _read_member(content: bytes, member: str, label: str) -> bytes:
    """Return a member of an archive that is in memory."""
    with _explain_damage(label, "archive"), zipfile.ZipFile(io.BytesIO(content)) as archive:
        info = _find_member(archive, member, label)
        stream = _Unpacked(
            archive.open(info), packed=info.compress_size, label=label, kind="archive"
        )
        return io.BufferedReader(stream, _PIECE).read()


def _gunzip(content: bytes, label: str) -> bytes:
    with _open_gzip(io.BufferedReader(io.BytesIO(content)), len(content), label) as stream:
        return stream.read()
