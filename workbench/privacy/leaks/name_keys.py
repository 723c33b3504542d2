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
    full, given, family : DataFrame
        Columns ``owner`` and ``text``.
    parts : DataFrame
        Columns ``owner``, ``given`` and ``family``: as stated, or as split from the full name.
    """

    full: pl.DataFrame
    given: pl.DataFrame
    family: pl.DataFrame
    parts: pl.DataFrame

    @classmethod
    def of(cls, full: pl.DataFrame, given: pl.DataFrame, family: pl.DataFrame) -> "Names":
        """Return names; a full name is split if it is not made of the stated parts."""
        # Several records of a customer may state the same name.
        full, given, family = (each.unique() for each in (full, given, family))
        stated = given.rename({"text": "given"}).join(
            family.rename({"text": "family"}), on="owner", how="inner"
        )
        one, other = pl.col("given"), pl.col("family")
        same = pl.concat(
            stated.select("owner", text=first + pl.lit(" ") + last)
            for first, last in ((one, other), (other, one))
        )
        split = _split_names(full.join(same, on=["owner", "text"], how="anti"))
        parts = pl.concat([stated, split])
        has_words = (fold_text(each).str.contains(r"\p{L}") for each in (one, other))
        return cls(full=full, given=given, family=family, parts=parts.filter(*has_words))


def name_keys(names: Names) -> Iterator[NameKeys]:
    """Return every way to write the names of customers, and whether it is frequent."""
    yield from _whole_names(pl.concat([names.full, _without_joints(names.full)]))
    parts = pl.concat([names.parts, _without_joints(names.parts)])
    first = Phrases.of(parts.select("owner", text="given"))
    last = Phrases.of(parts.select("owner", text="family"))
    yield from _combined_names(first, last)


def _whole_names(full: pl.DataFrame) -> Iterator[NameKeys]:
    names = Phrases.of(full)
    is_long = _is_long(names.words) | _is_unspaced(names.words)
    is_letter = names.words.str.contains(r"\p{L}").to_numpy()
    has_two = names.sums((is_long & is_letter).astype(np.uint64)) > 1
    keys, common = names.sums(names.hashes), names.all(is_ordinary(names.words))
    yield NameKeys(keys[has_two], names.owners[has_two], common[has_two])


def _combined_names(first: Phrases, last: Phrases) -> Iterator[NameKeys]:
    """Yield keys of given with family names, from the same rows: whole, shortened, initials."""
    owners, is_unspaced = first.owners, last.any(_is_unspaced(last.words))
    is_name = (first.any(_is_long(first.words)) & last.any(_is_long(last.words))) | is_unspaced
    given, family = first.sums(first.hashes), last.sums(last.hashes)
    ordinary_given, ordinary_words = first.all(is_ordinary(first.words)), is_ordinary(last.words)
    ordinary_family = last.all(ordinary_words)
    # one family name of several, as people with two names use them
    is_distinct = ~last.words.is_in(list(PARTICLES)).to_numpy()
    text = np.repeat(np.arange(last.counts.size), last.counts)
    is_one = is_distinct & (last.counts > 1)[text] & is_name[text]
    is_one &= last.words.str.len_chars().to_numpy() >= _SHORTEST_PART
    text, word, ordinary_word = text[is_one], last.hashes[is_one], ordinary_words[is_one]
    last_letters = hash_initials(last.words)
    letters = (last_letters[last.starts], _first_initial(last, last_letters, is_distinct))
    for keys in (given, first.hashes[first.starts]):
        is_frequent = ordinary_given & ordinary_family
        yield NameKeys((keys + family)[is_name], owners[is_name], is_frequent[is_name])
        yield NameKeys(keys[text] + word, owners[text], ordinary_given[text] & ordinary_word)
        for letter in letters:
            made = (keys + letter)[~is_unspaced]
            yield NameKeys(made, owners[~is_unspaced], np.ones(made.size, dtype=np.bool_))
    first_letters = hash_initials(first.words)
    initial = first_letters[first.starts]
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
    places = np.where(is_distinct, np.arange(letters.size), letters.size)
    found = np.minimum.reduceat(places, last.starts) if last.counts.size else places[:0]
    ends = last.starts + last.counts
    return letters[np.where(found < ends, found, last.starts)]


def is_shared(keys: Hashes, owners: Owners) -> NDArray[np.bool_]:
    """Return whether so many customers have a key that it singles out none of them."""
    frame = pl.DataFrame({"key": keys, "owner": owners})
    is_shared = pl.col("owner").n_unique().over("key") >= _SHARED
    return frame.select(is_shared).to_series().to_numpy()


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
    is_unspaced = pl.col("text").str.contains(f"[{UNSPACED}]")
    ways = [
        names.full,
        names.parts.select("owner", text=given + family),
        names.parts.select("owner", text=family + given),
    ]
    made = (
        pl.concat(way.filter(is_unspaced) for way in ways)
        .with_columns(
            pl.col("text").str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s+", "")
        )
        .filter(pl.col("text").str.len_chars() >= SHORTEST_UNSPACED)
    )
    return hash_text(made["text"]), made["owner"].to_numpy()


def joined_names(names: Names) -> OwnedKeys:
    """Return names that are written as one word, in both orders: ``#AnneliseOkonkwo``."""
    first = Phrases.of(names.parts.select("owner", text="given"))
    last = Phrases.of(names.parts.select("owner", text="family"))
    is_rare = ~(first.all(is_ordinary(first.words)) & last.all(is_ordinary(last.words)))
    given, family = pl.col("given"), pl.col("family")
    rare = names.parts.filter(pl.Series(is_rare))
    made = (
        pl.concat(rare.select("owner", text=text) for text in (given + family, family + given))
        .with_columns(fold_text(pl.col("text")).str.replace_all(r"\P{L}", ""))
        .filter(pl.col("text").str.len_chars() >= SHORTEST_JOINED)
    )
    return hash_text(made["text"]), made["owner"].to_numpy()


def parts_of_names(names: Names) -> OwnedKeys:
    """Return given and family names, and the first word of each."""
    made = []
    for which, stated in (("given", names.given), ("family", names.family)):
        words = Phrases.of(pl.concat([stated, names.parts.select("owner", text=which)]))
        made += [
            (words.sums(words.hashes), words.owners),
            (words.hashes[words.starts], words.owners),
        ]
    keys, owners = (np.concatenate(each) for each in zip(*made, strict=True))
    # Most names are one word, which their parts state too.
    distinct = pl.DataFrame({"key": keys, "owner": owners}).unique()
    return distinct["key"].to_numpy(), distinct["owner"].to_numpy()
