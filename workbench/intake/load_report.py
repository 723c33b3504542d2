"""What a load says of itself: how many records, what was refused and why, what was assumed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """One file of a load; read = accepted + refused.

    Attributes
    ----------
    path, format, confidence
        What was read, and how sure the reader is of it.
    read, accepted, refused : int
        Records; one that is held already counts as accepted.
    reasons : mapping of str to int
        Refused records by the words of each fault; a record with several counts for each.
    assumptions : tuple of str
        What the reader took for granted, with counts.
    """

    path: str
    format: str
    confidence: float
    read: int
    accepted: int
    refused: int
    reasons: Mapping[str, int]
    assumptions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """How many records of a dataset are how many customers.

    Attributes
    ----------
    records : int
        Records that state a customer.
    customers : int
        Customers that they are after linking.
    across_systems : int
        Records that belong to a customer of another system.
    conflicts : int
        Identifiers that so many records state that they link none of them.
    """

    records: int
    customers: int
    across_systems: int
    conflicts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """One load.

    Attributes
    ----------
    dataset, version
        What it made, or left as it was.
    unchanged : int
        Accepted records that say nothing that was not held already.
    closed : int
        Earlier refusals whose corrected record was accepted.
    files : tuple of FileReport
        In the order they were named.
    tables : mapping of str to int
        Stored rows of the dataset's tables after the load; of ``customers`` these are statements
        of records.
    people : People
        How many records are how many customers.
    amounts : mapping of str to int
        Sum of the order lines this load accepted, guests' included, by currency, minor units.
    made_version : bool
        False where nothing changed.
    """

    dataset: str
    version: int
    unchanged: int
    closed: int
    files: tuple[FileReport, ...]
    tables: Mapping[str, int]
    people: People
    amounts: Mapping[str, int]
    made_version: bool

    @property
    def read(self) -> int:
        """Records read in all files."""
        return sum(file.read for file in self.files)

    @property
    def accepted(self) -> int:
        """Records accepted in all files."""
        return sum(file.accepted for file in self.files)

    @property
    def refused(self) -> int:
        """Records refused in all files."""
        return sum(file.refused for file in self.files)

    def to_json(self) -> dict[str, Any]:
        """Return the report as the command prints it with ``--json``."""
        return {
            "dataset": self.dataset,
            "version": self.version,
            "read": self.read,
            "accepted": self.accepted,
            "refused": self.refused,
            "unchanged": self.unchanged,
            "closed": self.closed,
            "files": [
                {
                    "path": file.path,
                    "format": file.format,
                    "confidence": file.confidence,
                    "read": file.read,
                    "accepted": file.accepted,
                    "refused": file.refused,
                    "reasons": dict(file.reasons),
                    "assumptions": list(file.assumptions),
                }
                for file in self.files
            ],
            "tables": dict(self.tables),
            "people": asdict(self.people),
            "amounts_minor": dict(self.amounts),
        }
