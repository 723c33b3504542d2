"""Random values by inverse transform: each function converts uniforms to another distribution.

A uniform of a named stream (``foundation.streams``) belongs to one customer and one position, and
so does the value that is made from it. No function uses the values of other customers, so no value
depends on the number of customers.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, expit, gammaincinv, ndtri, pdtrik

from workbench.foundation.streams import random_bits

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Keys = NDArray[np.uint64]
Flags = NDArray[np.bool_]

_LARGE_MEAN = 500.0
#: Cells of a table of categories, one for each value of 16 bits: probabilities are multiples of
#: 1.5e-5.
CELLS = 65_536


def choose(u: Floats, weights: Sequence[float] | Mapping[str, float]) -> Integers:
    """Return positions of categories, chosen with these weights.

    Parameters
    ----------
    u : array of float, shape (n,)
        Uniforms in (0, 1).
    weights : sequence or mapping of float
        Weights of at least 0, in the order of the positions; they need not add up to 1.
    """
    return choose_from_bits((u * CELLS).astype(np.int64), weights)


def choose_by_segment(
    u: Floats, segment: Integers, weights: Sequence[Mapping[str, float]]
) -> Integers:
    """Return positions of categories, chosen with the weights of each row's segment."""
    return choose_from_bits_by_segment(
        (u * CELLS).astype(np.int64), segment, [(*each.values(),) for each in weights]
    )


def choose_from_bits(pieces: Integers, weights: Sequence[float] | Mapping[str, float]) -> Integers:
    """Return positions of categories, chosen by 16 random bits each, see ``choose``."""
    values = weights.values() if isinstance(weights, Mapping) else weights
    chosen: Integers = _cells(tuple(values))[pieces].astype(np.int64)
    return chosen


def choose_from_bits_by_segment(
    pieces: Integers, segment: Integers, weights: Sequence[Sequence[float]]
) -> Integers:
    """Return positions of categories by 16 random bits, with the weights of each row's segment."""
    cells = _cells_by(tuple(tuple(each) for each in weights))
    chosen: Integers = cells[segment * CELLS + pieces].astype(np.int64)
    return chosen


@cache
def _cells(weights: tuple[float, ...]) -> NDArray[np.uint16]:
    """Return the position of the category for each value of 16 bits, shape (65,536,)."""
    return np.repeat(np.arange(len(weights), dtype=np.uint16), cell_counts(weights))


def cell_counts(weights: Sequence[float]) -> Integers:
    """Return the number of the 65,536 cells that each category gets by its weight."""
    edges = np.rint(np.cumsum(weights) / np.sum(weights) * CELLS).astype(np.int64)
    counts: Integers = np.diff(edges, prepend=0)
    return counts


@cache
def _cells_by(weights: tuple[tuple[float, ...], ...]) -> NDArray[np.uint16]:
    """Return the tables of all segments one after another."""
    return np.concatenate([_cells(each) for each in weights])


class NamedDraws:
    """Draws of 16 bits for every row, by name, from the 64 random bits of the row.

    Names 0 to 3 of the list are the four 16-bit pieces of the first hash of the bits, names 4 to 7
    those of the second, and so on. New names may only be added at the end of a list.

    Parameters
    ----------
    bits : array of uint64, shape (n,)
    names : sequence of str
    """

    def __init__(self, bits: Keys, names: Sequence[str]) -> None:
        self.bits = bits
        self._names = names
        self._words: dict[int, Keys] = {}

    def __getitem__(self, name: str) -> Integers:
        """Return the draw with this name of every row, 0 to 65,535."""
        word, piece = divmod(self._names.index(name), 4)
        if word not in self._words:
            self._words[word] = random_bits(self.bits, word + 1)
        some = self._words[word] >> np.uint64(16 * piece) & np.uint64(0xFFFF)
        drawn: Integers = some.view(np.int64)
        return drawn

    def happens(self, name: str, rate: Floats | float) -> Flags:
        """Return whether each row's draw with this name is below a rate of 0 to 1."""
        found: Flags = self[name] < np.rint(np.asarray(rate) * CELLS)
        return found

    def of(self, rows: Integers) -> "NamedDraws":
        """Return the draws of some of the rows."""
        return NamedDraws(self.bits[rows], self._names)


