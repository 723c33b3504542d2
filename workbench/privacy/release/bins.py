"""Medians and comparisons from counts in fixed bins, so that no person's value is published.

The median of rows is the value of a person. Here values are counted in bins with fixed edges (ten
steps per power of ten), the counts are released, and the median is computed from them. Its error is
1.4 times the error of the exact median in groups of 30, and equal to it from 300 persons on.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.privacy.release.released_figures import Release

#: Edges within a power of ten, and the powers that the ladder spans.
_STEPS = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
_POWERS = range(-4, 13)
_WHOLE = 20  # whole numbers up to here have a bin each

Counts = NDArray[np.int64]


def ladder(*, is_whole: bool) -> NDArray[np.float64]:
    """Return the edges of the bins, ascending; the first and the last bin are open.

    Parameters
    ----------
    is_whole : bool
        Whether values are whole numbers: numbers up to 20 then have a bin each, and no bin is
        smaller than one.
    """
    steps = [step * 10.0**power for power in _POWERS for step in _STEPS]
    if is_whole:
        steps = [float(n) for n in range(1, _WHOLE + 1)] + [s for s in steps if s > _WHOLE]
    above = np.array(sorted({float(f"{step:.6g}") for step in steps}))
    return np.concatenate([-above[::-1], [0.0], above])


def bin_counts(
    rows: pl.DataFrame,
    by: str,
    column: str,
    groups: Sequence[str],
    *,
    is_whole: bool,
    release: Release,
) -> tuple[Counts, NDArray[np.float64]]:
    """Count persons by group and bin of a column.

    Parameters
    ----------
    rows : DataFrame
        One row per person, with ``customer_id``; persons without a number are left out.
    by, column : str
        Columns of the group and of the value, a number.
    groups : sequence of str
        Groups in the order wanted.
    is_whole : bool
        Whether the column is one of whole numbers, see ``ladder``.

    Returns
    -------
    counts : array of int, shape (groups, bins)
        Released counts.
    edges : array of float, shape (bins - 1,)
        Bin i contains values from edge i - 1 to below edge i.
    """
    number = pl.col(column).cast(pl.Float64, strict=False).fill_nan(None).alias(column)
    known = rows.with_columns(number).drop_nulls(column)
    edges = ladder(is_whole=is_whole)
    values = known[column].to_numpy()
    place = np.searchsorted(edges, values, side="right").astype(np.int64)
    counts = np.zeros((len(groups), edges.size + 1), dtype=np.int64)
    if known.is_empty():
        return counts, edges
    cells = release.counts(known.with_columns(pl.Series("_bin", place)), [by, "_bin"])
    row = {name: position for position, name in enumerate(groups)}
    for group, position, persons in cells.iter_rows():
        counts[row[group], position] = persons
    return counts, edges


def binned_median(counts: Counts, edges: NDArray[np.float64]) -> float | None:
    """Return the median of counted values, by linear interpolation within its bin.

    A bin of one whole number gives that number. The result is None if nobody is counted.

    Examples
    --------
    >>> edges = ladder(is_whole=True)
    >>> counts = np.zeros(edges.size + 1, dtype=np.int64)
    >>> counts[np.searchsorted(edges, [3, 7], side="right")] = [1, 4]
    >>> binned_median(counts, edges)
    7.0
    """
    return binned_quantile(counts, edges, 0.5, least=0)


def binned_quantile(
    counts: Counts, edges: NDArray[np.float64], share: float, *, least: int
) -> float | None:
    """Return a quantile of counted values.

    Parameters
    ----------
    counts, edges
        Counts of one group and edges, from ``bin_counts``.
    share : float
        Share of persons below the quantile, 0 to 1.
    least : int
        Smallest number of persons on either side of its bin; with fewer the result is None,
        because extremes are values of few persons.
    """
    total = int(counts.sum())
    if total == 0:
        return None
    so_far = np.cumsum(counts)
    at = int(np.searchsorted(so_far, total * share))
    below, above = int(so_far[at] - counts[at]), int(total - so_far[at])
    if share != 0.5 and min(below, above) < least:
        return None
    if at == 0 or at == edges.size:  # The bin is open: return its edge.
        return float(edges[0] if at == 0 else edges[-1])
    low, high = float(edges[at - 1]), float(edges[at])
    if low == np.floor(low) and high - low == 1:
        return low
    inside = (total * share - below) / float(counts[at])
    return float(f"{low + inside * (high - low):.3g}")


def binned_delta(one: Counts, other: Counts) -> float:
    """Return Cliff's delta of two groups from counts in the same bins, -1 to 1.

    Delta is the probability that a person of the first group has a larger value than a person of
    the other, minus the probability of a smaller value. Values in the same bin count as equal.

    Examples
    --------
    >>> binned_delta(np.array([0, 5, 5]), np.array([5, 5, 0]))
    0.75
    """
    pairs = float(one.sum()) * float(other.sum())
    if pairs == 0:
        return 0.0
    below = np.cumsum(other) - other
    above = other.sum() - below - other
    return float((one * (below - above)).sum() / pairs)
