"""Verdicts on segments: whether they are apart in the population, and whether they come back."""

import polars as pl

from workbench.models.grouping import (
    COMPARED_ROWS,
    REPRODUCIBLE,
    SAMPLE_ROWS,
    Grouping,
)
from workbench.models.planted_groups import (
    MOST_TRIALS,
    PLANTED_DISTANCE,
    PLANTED_POWER,
    PLANTED_SHARE,
)
from workbench.models.separation import MOST_TESTED
from workbench.statistics.estimates import Estimate
from workbench.statistics.verdicts import Outcome, Verdict

#: The groups that are planted, in words.
PLANTED = (
    f"{PLANTED_SHARE:.0%} of the customers, {PLANTED_DISTANCE:g} standard deviations away"
).replace("%", " %")
# A page quotes only round numbers in rules: 7 % missed, where 93 % found is meant.
_REALITY_RULE = (
    "Yes where a test at the 5 % level, adjusted by Holm, finds a valley between groups; no where "
    f"it finds none, and misses at most {100 - 100 * PLANTED_POWER:.3g} % of up to {MOST_TRIALS} "
    f"planted groups of {PLANTED}."
)


def segment_verdicts(
    cut: Grouping,
    tried: pl.DataFrame,
    persons: int,
    needed: int,
    k: int | None,
    k_range: tuple[int, int],
    estimates: tuple[Estimate, ...],
) -> tuple[Verdict, ...]:
    """Return whether segments are apart, and whether they come back.

    Parameters
    ----------
    cut : Grouping
        The segments.
    tried : DataFrame
        Numbers of groups that were tried, with their agreement as it is shown.
    persons, needed : int
        Number of customers, and of those of whom segments are made at all.
    k, k_range
        As in ``segmentation``.
    estimates : tuple of Estimate
        Figures that the verdicts quote, as they are shown.
    """
    by_name = {each.name: each for each in estimates}
    outcome, answer = (
        _reality(cut, persons, k, k_range, by_name.get("planted_found"))
        if cut.separation is not None
        else (Outcome.UNDECIDED, _too_few(needed))
    )
    real = Verdict.by_rule(
        outcome,
        rule=_REALITY_RULE,
        name="segments_are_real",
        question="Do customers fall into kinds that are apart from one another?",
        answer=answer,
        concern=outcome is Outcome.NOT_SHOWN,
        estimates=[
            by_name[name] for name in ("natural_groups", "planted_found") if name in by_name
        ],
    )
    return real, _stability_verdict(cut, tried, needed, by_name.get("stability"))


def _too_few(needed: int) -> str:
    return f"There are too few customers: {needed} customers would be needed."


def _reality(
    cut: Grouping,
    persons: int,
    k: int | None,
    k_range: tuple[int, int],
    power: Estimate | None,
) -> tuple[Outcome, str]:
    """Return outcome and answer to the question whether groups are apart.

    Counts and shares are those of the estimates, which the release has rounded.
    """
    found, planted = cut.separation, cut.planted
    if found is None or found.mixture is None:
        return Outcome.CANNOT_BE_SAID, "All customers are alike, so there is nothing to divide."
    looked = f"{MOST_TESTED:,} customers" if persons > MOST_TESTED else "all customers"
    # A third of them proposes the groups, and the others test them.
    tested = f"{looked} looked at"
    if found.is_shown:
        taken = _why_other_number(cut, k, k_range)
        groups = found.natural_groups
        return Outcome.SHOWN, f"Yes: {groups} groups have a valley between them ({tested}).{taken}"
    if planted is None or power is None or power.value is None:
        return Outcome.CANNOT_BE_SAID, f"No valley was found ({tested})."
    often = f"{100 * power.value:.3g} % of planted groups of {PLANTED}, were found"
    if power.value >= PLANTED_POWER:
        return Outcome.NOT_SHOWN, (
            f"No: no valley was found ({tested}), and {often}. The segments are one convenient cut "
            "of several; smaller, closer or overlapping groups are not excluded."
        )
    if planted.needed is not None:
        return Outcome.UNDECIDED, (
            f"No valley was found ({tested}), but only {often}. About {planted.needed:,} customers "
            "would be needed."
        )
    return Outcome.CANNOT_BE_SAID, (
        f"No valley was found ({tested}), but only {often}: groups could be there unseen."
    )


def _why_other_number(cut: Grouping, k: int | None, k_range: tuple[int, int]) -> str:
    """Return a sentence why another number of segments is taken than was shown to be apart."""
    groups = cut.separation.natural_groups if cut.separation else 1
    if cut.k == groups and cut.is_natural:
        return ""
    if k is not None and k != groups:
        return f" {cut.k} segments are taken because that number was asked for."
    if not k_range[0] <= groups <= k_range[1]:
        return f" {cut.k} segments are taken because {k_range[0]} to {k_range[1]} were asked for."
    return f" {cut.k} segments are taken because a smaller group joined the nearest other."


def _stability_verdict(
    cut: Grouping, tried: pl.DataFrame, needed: int, stability: Estimate | None
) -> Verdict:
    if stability is None:
        outcome = Outcome.UNDECIDED
        answer = _too_few(needed)
    elif cut.k == 1:
        outcome = Outcome.CANNOT_BE_SAID
        answer = "All customers are in one segment."
    else:
        outcome, answer = _stability_answer(tried)
    return Verdict.by_rule(
        outcome,
        rule=(
            f"Yes where the middle 95 % of pairs of samples agree by {REPRODUCIBLE} or more, no "
            f"where their median does not. A sample has at most {SAMPLE_ROWS:,} customers, drawn "
            f"with replacement; two are compared on at most {COMPARED_ROWS:,}."
        ),
        name="segments_come_back",
        question=f"Do {_come_back(cut, tried)} come back when other customers are drawn?",
        answer=answer,
        concern=outcome is Outcome.NOT_SHOWN,
        estimates=() if stability is None else (stability,),
    )


def _come_back(cut: Grouping, tried: pl.DataFrame) -> str:
    """Name the segments that were drawn again, before a too small one joined the nearest."""
    drawn = tried.filter("is_chosen")["k"]
    if drawn.is_empty() or drawn[0] == cut.k:
        return f"the {cut.k} segments"
    return f"the {drawn[0]} groups, of which {cut.k} segments were left,"


def _stability_answer(tried: pl.DataFrame) -> tuple[Outcome, str]:
    chosen = tried.row(by_predicate=pl.col("is_chosen"), named=True)
    low, value, high = (chosen[name] for name in ("low", "stability", "high"))
    figures = (
        f"pairs of samples agree by {value:.2f} (median; the middle 95 % of the pairs by "
        f"{low:.2f} to {high:.2f}; 1 is the same, 0 is chance)"
    )
    if low >= REPRODUCIBLE:
        return Outcome.SHOWN, f"Yes: {figures}."
    if value < REPRODUCIBLE:
        return Outcome.NOT_SHOWN, f"No: {figures}."
    return (
        Outcome.CANNOT_BE_SAID,
        f"In half of the pairs or more, but not in nearly all: {figures}.",
    )
