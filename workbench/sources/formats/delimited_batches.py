"""Read a delimited text file batch by batch, so that its size does not matter.

What the reader of a whole file finds out from all of its bytes is found out by a first look at
them: that they are UTF-8 and contain no zero byte, and which line ends occur. A file in another
encoding, or with other line ends further down, must be read whole. The layout is found in the
beginning, as in a whole file.
"""

import codecs
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import polars as pl

from workbench.foundation.errors import InputError
from workbench.sources.file_evidence import FileEvidence, NeedsWholeFileError
from workbench.sources.formats.delimited import DelimitedReading, name_header
from workbench.sources.formats.delimited_layout import find_layout
from workbench.sources.formats.delimited_records import LONGEST
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.raw_cells import RawCells, malformed_records
from workbench.sources.formats.twice_encoded import twice_encoded_notes

#: Number of characters of a batch.
BATCH = 1 << 23
_PIECE = 1 << 20
#: Number of characters after a batch, in which its last record and the line after it end.
_AHEAD = 2 * LONGEST
#: Number of characters in which the layout is found.
_HEAD = (1 << 24) + (1 << 22)


def read_delimited_batches(
    file: BinaryIO,
    *,
    rule: FileRule,
    expected: Collection[str],
    name: str,
    evidence: FileEvidence,
    size: int = BATCH,
) -> Iterator[RawCells]:
    """Yield the cells of a text file, one batch after the other, with assumptions about all so far.

    Parameters
    ----------
    file : binary file
        The file, which can be read twice.
    rule, expected, name
        See ``read_delimited``.
    evidence : FileEvidence
        Evidence of the file's earlier batches.
    size : int
        Number of characters of a batch.

    Raises
    ------
    InputError
        See ``read_delimited``.
    NeedsWholeFileError
        The text has properties that only the reader of a whole file understands.
    """
    looked = _look_at(file)
    file.seek(len(codecs.BOM_UTF8) if looked.has_mark else 0)
    window = _Window(file)
    window.fill(_HEAD)
    if not window.text.strip() or _line_ends_of(window.text) != looked.line_ends:
        raise NeedsWholeFileError("its line ends differ from those of its beginning")
    layout = find_layout(window.text, rule, expected)
    window.text = layout.content
    header = name_header(layout, rule, expected, name)
    reading = DelimitedReading(layout, header, is_complete=True)
    while True:
        window.fill(size + _AHEAD)
        before = reading.read
        is_last = window.is_at_end and len(window.text) <= size
        try:
            frames = [*reading.frames(window.text, until=None if is_last else size)]
        except InputError as error:
            raise InputError(f"{name}: {error}") from error
        if not window.is_at_end and reading.position + LONGEST > len(window.text):
            raise NeedsWholeFileError("a record is longer than a batch")
        records = pl.concat(frames, rechunk=True)
        bad, reading.bad = reading.bad, []
        yield RawCells(
            records=records,
            refused=malformed_records(bad),
            read=reading.read - before,
            is_plain=False,
            has_header=rule.header,
            assumptions=(
                *looked.assumptions,
                *layout.notes,
                *reading.notes(),
                *twice_encoded_notes(records, evidence),
            ),
        )
        window.text = reading.forget_read(window.text)
        if window.is_at_end and not window.text:
            break


@dataclass(frozen=True, slots=True)
class _Look:
    """What all bytes of a file show."""

    has_mark: bool
    is_ascii: bool
    line_ends: tuple[bool, bool, bool]

    @property
    def assumptions(self) -> tuple[str, ...]:
        if self.has_mark:
            return ("encoding utf-8, by its byte order mark",)
        return () if self.is_ascii else ("encoding utf-8",)


def _look_at(file: BinaryIO) -> _Look:
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    start = file.read(len(codecs.BOM_UTF8))
    file.seek(0)
    is_ascii, line_ends, rest = True, (False, False, False), ""
    try:
        while piece := file.read(_PIECE):
            if b"\x00" in piece or piece.endswith(b"\x1a"):
                raise NeedsWholeFileError("it contains zero bytes or an end-of-file mark")
            is_ascii = is_ascii and piece.isascii()
            text = rest + decoder.decode(piece)
            # A carriage return at the end may be the first half of a line end.
            rest = "\r" if text.endswith("\r") else ""
            line_ends = _either(line_ends, _line_ends_of(text.removesuffix("\r")))
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise NeedsWholeFileError("it is not UTF-8 throughout") from error
    return _Look(start == codecs.BOM_UTF8, is_ascii, _either(line_ends, _line_ends_of(rest)))


def _line_ends_of(text: str) -> tuple[bool, bool, bool]:
    """Return whether pairs, bare line feeds and bare carriage returns occur in a text."""
    pairs = text.count("\r\n")
    return pairs > 0, text.count("\n") > pairs, text.count("\r") > pairs


def _either(
    some: tuple[bool, bool, bool], others: tuple[bool, bool, bool]
) -> tuple[bool, bool, bool]:
    return (some[0] or others[0], some[1] or others[1], some[2] or others[2])


class _Window:
    """The part of a text that is in memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.text = ""
        self.is_at_end = False

    def fill(self, size: int) -> None:
        """Read on until the text has a number of characters, or the file ends."""
        pieces, length = [self.text], len(self.text)
        while length < size and not self.is_at_end:
            piece = self._file.read(_PIECE)
            self.is_at_end = not piece
            pieces.append(self._decoder.decode(piece, final=self.is_at_end))
            length += len(pieces[-1])
        self.text = "".join(pieces)
