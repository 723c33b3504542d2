"""Join the persons of two releases that have no common key, as an intruder would.

Two releases of the same customers, made for two recipients, have different pseudonyms. They should
not be joined better than their quasi-identifiers allow. Event data allow much more: each order is
a fact that few other persons have.

The intruder takes for each person of the one release those persons of the other who have the same
quasi-identifiers, or the most similar facts, or the most similar facts among those with the same
quasi-identifiers. A person is *rejoined* if exactly one candidate is best and is the right one.
Facts are the more telling the fewer persons have them: similarity is the weight of the common facts
divided by the weight of all facts of the two, with the weight ``log(persons / holders)``.

References
----------
Narayanan and Shmatikov 2008, "Robust de-anonymization of large sparse datasets", IEEE Symposium on
Security and Privacy (rare attributes weigh more). Ioffe 2010 (the weighted Jaccard similarity).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

import polars as pl

from workbench.foundation.errors import ParameterError
from workbench.privacy.risk.class_risks import require_columns
from workbench.privacy.risk.common_times import truncate_alike
from workbench.statistics.estimates import Estimate
from workbench.statistics.intervals import critical_value, share_interval

#: Number of persons who have a fact from which it is not used to find candidates.
_MOST_HOLDERS = 2_000
#: Difference below which two similarities are equal.
_EQUAL = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class RejoinRisk:
    """Shares of persons of one release who are found again in another.

    Attributes
    ----------
    by_quasi_identifiers, by_facts, by_both : Estimate
        Share of rejoined persons, by what the intruder uses.
    gain : Estimate
        Share rejoined by both less that by the quasi-identifiers alone, on the same persons.
    """

    by_quasi_identifiers: Estimate
    by_facts: Estimate
    by_both: Estimate
    gain: Estimate

    @property
    def figures(self) -> tuple[Estimate, ...]:
        """All four figures."""
        return (self.by_quasi_identifiers, self.by_facts, self.by_both, self.gain)


def rejoin_risk(
    one: tuple[pl.DataFrame, pl.DataFrame],
    other: tuple[pl.DataFrame, pl.DataFrame],
    *,
    person: str,
    quasi_identifiers: Sequence[str],
    facts: Sequence[str],
    sample: int = 1000,
    seed: int = 0,
) -> RejoinRisk:
    """Measure how many persons of one release can be found again in another.

    Parameters
    ----------
    one, other : (DataFrame, DataFrame)
        The two releases: persons with their quasi-identifiers, one row per person, and events, one
        row per fact. Times are compared in the coarser unit of both; other cells must be written
        alike, so two releases whose labels differ are joined better than is measured here.
    person : str
        Column of the person, with the true person in all tables, by which the result is judged.
    quasi_identifiers, facts : sequence of str
        Columns that both releases have: of the persons, and of the events. Either may be empty.
    sample : int
        Number of persons, out of those who are in both releases, who are looked for; a hash of
        their ids draws them.
    seed : int
        Number from which persons are drawn.

    Raises
    ------
    ParameterError
        A table lacks a column, or a person has several rows in a table of persons.

    Examples
    --------
    >>> persons = pl.DataFrame({"who": [1, 2, 3], "area": ["N", "N", "S"]})
    >>> orders = pl.DataFrame({"who": [1, 2, 2, 3], "euros": [5, 7, 9, 5]})
    >>> found = rejoin_risk((persons, orders), (persons, orders), person="who",
    ...                     quasi_identifiers=["area"], facts=["euros"])
    >>> round(found.by_quasi_identifiers.value, 2), round(found.by_both.value, 2)
    (0.33, 1.0)
    """
    for persons, events in (one, other):
        require_columns(persons.columns, [person, *quasi_identifiers])
        require_columns(events.columns, [person, *facts])
        if persons[person].n_unique() < persons.height:
            raise ParameterError(
                f"column {person} is repeated in a table of persons: give one row per person"
            )
    one_persons, other_persons = truncate_alike(one[0], other[0], quasi_identifiers)
    one_events, other_events = truncate_alike(one[1], other[1], facts)
    looked_for = _draw(one_persons, other_persons, person, sample, seed)
    shared = _shared_columns(one_persons, other_persons, person, quasi_identifiers, seed)
    alike = looked_for.join(shared[0], on="_person").join(
        shared[1].rename({"_person": "_candidate"}), on="_key"
    )
    similar = _similarities(one_events, other_events, looked_for, person, facts, seed)
    similar_too = similar.join(alike, on=["_person", "_candidate"], how="semi")
    # Where no fact is shared, the intruder is left with the quasi-identifiers.
    fallback = alike.join(similar_too, on="_person", how="anti")
    both = pl.concat(
        [similar_too, fallback.select("_person", "_candidate", _similarity=pl.lit(0.0))]
    )
    found = {
        "quasi_identifiers": _rejoined(alike.with_columns(_similarity=pl.lit(0.0))),
        "facts": _rejoined(similar),
        "both": _rejoined(both),
    }
    return RejoinRisk(
        by_quasi_identifiers=_estimate("quasi_identifiers", found, looked_for),
        by_facts=_estimate("facts", found, looked_for),
        by_both=_estimate("both", found, looked_for),
        gain=_gain(found, looked_for),
    )


def _as_text(person: str) -> pl.Expr:
    """Return the person as a text, so that tables with ids of two types of numbers fit."""
    return pl.col(person).cast(pl.String)


def _draw(
    one: pl.DataFrame, other: pl.DataFrame, person: str, sample: int, seed: int
) -> pl.DataFrame:
    """Return the persons who are looked for, out of those in both releases."""
    first, second = (each.select(_person=_as_text(person)) for each in (one, other))
    both = first.join(second, on="_person", how="semi")
    return both.sort(pl.col("_person").hash(seed=seed), "_person").head(sample)


def _shared_columns(
    one: pl.DataFrame, other: pl.DataFrame, person: str, columns: Sequence[str], seed: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return each person of the two releases with a hash of the quasi-identifiers."""
    key = pl.struct(columns).hash(seed=seed) if columns else pl.lit(0, dtype=pl.UInt64)
    first, second = (each.select(_person=_as_text(person), _key=key) for each in (one, other))
    return first, second


