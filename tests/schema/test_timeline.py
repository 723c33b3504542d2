"""What was known on a day: facts and states, terms that end, and parts of dated rows."""

from datetime import date

import polars as pl
import pytest

from tests.features.frames import at, table
from workbench.schema import CustomerData
from workbench.schema.timeline import rows_known_before

DAY = date(2024, 3, 10)


@pytest.mark.parametrize(
    ("part", "whole", "key", "time"),
    [
        ("order_items", "orders", "order_id", "ordered_at"),
        ("answers", "interactions", "interaction_id", "occurred_at"),
    ],
)
def test_a_part_is_known_when_its_whole_is_and_never_without_one(
    part: str, whole: str, key: str, time: str
) -> None:
    ids = ["a", "b", "c"] if whole == "orders" else [1, 2, 3]
    wholes = table(whole, **{key: ids[:2], time: [at("2024-03-09"), at("2024-03-10")]})
    parts = table(part, **{key: ids})
    data = CustomerData.of({whole: wholes, part: parts})
    assert rows_known_before(data, part, DAY).collect()[key].to_list() == ids[:1]
    assert (
        rows_known_before(data, part, date(2024, 4, 1)).sort(key).collect()[key].to_list()
        == ids[:2]
    )
    alone = CustomerData.of({part: parts})
    assert rows_known_before(alone, part, DAY).select(pl.len()).collect().item() == 0
