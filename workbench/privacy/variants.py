"""Reports about nearly the same persons: how many of one notebook have been published.

Noise hides one person's leaving from two pages, not from many: with six overlapping pairs of pages
all three characteristics of a person who left are read in 20 % of tries, with twelve in a third.
So reports whose views differ by a few persons only are counted, over dates, loads and parameters.

Whose persons differ by how many is read from sketches of a few kilobytes (invertible Bloom lookup
tables): a person is added to three of the cells, the difference of two sketches leaves only the
persons who are in one of them, and these are taken out one by one.

References
----------
Eppstein, Goodrich, Uyeda and Varghese 2011, "What's the difference? Efficient set reconciliation
without prior context", SIGCOMM.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

_HASHES = 3
#: Cells of a sketch, one number for all, so that any two can be compared: differences of up to 400
#: persons are read, those of ten overlooked less than once in 100,000 times.
_CELLS = 1200
_Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Sketch:
    """A set of persons as an invertible Bloom lookup table.

    Attributes
    ----------
    counts, keys, checks : array of uint64, shape (cells,)
        Of the persons in each cell their number (modulo 2**64), and the exclusive or of their
        pseudonyms and of a hash of these.
    """

    counts: _Words
    keys: _Words
    checks: _Words

    @classmethod
    def of(cls, pseudonyms: pl.Series) -> Self:
        """Sketch the persons of a view."""
        made = cls(*(np.zeros(_CELLS, dtype=np.uint64) for _ in range(3)))
        persons = pseudonyms.to_numpy().astype(np.uint64)
        checks = _mixed(persons, 0)
        for place in _places(persons, _CELLS):
            np.add.at(made.counts, place, np.uint64(1))
            np.bitwise_xor.at(made.keys, place, persons)
            np.bitwise_xor.at(made.checks, place, checks)
        return made

    def differences(self, other: "Sketch") -> int | None:
        """Count the persons who are in one of two sketches; None where they are too many."""
        counts = (self.counts - other.counts).astype(np.int64)
        keys, checks = self.keys ^ other.keys, self.checks ^ other.checks
        found = 0
        while True:
            pure = np.flatnonzero((np.abs(counts) == 1) & (checks == _mixed(keys, 0)))
            if not pure.size:
                return None if counts.any() or keys.any() else found
            cell = pure[0]
            person, sign = keys[cell : cell + 1].copy(), counts[cell]
            for (place,) in _places(person, counts.size):
                counts[place] -= sign
                keys[place] ^= person[0]
                checks[place] ^= _mixed(person, 0)[0]
            found += 1
            if found > counts.size:
                return None

    @property
    def text(self) -> str:
        """The sketch as text."""
        return base64.b64encode(b"".join(part.tobytes() for part in self._parts)).decode()

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Return the sketch that ``text`` gave."""
        return cls(*np.frombuffer(base64.b64decode(text), dtype=np.uint64).reshape(3, -1))

    @property
    def _parts(self) -> tuple[_Words, _Words, _Words]:
        return self.counts, self.keys, self.checks


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One published report: what of it decides its figures, and a sketch of its persons."""

    notebook: str
    inputs: str
    persons: Sketch

    @classmethod
    def of(
        cls,
        *,
        notebook: str,
        digest: str,
        view: str,
        parameters: Mapping[str, Any],
        persons: Sketch,
    ) -> Self:
        """Make the variant of a run; equal inputs give equal figures and are one variant."""
        content = json.dumps([digest, view, dict(parameters)], sort_keys=True)
        inputs = hashlib.sha256(content.encode()).hexdigest()[:32]
        return cls(notebook=notebook, inputs=inputs, persons=persons)


@dataclass(frozen=True, slots=True)
class Variants:
    """The published reports of one study."""

    known: tuple[Variant, ...] = ()

    def near(self, variant: Variant, *, min_group: int) -> int:
        """Count reports of the same notebook whose persons are nearly the same.

        Reports of the same inputs are the variant itself and do not count.
        """
        count = 0
        for other in self.known:
            if other.notebook != variant.notebook or other.inputs == variant.inputs:
                continue
            differences = variant.persons.differences(other.persons)
            count += differences is not None and differences < min_group
        return count

    def __contains__(self, variant: Variant) -> bool:
        return any(self._is_same(other, variant) for other in self.known)

    def with_one(self, variant: Variant) -> "Variants":
        """Return the variants and one more."""
        return Variants((*self.known, variant))

    def without(self, variant: Variant) -> "Variants":
        """Return the variants without one, whose run failed."""
        return Variants(tuple(each for each in self.known if not self._is_same(each, variant)))

    def to_bytes(self) -> bytes:
        """Return the variants in a form that the vault keeps."""
        rows: Sequence[Mapping[str, str]] = [
            {"notebook": each.notebook, "inputs": each.inputs, "persons": each.persons.text}
            for each in self.known
        ]
        return json.dumps(rows).encode()

    @classmethod
    def of_bytes(cls, content: bytes) -> "Variants":
        """Return the variants that ``to_bytes`` gave."""
        return cls(
            tuple(
                Variant(
                    notebook=row["notebook"],
                    inputs=row["inputs"],
                    persons=Sketch.of_text(row["persons"]),
                )
                for row in json.loads(content)
            )
        )

    @staticmethod
    def _is_same(one: Variant, other: Variant) -> bool:
        return (one.notebook, one.inputs) == (other.notebook, other.inputs)


def _places(persons: _Words, cells: int) -> list[NDArray[np.intp]]:
    """Return the cell of each person by each hash; every hash has a range of cells of its own."""
    width = cells // _HASHES
    return [
        (_mixed(persons, number + 1) % np.uint64(width)).astype(np.intp) + number * width
        for number in range(_HASHES)
    ]


def _mixed(words: _Words, number: int) -> _Words:
    """Return the words mixed by splitmix64 (Steele et al. 2014), another way for each number."""
    with np.errstate(over="ignore"):
        z = words + np.uint64((0x9E3779B97F4A7C15 * (number + 1)) % 2**64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
