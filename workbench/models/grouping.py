"""Divide customers into k groups, measure whether new samples give the same groups, and choose k.

If groups are separated in the population, their number is k. If they are not, any number is a
construct, and the largest reproducible one is chosen: k-means on one smooth cloud is reproducible
for some k and not for others. The silhouette alone nearly always gives two groups, gap and BIC
nearly always more.

References
----------
Dolnicar and Leisch 2010, "Evaluation of structure and reproducibility of cluster solutions using
the bootstrap", Marketing Letters 21 (natural, reproducible, constructive). Hubert and Arabie 1985,
"Comparing partitions", Journal of Classification 2 (the adjusted Rand index).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_samples
from threadpoolctl import threadpool_limits

from workbench.foundation.errors import ParameterError
from workbench.foundation.streams import Stream
from workbench.models.latent import Floats, Latent
from workbench.models.separation import Separation, measure_separation

#: Smallest median agreement between samples of groups that are called reproducible.
REPRODUCIBLE = 0.8
_SAMPLES = 20
_SAMPLE_ROWS = 5000
_LEARNT_ROWS = 50_000
_COMPARED_ROWS = 3000

Labels = NDArray[np.int64]


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
    tried : DataFrame, shape (numbers of groups, 8)
        ``k``, ``stability`` (median agreement of pairs of samples, adjusted Rand index), ``low``,
        ``high`` (2.5 and 97.5 % of the pairs), ``silhouette`` (-1 to 1), ``natural_groups``
        (number shown to be separated), ``between`` (customers between the pair of groups with most
        of them), ``is_chosen``.
    separation : Separation
        Tests at the number of groups with most groups shown to be separated.
    """

    labels: Labels
    centres: Floats
    k: int
    is_natural: bool
    tried: pl.DataFrame
    separation: Separation


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
        numbers = list(range(low, high + 1))
        apart = [measure_separation(latent, k=each, seed=seed) for each in numbers]
        fits = {each: _silhouettes(latent.mean, each, seed) for each in numbers}
        tried = pl.DataFrame(
            [
                {
                    "k": each,
                    **_stability(latent.mean, each, seed),
                    "silhouette": round(float(fits[each].mean()), 6),
                    "natural_groups": found.natural_groups,
                    "between": found.most_between,
                }
                for each, found in zip(numbers, apart, strict=True)
            ]
        )
        chosen, is_natural = _choose_number(tried, fits) if k is None else (k, False)
        labels, centres = _fit_groups(latent.mean, chosen, least, seed)
    best = max(apart, key=lambda found: (found.natural_groups, found.most_between))
    return Grouping(
        labels=labels,
        centres=centres,
        k=len(centres),
        is_natural=is_natural,
        tried=tried.with_columns(is_chosen=pl.col("k") == chosen),
        separation=best,
    )


def _choose_number(tried: pl.DataFrame, fits: Mapping[int, Floats]) -> tuple[int, bool]:
    """Choose the number of groups; see the module's docstring.

    More customers are needed to show a valley than to make a group useful. So one group more than
    the number shown to be separated is chosen if it fits the same customers significantly better.
    """
    most = int(tried["natural_groups"].max())  # type: ignore[arg-type]  # an integer column
    if most > 1:
        low, high = min(fits), max(fits)
        taken = min(max(most, low), high)
        return taken + (taken < high and _fits_better(fits[taken + 1], fits[taken])), True
    steady = tried.filter(pl.col("stability") >= REPRODUCIBLE)
    if steady.is_empty():
        return int(tried.sort("stability", "k", descending=[True, False])["k"][0]), False
    return int(steady["k"].max()), False  # type: ignore[arg-type]  # an integer column


def _fits_better(one: Floats, other: Floats) -> bool:
    """Return whether the mean silhouette is higher by more than two paired standard errors."""
    gain = one - other
    return float(gain.mean()) > 2 * float(gain.std()) / math.sqrt(gain.size)


def _stability(rows: Floats, k: int, seed: int) -> dict[str, float]:
    random = Stream(seed, f"stability {k}").generator()
    n = rows.shape[0]
    compared = rows[np.sort(random.permutation(n)[:_COMPARED_ROWS])]
    cuts = []
    for sample in range(_SAMPLES):
        drawn = rows[random.integers(0, n, min(n, _SAMPLE_ROWS))]
        cuts.append(KMeans(k, n_init=3, random_state=sample).fit(drawn).predict(compared))
    agreement = [adjusted_rand_score(one, other) for one, other in combinations(cuts, 2)]
    low, median, high = np.round(np.quantile(agreement, [0.025, 0.5, 0.975]), 6)
    return {"stability": float(median), "low": float(low), "high": float(high)}


def _silhouettes(rows: Floats, k: int, seed: int) -> Floats:
    """Return silhouettes, always of the same customers, so that they are comparable between k."""
    random = Stream(seed, "silhouettes").generator()
    some = rows[np.sort(random.permutation(rows.shape[0])[: 2 * _COMPARED_ROWS])]
    labels = KMeans(k, n_init=5, random_state=seed).fit_predict(some)
    compared = random.permutation(some.shape[0])[:_COMPARED_ROWS]
    found: Floats = silhouette_samples(some[compared], labels[compared])
    return found


def _fit_groups(rows: Floats, k: int, least: int, seed: int) -> tuple[Labels, Floats]:
    random = Stream(seed, f"cut {k}").generator()
    learnt = rows[np.sort(random.permutation(rows.shape[0])[:_LEARNT_ROWS])]
    centres: Floats = KMeans(k, n_init=10, random_state=seed).fit(learnt).cluster_centers_
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
