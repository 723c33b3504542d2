"""Divide customers into k groups, measure whether new samples give the same groups, and choose k.

If groups are separated in the population, they are the groups: as many as were shown to be apart,
divided by the mixture model that found them, so that a small group beside a large one stays one. If
none are, any number is a construct, and the largest reproducible one is chosen: k-means on one
smooth cloud is reproducible for some k and not for others. The silhouette alone nearly always gives
two groups, gap and BIC nearly always more.

References
----------
Dolnicar and Leisch 2010, "Evaluation of structure and reproducibility of cluster solutions using
the bootstrap", Marketing Letters 21 (natural, reproducible, constructive). Hubert and Arabie 1985,
"Comparing partitions", Journal of Classification 2 (the adjusted Rand index).
"""

import warnings
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from workbench.foundation.errors import ParameterError
from workbench.foundation.streams import Stream
from workbench.models.latent import Floats, Labels, Latent
from workbench.models.planted_groups import PlantedGroups, plant_groups
from workbench.models.separation import Separation, measure_separation

#: Smallest median agreement between samples of groups that are called reproducible.
REPRODUCIBLE = 0.8
#: Number of samples that are grouped anew, of customers in each, and of those compared.
SAMPLES = 20
SAMPLE_ROWS = 5000
COMPARED_ROWS = 3000
_LEARNT_ROWS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """The chosen groups, and the figures of all numbers of groups that were tried.

    Attributes
    ----------
    labels : array of int, shape (customers,)
        Group of each customer, from 0.
    centres : array of float, shape (k, traits)
        Centre of each group.
    k : int
        Number of groups.
    is_natural : bool
        Whether k was chosen because groups are separated in the population.
    reason : str
        Reason why this number of groups was taken, in words.
    tried : DataFrame, shape (numbers of groups, 5)
        ``k``, ``stability`` (median agreement of pairs of samples, adjusted Rand index), ``low``,
        ``high`` (2.5 and 97.5 % of the pairs, which share samples: a spread, no interval),
        ``is_chosen``. The groups of the mixture are in the row of their number.
    separation : Separation, optional
        Tests whether groups are apart; None where there are too few customers.
    planted : PlantedGroups, optional
        How often a planted group is found; None where groups are apart.
    """

    labels: Labels
    centres: Floats
    k: int
    is_natural: bool
    reason: str
    tried: pl.DataFrame
    separation: Separation | None
    planted: PlantedGroups | None


def group_customers(
    latent: Latent, *, k_range: tuple[int, int], k: int | None, least: int, seed: int
) -> Grouping:
    """Divide customers into groups.

    Parameters
    ----------
    latent : Latent
        Scaled traits, arrays of shape (customers, traits).
    k_range : tuple of int
        Smallest and largest number of groups to try.
    k : int, optional
        Number of groups; None to choose it.
    least : int
        Smallest size of a group; the customers of a smaller one join the nearest other group.
    seed : int
        Seed of samples and starting centres.

    Raises
    ------
    ParameterError
        The range does not begin with 2 or more, or k is outside it.
    """
    low, high = k_range
    if not 2 <= low <= high:
        raise ParameterError(f"k_range is {low} to {high}: give 2 or more, smallest first")
    if k is not None and not low <= k <= high:
        raise ParameterError(f"k is {k}: it must be within k_range, {low} to {high}")
    with threadpool_limits(1):  # One thread adds in one order, so equal inputs give equal groups.
        separation = measure_separation(latent, seed=seed)
        planted = (
            None
            if separation.is_shown
            else plant_groups(latent.draw, without=separation, seed=seed)
        )
        natural = separation.natural_groups
        is_natural = separation.is_shown and low <= natural <= high and k in (None, natural)
        tried = pl.DataFrame(
            [
                {
                    "k": each,
                    **_stability(
                        latent.mean,
                        each,
                        seed,
                        separation if is_natural and each == natural else None,
                    ),
                }
                for each in range(low, high + 1)
            ]
        )
        if is_natural:
            chosen, reason = natural, "so many were shown to be apart"
            labels, centres = _natural_groups(latent, separation.labels, least)
        else:
            chosen, reason = (
                (k, "that number was asked for")
                if k is not None
                else _choose_number(tried, separation)
            )
            labels, centres = _fit_groups(latent.mean, chosen, least, seed)
    return Grouping(
        labels=labels,
        centres=centres,
        k=len(centres),
        is_natural=is_natural,
        reason=f"{chosen} groups were taken: {reason}",
        tried=tried.with_columns(is_chosen=pl.col("k") == chosen),
        separation=separation,
        planted=planted,
    )


def keep_together(latent: Latent) -> Grouping:
    """Return all customers as one group, because there are too few to divide."""
    schema = {
        "k": pl.Int64,
        "stability": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "is_chosen": pl.Boolean,
    }
    return Grouping(
        labels=np.zeros(len(latent.mean), dtype=np.int64),
        centres=latent.mean.mean(axis=0, keepdims=True),
        k=1,
        is_natural=False,
        reason="All customers are together: there are too few to divide",
        tried=pl.DataFrame(schema=schema),
        separation=None,
        planted=None,
    )


