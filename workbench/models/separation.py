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

"No groups" is only worth something if groups would have been found. So the power is measured on the
customers at hand: a tenth of them is moved four standard deviations in a random direction, and the
windows are tested as above; this is repeated 200 times.

References
----------
Hennig 2010, "Methods for merging Gaussian mixture components", Advances in Data Analysis and
Classification 4.
"""

import warnings
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from workbench.foundation.streams import Stream
from workbench.models.latent import Floats, Labels, Latent
from workbench.statistics.comparisons import adjust_p_values
from workbench.statistics.sample_sizes import POWER
from workbench.statistics.unimodality import dip_test
from workbench.statistics.valleys import Group, find_windows, valley_test

#: Largest number of customers whose groups are tested.
MOST_TESTED = 5000
#: Share of the customers in a planted group, and its distance in standard deviations.
PLANTED_SHARE = 0.1
PLANTED_DISTANCE = 4.0
#: Number of planted groups.
TRIALS = 200
#: Smallest number of customers of a pair of components for a test.
_LEAST_TESTED = 60
#: Largest number of values of a dip; more take time and show valleys that are too small to matter.
_MOST_DIP = 1500
#: Largest number of components of a mixture, and fewest customers per component and trait.
_MOST_COMPONENTS = 8
_LEAST_PER_TRAIT = 5
#: Smallest distance of two groups' centres, in sums of their standard deviations.
_LEAST_DISTANCE = 1.2
_LEVEL = 0.05
#: Smallest share of customers in a component that is a group or joins others.
_LEAST_SHARE = 0.05
#: Share of customers in the tail, random starts and steps of the search for a skewed direction.
_TAIL = 0.1
_SKEW_STARTS = 12
_SKEW_STEPS = 8
#: Covariances of mixtures: common to all components, which takes fewer customers, or their own.
_SPREADS = ("tied", "full")
#: Least variance of a component in each direction, of whitened customers.
_RIDGE = 1e-3
#: Numbers of customers for which the power is measured where that of the data is too small.
_LARGER = (500, 1000, 2000, 3000, 5000)
_LARGER_TRIALS = 40


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
    mixture : GaussianMixture, optional
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
    mixture: GaussianMixture | None
    whitening: "Whitening"
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
    def spreads(self) -> str:
        """Whether components have spreads of their own ("full") or a common one ("tied")."""
        return "tied" if self.mixture is None else str(self.mixture.covariance_type)

    def group_again(self, drawn: Floats, compared: Floats) -> Labels:
        """Return the groups of some customers by a mixture fitted to a sample of customers.

        The mixture is fitted from the parameters of the first one, so that its components can be
        told apart by their numbers.
        """
        first = self.mixture
        if first is None:
            return np.zeros(len(compared), dtype=np.int64)
        again = _fit(
            GaussianMixture(
                first.n_components,
                covariance_type=first.covariance_type,
                reg_covar=_RIDGE,
                tol=1e-3,
                weights_init=first.weights_,
                means_init=first.means_,
                precisions_init=first.precisions_,
            ),
            self.whitening.apply(drawn),
        )
        return _group_labels(again, self.whitening.apply(compared), self.component_groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedGroups:
    """How often a planted group is found.

    Attributes
    ----------
    found, trials : int
        Number of planted groups that were found, and that were planted.
    customers : int
        Number of customers in each trial.
    needed : int, optional
        Number of customers with which a planted group would be found often enough; None where
        it is found often enough, or where no number up to ``MOST_TESTED`` would do.
    """

    found: int
    trials: int
    customers: int
    needed: int | None = None

    @property
    def is_enough(self) -> bool:
        """Whether planted groups are found often enough for "no groups" to mean something."""
        return self.found >= POWER * self.trials


@dataclass(frozen=True, slots=True)
class Whitening:
    """Linear map to unit variance in all directions in which customers vary."""

    centre: Floats
    scale: Floats

    @classmethod
    def of(cls, rows: Floats) -> "Whitening":
        """Return the whitening of some rows."""
        centred = rows - rows.mean(axis=0)
        values, vectors = np.linalg.eigh(centred.T @ centred / len(rows))
        kept = values > max(1e-6 * float(values.max()), 1e-12)
        return cls(rows.mean(axis=0), vectors[:, kept] / np.sqrt(values[kept]))

    def apply(self, rows: Floats) -> Floats:
        """Return whitened rows."""
        white: Floats = (rows - self.centre) @ self.scale
        return white


_Line = tuple[float, float, float | None]  # depth, p-value of the windows, p-value of the dip test


@dataclass(frozen=True, slots=True)
class _Tested:
    """Components of a mixture, tests of their pairs and the group of each component."""

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
    learnt, held = _divide(whitening.apply(latent.draw[sample]))
    mixture: GaussianMixture | None = None
    tested = _Tested(pair_table([]), np.zeros(1, dtype=np.int64))
    for each in _best_mixtures(learnt, latent.mean[sample[: len(learnt)]], seed):
        found = _test_pairs(each, learnt, held, with_dips=True)
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


def plant_groups(draw: Floats, *, without: Separation, seed: int) -> PlantedGroups:
    """Plant a group in the customers again and again, and count how often it is found.

    Parameters
    ----------
    draw : array of float, shape (customers, traits)
        Draws of the latent traits of customers without groups.
    without : Separation
        Tests of these customers. A mixture like theirs with one more component is fitted.
    seed : int
        Seed of samples, planted groups and starts of mixtures.

    Notes
    -----
    Where the power is too small, it is measured again on larger samples: customers are drawn with
    replacement and moved by a fifth of a standard deviation.
    """
    random = Stream(seed, "planted groups").generator()
    components, spreads = without.components, without.spreads
    rows = Whitening.of(draw).apply(draw)
    n = min(len(rows), MOST_TESTED)
    if rows.shape[1] == 0:
        return PlantedGroups(found=0, trials=0, customers=n)
    found = sum(
        _finds_planted(rows[random.permutation(len(rows))[:n]], components, spreads, random)
        for _ in range(TRIALS)
    )
    planted = PlantedGroups(found=found, trials=TRIALS, customers=n)
    if planted.is_enough:
        return planted
    for size in _LARGER:
        if size <= n:
            continue
        more = 0
        for _ in range(_LARGER_TRIALS):
            again = rows[random.integers(0, len(rows), size)]
            moved = again + 0.2 * random.standard_normal(again.shape)
            more += _finds_planted(moved, components, spreads, random)
        if more >= POWER * _LARGER_TRIALS:
            return PlantedGroups(found=found, trials=TRIALS, customers=n, needed=size)
    return planted


def _finds_planted(
    rows: Floats, components: int, spreads: str, random: np.random.Generator
) -> bool:
    direction = random.standard_normal(rows.shape[1])
    moved = rows.copy()
    planted = random.permutation(len(rows))[: round(PLANTED_SHARE * len(rows))]
    moved[planted] += PLANTED_DISTANCE * direction / np.linalg.norm(direction)
    learnt, held = _divide(Whitening.of(moved).apply(moved))
    k = min(components + 1, _most_components(learnt))
    if k == 1:
        return False
    mixture = _fit_mixture(learnt, k, int(random.integers(1 << 31)), spreads=spreads)
    return bool(_test_pairs(mixture, learnt, held, with_dips=False).groups.max() > 0)


def _divide(rows: Floats) -> tuple[Floats, Floats]:
    """Return a third of the rows to learn from, and the others to test on."""
    learnt = len(rows) // 3
    return rows[:learnt], rows[learnt:]


def _most_components(learnt: Floats) -> int:
    fewest = max(_LEAST_PER_TRAIT * learnt.shape[1], 1)
    distinct = int(np.unique(learnt, axis=0).shape[0])
    most = min(_MOST_COMPONENTS, len(learnt) // fewest, distinct)
    return max(1, int(most))


def _best_mixtures(learnt: Floats, means: Floats, seed: int) -> list[GaussianMixture]:
    """Return the mixtures with the lowest BIC, of those with a common spread and with their own.

    The list begins with the lower BIC, and is empty where customers do not differ. One start of
    each mixture is k-means on the means of the customers' posteriors, which have less noise than
    the draws.
    """
    if learnt.shape[1] == 0 or len(learnt) < 2:
        return []
    best = []
    numbers = range(1, _most_components(learnt) + 1)
    starts = {k: _k_means_labels(means, k, seed) for k in numbers}
    for spreads in _SPREADS:
        fits = []
        for k in numbers:
            fits.append(_fit_mixture(learnt, k, seed, spreads=spreads))
            started = _fit_labelled(learnt, starts[k], spreads) if k > 1 else None
            fits.extend([started] if started is not None else [])
        best.append(min((float(fit.bic(learnt)), place, fit) for place, fit in enumerate(fits)))
    return [fit for _, _, fit in sorted(best, key=lambda scored: scored[0])]


def _k_means_labels(rows: Floats, k: int, seed: int) -> Labels:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # Some customers may be identical.
        labels: Labels = KMeans(k, n_init=3, random_state=seed).fit_predict(rows).astype(np.int64)
    return labels


def _fit_mixture(learnt: Floats, k: int, seed: int, *, spreads: str) -> GaussianMixture:
    """Return a mixture of k components, the likeliest of those from several starts.

    For two components, one start is the tail of the most skewed direction, because k-means divides
    a large group rather than find a small one. With a common spread, it is the only start.
    """
    fits = []
    if k == 2:
        fits.append(_fit_skewed(learnt, seed, spreads))
    if k != 2 or fits[0] is None or spreads == "full":
        mixture = GaussianMixture(
            k, covariance_type=spreads, reg_covar=_RIDGE, tol=1e-4, max_iter=150, random_state=seed
        )
        fits.append(_fit(mixture, learnt))
    return max((fit for fit in fits if fit is not None), key=lambda fit: float(fit.lower_bound_))


def _fit_skewed(learnt: Floats, seed: int, spreads: str) -> GaussianMixture | None:
    """Return a mixture of two that starts from the tail of the most skewed direction.

    Notes
    -----
    ``w <- E[z (w'z)^2]`` with z whitened has the directions of largest skewness as its fixed
    points (Hyvarinen 1999, "Fast and robust fixed-point algorithms for independent component
    analysis", with the square as nonlinearity).
    """
    white = Whitening.of(learnt).apply(learnt)
    lines = np.random.default_rng(seed).standard_normal((white.shape[1], _SKEW_STARTS))
    for _ in range(_SKEW_STEPS):
        lines /= np.maximum(np.linalg.norm(lines, axis=0), 1e-12)
        lines = white.T @ (white @ lines) ** 2
    lines /= np.maximum(np.linalg.norm(lines, axis=0), 1e-12)
    values = white @ lines
    line = values[:, int(((values**3).mean(axis=0)).argmax())]
    tail = line > np.quantile(line, 1 - _TAIL)
    if tail.sum() < 3 or (~tail).sum() < 3:
        return None
    return _fit_labelled(learnt, tail.astype(np.int64), spreads)


def _fit_labelled(learnt: Floats, labels: Labels, spreads: str) -> GaussianMixture | None:
    """Return a mixture that starts from groups with a common spread; None if one is tiny."""
    k = int(labels.max()) + 1
    parts = [learnt[labels == part] for part in range(k)]
    if min(len(part) for part in parts) < 3:
        return None
    pooled = _RIDGE * 10 * np.eye(learnt.shape[1])
    for part in parts:
        pooled = pooled + np.cov(part.T).reshape(pooled.shape) * len(part) / len(learnt)
    inverse = np.linalg.inv(pooled)
    mixture = GaussianMixture(
        k,
        covariance_type=spreads,
        reg_covar=_RIDGE,
        tol=1e-4,
        max_iter=150,
        weights_init=[len(part) / len(learnt) for part in parts],
        means_init=np.stack([part.mean(axis=0) for part in parts]),
        precisions_init=inverse if spreads == "tied" else np.stack([inverse] * k),
    )
    return _fit(mixture, learnt)


def _fit(mixture: GaussianMixture, rows: Floats) -> GaussianMixture:
    with warnings.catch_warnings():
        # A mixture that has not converged is a valid division; the tests use other customers.
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(rows)
    return mixture


def _test_pairs(
    mixture: GaussianMixture, learnt: Floats, held: Floats, *, with_dips: bool
) -> _Tested:
    k = mixture.n_components
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
            [side @ line for side in sides], values @ line, with_dips
        )
        lines.append((one, other, len(values), round(depth, 6), p_value, dip))
    pairs = pair_table(lines)
    return _Tested(pairs, _join_components(pairs, k))


def _find_valley(sides: list[Floats], values: Floats, with_dips: bool) -> _Line:
    spreads = [float(side.std()) for side in sides]
    apart = abs(float(sides[0].mean() - sides[1].mean()))
    if apart < _LEAST_DISTANCE * sum(spreads):
        return 1.0, 1.0, None
    windows = find_windows(
        *(
            Group(len(side), float(side.mean()), spread)
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
    inside = values[(values >= windows.left - windows.half)]
    inside = inside[inside <= windows.right + windows.half][:_MOST_DIP]
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
    return pairs.with_columns(adjusted, is_apart=adjusted < _LEVEL / len(_SPREADS))


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


def _group_labels(mixture: GaussianMixture, rows: Floats, groups: Labels) -> Labels:
    """Return for each row the group whose components are most probable together."""
    kept = groups >= 0
    parts = GaussianMixture(int(kept.sum()), covariance_type=mixture.covariance_type)
    parts.weights_ = mixture.weights_[kept] / mixture.weights_[kept].sum()
    parts.means_ = mixture.means_[kept]
    is_tied = mixture.covariance_type == "tied"
    parts.covariances_ = mixture.covariances_ if is_tied else mixture.covariances_[kept]
    parts.precisions_cholesky_ = (
        mixture.precisions_cholesky_ if is_tied else mixture.precisions_cholesky_[kept]
    )
    shares = parts.predict_proba(rows)
    groups = groups[kept]
    summed = np.stack([shares[:, groups == group].sum(axis=1) for group in range(groups.max() + 1)])
    labels: Labels = summed.argmax(axis=0).astype(np.int64)
    return labels
