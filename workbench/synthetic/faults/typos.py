"""Typing errors in identifiers, with the shares of kinds that FEBRL's duplicates have.

In the FEBRL data sets 1 to 4 (Christen 2008, "Febrl"), of the changed cells about 28 % have another
value, 17 % a substituted letter, 16 % two swapped letters, 11 % no value, 10 % a letter less, 7 % a
letter more, 6 % an additional space and 5 % two edits.
"""

import numpy as np
import polars as pl

from workbench.synthetic.draws import Integers, Keys, choose
from workbench.synthetic.frames import gather

#: Kinds of change and their shares.
KINDS = {
    "substituted": 0.22,
    "transposed": 0.20,
    "blanked": 0.14,
    "deleted": 0.14,
    "inserted": 0.12,
    "spaced": 0.08,
    "cased": 0.10,
}
_LETTERS = "abcdefghijklmnoprstuvwz"
_DIGITS = "0123456789"


def mistype(values: pl.Series, kind: Integers, bits: Keys) -> pl.Series:
    """Make one typing error in each value; blanked values become null.

    Parameters
    ----------
    values : Series of String
    kind : array of int, shape (values,)
        Code in ``KINDS``.
    bits : array of uint64, shape (values,)
        Random bits that choose the position and the inserted character.
    """
    length = values.str.len_chars().fill_null(0).to_numpy().astype(np.int64)
    spot = (bits >> np.uint64(8)).astype(np.int64) % np.maximum(length, 1)
    # A swap needs another letter to the right.
    spot = np.where(kind == 1, np.minimum(spot, np.maximum(length - 2, 0)), spot)
    with_what = (bits >> np.uint64(40)).astype(np.int64) & 0xFFFF
    letter = gather(pl.Series(list(_LETTERS)), with_what % len(_LETTERS))
    digit = gather(pl.Series(list(_DIGITS)), with_what % len(_DIGITS))
    frame = pl.DataFrame(
        {"v": values, "kind": kind, "at": spot, "letter": letter, "digit": digit}
    ).with_columns(
        left=pl.col("v").str.slice(0, pl.col("at")),
        hit=pl.col("v").str.slice(pl.col("at"), 1),
        next=pl.col("v").str.slice(pl.col("at") + 1, 1),
        rest=pl.col("v").str.slice(pl.col("at") + 1),
        rest2=pl.col("v").str.slice(pl.col("at") + 2),
    )
    other = (
        pl.when(pl.col("hit").str.contains(r"^\d$"))
        .then(pl.col("digit"))
        .otherwise(pl.col("letter"))
    )
    changed = [
        pl.concat_str("left", other, "rest"),
        pl.concat_str("left", "next", "hit", "rest2"),
        pl.lit(None, pl.String),
        pl.concat_str("left", "rest"),
        pl.concat_str("left", "hit", other, "rest"),
        pl.concat_str("left", pl.lit(" "), "hit", "rest"),
        pl.col("v").str.to_uppercase(),
    ]
    result = pl.col("v")
    for code, each in enumerate(changed):
        result = pl.when(pl.col("kind") == code).then(each).otherwise(result)
    return frame.select(result.alias("v")).to_series()


def draw_typo_kinds(u: np.ndarray) -> Integers:
    """Return a kind of typing error for each uniform, a code in ``KINDS``."""
    return choose(u, KINDS)


def misread_as_latin(values: pl.Series) -> pl.Series:
    """Read the UTF-8 bytes of texts as Latin-1; ASCII texts do not change."""
    unique = values.unique().drop_nulls().to_list()
    read = [each.encode("utf-8").decode("latin-1") for each in unique]
    return values.replace_strict(unique, read, default=None, return_dtype=pl.String)
