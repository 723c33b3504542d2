"""Test whether groups are separated in the population, or only parts of one cloud.

Any clustering method returns the number of groups that it is asked for, and on one smooth
population the groups may even be the same in every sample. Groups that exist differ from parts of a
cloud by a valley between them.

Two Gaussian mixture models are fitted to a third of the customers, one whose components have a
common spread and one where each has its own; their numbers of components have the lowest BIC. That
with more groups is taken, at half the level each. A skewed, heavy-tailed or bent cloud also
gets several components, so components are not groups yet: for each pair of components, the other
two thirds of the customers tell whether there is a valley between them. The customers of both
components are projected on the line that separates the two best (Fisher's), where the windows of
``workbench.statistics.valleys`` look for the valley; p-values are adjusted by Holm. The dip test,
which assumes no shape but needs more customers, is reported beside it. Components without a shown
valley between them are joined, directly or through others, so that a ring or a bow is one group.
What remains apart are the groups.

"No groups" is only worth something if groups would have been found: ``planted_groups`` measures how
often they are.

References
----------
Hennig 2010, "Methods for merging Gaussian mixture components", Advances in Data Analysis and
Classification 4.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from workbench.foundation.streams import Stream
from workbench.models.latent import Floats, Labels, Latent
from workbench.models.mixtures import SPREADS, Mixture, Spreads, Whitening, best_mixtures
from workbench.statistics.comparisons import adjust_p_values
from workbench.statistics.unimodality import dip_test
from workbench.statistics.valleys import Group, find_windows, valley_test

#: Largest number of customers whose groups are tested.
MOST_TESTED = 8000
#: Smallest number of customers of a pair of components for a test.
_LEAST_TESTED = 60
#: Largest number of values of a dip; more take time and show valleys that are too small to matter.
_MOST_DIP = 1500
#: Smallest distance of two groups' centres, in sums of their standard deviations.
_LEAST_DISTANCE = 1.2
_LEVEL = 0.05
#: Smallest share of customers in a component that is a group or joins others.
_LEAST_SHARE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """Tests for valleys between the components of a mixture.

    Attributes
    ----------
    pairs : DataFrame, shape (pairs, 7)
        ``one``, ``other`` (components), ``tested`` (customers), ``depth`` (how many times fewer
        customers than in one cloud the valley has), ``p_value`` (Holm-adjusted over the pairs),
        ``dip_p_value`` (of the dip test, not adjusted; null where it has too few customers),
        ``is_apart`` (adjusted p below .025: there are two mixtures).
    customers : int
        Number of customers that were looked at.
    mixture : Mixture, optional
        Mixture on whitened draws; None where the customers do not differ.
    whitening : Whitening
        Whitening of the draws.
    component_groups : array of int, shape (components,)
        Group of each component.
    labels : array of int, shape (customers,)
        Group of each customer of the data, by the mixture; all 0 where no groups are apart.
    natural_groups : int
        Number of groups after all components without a shown valley between them are joined.
    """

    pairs: pl.DataFrame
    customers: int
    mixture: Mixture | None
    whitening: Whitening
    component_groups: Labels
    labels: Labels
    natural_groups: int

    @property
    def is_shown(self) -> bool:
        """Whether any two groups are shown to be separated."""
        return self.natural_groups > 1

    @property
    def components(self) -> int:
        """Number of components of the mixture."""
        return len(self.component_groups)

    @property
    def spreads(self) -> Spreads:
        """Whether components have spreads of their own ("full") or a common one ("tied")."""
        return "tied" if self.mixture is None else self.mixture.spreads

    def group_again(self, drawn: Floats, compared: Floats) -> Labels:
        """Return the groups of some customers by a mixture fitted to a sample of customers.

        The mixture is fitted from the parameters of the first one, so that its components can be
        told apart by their numbers.
        """
        if self.mixture is None:
            return np.zeros(len(compared), dtype=np.int64)
        again = self.mixture.refit(self.whitening.apply(drawn), tolerance=1e-3, most_steps=100)
        return _group_labels(again, self.whitening.apply(compared), self.component_groups)


_Line = tuple[float, float, float | None]  # depth, p-value of the windows, p-value of the dip test


@dataclass(frozen=True, slots=True)
class ComparedComponents:
    """Tests of the pairs of components of a mixture, and the group of each component."""

    pairs: pl.DataFrame
    groups: Labels


def measure_separation(latent: Latent, *, seed: int) -> Separation:
    """Test whether customers fall into separated groups.

    Parameters
    ----------
    latent : Latent
        Traits, arrays of shape (customers, traits): draws are tested, and customers are assigned to
        groups by their means.
    seed : int
        Seed of the sample, of its division and of the starts of the mixtures.
    """
    random = Stream(seed, "separation").generator()
    n = latent.draw.shape[0]
    sample = random.permutation(n)[:MOST_TESTED]
    whitening = Whitening.of(latent.draw)
    learnt, held = divide_rows(whitening.apply(latent.draw[sample]))
    mixture: Mixture | None = None
    tested = ComparedComponents(pair_table([]), np.zeros(1, dtype=np.int64))
    for each in best_mixtures(learnt, latent.mean[sample[: len(learnt)]], seed=seed):
        found = compare_components(each, learnt, held, with_dips=True)
        if mixture is None or found.groups.max() > tested.groups.max():
            mixture, tested = each, found
    natural = int(tested.groups.max()) + 1
    labels: Labels = np.zeros(n, dtype=np.int64)
    if mixture is not None and natural > 1:
        labels = _group_labels(mixture, whitening.apply(latent.mean), tested.groups)
    return Separation(
        pairs=tested.pairs,
        customers=sample.size,
        mixture=mixture,
        whitening=whitening,
        component_groups=tested.groups,
        labels=labels,
        natural_groups=natural,
    )


def divide_rows(rows: Floats) -> tuple[Floats, Floats]:
    """Return a third of the rows to learn from, and the others to test on."""
    learnt = len(rows) // 3
    return rows[:learnt], rows[learnt:]


def compare_components(
    mixture: Mixture, learnt: Floats, held: Floats, *, with_dips: bool
) -> ComparedComponents:
    """Test on held-out rows whether there is a valley between components, for each pair.

    Parameters
    ----------
    mixture : Mixture
        Mixture fitted to ``learnt``.
    learnt, held : array of float, shape (customers, traits)
        Whitened customers: those who place the windows, and those who are counted in them.
    with_dips : bool
        Whether the dip test is made too, which takes most of the time.
    """
    k = mixture.components
    first, second = mixture.predict(learnt), mixture.predict(held)
    lines = []
    large = np.flatnonzero(np.bincount(first, minlength=k) >= _LEAST_SHARE * len(learnt)).tolist()
    for one, other in combinations(large, 2):
        sides = [learnt[first == part] for part in (one, other)]
        values = held[(second == one) | (second == other)]
        if min(len(side) for side in sides) < 3 or len(values) < _LEAST_TESTED:
            continue
        line = _fisher_direction(*sides)
        depth, p_value, dip = _find_valley(
            [side @ line for side in sides], values @ line, len(held) / len(learnt), with_dips
        )
        lines.append((one, other, len(values), round(depth, 6), p_value, dip))
    pairs = pair_table(lines)
    return ComparedComponents(pairs, _join_components(pairs, k))


def _find_valley(sides: list[Floats], values: Floats, times: float, with_dips: bool) -> _Line:
    """Test for a valley in values, of which there are so many times more than in the sides."""
    spreads = [float(side.std()) for side in sides]
    apart = abs(float(sides[0].mean() - sides[1].mean()))
    if apart < _LEAST_DISTANCE * sum(spreads):
        return 1.0, 1.0, None
    windows = find_windows(
        *(
            Group(times * len(side), float(side.mean()), spread)
            for side, spread in zip(sides, spreads, strict=True)
        )
    )
    if windows is None:
        return 1.0, 1.0, None
    found = valley_test(values, windows)
    if not with_dips:
        return found.depth, found.p_value, None
    # The far ends of two neighbouring parts of a ring look like two groups, so the dip test has
    # only the values from the one window to the other.
    inside = values[values >= windows.left.middle - windows.left.half]
    inside = inside[inside <= windows.right.middle + windows.right.half][:_MOST_DIP]
    dip = dip_test(inside).p_value if len(inside) >= _LEAST_TESTED else None
    return found.depth, found.p_value, dip


def pair_table(lines: list[tuple[int, int, int, float, float, float | None]]) -> pl.DataFrame:
    """Return the table of tests (see ``Separation.pairs``) from tests with their own p-values."""
    schema = {
        "one": pl.Int64,
        "other": pl.Int64,
        "tested": pl.Int64,
        "depth": pl.Float64,
        "p_value": pl.Float64,
        "dip_p_value": pl.Float64,
    }
    pairs = pl.DataFrame(lines, schema=schema, orient="row")
    adjusted = pl.Series("p_value", adjust_p_values(pairs["p_value"].to_numpy()), dtype=pl.Float64)
    return pairs.with_columns(adjusted, is_apart=adjusted < _LEVEL / len(SPREADS))


def _fisher_direction(one: Floats, other: Floats) -> Floats:
    """Return Fisher's direction, from the first group's mean to the other's."""
    spread = sum(np.cov(side.T).reshape(side.shape[1], -1) * len(side) for side in (one, other))
    pooled = np.asarray(spread) / (len(one) + len(other))
    ridge = 1e-3 * np.trace(pooled) / len(pooled) * np.eye(len(pooled))
    direction: Floats = np.linalg.solve(pooled + ridge, other.mean(axis=0) - one.mean(axis=0))
    return direction


