"""Sets of 64-bit keys in which many keys are looked up at a time.

The key of a name is the sum of the hashes of its words. So it does not depend on the order of the
words, and one running sum gives the keys of all runs of words on a page. With ten million keys and
a million runs on a page, a key and a run are equal by chance once in two million pages.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.privacy.leaks.spelling import Hashes

_LARGEST = 26  # bits of the beginning of a key: a filter of 8 MiB


@dataclass(frozen=True, slots=True)
class KeySet:
    """Keys and their owners.

    Attributes
    ----------
    keys : array of uint64
        Sorted keys, each once.
    owners : array of uint32
        Customer of each key; if several customers have the key, the lowest of them.
    filter : array of uint8
        One bit for each beginning of a key, whether a key begins so; this excludes most keys of a
        page quickly.
    """

    keys: Hashes
    owners: NDArray[np.uint32]
    filter: NDArray[np.uint8]

    @classmethod
    def of(cls, keys: Hashes, owners: NDArray[np.uint32]) -> "KeySet":
        """Return the set of these keys."""
        return Relation.of(keys, owners).key_set()

    @classmethod
    def of_sorted(cls, unique: Hashes, owners: NDArray[np.uint32]) -> "KeySet":
        """Return the set of these keys, which are sorted and different."""
        bits = min(max(12, int(unique.size).bit_length() + 4), _LARGEST)
        marks = np.zeros(1 << bits, dtype=np.bool_)
        marks[unique >> np.uint64(64 - bits)] = True
        return cls(unique, owners, np.packbits(marks))

    def where(self, sought: Hashes) -> NDArray[np.intp]:
        """Return the positions of the sought keys that are in the set."""
        bits = int(self.filter.size).bit_length() + 2  # Each number of the filter has eight bits.
        begins = sought >> np.uint64(64 - bits)
        mask = np.uint8(128) >> (begins & np.uint64(7)).astype(np.uint8)
        maybe = np.flatnonzero(self.filter[begins >> np.uint64(3)] & mask)
        if not maybe.size:
            return maybe
        some = sought[maybe]
        places = np.minimum(np.searchsorted(self.keys, some), self.keys.size - 1)
        found: NDArray[np.intp] = maybe[self.keys[places] == some]
        return found

    def owners_of(self, keys: Hashes) -> NDArray[np.uint32]:
        """Return the owners of keys, all of which must be in the set."""
        return self.owners[np.searchsorted(self.keys, keys)]


@dataclass(frozen=True, slots=True)
class Relation:
    """Pairs of numbers, of which all partners of some first numbers can be looked up.

    Attributes
    ----------
    first : array
        First number of the pairs, sorted, each once.
    begins : array of int
        Place of the first partner of each of them, and the number of all pairs at the end.
    partners : array
        Second number of each pair.
    """

    first: NDArray[Any]
    begins: NDArray[np.intp]
    partners: NDArray[Any]

    @classmethod
    def of(cls, first: NDArray[Any], partners: NDArray[Any]) -> "Relation":
        """Return the relation of these pairs."""
        order = np.argsort(first)
        ordered = first[order]
        begins = np.flatnonzero(is_first(ordered))
        return cls(ordered[begins], np.append(begins, ordered.size), partners[order])

    def key_set(self) -> KeySet:
        """Return the set of the first numbers, each with its lowest partner as the owner.

        So the spellings of a text that several customers share have the same owner.
        """
        return KeySet.of_sorted(self.first, np.minimum.reduceat(self.partners, self.begins[:-1]))

    def partners_of(self, sought: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[Any]]:
        """Return the partners of some numbers, each with the position of its number."""
        if not self.first.size:
            return np.empty(0, dtype=np.intp), self.partners
        places = np.minimum(np.searchsorted(self.first, sought), self.first.size - 1)
        known = np.flatnonzero(self.first[places] == sought)
        begins, ends = self.begins[places[known]], self.begins[places[known] + 1]
        counts = ends - begins
        steps = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.repeat(known, counts), self.partners[np.repeat(begins, counts) + steps]


def is_first(ordered: NDArray[Any]) -> NDArray[np.bool_]:
    """Return whether each of some sorted numbers differs from the one before."""
    return np.append(True, ordered[1:] != ordered[:-1])[: ordered.size]
