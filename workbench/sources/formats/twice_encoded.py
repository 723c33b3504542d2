"""Notice text that was encoded twice: UTF-8 whose bytes were read in a one-byte encoding.

Such text shows ``Ã¼`` in place of ``ü`` and ``â€™`` in place of ``’``. It is only reported; the
mapping can declare a decoder that repairs it.
"""

import re
from collections.abc import Iterator

import polars as pl
import polars.selectors as cs

from workbench.foundation.counted_nouns import count_text
from workbench.sources.file_evidence import FileEvidence

# Bytes 80 to BF, which continue a character in UTF-8, in Latin-1 and in CP1252.
_CONTINUED = "\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
#: Latin letters, Greek or Cyrillic ones (two at least), signs and emoji, each as it shows.
TWICE_ENCODED = (
    f"[ÂÃÄÅ][{_CONTINUED}]|(?:[ÎÏÐÑ][{_CONTINUED}]){{2}}"
    f"|â[€‚„†\u0080-\u0084\u0086][{_CONTINUED}]|ð[Ÿ\u009f][{_CONTINUED}]{{2}}"
)


#: The same in JSON, where characters may be written as escapes.
_SIGNS = (*"ÂÃÄÅÎÏÐÑâð", "\\u00c", "\\u00C")
_ESCAPED = re.compile(rf"{TWICE_ENCODED}|\\u00[cC][2-5]\\u00[89abAB]")


def twice_encoded_json_note(content: str, evidence: FileEvidence | None = None) -> Iterator[str]:
    r"""Yield one sentence if places of a JSON text look encoded twice.

    Examples
    --------
    >>> list(twice_encoded_json_note('{"name": "Zo\\u00c3\\u00ab"}'))
    ['1 place looks encoded twice (Ã¼ for ü); declare the decoder mojibake if it is']
    """
    # The pattern is slow, and most texts contain none of the characters with which it begins.
    has_escapes, is_ascii = "\\" in content, content.isascii()
    signs = (sign for sign in _SIGNS if (has_escapes if sign.isascii() else not is_ascii))
    may_be = any(sign in content for sign in signs)
    found = sum(1 for _ in _ESCAPED.finditer(content)) if may_be else 0
    if count := (evidence or FileEvidence()).count("places encoded twice", found):
        yield _sentence(count, "place")


def twice_encoded_notes(
    records: pl.DataFrame, evidence: FileEvidence | None = None
) -> Iterator[str]:
    """Yield one sentence for each column of text with cells that look encoded twice.

    Examples
    --------
    >>> list(twice_encoded_notes(pl.DataFrame({"city": ["K\u00c3\u00b6ln", "Gent", "São Paulo"]})))
    ['city: 1 cell looks encoded twice (Ã¼ for ü); declare the decoder mojibake if it is']
    """
    evidence = evidence or FileEvidence()
    counts = records.select(cs.string().str.contains(TWICE_ENCODED).sum())
    for name, found in counts.row(0, named=True).items() if counts.width else ():
        if count := evidence.count(f"{name} encoded twice", found):
            yield f"{name}: {_sentence(count, 'cell')}"


def _sentence(count: int, noun: str) -> str:
    look = "looks" if count == 1 else "look"
    return (
        f"{count_text(count, noun)} {look} encoded twice (Ã¼ for ü); declare the decoder mojibake "
        "if it is"
    )
