"""Segmentation of customers, with tests whether the segments are separated in the population."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from workbench.features import feature_batches, gather_lines
from workbench.models.grouping import (
    SAMPLES,
    Grouping,
    group_customers,
    keep_together,
)
from workbench.models.planted_groups import (
    MOST_TRIALS,
    PlantedGroups,
)
from workbench.models.segment_profiles import (
    describing_features,
    profile_table,
    segment_names,
    size_table,
)
from workbench.models.segment_traits import customer_traits
from workbench.models.segment_verdicts import PLANTED, segment_verdicts
from workbench.models.separation import MOST_TESTED, pair_table
from workbench.privacy.release import EXACT, Release, rounded_figure
from workbench.schema import CustomerData
from workbench.statistics.estimates import Estimate
from workbench.statistics.intervals import wilson_interval
from workbench.statistics.verdicts import Verdict

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
    reason : str
        Reason why this number of groups was taken, in words.
    traits : tuple of str
        Names of the traits by which customers were grouped.
    estimates : tuple of Estimate
        ``segments``, ``stability``, ``natural_groups``, ``planted_found``, ``planted_groups``;
        without stability where there are too few customers.
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
    reason: str
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
        Data of a view; customers, orders and order items are read.
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
    ParameterError
        ``k`` or ``k_range`` is wrong.
    InputError
        No customer ordered.

    Notes
    -----
    Fewer than 60 customers, or than two segments of ``min_group``, are one segment, and the
    verdicts give the number of customers that is needed.
    """
    lines = gather_lines(data, currency).lazy()
    known = customer_traits(
        data, as_of=as_of, currency=currency, lines=lines, active_days=active_days, seed=seed
    )
    needed = max(LEAST_CUSTOMERS, 2 * min_group)
    if known.customers.height < needed:
        cut = keep_together(known.latent)
    else:
        cut = group_customers(known.latent, k_range=k_range, k=k, least=min_group, seed=seed)
    names = segment_names(cut.centres, known.names)
    # Segments are described by purchases alone, so features of other tables would not be used.
    bought = data.with_tables({name: data[name] for name in ("customers", "orders", "order_items")})
    persons, traits = release.count(known.customers), known.names
    grouped = known.customers.with_columns(_group=pl.Series(cut.labels)).sort("customer_id")
    del known  # The traits of customers take as much memory as their features.
    features = pl.concat(
        _described_features(rows, grouped.filter(customers.contains))
        for customers, rows in feature_batches(bought, as_of=as_of, currency=currency, lines=lines)
    )
    del lines  # The same is true of lines and the tables of figures that follow.
    labels = grouped["_group"].to_numpy()
    spent = features.select(
        "customer_id", value=pl.col("monetary_minor").fill_null(0).cast(pl.Int64)
    )
    tried = _round_agreement(cut.tried, release)
    estimates = _estimates(cut, tried, persons, release)
    return Segmentation(
        sizes=size_table(labels, spent, names, release=release),
        profile=profile_table(labels, features, names, release=release),
        tried=tried,
        pairs=cut.separation.pairs if cut.separation else pair_table([]),
        k=cut.k,
        is_natural=cut.is_natural,
        reason=cut.reason,
        traits=traits,
        estimates=estimates,
        verdicts=segment_verdicts(cut, tried, persons, needed, k, k_range, estimates),
        origin=release.origin,
        assignments=grouped.select(
            "customer_id", segment=pl.Series([names[label] for label in labels])
        ),
    )


def _described_features(rows: pl.DataFrame, customers: pl.DataFrame) -> pl.DataFrame:
    """Return the features that describe segments, of the customers who are divided."""
    names = describing_features(rows.drop("customer_id").columns)["feature"].to_list()
    described = rows.select("customer_id", *names)
    return customers.select("customer_id").join(
        described, on="customer_id", how="left", maintain_order="left"
    )


def _estimates(
    cut: Grouping, tried: pl.DataFrame, n: int, release: Release
) -> tuple[Estimate, ...]:
    found = [
        Estimate(
            name="segments",
            value=cut.k,
            n=n,
            unit="segments",
            label="Segments taken",
            origin=release.origin,
        ),
        Estimate(
            name="natural_groups",
            value=cut.separation.natural_groups if cut.separation else None,
            n=min(n, MOST_TESTED),
            unit="groups",
            label="Groups shown to be apart",
            note="1 where none are; tests on customers not learned from, Holm-adjusted",
            origin=release.origin,
        ),
    ]
    if not tried.is_empty():
        chosen = tried.row(by_predicate=pl.col("is_chosen"), named=True)
        found.append(
            Estimate(
                name="stability",
                value=chosen["stability"],
                n=n,
                unit="adjusted Rand index",
                label="Agreement of the segments of two new samples",
                note=(
                    f"median of the pairs of {SAMPLES} bootstrap samples; the middle 95 % of the "
                    f"pairs are {chosen['low']:.2f} to {chosen['high']:.2f}, which is no "
                    "interval: the pairs share samples"
                ),
                origin=release.origin,
            )
        )
    if cut.planted is not None and cut.planted.trials:
        tested = min(n, MOST_TESTED)
        found.append(_planted_estimate(cut.planted, tested, release))
        found.append(
            Estimate(
                # the answer and the note of ``planted_found`` quote this number
                name="planted_groups",
                value=float(cut.planted.trials),
                n=tested,
                unit="groups",
                label="Groups that were planted to see whether they would be found",
                origin=release.origin,
            )
        )
    return tuple(found)


def _planted_estimate(planted: PlantedGroups, n: int, release: Release) -> Estimate:
    interval = wilson_interval(planted.found, planted.trials)
    value, low, high = rounded_figure(
        planted.found / planted.trials,
        float(interval.low),
        float(interval.high),
        release=release,
    )
    return Estimate(
        name="planted_found",
        value=value,
        low=low,
        high=high,
        n=n,
        unit="share",
        label="Planted groups that were found",
        note=f"up to {MOST_TRIALS} groups of {PLANTED}",
        origin=release.origin,
    )


def _round_agreement(tried: pl.DataFrame, release: Release) -> pl.DataFrame:
    """Return the numbers of groups tried, with agreements rounded like other figures of models."""
    found = [
        rounded_figure(*row, release=release)
        for row in tried.select("stability", "low", "high").iter_rows()
    ]
    values = pl.DataFrame(found, schema=["stability", "low", "high"], orient="row")
    return tried.with_columns(values)
