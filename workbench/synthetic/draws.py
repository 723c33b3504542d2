"""Draws by inverse transform: a uniform in, a value of the wanted distribution out.

A uniform of a named stream (``foundation.streams``) belongs to one customer and one position, and
so does whatever is made from it here. Nothing looks at other customers, so no value depends on how
many there are.
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
_CELLS = 65_536  # of a table of categories: quantises probabilities to 1.5e-5


def choice(u: Floats, weights: Sequence[float] | Mapping[str, float]) -> Integers:
    """Return the position of a category, chosen with these weights.

    Parameters
    ----------
    u : array of float, shape (n,)
        Uniforms in (0, 1).
    weights : sequence or mapping of float
        Weights of at least 0, in the order of the positions; they need not add up to 1.
    """
    return picked((u * _CELLS).astype(np.int64), weights)


def choice_by(u: Floats, kind: Integers, weights: Sequence[Mapping[str, float]]) -> Integers:
    """Return the position of a category, with the weights of each row's kind."""
    return picked_by((u * _CELLS).astype(np.int64), kind, [(*each.values(),) for each in weights])


def picked(pieces: Integers, weights: Sequence[float] | Mapping[str, float]) -> Integers:
    """Return the position of a category by 16 random bits, see ``choice``."""
    values = weights.values() if isinstance(weights, Mapping) else weights
    chosen: Integers = _cells(tuple(values))[pieces].astype(np.int64)
    return chosen


def picked_by(pieces: Integers, kind: Integers, weights: Sequence[Sequence[float]]) -> Integers:
    """Return the position of a category by 16 random bits, with the weights of each row's kind."""
    cells = _cells_by(tuple(tuple(each) for each in weights))
    chosen: Integers = cells[kind * _CELLS + pieces].astype(np.int64)
    return chosen


@cache
def _cells(weights: tuple[float, ...]) -> NDArray[np.uint16]:
    """Return the position of a category by 16-bit piece, shape (65,536,)."""
    shares = np.array(weights)
    edges = np.rint(np.cumsum(shares) / shares.sum() * _CELLS).astype(np.int64)
    return np.repeat(np.arange(len(shares), dtype=np.uint16), np.diff(edges, prepend=0))


@cache
def _cells_by(weights: tuple[tuple[float, ...], ...]) -> NDArray[np.uint16]:
    """Return the tables of all kinds one after another."""
    return np.concatenate([_cells(each) for each in weights])


class NamedDraws:
    """Draws of 16 bits for every row, by name, from the 64 random bits of the row.

    A name's place in the list says which piece of which hash of the bits it is, so four names cost
    one hash, and names are only ever added at the end.

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
        """Return the draw of this name for every row, from 0 to 65,535."""
        word, piece = divmod(self._names.index(name), 4)
        if word not in self._words:
            self._words[word] = random_bits(self.bits, word + 1)
        some = self._words[word] >> np.uint64(16 * piece) & np.uint64(0xFFFF)
        drawn: Integers = some.view(np.int64)
        return drawn

    def happens(self, name: str, rate: Floats | float) -> Flags:
        """Return whether the draw of this name falls below a rate of 0 to 1, of all or of each."""
        found: Flags = self[name] < np.rint(np.asarray(rate) * _CELLS)
        return found

    def of(self, rows: Integers) -> "NamedDraws":
        """Return the same draws of some rows."""
        return NamedDraws(self.bits[rows], self._names)


def normal(u: Floats) -> Floats:
    """Return standard normal values."""
    values: Floats = ndtri(u)
    return values


def logistic(log_odds: Floats) -> Floats:
    """Return probabilities of log odds."""
    values: Floats = expit(log_odds)
    return values


def logit(probability: float) -> float:
    """Return the log odds of a probability."""
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
    """Return Poisson counts: the smallest k whose cumulated probability is above u.

    Small means sum from 0 upwards over the rows not yet decided, so it takes as many rounds as the
    largest count. Above ``_LARGE_MEAN``, where ``exp(-mean)`` nears underflow, scipy's inverse of
    the distribution is rounded up.
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
        # far in the tail terms become too small to move the sum: the search ends there
        going = (u[left] > total) & ((k <= rate) | (term > total * 1e-17))
        left, rate, term, total = left[going], rate[going], term[going], total[going]
        k += 1
        counts[left] = k
        term = term * rate / k
        total = total + term
    return counts


def geometric(u: Floats, mean: Floats | float, *, most: int) -> Integers:
    """Return counts from 1 with this mean, before the cap at ``most``; each step is as likely."""
    stop = 1 / np.maximum(np.asarray(mean, dtype=np.float64), 1.0 + 1e-9)
    counts = 1 + np.floor(np.log(u) / np.log1p(-stop))
    capped: Integers = np.minimum(counts, most).astype(np.int64)
    return capped


def permuted(values: Keys, key: Keys, *, bits: int) -> Keys:
    """Return whole numbers of so many bits in an order that does not show: one for one.

    Each step can be undone: a multiplication by an odd number, a shift that is added without carry.

    Examples
    --------
    >>> key = np.array([7], dtype=np.uint64)
    >>> sorted(permuted(np.arange(8, dtype=np.uint64), key, bits=3).tolist())
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    mask, half = np.uint64((1 << bits) - 1), np.uint64(max(bits // 2, 1))
    moved = (values ^ key) & mask
    for factor in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB):
        moved = moved * np.uint64(factor) & mask
        moved ^= moved >> half
    return moved


def spread(counts: Integers) -> tuple[Integers, Integers]:
    """Return owner and position of each child row, for these numbers of children.

    Examples
    --------
    >>> owner, position = spread(np.array([2, 0, 1]))
    >>> owner.tolist(), position.tolist()
    ([0, 0, 2], [0, 1, 0])
    """
    owner = np.repeat(np.arange(len(counts)), counts)
    position = np.arange(len(owner))
    position -= (np.cumsum(counts) - counts)[owner]
    return owner, position


def ids(values: Integers) -> Keys:
    """Return positions as the unsigned keys that streams take."""
    return values.astype(np.uint64)
