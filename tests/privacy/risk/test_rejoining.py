"""Persons of one release who are found again in another, and what lowers their number."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from workbench.foundation.errors import ParameterError
from workbench.privacy.risk.rejoining import rejoin_risk

Release = tuple[pl.DataFrame, pl.DataFrame]


def shop(customers: int, *, seed: int) -> Release:
    random = np.random.default_rng(seed)
    persons = pl.DataFrame({"who": np.arange(customers), "area": random.integers(0, 20, customers)})
    who = random.integers(0, customers, 4 * customers)
    orders = pl.DataFrame(
        {
            "who": who,
            "day": random.integers(0, 365, len(who)),
            "euros": random.integers(1, 500, len(who)),
        }
    )
    return persons, orders


def rejoined(one: Release, other: Release, facts: list[str]) -> tuple[float, float, float]:
    found = rejoin_risk(one, other, person="who", quasi_identifiers=["area"], facts=facts, seed=1)
    shares = (found.by_quasi_identifiers, found.by_facts, found.by_both)
    return tuple(share.value or 0.0 for share in shares)  # type: ignore[return-value]


def test_the_same_orders_join_two_releases_that_quasi_identifiers_do_not() -> None:
    release = shop(2000, seed=1)
    by_columns, by_facts, by_both = rejoined(release, release, ["day", "euros"])
    assert by_columns == 0.0  # each area has about a hundred persons
    assert by_facts > 0.95 and by_both > 0.95


def test_releases_of_other_orders_are_not_joined() -> None:
    persons, orders = shop(2000, seed=1)
    _, others = shop(2000, seed=2)
    found = rejoin_risk(
        (persons, orders), (persons, others), person="who", quasi_identifiers=["area"],
        facts=["day", "euros"],
    )  # fmt: skip
    assert found.by_facts.value == pytest.approx(0.0, abs=0.01)
    assert found.gain.low is not None and found.gain.high is not None
    assert found.gain.low <= 0.01 and found.gain.high < 0.03


def test_coarser_orders_join_fewer_persons() -> None:
    persons, orders = shop(2000, seed=1)
    coarse = (persons, orders.with_columns(pl.col("day") // 31, pl.col("euros") // 100))
    *_, fine = rejoined((persons, orders), (persons, orders), ["day", "euros"])
    *_, joined = rejoined(coarse, coarse, ["day", "euros"])
    assert joined < fine


def test_half_of_the_orders_are_enough() -> None:
    persons, orders = shop(2000, seed=3)
    halves = [orders.sample(fraction=0.5, seed=seed) for seed in (1, 2)]
    *_, joined = rejoined((persons, halves[0]), (persons, halves[1]), ["day", "euros"])
    assert 0.4 < joined < 0.95  # those who have an order in both halves


@pytest.mark.parametrize("unit", ["1d", "1w", "1mo", "1y"])
def test_a_release_of_coarser_times_is_joined_in_its_unit(unit: str) -> None:
    persons, orders = shop(2000, seed=5)
    start = pl.lit(datetime(2024, 1, 1, tzinfo=UTC))
    orders = orders.with_columns(day=start + pl.duration(days="day", hours=pl.col("euros") % 24))
    coarse = orders.with_columns(pl.col("day").dt.date().dt.truncate(unit))
    *_, joined = rejoined((persons, orders), (persons, coarse), ["day", "euros"])
    *_, alike = rejoined((persons, coarse), (persons, coarse), ["day", "euros"])
    assert joined == alike > (0.9 if unit != "1y" else 0.3)


def test_a_hand_computation() -> None:
    persons = pl.DataFrame({"who": [1, 2, 3, 4], "area": ["N", "N", "N", "S"]})
    orders = pl.DataFrame({"who": [1, 2, 3, 3], "item": ["a", "a", "a", "b"]})
    found = rejoin_risk(
        (persons, orders), (persons, orders), person="who", quasi_identifiers=["area"],
        facts=["item"],
    )  # fmt: skip
    assert found.by_quasi_identifiers.value == 0.25  # 4 alone in S
    assert found.by_facts.value == 0.25  # 3 by item b; 1 and 2 are alike; 4 has no order
    assert found.by_both.value == 0.5
    assert found.gain.value == 0.25


def test_the_order_of_rows_does_not_matter() -> None:
    persons, orders = shop(500, seed=4)
    again = tuple(each.sample(fraction=1, shuffle=True, seed=2) for each in (persons, orders))
    settings = {"person": "who", "quasi_identifiers": ["area"], "facts": ["day"], "sample": 100}
    one = rejoin_risk((persons, orders), (persons, orders), **settings)  # type: ignore[arg-type]
    assert one == rejoin_risk(again, again, **settings)  # type: ignore[arg-type]


def test_nobody_in_both_has_no_share() -> None:
    persons, orders = shop(20, seed=4)
    strangers = persons.with_columns(pl.col("who") + 100)
    found = rejoin_risk(
        (persons, orders), (strangers, orders), person="who", quasi_identifiers=["area"], facts=[]
    )
    assert found.by_both.value is None and found.gain.note == "nobody is in both releases"


def test_repeated_persons_are_refused() -> None:
    persons, orders = shop(5, seed=1)
    twice = pl.concat([persons, persons])
    with pytest.raises(ParameterError, match="column who is repeated"):
        rejoin_risk(
            (twice, orders), (persons, orders), person="who", quasi_identifiers=[], facts=[]
        )