def _choose_number(tried: pl.DataFrame, separation: Separation) -> tuple[int, str]:
    """Return the number of groups with the reason in words; see the module's docstring."""
    numbers = tried["k"].to_list()
    if separation.is_shown:  # More or fewer groups are apart than may be taken.
        apart = separation.natural_groups
        return min(max(apart, numbers[0]), numbers[-1]), "it is the nearest that was tried"
    steady = tried.filter(pl.col("stability") >= REPRODUCIBLE)
    if steady.is_empty():
        best = int(tried.sort("stability", "k", descending=[True, False])["k"][0])
        return best, f"samples agree most on it, though in the median by less than {REPRODUCIBLE}"
    largest = int(steady["k"].max())  # type: ignore[arg-type]  # an integer column
    more = "; more were not tried" if largest == numbers[-1] else ""
    return largest, (
        f"it is the largest number tried on which samples agree by {REPRODUCIBLE} or more in the "
        f"median{more}"
    )


def _natural_groups(latent: Latent, labels: Labels, least: int) -> tuple[Labels, Floats]:
    """Return the groups and their centres; customers of a too small one join the nearest."""
    while True:
        labels = np.unique(labels, return_inverse=True)[1].astype(np.int64)
        sizes = np.bincount(labels)
        groups = np.arange(len(sizes))
        centres: Floats = np.stack([latent.mean[labels == each].mean(axis=0) for each in groups])
        smallest = int(sizes.argmin())
        if sizes[smallest] >= least or len(sizes) == 1:
            return labels, centres
        others, small = np.delete(groups, smallest), labels == smallest
        labels[small] = others[_assign(latent.mean[small], centres[others])]


def _stability(
    rows: Floats, k: int, seed: int, separation: Separation | None = None
) -> dict[str, float]:
    """Return how far samples agree on k groups by k-means, or on the groups of the mixture."""
    random = Stream(seed, f"stability {k}").generator()
    n = rows.shape[0]
    compared = rows[np.sort(random.permutation(n)[:COMPARED_ROWS])]
    cuts = []
    for sample in range(SAMPLES):
        drawn = rows[random.integers(0, n, min(n, SAMPLE_ROWS))]
        if separation is not None:
            cuts.append(separation.group_again(drawn, compared))
        else:
            cuts.append(_k_means(drawn, k, n_init=3, seed=sample).predict(compared))
    agreement = [adjusted_rand(one, other) for one, other in combinations(cuts, 2)]
    low, median, high = np.round(np.quantile(agreement, [0.025, 0.5, 0.975]), 6)
    return {"stability": float(median), "low": float(low), "high": float(high)}


def adjusted_rand(one: Labels, other: Labels) -> float:
    """Return the adjusted Rand index of two divisions of the same rows.

    Notes
    -----
    It is ``2 (ad - bc) / ((a + b)(b + d) + (a + c)(c + d))``, with the numbers of pairs of rows
    that are together in both divisions (a), in one (b, c) and in neither (d). The function of
    scikit-learn gives the same number, and takes twenty times as long to check 3,000 labels.
    """
    one, other = one - one.min(), other - other.min()
    in_both, in_one, in_other = (
        int((np.bincount(labels) ** 2).sum())
        for labels in (one * (int(other.max()) + 1) + other, one, other)
    )
    a, b, c = in_both - len(one), in_one - in_both, in_other - in_both
    d = len(one) ** 2 - in_both - b - c
    if b == 0 and c == 0:
        return 1.0
    return 2.0 * (a * d - b * c) / ((a + b) * (b + d) + (a + c) * (c + d))


def _k_means(rows: Floats, k: int, *, n_init: int, seed: int) -> KMeans:
    with warnings.catch_warnings():
        # Fewer distinct customers than groups leave some groups empty, which is no fault here.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = KMeans(min(k, len(rows)), n_init=n_init, random_state=seed)
        found.fit(rows)
    return found


def _fit_groups(rows: Floats, k: int, least: int, seed: int) -> tuple[Labels, Floats]:
    random = Stream(seed, f"cut {k}").generator()
    learnt = rows[np.sort(random.permutation(rows.shape[0])[:_LEARNT_ROWS])]
    centres: Floats = _k_means(learnt, k, n_init=10, seed=seed).cluster_centers_
    while True:
        labels = _assign(rows, centres)
        sizes = np.bincount(labels, minlength=len(centres))
        if sizes.min() >= least or len(centres) == 1:
            return labels, centres
        centres = np.delete(centres, int(sizes.argmin()), axis=0)


def _assign(rows: Floats, centres: Floats) -> Labels:
    # The squared norm of the row, equal for all centres, is left out of the squared distances.
    distance = (centres**2).sum(axis=1) - 2 * rows @ centres.T
    nearest: Labels = distance.argmin(axis=1).astype(np.int64)
    return nearest
