"""Hashes of values that no two batches of a file may share, in little memory."""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

#: Number of ranges of hashes that are compared one after another, so that few are copied at once.
_RANGES = 64


class BatchHashes:
    """The hashes of each batch, eight bytes each, sorted.

    Of 100 million values two have the same hash in one of 3,700 files; such a file is read whole.

    >>> hashes = BatchHashes()
    >>> hashes.add(pl.Series([1, 1, 2], dtype=pl.UInt64))
    >>> hashes.add(pl.Series([3], dtype=pl.UInt64))
    >>> hashes.has_shared()
    False
    >>> hashes.add(pl.Series([2**63, 1], dtype=pl.UInt64))
    >>> hashes.has_shared()
    True
    """

    def __init__(self) -> None:
        # polars uses their memory again afterwards, that of numpy's arrays it could not.
        self._batches: list[pl.Series] = []

    def add(self, hashes: pl.Series) -> None:
        """Add the hashes of a batch, in which a value may occur several times."""
        self._batches.append(hashes.unique().sort())

    def has_shared(self) -> bool:
        """Return whether two batches have the same hash."""
        return any(bool((each[1:] == each[:-1]).any()) for each in self._ranges())

    def _ranges(self) -> Iterator[NDArray[np.uint64]]:
        """Yield the hashes of all batches in one range after another, sorted."""
        bounds = [np.uint64(n * (2**64 // _RANGES)) for n in range(1, _RANGES)]
        batches = [each.to_numpy() for each in self._batches]
        cuts = [[0, *np.searchsorted(batch, bounds), len(batch)] for batch in batches]
        for n in range(_RANGES if batches else 0):
            parts = [each[cut[n] : cut[n + 1]] for each, cut in zip(batches, cuts, strict=True)]
            yield np.sort(np.concatenate(parts))
