"""Persons with several rows: who is unique is judged by all rows of everybody."""

import polars as pl

from workbench.privacy.risk.compared_tables import compare_tables
from workbench.privacy.risk.copied_records import find_copies
from workbench.privacy.risk.drawn_persons import draw_persons
from workbench.privacy.risk.rehearsing import _split

#: Ten persons, who all have the same ten rows in another order.
EVERYBODY = pl.DataFrame(
    {
        "who": [person for person in range(10) for _ in range(10)],
        "shop": [(person + row) % 10 for person in range(10) for row in range(10)],
        "plan": ["a"] * 100,
    }
)


def copies(original: pl.DataFrame) -> tuple[int, int]:
    drawn = draw_persons(original, None, ["shop", "plan"], [], persons="who", seed=3)
    tables = compare_tables(drawn, original.drop("who"), persons="who", hierarchies={})
    found = find_copies(tables)
    return found.unique, found.copies


def test_a_row_that_others_have_too_is_not_unique_whichever_row_of_theirs_is_drawn() -> None:
    assert copies(EVERYBODY) == (0, 0)


def test_a_row_that_nobody_else_has_is_unique() -> None:
    own = EVERYBODY.filter(pl.col("who") > 0)
    alone = pl.DataFrame({"who": [0, 0], "shop": [77, 77], "plan": ["a", "a"]})
    assert copies(pl.concat([own, alone])) == (1, 1)


def test_guests_are_split_as_persons_of_their_own() -> None:
    guests = pl.DataFrame({"who": [None] * 1_000}, schema={"who": pl.Int64})
    inside, outside = _split(guests, "who")
    assert inside.height == outside.height == 500
