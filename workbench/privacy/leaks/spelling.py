"""Bring words of names and addresses to one spelling, for the dataset and for the page alike.

Two spellings of a word are equal here if they differ in case, in diacritics (``é`` and ``e``), in
the letters that replace an umlaut (``ä``, ``ae`` and ``a``; ``ß`` and ``ss``; ``ø``, ``oe`` and
``o``) or in the width of the characters. So ``Müller``, ``MUELLER`` and ``Muller`` are one word.
The price is that a few different words become equal too: ``Joel`` and ``Jol``.
"""

import re
from functools import cache
from importlib.resources import files

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.schema import TABLES

Hashes = NDArray[np.uint64]
#: Lower halves of customers' ids, which take half the memory. Of three million customers one in
#: 1,400 has the half of another, and the two count as one.
Owners = NDArray[np.uint32]
OwnedKeys = tuple[Hashes, Owners]

#: Characters that mark a letter as an initial, begin a date, and end a block of a page.
INITIAL, DATE, BREAK = "\x1f", "\x1d", "\x1e"
#: Kana, Han and Hangul: names are written without blanks.
UNSPACED = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
WORDS = r"\p{L}+\x1f*|\x1d\p{Nd}{8}|\p{Nd}+|\x1e"

_LETTERS = {
    "ß": "ss",
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "æ": "a",
    "œ": "o",
    "þ": "th",
    "ı": "i",
}
_DIGRAPHS = {"ae": "a", "oe": "o", "ue": "u"}
#: Words of a street by their abbreviation; ``st`` also abbreviates saint.
_STREET = {
    "st": "street str strasse straat saint sankt sint sainte",
    "av": "avenue ave avenida avda avd aleja",
    "rd": "road",
    "ln": "lane laan",
    "dr": "drive",
    "ct": "court",
    "cl": "close",
    "sq": "square",
    "pl": "place plaza pza plac platz plein",
    "bd": "boulevard blvd boul bvd",
    "c": "calle",
    "ps": "paseo po pso",
    "cm": "camino cno cmno",
    "r": "rue rua",
    "ch": "chemin che",
    "imp": "impasse",
    "apt": "apartment",
}
_STREET_WORDS = {
    re.sub("([aou])e", r"\1", long): short
    for short, every in _STREET.items()
    for long in every.split()
}
#: Words that make no difference in an address.
_IGNORED = ("ul", "ulica", "no", "nr")
#: Words that join the parts of a family name.
_JOINING = """
    van von der den de la le les del los las ter ten te da di du dos das des zu zur zum y e i el al
    bin ben mac mc o st san dal della vom im op t
"""
PARTICLES = frozenset(_JOINING.split())
_WORD, _LETTER, _ADDRESS, _TEXT = 1, 2, 3, 4  # Seeds: initial A is not the word a.


def fold_text(text: pl.Expr) -> pl.Expr:
    """Return text in the one spelling in which words are compared."""
    plain = (
        beyond_ascii(text)
        .str.normalize("NFKD")
        .str.to_lowercase()
        .str.replace_many(_LETTERS)
        .str.replace_all(r"\p{M}", "")
    )
    return pl.coalesce(plain, text.str.to_lowercase()).str.replace_many(_DIGRAPHS)


def beyond_ascii(text: pl.Expr) -> pl.Expr:
    """Return text that has a character beyond ASCII, and null for other text.

    Most texts are ASCII: to normalise them changes nothing and takes most of the time.
    """
    return pl.when(text.str.len_bytes() > text.str.len_chars()).then(text)


def hash_words(words: pl.Series) -> Hashes:
    """Return the hash of each folded word of a name."""
    return words.hash(_WORD).to_numpy()


def hash_initials(words: pl.Series) -> Hashes:
    """Return the hash of the first letter of each folded word, as an initial."""
    return words.str.head(1).hash(_LETTER).to_numpy()


def hash_text(texts: pl.Series) -> Hashes:
    """Return the hash of each text as it is: an e-mail address, a phone, an id, a digest."""
    return texts.hash(_TEXT).to_numpy()


def hash_street_words(words: pl.Series) -> tuple[Hashes, NDArray[np.bool_]]:
    """Return the hash of each folded word of an address, and whether the word counts at all.

    ``Hauptstr``, ``Hauptstrasse`` and ``Hauptstraat`` have one hash, as have ``Street`` and ``St``.
    """
    brief = words.str.replace(r"(?:strasse|straat|str)$", "st").replace(_STREET_WORDS)
    return brief.hash(_ADDRESS).to_numpy(), ~words.is_in(list(_IGNORED)).to_numpy()


def is_street_word(words: pl.Series) -> NDArray[np.bool_]:
    """Return whether each folded word is a word for a street, such as ``road`` or ``rd``."""
    listed = words.is_in([*_STREET, *_STREET_WORDS])
    return (listed | words.str.contains(r".{3}(?:st|strasse|str|straat|weg|laan)$")).to_numpy()


def pair(one: Hashes, other: Hashes) -> Hashes:
    """Return the key of two signs of a person that are found near each other."""
    return one * np.uint64(0x9E3779B97F4A7C15) + (other ^ (other >> np.uint64(29)))


@cache
def ordinary_words() -> pl.Series:
    """Return the words that a text may have without meaning a person, folded.

    ``tests/privacy/ordinary_words.py`` makes the list from the sources that it names. The words
    of the schema's tables and columns are added.
    """
    source = files("workbench.privacy.leaks").joinpath("ordinary_words.txt")
    named = "_".join((*TABLES, *(column for table in TABLES.values() for column in table.schema)))
    words = pl.Series([*source.read_text("utf-8").split(), *named.split("_")])
    return words.to_frame("word").select(fold_text(pl.col("word"))).to_series().unique()


def is_ordinary(words: pl.Series) -> NDArray[np.bool_]:
    """Return whether each folded word is ordinary: a frequent word, a particle or one letter."""
    distinct = words.unique()
    ordinary = distinct.filter(
        distinct.is_in(ordinary_words().implode())
        | distinct.is_in(list(PARTICLES))
        | (distinct.str.len_chars() < 2)
        | distinct.str.contains(r"^\p{Nd}+$")
    )
    # one Han letter is a name, and no abbreviation of one
    return (words.is_in(ordinary.implode()) & ~words.str.contains(f"[{UNSPACED}]")).to_numpy()
