"""Sets of 64-bit keys in which many keys are looked up at a time.

The key of a name is the sum of the hashes of its words. So it does not depend on the order of the
words, and one running sum gives the keys of all runs of words on a page. With ten million keys and
a million runs on a page, a key and a run are equal by chance once in two million pages.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.privacy.leaks.spelling import Hashes

_LARGEST = 26  # bits of the filter: 64 MiB


@dataclass(frozen=True, slots=True)
class KeySet:
    """Keys and their owners.

    Attributes
    ----------
    keys : array of uint64
        Sorted keys, each once.
    owners : array of uint32
        Customer of each key; if several customers have the key, one of them.
    filter : array of bool
        Whether a key begins with these bits, which excludes most keys of a page quickly.
    """

    keys: Hashes
    owners: NDArray[np.uint32]
    filter: NDArray[np.bool_]

    @classmethod
    def of(cls, keys: Hashes, owners: Hashes) -> "KeySet":
        """Return the set of these keys."""
        stated = pl.DataFrame({"key": keys, "owner": owners.astype(np.uint32)})
        ordered = stated.sort("key", maintain_order=True)  # numpy takes twice as long
        every = ordered["key"].to_numpy()
        is_first = np.append(True, every[1:] != every[:-1])[: every.size]
        unique = every[is_first]
        bits = min(max(12, int(unique.size).bit_length() + 4), _LARGEST)
        marks = np.zeros(1 << bits, dtype=np.bool_)
        marks[unique >> np.uint64(64 - bits)] = True
        return cls(unique, ordered["owner"].to_numpy()[is_first], marks)

    def where(self, sought: Hashes) -> NDArray[np.intp]:
        """Return the positions of the sought keys that are in the set."""
        bits = int(self.filter.size).bit_length() - 1
        maybe = np.flatnonzero(self.filter[sought >> np.uint64(64 - bits)])
        if not maybe.size:
            return maybe
        some = sought[maybe]
        places = np.minimum(np.searchsorted(self.keys, some), self.keys.size - 1)
        found: NDArray[np.intp] = maybe[self.keys[places] == some]
        return found

    def owners_of(self, keys: Hashes) -> NDArray[np.uint32]:
        """Return the owners of keys, all of which must be in the set."""
        return self.owners[np.searchsorted(self.keys, keys)]
