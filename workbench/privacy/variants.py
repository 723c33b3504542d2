"""Count the published reports of a notebook about nearly the same persons.

Noise hides the withdrawal of a person in two pages, but not in many: with six overlapping pairs of
pages all three characteristics of such a person are found in 20 % of tries, with twelve in a third.
So reports whose views differ by only a few persons are counted across dates, loads and parameters.

The number of different persons is computed from sketches of a few kilobytes (invertible Bloom
lookup tables): each person is added to three cells, the difference of two sketches leaves only the
persons who are in one of them, and these are removed one by one.

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
#: Number of cells of every sketch, so that any two can be compared. Differences of up to 400
#: persons can be counted; a difference of ten is missed less than once in 100,000 times.
_CELLS = 1200
_Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Sketch:
    """Set of persons as an invertible Bloom lookup table.

    Attributes
    ----------
    counts, keys, checks : array of uint64, shape (cells,)
        For each cell the number of its persons (modulo 2**64), the exclusive or of their
        pseudonyms, and the exclusive or of hashes of these.
    """

    counts: _Words
    keys: _Words
    checks: _Words

    @classmethod
    def of(cls, pseudonyms: pl.Series) -> Self:
        """Sketch the persons of a view."""
        made = cls(*(np.zeros(_CELLS, dtype=np.uint64) for _ in range(3)))
        persons = pseudonyms.to_numpy().astype(np.uint64)
        checks = _mix(persons, 0)
        for place in _places(persons, _CELLS):
            np.add.at(made.counts, place, np.uint64(1))
            np.bitwise_xor.at(made.keys, place, persons)
            np.bitwise_xor.at(made.checks, place, checks)
        return made

    def differences(self, other: "Sketch") -> int | None:
        """Count the persons who are in only one of two sketches; None if they are too many."""
        counts = (self.counts - other.counts).astype(np.int64)
        keys, checks = self.keys ^ other.keys, self.checks ^ other.checks
        found = 0
        while True:
            pure = np.flatnonzero((np.abs(counts) == 1) & (checks == _mix(keys, 0)))
            if not pure.size:
                return None if counts.any() or keys.any() else found
            cell = pure[0]
            person, sign = keys[cell : cell + 1].copy(), counts[cell]
            for (place,) in _places(person, counts.size):
                counts[place] -= sign
                keys[place] ^= person[0]
                checks[place] ^= _mix(person, 0)[0]
            found += 1
            if found > counts.size:
                return None

    @property
    def text(self) -> str:
        """Sketch as a text."""
        return base64.b64encode(b"".join(part.tobytes() for part in self._parts)).decode()

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Return the sketch from its ``text``."""
        return cls(*np.frombuffer(base64.b64decode(text), dtype=np.uint64).reshape(3, -1))

    @property
    def _parts(self) -> tuple[_Words, _Words, _Words]:
        return self.counts, self.keys, self.checks


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Published report: a hash of its inputs, which decide its figures, and a sketch of persons."""

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
        """Return the variant of a run; runs with equal inputs have the same variant."""
        content = json.dumps([digest, view, dict(parameters)], sort_keys=True)
        inputs = hashlib.sha256(content.encode()).hexdigest()[:32]
        return cls(notebook=notebook, inputs=inputs, persons=persons)


@dataclass(frozen=True, slots=True)
class Variants:
    """Published reports of one study."""

    reports: tuple[Variant, ...] = ()

    def count_near(self, variant: Variant, *, min_group: int) -> int:
        """Count reports of the same notebook about nearly the same persons.

        Reports with the same inputs are this variant and do not count.
        """
        count = 0
        for other in self.reports:
            if other.notebook != variant.notebook or other.inputs == variant.inputs:
                continue
            differences = variant.persons.differences(other.persons)
            count += differences is not None and differences < min_group
        return count

    def __contains__(self, variant: Variant) -> bool:
        return any(self._is_same(other, variant) for other in self.reports)

    def add(self, variant: Variant) -> "Variants":
        """Return the variants with one more."""
        return Variants((*self.reports, variant))

    def remove(self, variant: Variant) -> "Variants":
        """Return the variants without one, whose run failed."""
        return Variants(tuple(each for each in self.reports if not self._is_same(each, variant)))

    def to_bytes(self) -> bytes:
        """Return the variants as bytes for the vault."""
        rows: Sequence[Mapping[str, str]] = [
            {"notebook": each.notebook, "inputs": each.inputs, "persons": each.persons.text}
            for each in self.reports
        ]
        return json.dumps(rows).encode()

    @classmethod
    def of_bytes(cls, content: bytes) -> "Variants":
        """Return the variants from the result of ``to_bytes``."""
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
    """Return the cell of each person for each hash; every hash has its own range of cells."""
    width = cells // _HASHES
    return [
        (_mix(persons, number + 1) % np.uint64(width)).astype(np.intp) + number * width
        for number in range(_HASHES)
    ]


def _mix(words: _Words, number: int) -> _Words:
    """Return the words mixed by splitmix64 (Steele et al. 2014), in another way for each number."""
    with np.errstate(over="ignore"):
        z = words + np.uint64((0x9E3779B97F4A7C15 * (number + 1)) % 2**64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