def _similarities(
    one: pl.DataFrame,
    other: pl.DataFrame,
    looked_for: pl.DataFrame,
    person: str,
    facts: Sequence[str],
    seed: int,
) -> pl.DataFrame:
    """Return the similarity of each person with each candidate who shares a fact."""
    if not facts:
        ids = dict.fromkeys(("_person", "_candidate"), pl.String)
        return pl.DataFrame(schema={**ids, "_similarity": pl.Float64})
    fact = pl.struct(facts).hash(seed=seed)
    first, second = (
        each.filter(pl.col(person).is_not_null())
        .select(_person=_as_text(person), _fact=fact)
        .unique()
        for each in (one, other)
    )
    persons = max(1, second["_person"].n_unique())
    holders = second.group_by("_fact").agg(_holders=pl.len())
    # A fact that only the one release has weighs as much as one of a single holder.
    weight = (persons / pl.col("_holders").fill_null(1)).log() + _EQUAL
    first, second = (
        each.join(holders, on="_fact", how="left").with_columns(_weight=weight)
        for each in (first, second)
    )
    first = first.join(looked_for, on="_person", how="semi")
    pairs = (
        first.filter(pl.col("_holders") <= _MOST_HOLDERS)
        .join(second.select("_fact", _candidate="_person"), on="_fact")
        .group_by("_person", "_candidate")
        .agg(_common=pl.col("_weight").sort().sum())
    )
    totals = [
        each.group_by("_person").agg(_all=pl.col("_weight").sort().sum())
        for each in (first, second)
    ]
    return (
        pairs.join(totals[0], on="_person")
        .join(totals[1].rename({"_person": "_candidate", "_all": "_other"}), on="_candidate")
        .select(
            "_person",
            "_candidate",
            _similarity=pl.col("_common") / (pl.col("_all") + pl.col("_other") - pl.col("_common")),
        )
    )


def _rejoined(candidates: pl.DataFrame) -> pl.Series:
    """Return the persons whose one best candidate is the right one."""
    best = candidates.filter(
        pl.col("_similarity") >= pl.col("_similarity").max().over("_person") - _EQUAL
    )
    single = best.filter(pl.len().over("_person") == 1)
    return single.filter(pl.col("_person") == pl.col("_candidate"))["_person"]


_LABELS = {
    "quasi_identifiers": "Rejoined by quasi-identifiers",
    "facts": "Rejoined by facts",
    "both": "Rejoined by quasi-identifiers and facts",
}


def _estimate(name: str, found: dict[str, pl.Series], looked_for: pl.DataFrame) -> Estimate:
    n, joined = looked_for.height, len(found[name])
    low, high = share_interval(joined, n)
    return Estimate(
        name=f"rejoined_by_{name}",
        label=_LABELS[name],
        unit="share",
        n=n,
        value=joined / n if n else None,
        low=float(low) if n else None,
        high=float(high) if n else None,
        note="" if n else "nobody is in both releases",
    )


def _gain(found: dict[str, pl.Series], looked_for: pl.DataFrame) -> Estimate:
    """Return the difference of two shares of the same persons.

    Notes
    -----
    With b and c the numbers of persons rejoined only by both and only by the quasi-identifiers, the
    interval is that of Agresti and Min 2005, "Simple improved confidence intervals for comparing
    matched proportions", Statistics in Medicine 24: with a half added to b, c and each of the other
    two counts, ``d -+ z sqrt(b + c - (b-c)^2/n) / n``.
    """
    n = looked_for.height
    empty = Estimate(
        name="rejoin_gain",
        label="Rejoined by facts beyond the quasi-identifiers",
        unit="points",
        n=n,
        value=None,
        note="" if n else "nobody is in both releases",
    )
    if not n:
        return empty
    both, alone = (set(found[name].to_list()) for name in ("both", "quasi_identifiers"))
    b, c, m = len(both - alone) + 0.5, len(alone - both) + 0.5, n + 2
    half = critical_value() * sqrt(b + c - (b - c) ** 2 / m) / m
    middle = (b - c) / m
    return replace(
        empty,
        value=(len(both) - len(alone)) / n,
        low=max(-1.0, middle - half),
        high=min(1.0, middle + half),
        original_figures=(),
    )
