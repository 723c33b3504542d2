"""Every id is in one of equal ranges of ids."""

import polars as pl

from workbench.schema.customer_ranges import CustomerRange, equal_ranges

ENDS = pl.DataFrame(
    {"customer_id": [0, 1, 2**63 - 1, 2**63, 2**64 - 1, None]}, schema={"customer_id": pl.UInt64}
)


def test_every_id_is_in_one_range_and_rows_without_a_customer_are_in_none() -> None:
    for number in (1, 2, 3, 7):
        ranges = equal_ranges(number)
        inside = pl.concat(ENDS.filter(each.contains) for each in ranges)
        assert inside.equals(ENDS.drop_nulls())


def test_one_range_has_everybody() -> None:
    assert equal_ranges(1) == [CustomerRange(0, 2**64 - 1)]
    assert equal_ranges(1)[0].is_everybody
    assert not any(each.is_everybody for each in equal_ranges(2))
