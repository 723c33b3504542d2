"""Evidence that a file gives while it is read batch by batch.

What a cell means may depend on all cells of its column: whether 1.234 has decimals, or whether
17850.0 is a code that some program took for a number. So counts are summed over the batches, and a
batch decides by the sums so far. If a later batch decides otherwise, the earlier ones were read by
the wrong rule, and the file must be read whole. After the last batch the sums are those of the
file, so the assumptions of the last batch are those of the file as well.

>>> evidence = FileEvidence()
>>> price = evidence.within("price")
>>> price.total("clear", 4, 0), price.total("clear", 1, 2)
((4, 0), (5, 2))
>>> price.decide("mark", ".")
>>> price.decide("mark", ",")
Traceback (most recent call last):
...
workbench.sources.file_evidence.NeedsWholeFileError: price: its cells decide the mark differently
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from operator import add


class NeedsWholeFileError(Exception):
    """A file cannot be read batch by batch; the text says why, without cell values."""


@dataclass(frozen=True, slots=True)
class FileEvidence:
    """Sums and decisions over the batches of one file; new evidence is that of a whole file.

    Attributes
    ----------
    place : str
        What the evidence is about, such as the label of a column.
    is_of_batches : bool
        Whether the file is read by batches.
    """

    place: str = ""
    is_of_batches: bool = False
    _sums: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    _decisions: dict[tuple[str, str], Hashable] = field(default_factory=dict)
    _texts: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)

    def within(self, place: str) -> "FileEvidence":
        """Return the evidence about a place of the same file."""
        return FileEvidence(place, self.is_of_batches, self._sums, self._decisions, self._texts)

    def total(self, name: str, *counts: int) -> tuple[int, ...]:
        """Add the counts of a batch, and return the sums of all batches so far."""
        before = self._sums.get((self.place, name), (0,) * len(counts))
        sums = tuple(map(add, before, counts))
        self._sums[self.place, name] = sums
        return sums

    def count(self, name: str, count: int) -> int:
        """Add one count of a batch, and return its sum."""
        return self.total(name, count)[0]

    def gather(self, name: str, found: Iterable[str]) -> tuple[str, ...]:
        """Add texts that a batch found, and return those of all batches so far, each once."""
        known = self._texts.setdefault((self.place, name), {})
        known.update(dict.fromkeys(found))
        return tuple(known)

    def need_whole(self, reason: str) -> None:
        """Give up reading by batches, if the file is read by batches.

        Raises
        ------
        NeedsWholeFileError
            The file is read by batches.
        """
        if self.is_of_batches:
            raise NeedsWholeFileError(f"{self.place}: {reason}")

    def decide(self, name: str, decision: Hashable) -> None:
        """Record what a batch decided by the sums so far.

        Raises
        ------
        NeedsWholeFileError
            An earlier batch decided otherwise.
        """
        if self._decisions.setdefault((self.place, name), decision) != decision:
            raise NeedsWholeFileError(f"{self.place}: its cells decide the {name} differently")
