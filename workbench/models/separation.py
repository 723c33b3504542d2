"""Test whether groups are separated in the population, or only parts of one cloud.

Any clustering method returns the number of groups that it is asked for, and on one smooth
population the groups may even be the same in every sample. Groups that exist differ from parts of a
cloud by a valley between them.

Centres and directions are learned from some of the customers, and the valley is tested on the
others. For each pair of groups, the customers whose two nearest centres are this pair are projected
on the line that separates the two best (Fisher's), and the dip test tests whether they have one
peak. Customers with the same two nearest centres are in a convex region (an order-2 Voronoi cell).
If a density with one smooth peak (log-concave) is restricted to a convex region and projected, it
still has one peak (Prekopa 1973). So the test takes one cloud for two groups at most as often as
the dip test errs, whatever the centres are. Several numbers of groups are tried, which gives one
cloud several chances, but the dip test is conservative enough: of 120 populations of one kind none
was taken for several (`test_one_cloud_seldom_passes_for_several` measures it on fewer). The
restriction to these customers is necessary, because between two opposite parts of a cloud, without
the customers in the middle, there would be a valley.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import KMeans

from workbench.foundation.streams import Stream
from workbench.models.latent import Floats, Latent
from workbench.statistics.comparisons import adjust_p_values
from workbench.statistics.unimodality import dip_test

#: Smallest number of customers between two groups for a test.
LEAST_BETWEEN = 60
#: Largest number of values of a dip; more take time and show valleys that are too small to matter.
_MOST_VALUES = 1500
#: Largest number of customers from whom centres are learned.
_MOST_LEARNT = 20_000
#: Number of customers between two groups of equal size, centres 4 sd apart, with which the valley
#: is shown in 95 of 100 samples at a level of .05 over six pairs (simulated: .50 at 100, .92 at
#: 200, 1.0 at 400).
ENOUGH_BETWEEN = 250
_LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """Tests for valleys between pairs of groups.

    Attributes
    ----------
    pairs : DataFrame, shape (pairs, 6)
        ``one``, ``other`` (places of the groups' centres), ``between`` (customers tested),
        ``dip``, ``p_value`` (Holm-adjusted over the pairs), ``is_apart`` (adjusted p below .05).
    natural_groups : int
        Number of groups after all groups without a shown valley between them are joined.
    """

    pairs: pl.DataFrame
    natural_groups: int

    @property
    def is_shown(self) -> bool:
        """Whether any two groups are shown to be separated."""
        return self.natural_groups > 1

    @property
    def most_between(self) -> int:
        """Number of customers between the pair of groups with most of them."""
        return max(self.pairs["between"].to_list(), default=0)

    @property
    def could_be_shown(self) -> bool:
        """Whether a pair has enough customers between its groups to show a clear valley."""
        return self.most_between >= ENOUGH_BETWEEN


def measure_separation(latent: Latent, *, k: int, seed: int) -> Separation:
    """Test whether k groups are separated.

    Parameters
    ----------
    latent : Latent
        Scaled traits, arrays of shape (customers, traits).
    k : int
        Number of groups, 2 or more.
    seed : int
        Seed of the division of customers and of the centres.
    """
    n = latent.mean.shape[0]
    random = Stream(seed, f"separation {k}").generator()
    order = random.permutation(n)
    learnt = order[: min(n // 3, _MOST_LEARNT)]
    held = order[learnt.size :]
    centres = KMeans(k, n_init=5, random_state=seed).fit(latent.mean[learnt])
    _, first = _nearest_centres(centres, latent.draw[learnt])
    nearest, _ = _nearest_centres(centres, latent.draw[held])
    lines = []
    for one, other in combinations(range(k), 2):
        between = held[(nearest[:, 0] == one) & (nearest[:, 1] == other)]
        if between.size < LEAST_BETWEEN:
            continue
        sides = [latent.draw[learnt[first == group]] for group in (one, other)]
        values = latent.draw[between] @ _fisher_direction(*sides)
        if values.size > _MOST_VALUES:
            values = random.choice(values, _MOST_VALUES, replace=False)
        found = dip_test(values)
        lines.append((one, other, between.size, round(found.dip, 9), found.p_value))
    schema = {
        "one": pl.Int64,
        "other": pl.Int64,
        "between": pl.Int64,
        "dip": pl.Float64,
        "p_value": pl.Float64,
    }
    pairs = pl.DataFrame(lines, schema=schema, orient="row")
    adjusted = pl.Series("p_value", adjust_p_values(pairs["p_value"].to_numpy()), dtype=pl.Float64)
    pairs = pairs.with_columns(adjusted, is_apart=adjusted < _LEVEL)
    return Separation(pairs=pairs, natural_groups=_count_natural_groups(pairs, k))


def _nearest_centres(centres: KMeans, rows: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the two nearest centres of each row (the lower number first), and the nearest."""
    order = np.argsort(centres.transform(rows), axis=1)[:, :2]
    return np.sort(order, axis=1), order[:, 0]


def _fisher_direction(one: Floats, other: Floats) -> Floats:
    """Return Fisher's direction, from the first group's mean to the other's."""
    spread = sum(np.cov(side.T).reshape(side.shape[1], -1) * len(side) for side in (one, other))
    pooled = np.asarray(spread) / (len(one) + len(other))
    ridge = 1e-3 * np.trace(pooled) / len(pooled) * np.eye(len(pooled))
    direction: Floats = np.linalg.solve(pooled + ridge, other.mean(axis=0) - one.mean(axis=0))
    return direction


def _count_natural_groups(pairs: pl.DataFrame, k: int) -> int:
    """Return the number of groups after those without a shown valley between them are joined.

    A group without any testable neighbour is not counted.
    """
    apart = pairs.filter("is_apart")
    joined = pairs.filter(~pl.col("is_apart"))
    known = sorted({*apart["one"], *apart["other"], *joined["one"], *joined["other"]})
    if apart.is_empty():
        return 1
    links = coo_array(
        (np.ones(joined.height), (joined["one"].to_numpy(), joined["other"].to_numpy())),
        shape=(k, k),
    )
    _, labels = connected_components(links, directed=False)
    return len({int(labels[group]) for group in known})
