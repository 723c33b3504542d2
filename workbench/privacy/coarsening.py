"""Coarsen the times and amounts of customers' histories as a policy asks.

Histories single out customers far more than the customer table does (``linkability``). Coarsening
makes figures less exact, so a study has to ask for it.
"""

import polars as pl

from workbench.studies.policy import Protection

#: Unit of time of a policy, as polars names it.
_TRUNCATION = {"day": "1d", "week": "1w", "month": "1mo", "quarter": "1q", "year": "1y"}
_MOST = 10**18
#: Upper edge of each band within a power of ten, and the middle that is shown for it.
_BANDS = ((2, 1.4), (5, 3.2), (10, 7.1))


def cut_time(column: str, policy: Protection) -> pl.Expr:
    """Return a column of dates or instants, truncated to the policy's unit of time."""
    return pl.col(column).dt.truncate(_TRUNCATION[policy.time])


def banded_amount(column: str) -> pl.Expr:
    """Return amounts in minor units as the middle of their band of 1, 2, 5 times a power of ten.

    0 is kept, and so is the sign. Amounts of 10^18 and more have no band and become null.
    """
    amount = pl.col(column).cast(pl.Int64, strict=False)
    amount = pl.when(amount.is_between(-_MOST, _MOST, closed="none")).then(amount)
    size = amount.abs()
    power = pl.lit(10, dtype=pl.Int64).pow(size.cast(pl.String).str.len_chars() - 1)
    leading = size / power
    middle = pl.lit(_BANDS[-1][1])
    for edge, value in reversed(_BANDS[:-1]):
        middle = pl.when(leading < edge).then(pl.lit(value)).otherwise(middle)
    banded = (middle * power).round().cast(pl.Int64, strict=False) * amount.sign()
    return pl.when(amount == 0).then(0).otherwise(banded).alias(column)
