"""Segmentation of customers, with tests whether the segments are separated in the population."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from workbench.features import customer_features
from workbench.foundation.errors import PrivacyError
from workbench.models.grouping import REPRODUCIBLE, Grouping, group_customers
from workbench.models.segment_profiles import profile_table, segment_names, size_table
from workbench.models.segment_traits import customer_traits
from workbench.models.separation import ENOUGH_BETWEEN
from workbench.privacy.release import EXACT, Release, rounded_figure
from workbench.schema import CustomerData
from workbench.statistics.estimates import Estimate
from workbench.statistics.sample_sizes import round_up_two_digits
from workbench.statistics.verdicts import Outcome, Verdict

#: Smallest number of customers for a segmentation, whatever the smallest size of segments.
LEAST_CUSTOMERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation:
    """Segments of customers with their figures, profiles and verdicts.

    Attributes
    ----------
    sizes : DataFrame, shape (segments, 8)
        One row per segment, the most valuable first: ``segment``, ``persons``, ``share``, ``low``,
        ``high``, ``value_share``, ``value_low``, ``value_high``.
    profile : DataFrame
        Features in which segments differ; see ``profile_table``.
    tried : DataFrame
        One row per number of groups; see ``Grouping.tried``.
    pairs : DataFrame
        The tests for valleys between groups; see ``Separation.pairs``.
    k : int
        Number of segments.
    is_natural : bool
        Whether their number is that of groups that are separated in the population.
    traits : tuple of str
        Names of the traits by which customers were grouped.
    estimates : tuple of Estimate
        ``segments``, ``stability``, ``natural_groups``.
    verdicts : tuple of Verdict
        ``segments_are_real``, ``segments_come_back``.
    assignments : DataFrame, shape (customers, 2)
        ``customer_id``, ``segment`` (name of the segment): for the vault, never shown.
    origin : str
        Mark of the release that made the figures.
    """

    sizes: pl.DataFrame
    profile: pl.DataFrame
    tried: pl.DataFrame
    pairs: pl.DataFrame
    k: int
    is_natural: bool
    traits: tuple[str, ...]
    estimates: tuple[Estimate, ...]
    verdicts: tuple[Verdict, ...]
    assignments: pl.DataFrame
    origin: str

    def _repr_html_(self) -> str:
        lines = "".join(
            f"<li>{verdict.question} <strong>{verdict.outcome}</strong>. {verdict.answer}</li>"
            for verdict in self.verdicts
        )
        return f"<p>{self.k} segments</p><ul>{lines}</ul>"


def segmentation(
    data: CustomerData,
    *,
    as_of: date,
    currency: str,
    seed: int,
    active_days: int | None = 365,
    k_range: tuple[int, int] = (2, 6),
    k: int | None = None,
    min_group: int = 10,
    release: Release = EXACT,
) -> Segmentation:
    """Divide customers into segments and test whether these are separated in the population.

    Parameters
    ----------
    data : CustomerData
        Data of a view; orders and order items are read for the segments, all tables for profiles.
    as_of : date
        Date before whose first moment facts count.
    currency : str
        ISO 4217 code; orders in another currency are left out.
    seed : int
        Seed of draws, samples and starting centres.
    active_days : int, optional
        Number of days before ``as_of`` in which the customers have an order day; None for all.
    k_range : tuple of int
        Smallest and largest number of groups to try.
    k : int, optional
        Number of segments; None to choose it.
    min_group : int
        Smallest size of a segment; the customers of a smaller one join the nearest other.
    release : Release
        Release that makes every count and sum; for figures to be shown, the view's
        (``view.release``).

    Raises
    ------
    PrivacyError
        There are too few customers for two segments of ``min_group``.
    ParameterError
        ``k`` or ``k_range`` is wrong.
    InputError
        No customer ordered.
    """
    known = customer_traits(
        data, as_of=as_of, currency=currency, active_days=active_days, seed=seed
    )
    n = known.customers.height
    needed = max(LEAST_CUSTOMERS, 2 * min_group)
    if n < needed:
        raise PrivacyError(
            f"too few customers ordered in the time asked for: {needed} are needed for segments "
            f"of at least {min_group}; use more active_days or another as_of"
        )
    cut = group_customers(known.latent, k_range=k_range, k=k, least=min_group, seed=seed)
    names = segment_names(cut.centres, known.names)
    features = known.customers.join(
        customer_features(data, as_of=as_of, currency=currency).rows,
        on="customer_id",
        how="left",
        maintain_order="left",
    )
    spent = features.select(
        "customer_id", value=pl.col("monetary_minor").fill_null(0).cast(pl.Int64)
    )
    persons = release.count(known.customers)
    estimates = _estimates(cut, persons, release)
    return Segmentation(
        sizes=size_table(cut.labels, spent, names, release=release),
        profile=profile_table(cut.labels, features, names, release=release),
        tried=_round_agreement(cut.tried, release),
        pairs=cut.separation.pairs,
        k=cut.k,
        is_natural=cut.is_natural,
        traits=known.names,
        estimates=estimates,
        verdicts=(
            _reality_verdict(cut, persons, estimates[2]),
            _stability_verdict(cut, estimates[1]),
        ),
        origin=release.origin,
        assignments=known.customers.with_columns(
            segment=pl.Series([names[label] for label in cut.labels])
        ),
    )


def _estimates(cut: Grouping, n: int, release: Release) -> tuple[Estimate, Estimate, Estimate]:
    tried = _round_agreement(cut.tried, release)
    chosen = tried.row(by_predicate=pl.col("is_chosen"), named=True)
    return (
        Estimate(
            name="segments",
            value=cut.k,
            n=n,
            unit="segments",
            label="Segments taken",
            origin=release.origin,
        ),
        Estimate(
            name="stability",
            value=chosen["stability"],
            low=chosen["low"],
            high=chosen["high"],
            n=n,
            unit="adjusted Rand index",
            label="Agreement of the segments of two new samples",
            note="median and middle 95 % of pairs of 20 bootstrap samples",
            origin=release.origin,
        ),
        Estimate(
            name="natural_groups",
            value=cut.separation.natural_groups,
            n=n,
            unit="groups",
            label="Groups shown to be apart",
            note="dip tests on customers that the groups were not learned from, Holm-adjusted",
            origin=release.origin,
        ),
    )


def _reality_verdict(cut: Grouping, n: int, groups: Estimate) -> Verdict:
    found = cut.separation
    tested = f"{_describe_borders(found.pairs.height)} between groups tested on {n:,} customers"
    if found.is_shown:
        outcome = Outcome.SHOWN
        answer = f"Yes: {found.natural_groups} groups have a gap between them ({tested})."
    elif found.could_be_shown:
        outcome = Outcome.NOT_SHOWN
        answer = (
            f"No: customers form one cloud without a gap ({tested}). The segments are a convenient "
            "cut through it, not kinds of people."
        )
    else:
        outcome = Outcome.UNDECIDED
        scale = ENOUGH_BETWEEN / max(found.most_between, 1)
        answer = (
            "Undecided: no gap was found, but too few customers are where a gap would be. "
            f"About {round_up_two_digits(n * scale):,} customers would be needed."
        )
    return Verdict.by_rule(
        outcome,
        rule="Yes where a dip test at the 5 % level, adjusted by Holm, finds a gap between groups.",
        name="segments_are_real",
        question="Do customers fall into kinds that are apart from one another?",
        answer=answer,
        concern=outcome is Outcome.NOT_SHOWN,
        estimates=(groups,),
    )


def _round_agreement(tried: pl.DataFrame, release: Release) -> pl.DataFrame:
    """Return the numbers of groups tried, with agreements rounded like other figures of models."""
    found = [
        rounded_figure(*row, release=release)
        for row in tried.select("stability", "low", "high").iter_rows()
    ]
    values = pl.DataFrame(found, schema=["stability", "low", "high"], orient="row")
    return tried.with_columns(values)


def _stability_verdict(cut: Grouping, stability: Estimate) -> Verdict:
    low, value, high = (float(x or 0.0) for x in (stability.low, stability.value, stability.high))
    figures = f"agreement {value:.2f} ({low:.2f} to {high:.2f}; 1 is the same, 0 is chance)"
    if low >= REPRODUCIBLE:
        outcome, answer = Outcome.SHOWN, f"Yes: {figures}."
    elif value < REPRODUCIBLE:
        outcome, answer = Outcome.NOT_SHOWN, f"No: {figures}."
    else:
        outcome = Outcome.CANNOT_BE_SAID
        answer = f"Mostly, but not in every sample: {figures}."
    return Verdict.by_rule(
        outcome,
        rule=(
            f"Yes where the middle 95 % of pairs of samples agree by {REPRODUCIBLE} or more, no "
            "where their median does not."
        ),
        name="segments_come_back",
        question=f"Do the {cut.k} segments come back when other customers are drawn?",
        answer=answer,
        concern=outcome is Outcome.NOT_SHOWN,
        estimates=(stability,),
    )


def _describe_borders(count: int) -> str:
    return "1 border" if count == 1 else f"{count} borders"
