"""Keys of names in any order, shortened and with initials.

A key is *frequent* if it needs a second sign of the same customer: all words of the name are
ordinary ones, or the family name is only an initial, or several customers share initial and name.
Names are read of some customers at a time, so only whoever gathers them all can count who shares
an initial with a name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.privacy.leaks.phrases import Phrases
from workbench.privacy.leaks.spelling import (
    PARTICLES,
    UNSPACED,
    Hashes,
    OwnedKeys,
    Owners,
    beyond_ascii,
    fold_text,
    hash_initials,
    hash_text,
    is_ordinary,
)

SHORTEST_UNSPACED = 3  # letters of a name without blanks; two occur by chance
SHORTEST_JOINED = 10  # letters of a name as one word; shorter ones may be a word
_SHORTEST_PART = 3  # letters of one family name of several
_SHARED = 5  # customers from whom on an initial with a family name singles nobody out
#: Ways to write a name that single nobody out if several customers share them.
SHARED_FORMS = ("one initial", "all initials", "one family name")


class NameKeys(NamedTuple):
    """One way to write the names of customers.

    ``form`` is one of ``SHARED_FORMS``, or empty for other ways.
    """

    keys: Hashes
    owners: Owners
    is_frequent: NDArray[np.bool_]
    form: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of customers as the dataset has them.

    Attributes
    ----------
    full : DataFrame
        Columns ``owner`` and ``text``.
    unmatched : DataFrame
        Full names, except those of two words that ``parts`` contain too, with the same key.
    parts : DataFrame
        Columns ``owner``, ``given`` and ``family``: as stated, or as split from the full name.
    first, last : Phrases
        Words of the given and of the family name of each row of ``parts``.
    single : DataFrame
        Columns ``owner`` and ``text``: given names without a family name, and the reverse.
    """

    full: pl.DataFrame
    unmatched: pl.DataFrame
    parts: pl.DataFrame
    first: Phrases
    last: Phrases
    single: pl.DataFrame

    @classmethod
    def of(cls, full: pl.DataFrame, given: pl.DataFrame, family: pl.DataFrame) -> "Names":
        """Return names; a full name is split if it is not made of the stated parts."""
        # Several records of a customer may state the same name.
        full, given, family = (each.unique() for each in (full, given, family))
        stated = given.rename({"text": "given"}).join(
            family.rename({"text": "family"}), on="owner", how="full", coalesce=True
        )
        is_stated = _is_stated(full, stated)
        is_two_words = pl.col("text").str.contains(r"^\p{Latin}+ \p{Latin}+$")
        split = _split_names(full.filter(~is_stated))
        is_pair = _is_pair(stated)
        parts = pl.concat([stated.filter(is_pair), split.filter(_is_pair(split))])
        single = stated.filter(~is_pair)
        first, last = _given_and_family(parts)
        return cls(
            full=full,
            unmatched=full.filter(~(is_stated & is_two_words)),
            parts=parts,
            first=first,
            last=last,
            single=pl.concat(
                single.select("owner", text=each).drop_nulls() for each in ("given", "family")
            ),
        )


def name_keys(names: Names) -> Iterator[NameKeys]:
    """Return every way to write the names of customers, and whether it is frequent."""
    yield from _whole_names(pl.concat([names.unmatched, _without_joints(names.unmatched)]))
    yield from _combined_names(names.first, names.last)
    yield from _combined_names(*_given_and_family(_without_joints(names.parts)))


def _whole_names(full: pl.DataFrame) -> Iterator[NameKeys]:
    names = Phrases.of(full)
    is_long = _is_long(names.vocabulary) | _is_unspaced(names.vocabulary)
    is_letter = names.vocabulary.str.contains(r"\p{L}").to_numpy()
    has_two = names.sums((is_long & is_letter).astype(np.uint64)) > 1
    keys, common = names.sums(names.hashes), names.all(is_ordinary(names.vocabulary))
    yield NameKeys(keys[has_two], names.owners[has_two], common[has_two])


