"""Cells of intervals of whole audits: counts with noise as pages show them, and worlds."""

from collections.abc import Iterator
from functools import cache, partial

import numpy as np
import polars as pl

from tests.truth.claimed_rates import Cell
from tests.truth.drawn_groups import (
    QUESTION,
    Groups,
    at_least,
    coverage_words,
    drawn_cell,
    exactly,
    narrowly,
    simulated_width,
    true_differences,
)
from tests.truth.verdict_cells import audited
from workbench.fairness import Audit, Question, audit
from workbench.privacy.release import Release
from workbench.privacy.release.noise import VARIANCE


def audited_cells() -> Iterator[Cell]:
    """Yield the cells of audits with noise and on worlds."""
    yield from _noisy()
    yield from _on_worlds()


def _noisy() -> Iterator[Cell]:
    """Yield cells of counts with noise, as pages show them; small numerators are bounds there."""
    simulated = narrowly("the simulated one")
    for groups, claims in (
        (Groups((300, 200), (0.2, 0.3)), (exactly(), simulated)),
        (Groups((60, 40), (0.3, 0.3)), (exactly(), simulated)),
        (Groups((40, 30), (0.05, 0.1)), (at_least(),)),
    ):
        for what, outcome in (("rate", _noisy_rate), ("difference", _noisy_difference)):
            yield drawn_cell(
                f"{what} with noise, {groups.words}",
                sum(groups.persons),
                partial(outcome, groups),
                claims,
                draws=10,
            )


def _on_worlds() -> Iterator[Cell]:
    """Yield cells of intervals on worlds; the truth of ``null`` is the same for all groups."""
    for what, outcome, claim in (
        ("rate of some 260 persons", _world_rate, exactly()),
        ("all pairs together", _world_pairs, exactly("covers 0")),
        ("largest difference", _world_range, exactly("covers 0")),
    ):
        yield Cell("intervals", f"null, {what} by gender", 20_000, outcome, (claim,))
    yield Cell(
        "intervals",
        "retail, 12 points planted, all pairs of gender and their true chances",
        20_000,
        _planted_pairs,
        (at_least(),),
    )


def _noisy_audit(groups: Groups, seed: int) -> Audit:
    """Audit persons whose counts a release makes, with noise and bounds."""
    x = groups.draw(seed)
    names = np.repeat([f"group {at}" for at in range(len(x))], groups.persons)
    selected = np.concatenate(
        [np.arange(n) < chosen for n, chosen in zip(groups.persons, x, strict=True)]
    )
    ids = np.random.default_rng(seed).integers(0, 2**63, len(names), dtype=np.uint64)
    persons = pl.DataFrame({"customer_id": ids, "g": names, "selected": selected})
    release = Release(view=f"view {seed}", secret=seed.to_bytes(32))
    return audit(persons, QUESTION, decision="selected", seed=seed, release=release)


def _noisy_rate(groups: Groups, seed: int) -> str:
    table = _noisy_audit(groups, seed).rates
    row = table.row(by_predicate=pl.col("group") == "group 1", named=True)
    alone = Groups(groups.persons[1:], groups.rates[1:])
    width = row["high"] - row["low"]
    return coverage_words(
        row["low"] <= groups.rates[1] <= row["high"], width, simulated_width(alone, VARIANCE)
    )


def _noisy_difference(groups: Groups, seed: int) -> str:
    row = _noisy_audit(groups, seed).contrasts.row(0, named=True)
    (true,) = true_differences(groups, [row])
    low, high = row["alone_low"], row["alone_high"]
    return coverage_words(low <= true <= high, high - low, simulated_width(groups, VARIANCE))


@cache
def _audit_by_gender(recipe: str, seed: int) -> tuple[Audit, pl.DataFrame, float]:
    """Return an audit, the true chance by group, and that of everybody."""
    found, rows = audited(recipe, 20_000, seed, Question(attributes=("gender",)))
    chance = pl.col("p_offer").mean()
    groups = rows.group_by(group=pl.col("gender").cast(pl.String).fill_null("missing")).agg(chance)
    return found, groups, float(rows["p_offer"].mean())  # type: ignore[arg-type]  # never null


def _world_rate(seed: int) -> str:
    found, _, chance = _audit_by_gender("null", seed)
    is_asked = (pl.col("group") == "nonbinary") & (pl.col("metric") == "selection_rate")
    row = found.rates.row(by_predicate=is_asked, named=True)
    return coverage_words(row["low"] <= chance <= row["high"])


def _world_pairs(seed: int) -> str:
    pairs = _audit_by_gender("null", seed)[0].contrasts
    return coverage_words(((pairs["low"] <= 0) & (pairs["high"] >= 0)).all())


def _world_range(seed: int) -> str:
    return coverage_words(_audit_by_gender("null", seed)[0].ranges["low"][0] == 0)


def _planted_pairs(seed: int) -> str:
    found, groups, _ = _audit_by_gender("retail", seed)
    chance = dict(groups.iter_rows())
    return coverage_words(
        all(
            row["low"] <= chance[row["group"]] - chance[row["reference"]] <= row["high"]
            for row in found.contrasts.iter_rows(named=True)
        )
    )
