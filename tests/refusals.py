"""What refused records are told, for tests that compare words."""

import polars as pl

from workbench.schema.record_faults import describe_faults
from workbench.sources import faults_of


def words_of(refused: pl.DataFrame) -> list[tuple[int, str]]:
    """Return the record's number and the words of each fault, in the order found."""
    found = faults_of(refused)
    return list(zip(found["source_row"], describe_faults(found), strict=True))
