"""Undo encodings that hide text from a search: escapes, base64, markup, look-alikes.

One content becomes a few plain texts: the text between the tags (once with the words of
neighbouring tags apart, once joined, as ``<b>An</b>na`` is read), the text of attributes, and rows
of JSON and of links without the names of their fields, so that the values are neighbours.
"""

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

from workbench.privacy.leaks.contact_keys import DASHES

#: Separator of the parts of a page; no name reaches from one part to the next.
BLOCK = "\x1e"

_TAG = re.compile(r"<[^<>]*>")
_BLOCK = re.compile(
    r"</?(?:tr|table|thead|tbody|caption|p|li|ul|ol|dl|dt|dd|div|h[1-6]|text|title|desc|section|"
    r"figure|figcaption|option|summary|details|body|main|nav|header|footer|pre|svg)\b[^<>]*>",
    re.IGNORECASE,
)
_DRAWN = re.compile(r'\s(?:d|points|transform|viewbox)="[-+\d\s.,a-z()]*"', re.IGNORECASE)
_ATTRIBUTE = re.compile(r"[\w:-]+\s*=\s*[\"']")
_FIELD = re.compile(r'"(?:[^"\\]|\\.){1,60}"\s*:|[?&;][\w.-]{1,40}=')
_JSON = re.compile(r"(?:\\+u[0-9a-fA-F]{4})+")
_HEX_ESCAPE = re.compile(r"\\+x([0-9a-fA-F]{2})")
_BLANK_ESCAPE = re.compile(r"\\+[nrtfv](?![a-z]*:\\)")
_PERCENT = re.compile(r"%(?:25)*[0-9a-fA-F]{2}")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u2069\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
)
_SIGNS = str.maketrans(
    dict.fromkeys(DASHES, "-")
    | dict.fromkeys("\u2018\u2019\u201b\u02bc\u02b9\u2032\u0060\u00b4", "'")
    | {"\u3000": " ", "\u2028": "\n", "\u2029": "\n"}
)
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
_BETWEEN_NUMBERS = re.compile(r"(?<=\d)(?:ー|丁目|番地|番|の)(?=\d)")
_HONORIFIC = re.compile(r"(さん|さま|様|ちゃん|先生|殿)")
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{10,}")
_WRAPPED = re.compile(r"(?<=[A-Za-z0-9+/]{60})\r?\n(?=[A-Za-z0-9+/])")
_HEX = re.compile(r"(?<![0-9a-fA-F])(?:[0-9a-fA-F]{2}){8,}(?![0-9a-fA-F])")
_TEXT = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]{6,}")
_SHORTEST_RUN, _LONGEST_PATH = 10, 2_000
_ROUNDS = 3  # Largest depth of escapes within escapes.


def plain_texts(content: str) -> list[str]:
    """Return a content without escapes, and the text that it contains as base64 or hex."""
    text = undo_escapes(content)
    hidden = BLOCK.join(dict.fromkeys(_decode_runs(text)))
    return [text, undo_escapes(hidden)] if hidden else [text]


def undo_escapes(text: str) -> str:
    """Return text with the escapes of JSON, HTML and addresses undone and look-alikes replaced."""
    for _ in range(_ROUNDS):
        before = text
        if "\\" in text:
            text = _JSON.sub(_decode_unicode, text)
            text = _HEX_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
            text = _BLANK_ESCAPE.sub(" ", text)
        if "&" in text:
            text = html.unescape(text)
        if "%" in text and _PERCENT.search(text):
            text = unquote(text)
        if text == before:
            break
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).translate(_SIGNS)
    if not text.isascii():
        text = _OTHER_DIGIT.sub(lambda found: str(unicodedata.decimal(found[0])), text)
        text = _HONORIFIC.sub(r" \1", _BETWEEN_NUMBERS.sub("-", text))
    return text


def readings(text: str) -> list[str]:
    """Return the ways to read a plain text that has markup or fields."""
    bare, inside = text, ""
    found = [text]
    if "<" in text:
        seen = _DRAWN.sub(" ", text)
        parted = _BLOCK.sub(BLOCK, seen)
        bare = _TAG.sub(" ", parted)
        found = [bare, _TAG.sub("", parted)]
        inside = BLOCK.join(tag for tag in _TAG.findall(seen) if len(tag) > len("<table>"))
        inside = _ATTRIBUTE.sub(" ", inside)
        found.append(inside)
    for each in (bare, inside):
        if '":' in each or '" :' in each or "=" in each:
            found.append(_FIELD.sub(" ", each))
    return list(dict.fromkeys(found))


def _decode_unicode(found: re.Match[str]) -> str:
    units = bytes.fromhex(re.sub(r"\\+u", "", found[0]))
    return units.decode("utf-16-be", errors="replace")


def _decode_runs(text: str) -> Iterator[str]:
    """Yield the text that is written in base64 or hex.

    A run may begin before the encoded text, so it is decoded from each of its first four
    characters.
    """
    runs = set(_ENCODED.findall(_WRAPPED.sub("", text)))
    # a path of a link looks like base64 with slashes; a long run is a picture
    paths = [run for run in runs if "/" in run and len(run) < _LONGEST_PATH]
    runs |= {part for run in paths for part in run.split("/") if len(part) >= _SHORTEST_RUN}
    for run in runs:
        plain = run.replace("-", "+").replace("_", "/")
        for start in range(4):
            part = plain[start:]
            part = part[: len(part) - (len(part) % 4 == 1)]
            try:
                content = base64.b64decode(part + "=" * (-len(part) % 4))
            except binascii.Error:
                continue
            yield from _texts(content)
    for run in set(_HEX.findall(text)):
        yield from _texts(bytes.fromhex(run))


def _texts(content: bytes) -> Iterator[str]:
    """Return decoded bytes if they are mostly text, and otherwise the e-mail addresses in them."""
    text = content.decode("utf-8", errors="replace")
    parts = _TEXT.findall(text)
    if sum(map(len, parts)) >= 0.9 * len(text) or any("@" in part for part in parts):
        yield from parts
