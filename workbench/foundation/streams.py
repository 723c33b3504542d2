"""Named random streams: every draw is a hash of (seed, stream, owner, position).

There is no generator that moves on from draw to draw. Whoever needs the 3rd value of customer 17
in the stream "orders" hashes exactly that, so one customer's data depends on the seed and the
customer's number alone: not on how many others there are, in which block they are made or by how
many processes. Two worlds that differ in one knob share every other draw (common random numbers),
which is how planted effects are measured.

The hash is SplitMix64's finaliser (Steele, Lea and Flood 2014, "Fast splittable pseudorandom
number generators", OOPSLA, figure 14), used as a stateless function as Salmon et al. 2011 do
with counters. A stream's constant is a hash of its *name*, never of its place in the code.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_BLOCK = 32_768  # values mixed at a time: stays in the second-level cache


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
    """Return a hash of each owner, of which every stream makes its own key."""
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
            Whose value it is, for instance the customer's number.
        position : array of uint64, shape (n,), or int
            Which of the owner's values it is.
        """
        return random_bits(self.keys(hash_owners(owner)), position)

    def keys(self, hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return a key for each owner's hash, to which ``random_bits`` adds a position.

        Who needs many values of few owners hashes them once and repeats their keys.
        """
        return mix(hashes ^ self._constant())

    def uniform(
        self, owner: NDArray[np.uint64], position: NDArray[np.uint64] | int = 0
    ) -> NDArray[np.float64]:
        """Return uniforms strictly between 0 and 1 with 52 random bits."""
        return uniforms(self.bits(owner, position))

    def generator(self) -> np.random.Generator:
        """Return a sequential generator of this stream, for draws that belong to nobody."""
        return np.random.Generator(np.random.PCG64(int(self._constant())))

    def _constant(self) -> np.uint64:
        digest = hashlib.sha256(f"{self.seed}\x1f{self.name}".encode()).digest()
        return np.uint64(int.from_bytes(digest[:8], "little"))
