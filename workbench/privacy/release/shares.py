"""Shares from noisy counts: values, intervals, and bounds for small numerators."""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from workbench.privacy.release.released_figures import Release
from workbench.statistics.intervals import LEVEL, newcombe_interval, share_interval


class Shares(NamedTuple):
    """Shares of groups, each array of shape (groups,); NaN if nobody is counted.

    The numerator is between ``lowest`` and ``highest``. They are equal if it is shown, and 1 and
    4 (or n - 4 and n - 1) if only a bound is shown. ``value`` is their middle divided by n.
    ``bound`` is the bound in words, empty if the numerator is shown.
    """

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    bound: list[str]


def shares(
    count: ArrayLike,
    of: ArrayLike,
    *,
    release: Release,
    level: float = LEVEL,
    is_sensitive: bool = False,
) -> Shares:
    """Return shares with their intervals.

    Parameters
    ----------
    count, of : array of int, shape (groups,)
        Counts that the release made.
    release : Release
        Release whose variance widens the intervals and whose ``largest_bound`` limits bounds.
    level : float
        Confidence of the intervals.
    is_sensitive : bool
        Whether the outcome must not become known for a person. Then 0 and all are bounds too,
        because they would reveal the outcome of everybody in the group.

    Examples
    --------
    >>> rules = Release(view="a", secret=b"s")
    >>> shares([3, 12], [25, 25], release=rules).bound
    ['at most 4 of 25', '']
    """
    n = np.asarray(of, dtype=np.float64)
    # A noisy part may be larger than the noisy whole.
    x = np.minimum(np.asarray(count, dtype=np.float64), n)
    most = release.largest_bound
    least = 0 if is_sensitive else 1
    is_few = (x >= least) & (x <= most) & (n > most)
    is_most = (n - x >= least) & (n - x <= most) & (n > most) & ~is_few
    lowest = np.where(is_few, least, np.where(is_most, n - most, x))
    highest = np.where(is_few, np.minimum(most, n), np.where(is_most, n - least, x))
    texts = [
        f"at most {most} of {size:,.0f}" if few
        else f"all but at most {most} of {size:,.0f}" if nearly
        else ""
        for few, nearly, size in zip(is_few, is_most, n, strict=True)
    ]  # fmt: skip
    return shares_between(lowest, highest, n, texts, release=release, level=level)


def shares_between(
    lowest: NDArray[np.float64],
    highest: NDArray[np.float64],
    of: NDArray[np.float64],
    bound: list[str],
    *,
    release: Release,
    level: float = LEVEL,
) -> Shares:
    """Return shares whose numerators are between two counts, see ``Shares``."""
    low = share_interval(lowest, of, level=level, noise=release.variance).low
    high = share_interval(highest, of, level=level, noise=release.variance).high
    with np.errstate(invalid="ignore", divide="ignore"):
        value = (lowest + highest) / 2 / of
    return Shares(value, low, high, lowest, highest, bound)


def share_columns(
    rows: pl.DataFrame,
    count: str,
    of: str,
    *,
    release: Release,
    name: str = "share",
    is_sensitive: bool = False,
) -> pl.DataFrame:
    """Add a share of two counts as columns: NAME, ``NAME_low``, ``NAME_high``, ``NAME_note``.

    The share and its numerator are null if only a bound is shown, which is in the note.
    """
    found = shares(rows[count], rows[of], release=release, is_sensitive=is_sensitive)
    is_bound = pl.Series([bool(text) for text in found.bound], dtype=pl.Boolean)
    return rows.with_columns(
        pl.when(~is_bound).then(pl.Series(found.value, nan_to_null=True)).alias(name),
        pl.Series(f"{name}_low", found.low, nan_to_null=True),
        pl.Series(f"{name}_high", found.high, nan_to_null=True),
        pl.Series(f"{name}_note", found.bound, dtype=pl.String),
        pl.when(~is_bound).then(pl.col(count)).alias(count),
    )


def share_difference(
    one: tuple[NDArray[np.float64], NDArray[np.float64]],
    one_of: ArrayLike,
    other: tuple[NDArray[np.float64], NDArray[np.float64]],
    other_of: ArrayLike,
    *,
    release: Release,
    level: float = LEVEL,
    scale: float = 1.0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the limits of the difference of shares, one less ``scale`` times the other.

    Parameters
    ----------
    one, other : (array, array)
        Lowest and highest numerators, see ``Shares``; the limits hold for every count between them.
    one_of, other_of : array
        Denominators.
    """
    noise = release.variance
    terms = {"level": level, "noise": noise, "scale": scale}
    low = newcombe_interval(one[0], one_of, other[1], other_of, **terms).low
    high = newcombe_interval(one[1], one_of, other[0], other_of, **terms).high
    return low, high
