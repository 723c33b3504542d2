"""Find out how many persons share the facts that somebody knows of one of them.

A *fact* is one row of a table of events: an order with its day, amount and product, for instance,
as the release shows it. An intruder who knows some facts of a person looks for everybody who has
all of them. Facts of one person are known at random, each as likely as the others.

References
----------
de Montjoye, Radaelli, Singh and Pentland 2015, "Unique in the shopping mall: On the
reidentifiability of credit card metadata", Science 347.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.foundation.errors import ParameterError, unknown_name
from workbench.statistics.estimates import Estimate
from workbench.statistics.intervals import share_interval

#: Columns of the person and of the number of known facts, which together name a *case*.
CASE = ("_person", "_known")

#: Number of persons, with those who are judged, with whom they are compared first. Most have enough
#: others who are alike there, and only the rest are searched for among all persons.
_COMPARED_FIRST = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFactsRisk:
    """Shares of persons whose known facts fewer than k persons have.

    Attributes
    ----------
    k : int
        Number of persons who must share the known facts.
    shares : tuple of Estimate
        One per number of known facts, with its interval: the share, among the persons who have as
        many facts, of those whom the facts single out; named ``known_1``, ``known_2`` and so on.
    """

    k: int
    shares: tuple[Estimate, ...]


def known_facts_risk(
    events: pl.DataFrame | pl.LazyFrame,
    *,
    person: str,
    facts: Sequence[str],
    known: Sequence[int] = (1, 2, 3),
    k: int = 5,
    sample: int = 1000,
    seed: int = 0,
) -> KnownFactsRisk:
    """Estimate the share of persons who are singled out by facts that somebody knows of them.

    Parameters
    ----------
    events : DataFrame or LazyFrame
        One row per fact. Rows without a person are left out.
    person : str
        Column of the person.
    facts : sequence of str
        Columns that somebody may know of a row.
    known : sequence of int
        Numbers of facts that are known.
    k : int
        Number of persons, with the person, who must share the known facts; 2 or more.
    sample : int
        Number of persons who are judged; a hash of their ids draws them.
    seed : int
        Number from which persons and facts are drawn.

    Raises
    ------
    ParameterError
        A column is missing, no fact is named, or ``k`` or a number of known facts is too small.

    Examples
    --------
    >>> orders = pl.DataFrame({"who": [1, 1, 2, 2, 3], "euros": [5, 9, 5, 7, 5]})
    >>> found = known_facts_risk(orders, person="who", facts=["euros"], known=[2], k=2)
    >>> found.shares[0].value, found.shares[0].n
    (1.0, 2)
    """
    frame = events.lazy()
    names = frame.collect_schema().names()
    for name in (person, *facts):
        if name not in names:
            raise ParameterError(unknown_name("column", name, names))
    if not facts or k < 2 or not known or min(known) < 1 or sample < 1:
        raise ParameterError(
            f"facts: {len(facts)}, k: {k}, known: {list(known)}, sample: {sample}: name at least "
            "one column of facts, k of 2 or more, and at least 1 known fact and person"
        )
    rows = (
        frame.filter(pl.col(person).is_not_null())
        .select(_person=pl.col(person), _fact=pl.struct(facts).hash(seed=seed))
        .unique()
        .collect(engine="streaming")
    )
    persons = rows["_person"].unique()
    persons = persons.gather(pl.Series(persons).hash(seed=seed + 1).arg_sort())
    judged = persons.head(sample)
    chosen = rows.filter(pl.col("_person").is_in(judged.implode()))
    drawn = draw_known_facts(chosen, known, seed=seed)
    near = rows.filter(pl.col("_person").is_in(persons.head(_COMPARED_FIRST).implode()))
    alike = count_alike(drawn, near, enough=k - 1)
    open_ones = drawn.join(alike.filter(pl.col("_alike") >= k - 1), on=CASE, how="anti")
    again = count_alike(open_ones, rows, enough=k - 1)
    shared = pl.concat([alike, again]).filter(pl.col("_alike") >= k - 1).select(CASE).unique()
    cases = drawn.select(CASE).unique()
    single = cases.join(shared, on=CASE, how="anti")
    return KnownFactsRisk(
        k=k, shares=tuple(_share(n, cases, single, k) for n in sorted(set(known)))
    )


def draw_known_facts(rows: pl.DataFrame, known: Sequence[int], *, seed: int) -> pl.DataFrame:
    """Draw facts of each person at random.

    Parameters
    ----------
    rows : DataFrame
        Distinct pairs of ``_person`` and ``_fact``, which is a hash of the fact.
    known : sequence of int
        Numbers of facts to draw.
    seed : int
        Number from which facts are drawn; the same rows and seed give the same facts.

    Returns
    -------
    DataFrame
        One row per case and known fact, with ``_person``, ``_known`` and ``_fact``. A person who
        has fewer facts than a number has no case for it.
    """
    drawn = rows.sort(pl.struct("_person", "_fact").hash(seed=seed + 2), "_person", "_fact")
    ranked = drawn.with_columns(_rank=pl.int_range(pl.len()).over("_person"))
    return pl.concat(
        ranked.filter(pl.col("_rank") < n)
        .filter(pl.len().over("_person") == n)
        .select("_person", "_fact", _known=pl.lit(n, dtype=pl.Int64))
        for n in known
    )


def count_alike(known: pl.DataFrame, rows: pl.DataFrame, *, enough: int = 1) -> pl.DataFrame:
    """Count for each case the other persons who have all of its facts.

    Persons who have all facts have the rarest, so only they are examined.

    Parameters
    ----------
    known : DataFrame
        Cases, as ``draw_known_facts`` makes them.
    rows : DataFrame
        Distinct pairs of ``_person`` and ``_fact`` of everybody who is compared.
    enough : int
        Number of others beyond which a case of one fact need not be counted exactly.

    Returns
    -------
    DataFrame
        One row per case with at least one other person, and their number ``_alike``.
    """
    shared_by = rows.group_by("_fact").agg(_sharing=pl.len())
    ordered = (
        known.join(shared_by, on="_fact")
        .sort(*CASE, "_sharing", "_fact")
        .with_columns(_place=pl.int_range(pl.len()).over(CASE))
    )
    rarest = ordered.filter(pl.col("_place") == 0)
    # One fact that many persons have needs no list of them: the person is one of the sharing.
    alone = rarest.filter((pl.col("_known") == 1) & (pl.col("_sharing") > enough + 1))
    counted = alone.select(*CASE, _alike=pl.col("_sharing").cast(pl.Int64, strict=False) - 1)
    alike = (
        rarest.join(alone, on=CASE, how="anti")
        .join(rows, on="_fact", suffix="_other")
        .filter(pl.col("_person") != pl.col("_person_other"))
    )
    for place in range(1, known["_known"].max() or 1):  # type: ignore[arg-type]  # a number
        further = ordered.filter(pl.col("_place") == place).select(*CASE, "_fact")
        longer = alike.drop("_fact").join(further, on=CASE)
        still = longer.join(
            rows, left_on=["_fact", "_person_other"], right_on=["_fact", "_person"], how="semi"
        )
        ended = alike.filter(pl.col("_known") <= place)
        alike = pl.concat([ended, still.select(ended.columns)])
    numbers = alike.group_by(CASE).agg(_alike=pl.len().cast(pl.Int64))
    return pl.concat([counted, numbers.select(counted.columns)])


def _share(n: int, cases: pl.DataFrame, single: pl.DataFrame, k: int) -> Estimate:
    persons, found = (int((each["_known"] == n).sum()) for each in (cases, single))
    label = f"Known by {n} fact{'s' if n > 1 else ''} to fewer than {k} persons"
    if not persons:
        return Estimate(
            name=f"known_{n}", label=label, unit="share", n=0, value=None,
            note="nobody has as many facts",
        )  # fmt: skip
    low, high = (float(np.asarray(each)) for each in share_interval(found, persons))
    return Estimate(
        name=f"known_{n}", label=label, unit="share", n=persons, value=found / persons,
        low=low, high=high,
    )  # fmt: skip