def normal(u: Floats) -> Floats:
    """Return standard normal values of uniforms."""
    values: Floats = ndtri(u)
    return values


def logistic(log_odds: Floats) -> Floats:
    """Convert log odds to probabilities."""
    values: Floats = expit(log_odds)
    return values


def logit(probability: float) -> float:
    """Convert a probability to log odds."""
    return math.log(probability / (1 - probability))


def exponential(u: Floats) -> Floats:
    """Return exponential values with mean 1."""
    values: Floats = -np.log(u)
    return values


def gamma(u: Floats, shape: Floats) -> Floats:
    """Return gamma values with mean 1 and the given shape (variance 1 / shape)."""
    values: Floats = gammaincinv(shape, u) / shape
    return values


def beta(u: Floats, a: float, b: float) -> Floats:
    """Return beta-distributed values with these shapes."""
    values: Floats = betaincinv(a, b, u)
    return values


def poisson(u: Floats, mean: Floats) -> Integers:
    """Return Poisson counts: the smallest k whose cumulative probability is at least u.

    For small means, probabilities are summed from k = 0 upwards for all rows at once, until every
    sum reaches u. For means above ``_LARGE_MEAN``, where ``exp(-mean)`` nears underflow, scipy's
    inverse of the distribution is rounded up.
    """
    counts = np.zeros(len(u), dtype=np.int64)
    large = mean > _LARGE_MEAN
    counts[large] = np.ceil(pdtrik(u[large], mean[large])).astype(np.int64)
    left = np.flatnonzero((mean > 0) & ~large)
    rate = mean[left]
    term = np.exp(-rate)
    total = term.copy()
    k = 0
    while left.size:
        # Far in the tail the terms become too small to change the sum; the search ends there.
        going = (u[left] > total) & ((k <= rate) | (term > total * 1e-17))
        left, rate, term, total = left[going], rate[going], term[going], total[going]
        k += 1
        counts[left] = k
        term = term * rate / k
        total = total + term
    return counts


def geometric(u: Floats, mean: Floats | float, *, most: int) -> Integers:
    """Return geometric counts from 1 with this mean; counts above ``most`` become ``most``."""
    stop = 1 / np.maximum(np.asarray(mean, dtype=np.float64), 1.0 + 1e-9)
    counts = 1 + np.floor(np.log(u) / np.log1p(-stop))
    capped: Integers = np.minimum(counts, most).astype(np.int64)
    return capped


def permute(values: Keys, key: Keys, *, bits: int) -> Keys:
    """Permute the whole numbers of so many bits, so that their order cannot be seen.

    Every step is invertible: a multiplication by an odd number, or an exclusive or with shifted
    bits. Different numbers therefore stay different.

    Examples
    --------
    >>> key = np.array([7], dtype=np.uint64)
    >>> sorted(permute(np.arange(8, dtype=np.uint64), key, bits=3).tolist())
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    mask, half = np.uint64((1 << bits) - 1), np.uint64(max(bits // 2, 1))
    moved = (values ^ key) & mask
    for factor in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB):
        moved = moved * np.uint64(factor) & mask
        moved ^= moved >> half
    return moved


def child_rows(counts: Integers) -> tuple[Integers, Integers]:
    """Return the parent row and the position of each child row, for these numbers of children.

    Examples
    --------
    >>> owner, position = child_rows(np.array([2, 0, 1]))
    >>> owner.tolist(), position.tolist()
    ([0, 0, 2], [0, 1, 0])
    """
    owner = np.repeat(np.arange(len(counts)), counts)
    position = np.arange(len(owner))
    position -= (np.cumsum(counts) - counts)[owner]
    return owner, position