def _combined_names(first: Phrases, last: Phrases) -> Iterator[NameKeys]:
    """Yield keys of given with family names, from the same rows: whole, shortened, initials."""
    owners, is_unspaced = first.owners, last.any(_is_unspaced(last.vocabulary))
    long_given, long_family = (each.any(_is_long(each.vocabulary)) for each in (first, last))
    is_name = (long_given & long_family) | is_unspaced
    given, family = first.sums(first.hashes), last.sums(last.hashes)
    ordinary_given = first.all(is_ordinary(first.vocabulary))
    ordinary_words = is_ordinary(last.vocabulary)
    ordinary_family = last.all(ordinary_words)
    is_frequent = ordinary_given & ordinary_family
    # one family name of several, as people with two names use them
    is_distinct = ~last.vocabulary.is_in(list(PARTICLES)).to_numpy()
    is_part = is_distinct & (last.vocabulary.str.len_chars() >= _SHORTEST_PART).to_numpy()
    text = np.repeat(np.arange(last.counts.size), last.counts)
    is_one = is_part[last.words] & (last.counts > 1)[text] & is_name[text]
    text, part = text[is_one], last.words[is_one]
    word, ordinary_word = last.hashes[part], ordinary_words[part]
    last_letters = hash_initials(last.vocabulary)
    letter = last_letters[last.firsts]
    distinct_letter = _first_initial(last, last_letters, is_distinct)
    # The first given name of several is a second way to write the name.
    for keys, which in ((given, first.counts > 0), (first.hashes[first.firsts], first.counts > 1)):
        of = which & is_name
        yield NameKeys((keys + family)[of], owners[of], is_frequent[of])
        of, one = which[text], text[which[text]]
        yield NameKeys(keys[one] + word[of], owners[one], ordinary_given[one] & ordinary_word[of])
        of = which & ~is_unspaced
        yield NameKeys((keys + letter)[of], owners[of], of[of])
        of &= distinct_letter != letter
        yield NameKeys((keys + distinct_letter)[of], owners[of], of[of])
    first_letters = hash_initials(first.vocabulary)
    initial = first_letters[first.firsts]
    several = ~is_unspaced & (first.counts > 1)
    for form, keys, of in (
        (SHARED_FORMS[0], initial, ~is_unspaced),
        (SHARED_FORMS[1], first.sums(first_letters), several),
    ):
        yield NameKeys((keys + family)[of], owners[of], ordinary_family[of], form)
    yield NameKeys(initial[text] + word, owners[text], ordinary_word, SHARED_FORMS[2])


def _is_long(words: pl.Series) -> NDArray[np.bool_]:
    return (words.str.len_chars() > 1).to_numpy()


def _is_unspaced(words: pl.Series) -> NDArray[np.bool_]:
    return words.str.contains(f"[{UNSPACED}]").to_numpy()


def _first_initial(last: Phrases, letters: Hashes, is_distinct: NDArray[np.bool_]) -> Hashes:
    """Return the initial of the first word of a family name that is no particle."""
    nowhere = last.words.size
    places = np.where(is_distinct[last.words], np.arange(nowhere), nowhere)
    found = np.minimum.reduceat(places, last.starts)
    ends = last.starts + last.counts
    return letters[last.words[np.where(found < ends, found, last.starts)]]


def is_shared(keys: Hashes, owners: Owners) -> NDArray[np.bool_]:
    """Return whether so many customers have a key that it singles out none of them."""
    frame = pl.DataFrame({"key": keys, "owner": owners})
    is_shared = pl.col("owner").n_unique().over("key") >= _SHARED
    return frame.select(is_shared).to_series().to_numpy()


def _given_and_family(parts: pl.DataFrame) -> tuple[Phrases, Phrases]:
    first, last = (Phrases.of(parts.select("owner", text=each)) for each in ("given", "family"))
    return first, last


def _is_pair(parts: pl.DataFrame) -> pl.Series:
    """Return whether the given and the family name of each row both have a letter."""
    is_pair = pl.repeat(True, parts.height, eager=True)
    for name in ("given", "family"):
        distinct = parts.select(pl.col(name).unique().drop_nulls())
        lettered = distinct.filter(fold_text(pl.col(name)).str.contains(r"\p{L}"))
        is_pair &= parts[name].is_in(lettered[name].implode()).fill_null(False)
    return is_pair