def _join_components(pairs: pl.DataFrame, k: int) -> Labels:
    """Return the group of each component after those without a shown valley are joined.

    Components that are too small for a test have -1: a few outliers between two groups do not join
    them. Their customers go to the group that is most probable for them.
    """
    apart = pairs.filter("is_apart")
    joined = pairs.filter(~pl.col("is_apart"))
    groups: Labels = np.zeros(k, dtype=np.int64)
    if apart.is_empty():
        return groups
    known = sorted({*apart["one"], *apart["other"], *joined["one"], *joined["other"]})
    links = coo_array(
        (np.ones(joined.height), (joined["one"].to_numpy(), joined["other"].to_numpy())),
        shape=(k, k),
    )
    _, labels = connected_components(links, directed=False)
    numbers = {label: place for place, label in enumerate(dict.fromkeys(labels[known].tolist()))}
    groups[:] = -1
    groups[known] = [numbers[label] for label in labels[known].tolist()]
    return groups


def _group_labels(mixture: Mixture, rows: Floats, groups: Labels) -> Labels:
    """Return for each row the group whose components are most probable together."""
    kept = np.flatnonzero(groups >= 0)
    shares, groups = mixture.keep(kept).memberships(rows), groups[kept]
    summed = np.stack([shares[groups == group].sum(axis=0) for group in range(groups.max() + 1)])
    labels: Labels = summed.argmax(axis=0).astype(np.int64)
    return labels
