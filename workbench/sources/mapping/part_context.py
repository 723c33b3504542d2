"""What is known of a part besides its records, and how its expressions are explained."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import polars as pl
from polars.exceptions import PolarsError

from workbench.foundation.errors import ParameterError
from workbench.sources.file_evidence import FileEvidence
from workbench.sources.mapping.part_rules import PartRules
from workbench.sources.source_settings import Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class PartContext:
    """What is known besides the records of a part.

    Attributes
    ----------
    part : PartRules
        Rules of the part.
    title : str
        Name of mapping and part, for messages.
    provenance : Provenance
        Settings of the source.
    file : str
        Name of the file, for messages.
    is_plain : bool
        Whether the format writes numbers and instants in plain notation, see ``RawCells``.
    has_header : bool
        Whether the file contains the names of its columns.
    numbers : DataFrame or None
        Whether a workbook stores a cell as a number, see ``RawCells``.
    find_part : callable
        Returns the accepted records of another part of the file, for lookups.
    evidence : FileEvidence
        Evidence of the file's earlier batches.
    """

    part: PartRules
    title: str
    provenance: Provenance
    file: str
    is_plain: bool
    has_header: bool = True
    numbers: pl.DataFrame | None = None
    find_part: Callable[[str], pl.DataFrame]
    evidence: FileEvidence = field(default_factory=FileEvidence)


@contextmanager
def explain_sql_errors(context: PartContext, place: str) -> Iterator[None]:
    """Replace an error of polars, which may contain a cell, by one that names the expression."""
    try:
        yield
    except PolarsError as error:
        raise ParameterError(
            f"mapping {context.title}: {place} cannot be computed from these columns: check the "
            "types it joins, and use TRY_CAST where a text may not be a number"
        ) from error
