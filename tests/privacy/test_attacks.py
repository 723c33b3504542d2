"""Differencing: what two tables tell about the one person in whom they differ.

Each attack is first shown to succeed on exact figures; the counts of tries and hits are in the
message of the assertion and in the test's output.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest

from workbench.privacy.release import Release

from .attacks import amount_of_leaver, group_of_leaver, guess, is_near

TRIES = 400
CHARACTERISTICS = ("gender", "age_band", "country")
SHARES = {
    "gender": {"female": 0.47, "male": 0.45, "nonbinary": 0.03, "undisclosed": 0.05},
    "age_band": {"18-24": 0.12, "25-34": 0.2, "35-44": 0.26, "45-54": 0.24, "55-64": 0.18},
    "country": {"GB": 0.24, "DE": 0.2, "FR": 0.16, "US": 0.15, "ES": 0.13, "NL": 0.12},
}


@pytest.fixture(scope="module")
def people() -> pl.DataFrame:
    """Return 3,000 persons with three characteristics and what they spent."""
    random = np.random.default_rng(11)
    n = 3000
    columns = {
        name: random.choice(list(shares), n, p=list(shares.values()))
        for name, shares in SHARES.items()
    }
    return pl.DataFrame(
        {
            "customer_id": random.choice(2**62, n, replace=False).astype(np.uint64),
            **columns,
            "active_days_ago": random.integers(0, 365, n),
            "spent_minor": (random.lognormal(4, 1.2, n) * 100).astype(np.int64),
        }
    )


def release(view: str, *, is_exact: bool) -> Release:
    return Release(view=view, secret=b"s" * 32, is_exact=is_exact)


def page(rows: pl.DataFrame, rules: Release) -> Mapping[str, Mapping[str, int]]:
    """Return what a page shows of each characteristic: persons by group."""
    return {name: dict(rules.counts(rows, [name]).iter_rows()) for name in CHARACTERISTICS}


def hits(people: pl.DataFrame, *, is_exact: bool) -> tuple[dict[str, int], int]:
    """Count in how many tries a withdrawal gives each characteristic, and all three."""
    right = dict.fromkeys(CHARACTERISTICS, 0)
    all_right = 0
    priors = {name: SHARES[name] for name in CHARACTERISTICS}
    for attempt in range(TRIES):
        leaver = people[attempt]
        left = people.filter(pl.col("customer_id") != leaver["customer_id"][0])
        before = page(people, release(f"before {attempt}", is_exact=is_exact))
        after = page(left, release(f"after {attempt}", is_exact=is_exact))
        found = {
            name: group_of_leaver(before[name], after[name], priors[name], is_exact=is_exact)
            for name in CHARACTERISTICS
        }
        correct = {name: found[name] == leaver[name][0] for name in CHARACTERISTICS}
        for name in CHARACTERISTICS:
            right[name] += correct[name]
        all_right += all(correct.values())
    return right, all_right


def test_the_attack_works_on_exact_counts(people: pl.DataFrame) -> None:
    right, all_right = hits(people[:TRIES], is_exact=True)
    assert all_right == TRIES, (right, all_right)


def test_a_withdrawal_between_two_pages_gives_hardly_more_than_guessing(
    people: pl.DataFrame,
) -> None:
    right, all_right = hits(people, is_exact=False)
    told = {name: right[name] / TRIES for name in CHARACTERISTICS}
    guessed = {
        name: float((people[:TRIES][name] == guess(SHARES[name])).mean())
        for name in CHARACTERISTICS
    }
    counts = f"of {TRIES}: {right}, all three {all_right}; guessing {guessed}"
    for name in CHARACTERISTICS:
        assert told[name] <= guessed[name] + 0.20, counts
    assert all_right / TRIES <= 0.10, counts


def spending(people: pl.DataFrame, *, is_exact: bool) -> tuple[int, int]:
    """Count in how many parameter steps the spending of the one who enters is found."""
    found = tries = 0
    ordered = people.sort("active_days_ago", "customer_id")
    for size in range(300, 300 + TRIES):
        less, more = ordered[:size], ordered[: size + 1]
        truth = int(ordered["spent_minor"][size])
        sums = [
            release(f"days {size}", is_exact=is_exact).sums(rows, of=["spent_minor"])
            for rows in (more, less)
        ]
        with_person, without = (table["spent_minor"][0] for table in sums)
        usual = people["spent_minor"].to_list()
        tries += 1
        found += is_near(amount_of_leaver(with_person, without, usual), truth)
    return found, tries


def test_the_attack_on_spending_works_on_exact_sums(people: pl.DataFrame) -> None:
    found, tries = spending(people, is_exact=True)
    assert found == tries


def test_a_parameter_step_does_not_give_what_somebody_spent(people: pl.DataFrame) -> None:
    found, tries = spending(people, is_exact=False)
    usual = people["spent_minor"].to_numpy()
    guesses = [
        np.mean([is_near(g, t) for t in usual[:500]])
        for g in np.quantile(usual, np.arange(0.1, 0.9, 0.05))
    ]
    assert found / tries <= max(guesses) + 0.02, (found, tries, max(guesses))


@pytest.mark.parametrize("n", [30, 300])
def test_means_do_not_give_what_the_largest_spender_spent(people: pl.DataFrame, n: int) -> None:
    found = tries = 0
    for attempt in range(TRIES):
        rows = people.sample(n, seed=attempt).sort("spent_minor")
        rules = release(f"group {attempt}", is_exact=False)
        pages = [rules.means(part, of={"spent_minor": 1}) for part in (rows, rows[:-1])]
        if any(page["spent_minor"][0] is None for page in pages):
            continue  # one person dominates: nothing is shown
        totals = [
            page["spent_minor"][0] * count for page, count in zip(pages, (n, n - 1), strict=True)
        ]
        tries += 1
        found += is_near(totals[0] - totals[1], rows["spent_minor"][-1])
    assert tries > TRIES / 2
    assert found / tries <= 0.15, (found, tries)


def test_one_order_more_of_the_same_persons_is_not_told_by_sums(people: pl.DataFrame) -> None:
    """The same persons with one more order: which of ten groups it was is hardly told."""
    groups = people.with_columns(group=pl.int_range(pl.len()) % 10)
    told = 0
    for attempt in range(TRIES):
        changed = groups.with_columns(
            spent_minor=pl.when(pl.col("customer_id") == groups["customer_id"][attempt])
            .then(pl.col("spent_minor") + 5000)
            .otherwise("spent_minor")
        )
        rules = [release(f"{when} {attempt}", is_exact=False) for when in ("before", "after")]
        before, after = (
            each.sums(rows, ["group"], of=["spent_minor"])["spent_minor"]
            for each, rows in zip(rules, (groups, changed), strict=True)
        )
        told += int((after - before).arg_max() or 0) == groups["group"][attempt]
    assert told / TRIES <= 0.20, told  # guessing one in ten
