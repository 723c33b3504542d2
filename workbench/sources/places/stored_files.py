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
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from workbench.foundation.errors import InputError

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
        start = b""
        if not self.members:
            with _open_disk(self.path) as file:
                start = file.read(size)
        return start if start.strip() and not start.startswith(_GZIP) else self.read()

    def hash(self) -> bytes:
        """Return the SHA-256 of the content, unpacked, of which little is in memory at a time.

        Raises
        ------
        InputError
            See ``read``.
        """
        stream = self.open_plain()
        if stream is None:
            return hashlib.sha256(self.read()).digest()
        with stream:
            return hashlib.file_digest(stream, "sha256").digest()

    def open_plain(self) -> io.BufferedReader | None:
        """Open the file, None if it is packed, so that it must be read whole.

        Raises
        ------
        InputError
            The file cannot be read.
        """
        if self.members:
            return None
        file = _open_disk(self.path)
        if file.read(len(_GZIP)) == _GZIP:
            file.close()
            return None
        file.seek(0)
        return file


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


def _read_member(content: bytes, member: str, label: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            info = archive.getinfo(member)
            if info.flag_bits & 1:
                raise InputError(f"{label} is encrypted: unpack it with its password first")
            with archive.open(info) as stream:
                return _read_limited(stream, info.compress_size, label)
    except KeyError as error:
        raise InputError(f"{label} is no longer in its archive: load it again") from error
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise InputError(f"{label} is a damaged archive: fetch it again") from error


def _gunzip(content: bytes, label: str) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            return _read_limited(stream, len(content), label)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{label} is a damaged gzip file: fetch it again") from error


def _read_limited(stream: IO[bytes] | gzip.GzipFile, packed: int, label: str) -> bytes:
    limit = max(_ALWAYS, packed * _MOST_TIMES)
    pieces: list[bytes] = []
    size = 0
    while piece := stream.read(_PIECE):
        size += len(piece)
        if size > limit:
            raise InputError(
                f"{label} unpacks to more than {_MOST_TIMES} times its size, as no export does: "
                "unpack it yourself if it is to be trusted"
            )
        pieces.append(piece)
    return b"".join(pieces)
