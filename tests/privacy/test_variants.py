"""Counting reports about nearly the same persons."""

import numpy as np
import polars as pl
import pytest

from workbench.privacy.variants import Sketch, Variant, Variants


def persons(n: int, seed: int = 1) -> pl.Series:
    return pl.Series(np.random.default_rng(seed).integers(0, 2**64, n, dtype=np.uint64))


@pytest.mark.parametrize("lost", [0, 1, 2, 5, 9, 100])
def test_small_differences_are_counted_exactly(lost: int) -> None:
    before = persons(5000)
    after = pl.concat([before[lost:], persons(3, seed=9)])
    one, other = (Sketch.of(each) for each in (before, after))
    assert one.differences(other) == lost + 3
    assert other.differences(one) == lost + 3


def test_small_differences_are_hardly_ever_overlooked() -> None:
    before = persons(2000)
    first = Sketch.of(before)
    missed = 0
    for seed in range(1500):
        lost = 1 + seed % 9
        after = before.sample(before.len() - lost, seed=seed)
        missed += first.differences(Sketch.of(after)) != lost
    assert missed == 0


def test_large_differences_are_not_taken_for_small_ones() -> None:
    first = Sketch.of(persons(5000))
    for lost in (50, 200, 1000, 5000):
        found = first.differences(Sketch.of(persons(5000)[lost:]))
        assert found is None or found == lost


def test_reports_of_one_notebook_about_nearly_the_same_persons_are_near() -> None:
    def variant(people: pl.Series, *, notebook: str = "churn", days: int = 90) -> Variant:
        return Variant.of(
            notebook=notebook, digest="d", view="v", parameters={"days": days},
            persons=Sketch.of(people),
        )  # fmt: skip

    everyone = persons(1000)
    held = Variants()
    for days, people in ((30, everyone), (60, everyone), (90, everyone[:-9]), (95, everyone[:-20])):
        held = held.add(variant(people, days=days))
    held = Variants.of_bytes(held.to_bytes())
    assert held.count_near(variant(everyone, days=120), min_group=10) == 3
    assert held.count_near(variant(everyone, days=30), min_group=10) == 2  # itself does not count
    assert held.count_near(variant(everyone, notebook="audit"), min_group=10) == 0
    assert variant(everyone, days=60) in held
    assert variant(everyone, days=60) not in held.remove(variant(everyone, days=60))
