"""Files of a delivery: one file, those of a folder, those that a pattern names, or of an archive.

A folder may contain folders, and an archive archives. Files that operating systems and office
programs put beside those of a user are left out. What a file unpacks to is limited, since a small
archive can be made to fill any memory.
"""

import glob
import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
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
#: Beginnings of the names, in lower case, of files and folders that no user made: hidden ones,
#: locks of open documents, and what macOS and Windows keep beside files.
_NOT_OF_USER = (".", "~$", "__macosx", "thumbs.db", "desktop.ini")


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
        with self.open_stream() as stream:
            return stream.read()

    def read_start(self, size: int) -> bytes:
        """Return the first bytes of the content, unpacked; the whole content if they are blank.

        Raises
        ------
        InputError
            See ``read``.
        """
        with self.open_stream() as stream:
            start = stream.read(size)
            return start if start.strip() else start + stream.read()

    def hash(self) -> bytes:
        """Return the SHA-256 of the content, unpacked, of which little is in memory at a time.

        Raises
        ------
        InputError
            See ``read``.
        """
        with self.open_stream() as stream:
            return hashlib.file_digest(stream, "sha256").digest()

    def size(self) -> int:
        """Return about how many bytes the content has, unpacked; a packed file may state fewer."""
        if not self.members:
            with _open_disk(self.path) as file:
                if file.read(len(_GZIP)) != _GZIP:
                    return file.seek(0, io.SEEK_END)
                file.seek(-4, io.SEEK_END)  # gzip ends with the size modulo 4 GiB.
                return max(int.from_bytes(file.read(4), "little"), file.tell())
        with _explain_damage(self.label, "archive"):
            archive = _open_archive(self.path, self.members[:-1], self.label)
            return _find_member(archive, self.members[-1], self.label).file_size

    def open_stream(self) -> io.BufferedReader:
        """Open the content, unpacked while it is read.

        Raises
        ------
        InputError
            The file cannot be read.
        """
        if self.members:
            return _open_member(self.path, self.members, self.label)
        return _open_gzip(_open_disk(self.path), self.path.stat().st_size, self.label)


def find_files(path: Path) -> list[StoredFile]:
    """Return the files at a place, sorted by path, without those that no user made.

    Raises
    ------
    InputError
        Nothing is there, or an archive is damaged or nested too deeply.
    """
    if path.is_dir():
        inner = sorted(each for each in path.rglob("*") if each.is_file())
        found = [each for each in inner if _is_of_user(each.relative_to(path).parts)]
    elif path.exists():
        found = [path]
    else:
        found = sorted(Path(each) for each in glob.glob(str(path)))
    files = [file for each in found for file in _unpack(StoredFile(each))]
    if not files:
        what = "contains no file" if path.is_dir() else "does not exist: check the path"
        raise InputError(f"{path} {what}")
    return files


def _is_of_user(parts: Iterable[str]) -> bool:
    return not any(part.lower().startswith(_NOT_OF_USER) for part in parts)


def _unpack(file: StoredFile) -> Iterator[StoredFile]:
    """Yield the file, or the files of the archive that it is."""
    with _open_start(file) as start:
        if start.read(len(_ZIP)) != _ZIP:
            yield file
            return
    names = _member_names(file)
    if _WORKBOOK in names:
        yield file
        return
    if len(file.members) >= _MOST_LEVELS:
        raise InputError(f"{file.label} is nested in {_MOST_LEVELS} archives: unpack it first")
    for name in names:
        yield from _unpack(StoredFile(file.path, (*file.members, name)))


def _open_start(file: StoredFile) -> io.BufferedIOBase:
    return file.open_stream() if file.members else _open_disk(file.path)


def _open_disk(path: Path) -> io.BufferedReader:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist: check the path") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def _member_names(file: StoredFile) -> list[str]:
    with _explain_damage(file.label, "archive"):
        archive = _open_archive(file.path, file.members, file.label)
        names = [each.filename for each in archive.infolist() if not each.is_dir()]
    return sorted(name for name in names if _is_of_user(name.split("/")))


def _open_archive(path: Path, members: tuple[str, ...], label: str) -> zipfile.ZipFile:
    """Open an archive on the disk, or the archive in it to which members lead."""
    archive = zipfile.ZipFile(path)
    for member in members:
        archive = zipfile.ZipFile(_open_inner_archive(archive, member, label))
    return archive


def _open_inner_archive(archive: zipfile.ZipFile, member: str, label: str) -> IO[bytes]:
    """Open an archive within an archive.

    A small one is unpacked into memory, because each step back in a packed file unpacks the file
    from its beginning again.
    """
    info = _find_member(archive, member, label)
    if info.file_size > _limit(info.compress_size):
        raise _unpacks_too_far(label)
    stream = archive.open(info)
    return io.BytesIO(stream.read()) if info.file_size <= _ALWAYS else stream


def _limit(packed: int) -> int:
    return max(_ALWAYS, packed * _MOST_TIMES)


def _unpacks_too_far(label: str) -> InputError:
    return InputError(
        f"{label} unpacks to more than {_MOST_TIMES} times its size, as no export does: unpack it "
        "yourself if it is to be trusted"
    )


def _open_member(path: Path, members: tuple[str, ...], label: str) -> io.BufferedReader:
    """Open a member of an archive, unpacked while it is read."""
    with _explain_damage(label, "archive"):
        archive = _open_archive(path, members[:-1], label)
        info = _find_member(archive, members[-1], label)
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
        self._left = _limit(packed)
        self._label, self._kind = label, kind

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _explain_damage(self._label, self._kind):
            piece = self._stream.read(len(buffer))
        self._left -= len(piece)
        if self._left < 0:
            raise _unpacks_too_far(self._label)
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
