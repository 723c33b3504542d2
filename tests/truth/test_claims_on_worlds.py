"""A short form of ``tests.truth.claims``: cells are counted, and false claims are noticed."""

import pytest

from tests.truth.claimed_rates import (
    FIRST_SEED,
    Cell,
    Claim,
    Counted,
    count,
    judge,
    read,
    rightly,
    table,
    wrongly,
)
from tests.truth.claims import RESULTS, cells, claims, in_order, page


def cell(part: str, world: str) -> Cell:
    return next(each for each in cells() if each.part == part and each.world.startswith(world))


@pytest.mark.parametrize(
    ("part", "world", "worlds"),
    [
        ("segments", "two crossing lines", 2),
        ("worlds", "retail, contrast 3", 1),
        ("audits", "retail, 12 points planted, tolerance 0.01 points", 8),
        ("intervals", "rate of 12 persons", 30),
        ("intervals", "difference of 2 groups of 20 and 15 persons", 20),
        ("intervals", "range of 3 groups of 500 persons at 20, 20, 20 %", 20),
        ("intervals", "difference with noise, 2 groups of 60 and 40 persons", 10),
        ("intervals", "retail, 12 points planted, all pairs", 2),
        ("intervals", "scores with noise, lift", 10),
        ("intervals", "amounts with noise", 10),
    ],
)
def test_claims_hold_on_a_few_worlds(part: str, world: str, worlds: int) -> None:
    judged = judge(count(cell(part, world), worlds))
    assert judged
    assert all(each.holds for each in judged)


def counted(hits: int, claim: Claim, worlds: int = 100) -> Counted:
    seeds_shown = range(FIRST_SEED, FIRST_SEED + hits)
    invented = Cell(
        "segments", "invented", 10, lambda seed: "shown" if seed in seeds_shown else "no", (claim,)
    )
    return count(invented, worlds)[0]


MOST, LEAST = wrongly("segments", "shown"), rightly("segments", "shown")
BOTH = Claim("segments", ("shown",), least=0.4, most=0.6)


@pytest.mark.parametrize(
    ("claim", "hits", "holds"),
    [
        (MOST, 13, False),
        (MOST, 10, True),
        (LEAST, 68, False),
        (LEAST, 72, True),
        (BOTH, 26, False),
        (BOTH, 30, True),
        (BOTH, 70, True),
        (BOTH, 74, False),
    ],
)
def test_a_claim_fails_where_its_share_is_surely_beyond_the_bounds(
    claim: Claim, hits: int, holds: bool
) -> None:
    assert judge([counted(hits, claim)])[0].holds is holds


def test_of_many_claims_one_may_be_off_by_chance() -> None:
    many = judge([counted(13, MOST), *[counted(2, MOST)] * 30])
    assert all(each.holds for each in many)
    assert "| 13 of 100 | 5.8% to 23.9% |" in table(many)
    assert 'In doubt: segments, invented, 10: "segments" came out in 13 of 100' in page(many)


def test_a_table_of_claims_is_read_as_it_was_counted() -> None:
    before = judge([counted(13, MOST), counted(90, LEAST), counted(50, BOTH)])
    again = judge(read(table(before)))
    assert [(each.claim.bounds, each.hits, each.p_value) for each in again] == [
        (each.claim.bounds, each.hits, each.p_value) for each in before
    ]


def test_every_cell_is_in_the_table_of_claims_and_holds() -> None:
    shown = judge(read(RESULTS.read_text()))
    assert [each.key for each in shown] == claims()
    assert in_order(shown[::-1]) == shown
    assert all(each.holds for each in shown)
    assert RESULTS.read_text() == page(shown)
