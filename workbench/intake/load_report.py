"""Report of a load: numbers of records, refusals by reason, assumptions."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """One file of a load; read = accepted + refused.

    Attributes
    ----------
    path, format, confidence
        Path of the file, its format, and the confidence that the format fits, 0 to 1.
    read, accepted, refused : int
        Numbers of records; a record that is held already counts as accepted.
    reasons : mapping of str to int
        Number of refused records by the words of each fault; a record with several faults counts
        for each.
    passed_over : mapping of str to int
        Number of accepted records that are right but not for us and give no rows, by reason.
    assumptions : tuple of str
        Assumptions of the reader, with counts.
    """

    path: str
    format: str
    confidence: float
    read: int
    accepted: int
    refused: int
    reasons: Mapping[str, int]
    passed_over: Mapping[str, int]
    assumptions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Numbers of records and of customers in a dataset.

    Attributes
    ----------
    records : int
        Number of records that state a customer.
    customers : int
        Number of customers to whom these records belong after linking.
    across_systems : int
        Number of records that are linked to a record of another system, on both sides of a link.
    only_identified : int
        Number of persons of whom the records state identifiers, but nothing about a customer: they
        are no customers and in no view.
    conflicts : int
        Number of identifiers that too many records share: they link none of these records.
    """

    records: int
    customers: int
    across_systems: int
    only_identified: int
    conflicts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """Report of one load.

    Attributes
    ----------
    dataset, version
        Name of the dataset, and its newest version after the load.
    unchanged : int
        Number of accepted records that the dataset held already.
    closed : int
        Number of earlier refusals whose corrected record was accepted.
    files : tuple of FileReport
        Reports of the files, in the order in which they were named.
    tables : mapping of str to int
        Number of stored rows by table after the load; for ``customers`` the number of customers.
    people : People
        Numbers of records and of customers.
    rows : mapping of str to int
        Number of rows that this load accepted, by table; rows that were held already count.
    amounts : mapping of str to mapping of str to int
        Sum of the amounts of these rows by table and currency, in minor units, those of guests
        included.
    warnings : tuple of str
        Sentences about totals that were not met, days without rows, and orders of several systems.
    made_version : bool
        Whether the load made a version; it makes none if nothing changed.
    """

    dataset: str
    version: int
    unchanged: int
    closed: int
    files: tuple[FileReport, ...]
    tables: Mapping[str, int]
    people: People
    rows: Mapping[str, int]
    amounts: Mapping[str, Mapping[str, int]]
    warnings: tuple[str, ...]
    made_version: bool

    @property
    def read(self) -> int:
        """Number of records read in all files."""
        return sum(file.read for file in self.files)

    @property
    def accepted(self) -> int:
        """Number of records accepted in all files."""
        return sum(file.accepted for file in self.files)

    @property
    def refused(self) -> int:
        """Number of records refused in all files."""
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
                    "passed_over": dict(file.passed_over),
                    "assumptions": list(file.assumptions),
                }
                for file in self.files
            ],
            "tables": dict(self.tables),
            "people": asdict(self.people),
            "rows": dict(self.rows),
            "amounts_minor": {table: dict(sums) for table, sums in self.amounts.items()},
            "warnings": list(self.warnings),
        }
