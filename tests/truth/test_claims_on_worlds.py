"""A short form of ``tests.truth.claims``: cells are counted, and false claims are noticed."""

import pytest

from tests.truth.claims import (
    FIRST_SEED,
    Cell,
    Counted,
    cells,
    count,
    judge,
    rightly,
    table,
    wrongly,
)


def cell(part: str, world: str) -> Cell:
    return next(each for each in cells() if each.part == part and each.world.startswith(world))


@pytest.mark.parametrize(
    ("part", "world", "worlds"),
    [
        ("segments", "two crossing lines", 2),
        ("worlds", "retail, contrast 3", 1),
        ("audits", "retail, 12 points planted, tolerance 0.01 points", 8),
    ],
)
def test_claims_hold_on_a_few_worlds(part: str, world: str, worlds: int) -> None:
    judged = judge(count(cell(part, world), worlds))
    assert judged
    assert all(each.holds for each in judged)


def counted(hits: int, worlds: int = 100, *, is_most: bool = True) -> Counted:
    claim = wrongly("segments", "shown") if is_most else rightly("segments", "shown")
    seeds_shown = range(FIRST_SEED, FIRST_SEED + hits)
    invented = Cell(
        "segments", "invented", 10, lambda seed: "shown" if seed in seeds_shown else "no", (claim,)
    )
    return count(invented, worlds)[0]


def test_a_claim_fails_where_its_share_is_surely_beyond_the_bound() -> None:
    assert judge([counted(13)])[0].holds is False
    assert judge([counted(10)])[0].holds is True
    assert judge([counted(68, is_most=False)])[0].holds is False
    assert judge([counted(72, is_most=False)])[0].holds is True


def test_of_many_claims_one_may_be_off_by_chance() -> None:
    many = judge([counted(13), *[counted(2)] * 30])
    assert all(each.holds for each in many)
    assert "| 13 of 100 |" in table(many)
