"""Bytes to text: which encoding, and how sure.

A byte order mark decides; else UTF-8, whose multi-byte forms other encodings hardly produce by
chance; else CP1252, said as an assumption. Decoding is strict, so that no replacement character
appears.
"""

import codecs
from dataclasses import dataclass

from workbench.foundation.errors import InputError, ParameterError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Text:
    """Decoded content, the encoding's name, and what was assumed to get there."""

    content: str
    encoding: str
    assumptions: tuple[str, ...] = ()


def decode(data: bytes, *, declared: str | None, name: str) -> Text:
    """Decode a file's bytes without its byte order mark.

    Parameters
    ----------
    data : bytes
        The whole file.
    declared : str or None
        Encoding that the mapping declares; None detects it.
    name : str
        The file's name, for messages.

    Raises
    ------
    InputError
        The bytes are not in the declared encoding, or in none that is known.
    ParameterError
        The declared encoding has no such name.
    """
    mark, marked = next(((m, e) for m, e in _MARKS if data.startswith(m)), (b"", None))
    body = data[len(mark) :]
    if declared is not None:
        return Text(_as_declared(body, declared, marked, name), declared)
    if marked:
        return Text(
            _strict(body, marked, name), marked, (f"encoding {marked}, by its byte order mark",)
        )
    if b"\x00" in data:
        raise InputError(
            f"{name} holds zero bytes: it is no text file, or UTF-16 without a byte order mark; "
            "declare encoding under [file] in the mapping"
        )
    try:
        content = body.decode("utf-8")
    except UnicodeDecodeError:
        sentence = "encoding cp1252, assumed because the bytes are not valid UTF-8"
        return Text(_strict(body, "cp1252", name), "cp1252", (sentence,))
    return Text(content, "utf-8", () if content.isascii() else ("encoding utf-8",))


def _as_declared(body: bytes, declared: str, marked: str | None, name: str) -> str:
    try:
        normal = codecs.lookup(declared).name
    except LookupError as error:
        raise ParameterError(
            f"no encoding is called {declared!r}: try utf-8, utf-16 or cp1252"
        ) from error
    bare = normal.removesuffix("-sig")
    if marked and not marked.startswith(bare):
        raise InputError(
            f"{name} begins with the byte order mark of {marked}, but the mapping declares "
            f"{declared}: "
            "leave encoding out or correct it"
        )
    is_one_byte = not bare.startswith("utf")
    if is_one_byte and not body.isascii() and _is_utf8(body):
        # Any bytes decode in a one-byte encoding, to wrong letters; valid UTF-8 is no coincidence.
        raise InputError(
            f"{name} is UTF-8, but the mapping declares {declared}: leave it out or correct it"
        )
    return _strict(body, marked or bare, name)


def _strict(body: bytes, encoding: str, name: str) -> str:
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not {encoding}: byte {error.start + 1} does not fit; "
            "declare the right encoding under [file] in the mapping"
        ) from error


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
