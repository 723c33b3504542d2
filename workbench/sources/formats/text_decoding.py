r"""Decode the bytes of text files, and report the encoding that was assumed.

A byte order mark decides. Without one, a regular pattern of zero bytes means UTF-16 or UTF-32.
Otherwise the lines with bytes beyond ASCII are the evidence: other encodings hardly produce valid
multi-byte UTF-8 by chance, so the text is UTF-8 if at least half of these lines are valid UTF-8,
and CP1252 if not.

No byte is replaced or left out. A byte that the encoding does not define becomes the lone surrogate
``U+DC00 + byte``, which no valid text contains, and readers refuse the record that contains it:

>>> found = decode(b"city\nK\xc3\xb6ln\nK\xf6ln\n", declared=None, name="a.csv")
>>> found.content.split("\n")
['city', 'Köln', 'K\udcf6ln', '']
>>> found.assumptions
('encoding utf-8, because 1 of 2 lines beyond ASCII is valid UTF-8; the others are refused',)
>>> is_undecodable("K\udcf6ln"), escape_undecodable("K\udcf6ln")
(True, 'K\\xf6ln')
"""

import codecs
import re
from dataclasses import dataclass

from workbench.foundation.errors import InputError, ParameterError

# The mark of UTF-32 begins with that of UTF-16, so it comes first.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 1 << 16  # number of bytes in which a pattern of zero bytes is searched
_KEEP = "workbench_keep_bytes"
_BEYOND = re.compile(rb"[\x80-\xff]+")
_RUN = re.compile(rb"[\x80-\xff]{3,}")
#: Bytes that are signs in CP1252, but no apostrophe, dash or ellipsis, between two letters.
_SIGN_IN_WORD = re.compile(
    rb"[A-Za-z][\x80-\x82\x84\x86-\x89\x8b\x8d\x8f-\x91\x93-\x95\x98\x99\x9b\x9d](?=[a-z])"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class DecodedText:
    """Decoded content, name of the encoding, and assumptions about it.

    ``is_complete`` tells whether all bytes were decoded; if not, some records contain lone
    surrogates in place of bytes and must be refused.
    """

    content: str
    encoding: str
    assumptions: tuple[str, ...] = ()
    is_complete: bool = True


def is_undecodable(text: str) -> bool:
    """Return whether a text contains a lone surrogate, which stands for a byte or half a pair."""
    return _SURROGATE.search(text) is not None


def escape_undecodable(text: str) -> str:
    r"""Return a text in which undecodable bytes are written as ``\x81``, for refused records."""
    return _SURROGATE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC00 <= code <= 0xDCFF else f"\\u{code:04x}"


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
        Most lines beyond ASCII are not in the declared encoding, or no encoding could be detected.
    ParameterError
        The declared encoding does not exist.
    """
    mark, marked = _find_mark(data)
    body = data[len(mark) :]
    if declared is not None:
        return _decode_declared(body, declared, marked, name)
    if marked:
        return _keep_bytes(body, marked, (f"encoding {marked}, by its byte order mark",))
    if regular := _find_zero_pattern(body):
        sentence = f"encoding {regular}, by the pattern of its zero bytes"
        return _keep_bytes(body, regular, (sentence,))
    try:
        content = body.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_by_lines(body, name)
    return DecodedText(content, "utf-8", () if content.isascii() else ("encoding utf-8",))


def _find_mark(data: bytes) -> tuple[bytes, str | None]:
    for mark, encoding in _MARKS:
        # A UTF-16 text whose first character is a zero looks marked as UTF-32.
        if data.startswith(mark) and not (encoding.startswith("utf-32") and len(data) % 4):
            return mark, encoding
    return b"", None


def _find_zero_pattern(body: bytes) -> str | None:
    """Return the encoding in which ASCII characters have zero bytes at regular positions."""
    sample = body[: min(_SAMPLE, len(body)) // 4 * 4]
    if b"\x00" not in sample:
        # A file of two bytes is the only one that the sample lacks.
        return None
    zeros = [sample[start::4].count(0) for start in range(4)]
    characters = len(sample) // 4
    if zeros[3] == characters and max(sample[2::4]) <= 0x10:
        return "utf-32-le"
    if zeros[0] == characters and max(sample[1::4]) <= 0x10:
        return "utf-32-be"
    even, odd = zeros[0] + zeros[2], zeros[1] + zeros[3]
    # In UTF-16 at least delimiters, digits and line ends have a zero byte on one side, and few
    # other characters have one on the other side.
    if max(even, odd) < len(sample) / 20 or min(even, odd) * 4 > max(even, odd):
        return None
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    # A short text in another encoding may contain a few zero bytes, but no line end in UTF-16.
    has_lines = "\n" in sample.decode(encoding, _KEEP)
    return encoding if has_lines or max(even, odd) > len(sample) / 4 else None


def _decode_declared(body: bytes, declared: str, marked: str | None, name: str) -> DecodedText:
    try:
        normal = codecs.lookup(declared).name
        "".encode(normal)  # Refuses codecs that do not turn bytes into text, such as base64.
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
    if is_one_byte and not body.isascii() and _is_valid(body, "utf-8"):
        # A one-byte encoding decodes any bytes, some to wrong letters; valid UTF-8 is no accident.
        raise InputError(
            f"{name} is UTF-8, but the mapping declares {declared}: leave it out or correct it"
        )
    encoding = marked or bare
    if encoding in ("utf-16", "utf-32"):  # Without a mark Python would take its own byte order.
        encoding = _find_zero_pattern(body) or f"{encoding}-le"
    try:
        return DecodedText(body.decode(encoding), encoding)
    except UnicodeDecodeError as error:
        valid, every = _count_valid_lines(body, encoding)
        if valid * 2 < every or not valid:
            raise InputError(
                f"{name} is not {declared}: byte {error.start + 1} does not fit; "
                "declare the right encoding under [file] in the mapping"
            ) from error
        return _keep_bytes(body, encoding, (_line_note(encoding, valid, every),))


def _decode_by_lines(body: bytes, name: str) -> DecodedText:
    """Decode bytes that are not valid UTF-8 as a whole, by the evidence of their lines."""
    valid, every = _count_valid_lines(body, "utf-8")
    if valid * 2 >= every:
        return _keep_bytes(body, "utf-8", (_line_note("utf-8", valid, every),))
    fitting, _ = _count_valid_lines(body, "cp1252")
    if fitting * 2 < every:
        raise InputError(
            f"{name} is neither UTF-8 nor CP1252: {every - fitting:,} of {every:,} lines beyond "
            "ASCII do not fit; declare encoding under [file] in the mapping"
        )
    if _is_unlikely_cp1252(body):
        raise InputError(
            f"{name} is not UTF-8, and as CP1252 its letters would be signs: it may come from DOS "
            "(cp850), a Mac (mac-roman) or another alphabet; declare encoding under [file] in the "
            "mapping"
        )
    sentence = "encoding cp1252, assumed because the bytes are not valid UTF-8"
    if valid:
        sentence += f" ({valid:,} of {every:,} lines beyond ASCII are)"
    if fitting < every:
        sentence += f"; lines with undefined bytes are refused ({every - fitting:,})"
    return _keep_bytes(body, "cp1252", (sentence,))


def _is_unlikely_cp1252(body: bytes) -> bool:
    """Return whether most bytes beyond ASCII stand in long runs, or are signs within words.

    Western words have single accented letters; other alphabets fill words with such bytes.
    """
    beyond = sum(map(len, _BEYOND.findall(body)))
    in_runs = sum(map(len, _RUN.findall(body)))
    return in_runs * 2 > beyond or len(_SIGN_IN_WORD.findall(body)) * 2 > beyond


def _line_note(encoding: str, valid: int, every: int) -> str:
    return (
        f"encoding {encoding}, because {valid:,} of {every:,} lines beyond ASCII "
        f"{'is' if valid == 1 else 'are'} valid {encoding.upper()}; the others are refused"
    )


def _count_valid_lines(body: bytes, encoding: str) -> tuple[int, int]:
    """Return the numbers of lines beyond ASCII that are valid in an encoding, and of all."""
    if encoding.startswith(("utf-16", "utf-32")):
        content = body.decode(encoding, _KEEP)
        lines = [line for line in content.split("\n") if not line.isascii()]
        return sum(not is_undecodable(line) for line in lines), len(lines)
    # A pattern for such lines would try every byte of a long line as their beginning.
    beyond = [line for line in body.replace(b"\r", b"\n").split(b"\n") if not line.isascii()]
    return sum(_is_valid(line, encoding) for line in beyond), len(beyond)


def _is_valid(body: bytes, encoding: str) -> bool:
    try:
        body.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _keep_bytes(body: bytes, encoding: str, assumptions: tuple[str, ...]) -> DecodedText:
    content = body.decode(encoding, _KEEP)
    return DecodedText(content, encoding, assumptions, is_complete=not is_undecodable(content))


def _keep_undecodable_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    kept = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in kept), error.end


codecs.register_error(_KEEP, _keep_undecodable_bytes)
