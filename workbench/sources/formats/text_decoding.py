"""Decode the bytes of text files, and report the encoding that was assumed.

A byte order mark decides. Without one, valid UTF-8 is UTF-8, because other encodings hardly produce
its multi-byte characters by chance; anything else is CP1252, which is reported as an assumption.
Decoding is strict, so that no replacement character appears.
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
class DecodedText:
    """Decoded content, name of the encoding, and assumptions about it."""

    content: str
    encoding: str
    assumptions: tuple[str, ...] = ()


def decode(data: bytes, *, declared: str | None, name: str) -> DecodedText:
    """Decode a file's bytes without its byte order mark.

    Parameters
    ----------
    data : bytes
        Content of the whole file.
    declared : str or None
        Encoding that the mapping declares; None to detect it.
    name : str
        Name of the file, for messages.

    Raises
    ------
    InputError
        The bytes are not in the declared encoding, or no encoding could be detected.
    ParameterError
        The declared encoding does not exist.
    """
    mark, marked = next(((m, e) for m, e in _MARKS if data.startswith(m)), (b"", None))
    body = data[len(mark) :]
    if declared is not None:
        return DecodedText(_decode_declared(body, declared, marked, name), declared)
    if marked:
        return DecodedText(
            _decode_strictly(body, marked, name),
            marked,
            (f"encoding {marked}, by its byte order mark",),
        )
    if b"\x00" in data:
        raise InputError(
            f"{name} contains zero bytes: it is no text file, or UTF-16 without a byte order mark; "
            "declare encoding under [file] in the mapping"
        )
    try:
        content = body.decode("utf-8")
    except UnicodeDecodeError:
        sentence = "encoding cp1252, assumed because the bytes are not valid UTF-8"
        return DecodedText(_decode_strictly(body, "cp1252", name), "cp1252", (sentence,))
    return DecodedText(content, "utf-8", () if content.isascii() else ("encoding utf-8",))


def _decode_declared(body: bytes, declared: str, marked: str | None, name: str) -> str:
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
        # A one-byte encoding decodes any bytes, some to wrong letters; valid UTF-8 is no accident.
        raise InputError(
            f"{name} is UTF-8, but the mapping declares {declared}: leave it out or correct it"
        )
    return _decode_strictly(body, marked or bare, name)


def _decode_strictly(body: bytes, encoding: str, name: str) -> str:
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
