"""Named random streams: every draw is a hash of (seed, stream, owner, position).

No generator keeps a state between draws. The 3rd value of customer 17 in the stream "orders" is
the hash of exactly these three, so a customer's data depends on the seed and the customer's number
alone. The number of other customers, of blocks and of processes changes nothing. Two worlds that
differ in one setting share every other draw (common random numbers), so that a planted effect can
be measured as the difference between them.

The hash is SplitMix64's finaliser (Steele, Lea and Flood 2014, "Fast splittable pseudorandom
number generators", OOPSLA, figure 14), used as a stateless function as Salmon et al. 2011 do
with counters. The constant of a stream is a hash of its *name*, never of its place in the code.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_BLOCK = 32_768  # values hashed at a time; they fit in the second-level cache


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the SplitMix64 finaliser of each value; a contiguous array is overwritten."""
    values = np.asarray(values, order="C")
    flat = values.reshape(-1)
    for start in range(0, flat.size, _BLOCK):
        part = flat[start : start + _BLOCK]
        part ^= part >> np.uint64(30)
        part *= _MIX_1
        part ^= part >> np.uint64(27)
        part *= _MIX_2
        part ^= part >> np.uint64(31)
    return values


def random_bits(keys: NDArray[np.uint64], position: NDArray[np.uint64] | int) -> NDArray[np.uint64]:
    """Return 64 random bits for each key of a stream and position."""
    with np.errstate(over="ignore"):
        return mix(keys + np.asarray(position, dtype=np.uint64) * _GOLDEN)


def hash_owners(owner: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a hash of each owner, from which every stream derives its own key."""
    with np.errstate(over="ignore"):
        return mix(owner * _GOLDEN)


def uniforms(bits: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return uniforms strictly between 0 and 1 with 52 random bits."""
    high = (bits >> np.uint64(12)).astype(np.float64)
    high += 0.5
    high *= 2.0**-52
    return high


@dataclass(frozen=True, slots=True)
class Stream:
    """One named source of random values under one seed.

    Examples
    --------
    >>> ages = Stream(7, "age")
    >>> owners = np.arange(3, dtype=np.uint64)
    >>> bool((ages.uniform(owners) == Stream(7, "age").uniform(owners)).all())
    True
    """

    seed: int
    name: str

    def bits(
        self, owner: NDArray[np.uint64], position: NDArray[np.uint64] | int = 0
    ) -> NDArray[np.uint64]:
        """Return 64 random bits for each owner and position.

        Parameters
        ----------
        owner : array of uint64, shape (n,)
            Numbers of the owners of the values, for instance of customers.
        position : array of uint64, shape (n,), or int
            Positions of the values among those of each owner.
        """
        return random_bits(self.keys(hash_owners(owner)), position)

    def keys(self, hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return a key for each owner's hash, to which ``random_bits`` adds a position.

        A caller that needs many values of few owners hashes the owners once and repeats their keys.
        """
        return mix(hashes ^ self._constant())

    def uniform(
        self, owner: NDArray[np.uint64], position: NDArray[np.uint64] | int = 0
    ) -> NDArray[np.float64]:
        """Return uniforms strictly between 0 and 1 with 52 random bits."""
        return uniforms(self.bits(owner, position))

    def generator(self) -> np.random.Generator:
        """Return a sequential generator of this stream, for draws that have no owner."""
        return np.random.Generator(np.random.PCG64(int(self._constant())))

    def _constant(self) -> np.uint64:
        digest = hashlib.sha256(f"{self.seed}\x1f{self.name}".encode()).digest()
        return np.uint64(int.from_bytes(digest[:8], "little"))
