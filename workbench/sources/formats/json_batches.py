"""Read JSON lines batch by batch, so that the size of their file does not matter.

A document over many lines, or a file in another encoding than UTF-8, must be read whole. A value
that is not of a known shape may continue in later lines, so it is read only where enough text
follows.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from workbench.foundation.errors import InputError
from workbench.sources.file_evidence import FileEvidence, NeedsWholeFileError
from workbench.sources.formats.json_trees import (
    JsonLayout,
    JsonTrees,
    pass_over_name,
    read_content,
)
from workbench.sources.formats.text_windows import TextWindow
from workbench.sources.formats.twice_encoded import twice_encoded_json_note

#: Number of characters in which a value, and the lines that show a file's layout, end.
_AHEAD = 1 << 20


def read_json_batches(
    file: BinaryIO, *, name: str, evidence: FileEvidence, size: int
) -> Iterator[JsonTrees]:
    """Yield the records of a file of JSON lines, with assumptions about all read so far.

    Parameters
    ----------
    file : binary file
        The file.
    name : str
        Name of the file, for messages.
    evidence : FileEvidence
        Evidence of the file's earlier batches.
    size : int
        Number of characters of a batch.

    Raises
    ------
    NeedsWholeFileError
        The file has no lines, or properties that only the reader of a whole file understands.
    """
    window = TextWindow(file)
    layout = JsonLayout(name, is_complete=True)
    read = 0
    while not window.is_at_end or window.text:
        window.fill(size + _AHEAD)
        if not window.text:
            break
        if not read and pass_over_name(window.text)[1]:
            raise NeedsWholeFileError("a name stands before the JSON")
        end = len(window.text) if window.is_at_end else window.text.rfind("\n") + 1
        content = window.text[:end]
        try:
            found = read_content(
                content, layout, before=read, ahead=0 if window.is_at_end else _AHEAD
            )
        except InputError as error:
            if window.is_at_end and read == 0:
                raise
            raise NeedsWholeFileError("it has a document over many lines") from error
        if not layout.position:
            raise NeedsWholeFileError("a value is longer than a batch")
        window.text = window.text[layout.position :]
        read += found.read
        twice = twice_encoded_json_note(content[: layout.position], evidence)
        yield replace(found, assumptions=(*window.assumptions, *layout.notes(), *twice))
