"""Ranges of customers' ids: work that streams over customers takes one range at a time.

Ids and pseudonyms are keyed hashes, which are spread evenly over all numbers of 64 bits. So equal
ranges have about equally many customers, and the customers of one range are a random sample. A
sealed view is sorted by pseudonym, so a range of it is read without the rest.
"""

from dataclasses import dataclass
from itertools import pairwise

import polars as pl

_NUMBERS = 2**64


@dataclass(frozen=True, slots=True)
class CustomerRange:
    """Range of ids.

    Attributes
    ----------
    first, last : int
        Lowest and highest id, both in the range.
    """

    first: int
    last: int

    @property
    def is_everybody(self) -> bool:
        """Whether all ids are in the range."""
        return self.first == 0 and self.last == _NUMBERS - 1

    @property
    def contains(self) -> pl.Expr:
        """Condition that ``customer_id`` is in the range; null for rows without a customer."""
        first, last = (pl.lit(end, pl.UInt64) for end in (self.first, self.last))
        return pl.col("customer_id").is_between(first, last)

    def overlaps(self, other: "CustomerRange") -> bool:
        """Whether some ids are in both ranges."""
        return self.first <= other.last and other.first <= self.last

    def rows_of(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Return the rows of the customers in the range."""
        return rows.filter(self.contains)


def equal_ranges(number: int) -> list[CustomerRange]:
    """Divide all ids into ranges of equal length, in their order.

    Examples
    --------
    >>> equal_ranges(2)[1] == CustomerRange(2**63, 2**64 - 1)
    True
    """
    limits = [_NUMBERS * place // number for place in range(number + 1)]
    return [CustomerRange(first, after - 1) for first, after in pairwise(limits)]
