"""Find candidates for e-mail addresses, phones, ids and digests in a text."""

import base64
import binascii
import re
from collections.abc import Iterator

from workbench.privacy.leaks.contact_keys import LONGEST_PHONE, SHORTEST_ID, SHORTEST_PHONE
from workbench.privacy.leaks.name_keys import SHORTEST_JOINED, SHORTEST_UNSPACED
from workbench.privacy.leaks.spelling import UNSPACED

_AT = "at|ät|@|arroba|arobase|małpa|malpa|chiocciola"
_DOT = "dot|punkt|point|punto|kropka|punt"
_MARK = re.compile(
    rf"@|[\[({{<]\s*(?:{_AT})\s*[\])}}>]|(?<=\w)[\s+]+(?:{_AT})[\s+]+(?=\w)", re.IGNORECASE
)
_SPELLED_DOT = re.compile(
    rf"[\s+]*[\[({{<]\s*(?:{_DOT}|\.)\s*[\])}}>][\s+]*|(?<=\w)[\s+]+(?:{_DOT})[\s+]+(?=\w)|"
    r"\s+\.\s+",
    re.IGNORECASE,
)
_LOCAL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~:-]+$")
_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_START = re.compile(r"[!#$%&'*+/=?^`{|}~:]")
_REACH = 90  # characters on either side of an @

_PHONE_LIKE = re.compile(r"\d(?:[\s./()·_+-]{0,5}\d){7,}")
_GROUP = re.compile(r"\d+")
_GROUPS = 10

_TOKEN = re.compile(r"[^\s<>\"'(),;=]{8,}")
_PIECE = re.compile(r"[^/?&:#|\[\]{}*]+")
_HEX_DIGEST = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?![0-9a-f])")
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{22,}")
_DIGEST_SIZES = {43: 32, 27: 20, 22: 16}  # letters of base64 without padding: bytes
_DIGEST_PIECES = 8  # between slashes of base64
_ADDRESS = re.compile(rf"([{UNSPACED}]{{2,}})(\d+(?:-\d+)+)")
_LONG_WORD = re.compile(rf"[^\W\d_]{{{SHORTEST_JOINED},}}")
_RUN = re.compile(f"[{UNSPACED}]+(?:[ \\t]+[{UNSPACED}]+)*")


def emails(text: str) -> Iterator[str]:
    """Find e-mail addresses, also with ``[at]`` and ``[dot]`` spelled out."""
    low = text.lower()
    for mark in _MARK.finditer(low):
        left = _SPELLED_DOT.sub(".", low[max(0, mark.start() - _REACH) : mark.start()])
        right = _SPELLED_DOT.sub(".", low[mark.end() : mark.end() + _REACH])
        local = _LOCAL.search(left.rstrip(" \t\n+"))
        domain = _DOMAIN.match(right.lstrip(" \t\n+"))
        if local is None or domain is None:
            continue
        starts = [0, *(found.end() for found in _START.finditer(local[0]))]
        labels = domain[0].split(".")
        for size in range(2, len(labels) + 1):
            for start in starts:
                yield f"{local[0][start:]}@{'.'.join(labels[:size])}"


def phones(text: str) -> Iterator[str]:
    """Find digits that are grouped like a phone number."""
    for run in _PHONE_LIKE.finditer(text):
        groups = _GROUP.findall(run[0])
        for start in range(len(groups)):
            digits = ""
            for group in groups[start : start + _GROUPS]:
                digits += group
                if len(digits) > LONGEST_PHONE:
                    break
                if len(digits) >= SHORTEST_PHONE:
                    yield digits.removeprefix("00")


def ids(text: str) -> Iterator[str]:
    """Find candidates for ids: tokens, and pieces of tokens."""
    for token in _TOKEN.findall(text.lower()):
        yield token.strip(".:*`_")
        for piece in _PIECE.findall(token):
            if len(piece) >= SHORTEST_ID:
                yield piece.strip(".`_")


def digests(text: str) -> Iterator[str]:
    """Find candidates for an MD5, SHA-1 or SHA-256 in hex or base64, and return them in hex."""
    yield from _HEX_DIGEST.findall(text.lower())
    for run in _ENCODED.findall(text):
        for part in _path_parts(run):
            padded = part.replace("-", "+").replace("_", "/") + "=" * (-len(part) % 4)
            try:
                content = base64.b64decode(padded)
            except binascii.Error:
                continue
            if len(content) == _DIGEST_SIZES[len(part)]:
                yield content.hex()


def _path_parts(run: str) -> Iterator[str]:
    """Return the parts of a path that have the length of a digest; one may have slashes itself."""
    pieces = run.split("/")
    for start in range(len(pieces)):
        for end in range(start + 1, min(start + _DIGEST_PIECES, len(pieces)) + 1):
            part = "/".join(pieces[start:end])
            if len(part) in _DIGEST_SIZES:
                yield part


def unspaced(text: str, *, shortest: int = SHORTEST_UNSPACED, longest: int = 10) -> Iterator[str]:
    """Find candidates for names in scripts without blanks: all short runs of letters."""
    for run in _RUN.findall(text):
        letters = re.sub(r"\s", "", run)
        for size in range(shortest, longest + 1):
            for start in range(len(letters) - size + 1):
                yield letters[start : start + size]


def unspaced_addresses(text: str) -> Iterator[str]:
    """Find candidates for addresses in such scripts: letters directly before house numbers."""
    for found in _ADDRESS.finditer(text):
        for start in range(len(found[1]) - 1):
            yield found[1][start:] + found[2]


def long_words(text: str) -> Iterator[str]:
    """Find candidates for whole names that are written as one word."""
    yield from _LONG_WORD.findall(text)