def _is_stated(full: pl.DataFrame, stated: pl.DataFrame) -> pl.Series:
    """Return whether each full name is a stated given and family name of the same customer."""
    given, family, blank = pl.col("given"), pl.col("family"), pl.lit(" ")
    placed = full.with_row_index("place")
    made = placed.join(stated, on="owner").filter(
        (pl.col("text") == given + blank + family) | (pl.col("text") == family + blank + given)
    )
    return placed["place"].is_in(made["place"].implode())


def _split_names(full: pl.DataFrame) -> pl.DataFrame:
    """Split full names into given and family names, in every likely way."""
    text = pl.col("text")
    head, tail = r"^\s*(\S+)\s", r"\s(\S+)\s*$"
    has_comma = text.str.contains(",", literal=True)
    comma = full.filter(has_comma).select(
        "owner", given=text.str.extract(r",(.*)$"), family=text.str.extract(r"^([^,]*),")
    )
    plain = full.filter(~has_comma)
    ways = [
        comma,
        plain.select("owner", given=text.str.extract(head), family=text.str.extract(r"\s(\S.*)$")),
        plain.select("owner", given=text.str.extract(r"^(.*\S)\s"), family=text.str.extract(tail)),
        plain.select("owner", given=text.str.extract(head), family=text.str.extract(tail)),
        plain.select(
            "owner",
            given=text.str.extract(r"^(.*\S)\s+\S+\s+\S+\s*$"),
            family=text.str.extract(r"\s(\S+\s+\S+)\s*$"),
        ),
    ]
    return pl.concat(ways).drop_nulls().unique()


def _without_joints(names: pl.DataFrame) -> pl.DataFrame:
    """Return the names that have a hyphen or an apostrophe, without it."""
    texts = [column for column in names.columns if column != "owner"]
    joint = r"(\p{L})[-'’‐‑`´]+(\p{L})"
    return names.filter(pl.any_horizontal(pl.col(texts).str.contains(joint))).with_columns(
        pl.col(texts).str.replace_all(joint, "$1$2")
    )


def unspaced_names(names: Names) -> OwnedKeys:
    """Return names that are written without blanks, in both orders."""
    given, family = pl.col("given"), pl.col("family")
    is_unspaced = beyond_ascii(pl.col("text")).str.contains(f"[{UNSPACED}]")
    parts = names.parts.with_columns(text=given + family).filter(is_unspaced)
    ways = [
        names.full.filter(is_unspaced),
        parts.select("owner", "text"),
        parts.select("owner", text=family + given),
    ]
    made = (
        pl.concat(ways)
        .with_columns(
            pl.col("text").str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s+", "")
        )
        .filter(pl.col("text").str.len_chars() >= SHORTEST_UNSPACED)
    )
    return hash_text(made["text"]), made["owner"].to_numpy()


def joined_names(names: Names) -> OwnedKeys:
    """Return names that are written as one word, in both orders: ``#AnneliseOkonkwo``."""
    first, last = names.first, names.last
    is_rare = ~(first.all(is_ordinary(first.vocabulary)) & last.all(is_ordinary(last.vocabulary)))
    given, family = pl.col("given"), pl.col("family")
    rare = names.parts.filter(pl.Series(is_rare))
    # Most joined names contain only letters, so only the others are replaced.
    separated = pl.when(pl.col("text").str.contains(r"\P{L}")).then(pl.col("text"))
    made = (
        pl.concat(rare.select("owner", text=text) for text in (given + family, family + given))
        .with_columns(fold_text(pl.col("text")))
        .with_columns(pl.coalesce(separated.str.replace_all(r"\P{L}", ""), "text"))
        .filter(pl.col("text").str.len_chars() >= SHORTEST_JOINED)
    )
    return hash_text(made["text"]), made["owner"].to_numpy()


def parts_of_names(names: Names) -> OwnedKeys:
    """Return given and family names, and the first word of each."""
    made = []
    for words in (names.first, names.last, Phrases.of(names.single)):
        several = words.counts > 1
        made += [
            (words.sums(words.hashes), words.owners),
            (words.hashes[words.firsts[several]], words.owners[several]),
        ]
    keys, owners = (np.concatenate(each) for each in zip(*made, strict=True))
    # A split name states its parts in several ways.
    distinct = pl.DataFrame({"key": keys, "owner": owners}).unique()
    return distinct["key"].to_numpy(), distinct["owner"].to_numpy()
