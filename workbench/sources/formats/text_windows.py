"""The part of a text that is in memory while a file is read batch by batch."""

import codecs
from typing import BinaryIO

from workbench.sources.file_evidence import NeedsWholeFileError

_PIECE = 1 << 20


class TextWindow:
    """The part of a UTF-8 text that was not read yet, as far as it is in memory.

    Attributes
    ----------
    text : str
        Part of the text; the reader removes what it has read.
    is_at_end : bool
        Whether the text continues to the end of the file.
    has_mark, is_ascii : bool
        Whether the file begins with a byte order mark, and has only ASCII so far.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.text = ""
        self.is_at_end = False
        self.has_mark = False
        self.is_ascii = True
        self._is_new = True

    def fill(self, size: int) -> str:
        """Read on until the text has a number of characters, and return what was added.

        What is added does not end within a pair of line ends.

        Raises
        ------
        NeedsWholeFileError
            The text has properties that only the reader of a whole file understands.
        """
        pieces, length = [""], len(self.text)
        while (length < size or pieces[-1].endswith("\r")) and not self.is_at_end:
            piece = self._file.read(_PIECE)
            self.is_at_end = not piece
            if self._is_new:
                self.has_mark = piece.startswith(codecs.BOM_UTF8)
                piece = piece.removeprefix(codecs.BOM_UTF8)
                self._is_new = False
            if b"\x00" in piece:
                raise NeedsWholeFileError("it contains zero bytes")
            try:
                pieces.append(self._decoder.decode(piece, final=self.is_at_end))
            except UnicodeDecodeError as error:
                raise NeedsWholeFileError("it is not UTF-8 throughout") from error
            length += len(pieces[-1])
        added = "".join(pieces)
        self.text += added
        self.is_ascii = self.is_ascii and added.isascii()
        return added

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What is assumed about the encoding."""
        if self.has_mark:
            return ("encoding utf-8, by its byte order mark",)
        return () if self.is_ascii else ("encoding utf-8",)
