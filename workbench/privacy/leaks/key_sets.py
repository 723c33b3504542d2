"""Sets of 64-bit keys that are asked for many keys at a time.

The key of a name is the sum of the hashes of its words, so it is the same in whatever order they
stand, and the keys of all runs of words on a page come from one running sum. Two of ten million
keys and a million runs are equal by chance once in two million pages.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.privacy.leaks.spelling import Hashes

_LARGEST = 26  # bits of the filter: 64 MiB


@dataclass(frozen=True, slots=True)
class KeySet:
    """Keys and whose they are.

    Attributes
    ----------
    keys : array of uint64
        Sorted, each once.
    owners : array of uint32
        The customer of each key; of several customers with one key, any.
    filter : array of bool
        Whether there is a key with these leading bits, which most keys of a page have not.
    """

    keys: Hashes
    owners: NDArray[np.uint32]
    filter: NDArray[np.bool_]

    @classmethod
    def of(cls, keys: Hashes, owners: Hashes) -> "KeySet":
        """Return the set of these keys."""
        unique, places = np.unique(keys, return_index=True)
        bits = min(max(12, int(unique.size).bit_length() + 4), _LARGEST)
        marks = np.zeros(1 << bits, dtype=np.bool_)
        marks[unique >> np.uint64(64 - bits)] = True
        return cls(unique, owners[places].astype(np.uint32), marks)

    def where(self, sought: Hashes) -> NDArray[np.intp]:
        """Return the places of those sought keys that are in the set."""
        bits = int(self.filter.size).bit_length() - 1
        maybe = np.flatnonzero(self.filter[sought >> np.uint64(64 - bits)])
        if not maybe.size:
            return maybe
        some = sought[maybe]
        places = np.minimum(np.searchsorted(self.keys, some), self.keys.size - 1)
        found: NDArray[np.intp] = maybe[self.keys[places] == some]
        return found

    def owned(self, keys: Hashes) -> NDArray[np.uint32]:
        """Return whose keys these are, all of them being in the set."""
        return self.owners[np.searchsorted(self.keys, keys)]
