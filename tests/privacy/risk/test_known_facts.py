"""Facts that somebody knows of a person, against a plain count over all persons."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest

from workbench.foundation.errors import ParameterError
from workbench.privacy.known_facts import count_alike, draw_known_facts, known_facts_risk


def purchases(persons: int, *, products: int, seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    number = random.integers(1, 6, persons)
    who = np.repeat(np.arange(persons), number)
    return pl.DataFrame(
        {
            "who": who,
            "day": random.integers(0, 4, len(who)),
            "product": np.minimum(random.geometric(0.2, len(who)), products),
        }
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_persons_alike_are_those_that_a_plain_count_finds(seed: int) -> None:
    events = purchases(120, products=6, seed=seed)
    rows = events.select(_person="who", _fact=pl.struct("day", "product").hash(seed=0)).unique()
    sets = {
        person: set(facts) for person, facts in rows.group_by("_person").agg("_fact").iter_rows()
    }
    drawn = draw_known_facts(rows, (1, 2, 3), seed=seed)
    counted = {
        (person, known): number
        for person, known, number in count_alike(drawn, rows, enough=119).iter_rows()
    }
    cases = drawn.group_by("_person", "_known").agg("_fact")
    for person, known, facts in cases.iter_rows():
        others = sum(set(facts) <= held for held in sets.values()) - 1
        assert counted.get((person, known), 0) == others
        assert len(facts) == known


@pytest.mark.parametrize("k", [2, 5])
def test_the_share_is_that_of_a_plain_count(k: int) -> None:
    events = purchases(150, products=5, seed=7)
    found = known_facts_risk(
        events, person="who", facts=["day", "product"], known=[1], k=k, sample=150
    )
    # One known fact: the mean over persons of the share of their facts that fewer than k have.
    pairs = events.unique()
    holders = pairs.group_by("day", "product").agg(n=pl.len())
    rare = pairs.join(holders, on=["day", "product"]).with_columns(rare=pl.col("n") < k)
    expected = rare.group_by("who").agg(pl.col("rare").mean())["rare"].mean()
    [share] = found.shares
    assert share.n == 150
    assert share.low is not None and share.high is not None
    assert share.low <= expected <= share.high


def test_more_known_facts_single_out_more() -> None:
    events = purchases(2000, products=30, seed=3)
    found = known_facts_risk(events, person="who", facts=["day", "product"], known=[3, 1, 2], k=5)
    values = [share.value for share in found.shares]
    assert [share.name for share in found.shares] == ["known_1", "known_2", "known_3"]
    assert values == sorted(values) and values[0] < values[2]  # type: ignore[type-var,operator]


def test_persons_whose_facts_all_share_are_not_singled_out() -> None:
    events = pl.DataFrame({"who": [1, 2, 3, 4, 5, None], "plan": ["a"] * 6})
    found = known_facts_risk(events, person="who", facts=["plan"], known=[1, 2], k=5)
    assert found.shares[0].value == 0.0 and found.shares[0].n == 5
    assert found.shares[1].value is None and found.shares[1].note == "nobody has as many facts"
    assert (
        known_facts_risk(events, person="who", facts=["plan"], known=[1], k=6).shares[0].value == 1
    )


def test_order_of_rows_and_repeated_rows_do_not_matter() -> None:
    events = purchases(300, products=20, seed=5)
    again = pl.concat([events, events]).sample(fraction=1, shuffle=True, seed=1)
    one, other = (
        known_facts_risk(each, person="who", facts=["day", "product"], seed=4)
        for each in (events, again)
    )
    assert one == other


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"facts": ["dya"]}, "no column 'dya'; did you mean 'day'"),
        ({"facts": []}, "facts: 0"),
        ({"facts": ["day"], "k": 1}, "k: 1"),
        ({"facts": ["day"], "known": [0]}, r"known: \[0\]"),
    ],
)
def test_impossible_questions_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        known_facts_risk(purchases(9, products=3, seed=1), person="who", **settings)  # type: ignore[arg-type]


def test_the_interval_covers_the_share_over_all_draws() -> None:
    """The estimate of a sample is compared with the mean over every pair of facts of everybody."""
    events = purchases(400, products=12, seed=11)
    sets: dict[int, set[tuple[int, int]]] = {}
    for who, day, product in events.iter_rows():
        sets.setdefault(who, set()).add((day, product))
    shares = []
    for facts in sets.values():
        pairs = list(combinations(sorted(facts), 2))
        rare = [sum(set(pair) <= held for held in sets.values()) < 3 for pair in pairs]
        if pairs:
            shares.append(np.mean(rare))
    expected, covered = float(np.mean(shares)), 0
    for seed in range(40):
        [share] = known_facts_risk(
            events, person="who", facts=["day", "product"], known=[2], k=3, sample=100, seed=seed
        ).shares
        covered += (share.low or 0) <= expected <= (share.high or 1)
    assert covered >= 36
