"""Read a delimited text file batch by batch, so that its size does not matter.

The layout is found in the beginning, as in a whole file. A file in another encoding than UTF-8, or
with other line ends further down, must be read whole, which may show only in a later batch.
"""

from collections.abc import Collection, Iterator
from typing import BinaryIO

import polars as pl

from workbench.foundation.errors import InputError
from workbench.sources.file_evidence import FileEvidence, NeedsWholeFileError
from workbench.sources.formats.column_names import case_notes
from workbench.sources.formats.delimited import DelimitedReading, name_header
from workbench.sources.formats.delimited_layout import find_layout
from workbench.sources.formats.delimited_records import LONGEST
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.raw_cells import RawCells, malformed_records
from workbench.sources.formats.text_windows import TextWindow
from workbench.sources.formats.twice_encoded import twice_encoded_notes

#: Number of characters of a batch.
BATCH = 1 << 23
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
        The file.
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
    window = TextWindow(file)
    line_ends = _line_ends_of(window.fill(_HEAD))
    if not window.text.strip():
        raise NeedsWholeFileError("its beginning is blank")
    layout = find_layout(window.text, rule, expected)
    window.text = layout.content
    header = name_header(layout, rule, expected, name)
    reading = DelimitedReading(layout, header, is_complete=True)
    while True:
        added = _line_ends_of(window.fill(size + _AHEAD))
        if any(kind and not known for kind, known in zip(added, line_ends, strict=True)):
            raise NeedsWholeFileError("its line ends differ from those of its beginning")
        if window.is_at_end and window.text.endswith("\x1a"):
            raise NeedsWholeFileError("it ends with an end-of-file mark")
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
                *window.assumptions,
                *layout.notes,
                *case_notes(layout.header or (), header),
                *reading.notes(),
                *(() if window.is_ascii else twice_encoded_notes(records, evidence)),
            ),
        )
        window.text = reading.forget_read(window.text)
        if window.is_at_end and not window.text:
            break


def _line_ends_of(text: str) -> tuple[bool, bool, bool]:
    """Return whether pairs, bare line feeds and bare carriage returns occur in a text."""
    if "\r" not in text:
        return False, "\n" in text, False
    pairs = text.count("\r\n")
    return pairs > 0, text.count("\n") > pairs, text.count("\r") > pairs
