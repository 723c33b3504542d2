"""Gaussian mixture models of customers: their fit by EM, and the choice of their number by BIC.

The components of a mixture have a common covariance ("tied"), which takes fewer customers, or each
its own ("full"). Mixtures are fitted many times to a few thousand customers, where the checks and
conversions of scikit-learn's ``GaussianMixture`` take most of the time: the fits here take 28 %
("tied") and 36 % ("full") of its CPU time (sixty fits of three components to 1,266 customers with
eight traits). Starts, steps and results are the same (``tests/models/test_mixtures.py`` compares
them).

References
----------
Dempster, Laird and Rubin 1977, "Maximum likelihood from incomplete data via the EM algorithm",
JRSS B 39.
"""

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from workbench.models.latent import Floats, Labels

Spreads = Literal["tied", "full"]
#: Covariances of mixtures: common to all components, or their own.
SPREADS: tuple[Spreads, ...] = ("tied", "full")
#: Largest number of components of a mixture, and fewest customers per component and trait.
_MOST_COMPONENTS = 8
_LEAST_PER_TRAIT = 5
#: Share of customers in the tail, random starts and steps of the search for a skewed direction.
_TAIL = 0.1
_SKEW_STARTS = 12
_SKEW_STEPS = 8
#: Least variance of a component in each direction, of whitened customers.
_RIDGE = 1e-3
#: Smallest rise of the mean log-likelihood for another step, and largest number of steps.
_TOLERANCE = 1e-4
_MOST_STEPS = 150
_BIC_DECIMALS = 6


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """A mixture of normal distributions.

    Attributes
    ----------
    weights : array of float, shape (components,)
        Share of each component.
    means : array of float, shape (components, traits)
        Centre of each component.
    covariances : array of float, shape (1 or components, traits, traits)
        Covariance that is common to all components, or that of each.
    spreads : {"tied", "full"}
        Whether the covariance is common or each component has its own.
    likelihood : float
        Mean log-likelihood of the rows before the last step of the fit.
    """

    weights: Floats
    means: Floats
    covariances: Floats
    spreads: Spreads
    likelihood: float = -np.inf

    @property
    def components(self) -> int:
        """Number of components."""
        return len(self.weights)

    def predict(self, rows: Floats) -> Labels:
        """Return the most probable component of each row."""
        precisions = self._invert_covariances()
        labels: Labels = self._log_densities(rows, precisions).argmax(axis=0).astype(np.int64)
        return labels

    def memberships(self, rows: Floats) -> Floats:
        """Return the probability of each component, shape (components, rows)."""
        return self._expect(rows, rows.T @ rows)[1]

    def bic(self, rows: Floats) -> float:
        """Return the Bayesian information criterion; a lower one is better."""
        n, d = rows.shape
        numbers = len(self.covariances) * d * (d + 1) / 2 + self.components * (d + 1) - 1
        return float(-2 * n * self._expect(rows, rows.T @ rows)[0] + numbers * np.log(n))

    def keep(self, some: Labels) -> "Mixture":
        """Return the mixture of some of the components, with the same proportions."""
        weights = self.weights[some]
        return Mixture(
            weights=weights / weights.sum(),
            means=self.means[some],
            covariances=self.covariances if self.spreads == "tied" else self.covariances[some],
            spreads=self.spreads,
        )

    def refit(
        self, rows: Floats, *, tolerance: float = _TOLERANCE, most_steps: int = _MOST_STEPS
    ) -> "Mixture":
        """Return the mixture that EM finds from this one.

        Steps end where the mean log-likelihood rises by less than ``tolerance``. A mixture that has
        not converged in ``most_steps`` is a valid division too.
        """
        found, before, products = self, -np.inf, rows.T @ rows
        for _ in range(most_steps):
            likelihood, shares = found._expect(rows, products)
            found = _maximise(rows, products, shares, self.spreads, likelihood)
            if abs(likelihood - before) < tolerance:
                break
            before = likelihood
        return found

    def _invert_covariances(self) -> Floats:
        precisions: Floats = np.linalg.inv(self.covariances).astype(np.float64, copy=False)
        return precisions

    def _log_densities(self, rows: Floats, precisions: Floats) -> Floats:
        """Return the log of weight and density of each component, shape (components, rows).

        What all components have in common for a row is left out: it changes neither the order of
        components nor their probabilities.

        Notes
        -----
        The squared distance of a row from a centre is ``x'Px - 2 x'Pm + m'Pm``, with P the inverse
        of the covariance (``precisions``). Written out, it takes no array with a value for each
        component, row and trait, and with a common covariance ``x'Px`` is the same for all
        components.
        """
        turned = (self.means[:, None] @ precisions)[:, 0]
        constant = (
            np.log(self.weights)
            + 0.5 * np.linalg.slogdet(precisions)[1]
            - 0.5 * np.einsum("kd,kd->k", turned, self.means)
        )
        found: Floats = turned @ rows.T + constant[:, None]
        if self.spreads == "full":
            found -= 0.5 * np.einsum("knd,nd->kn", rows @ precisions, rows)
        return found

    def _expect(self, rows: Floats, products: Floats) -> tuple[float, Floats]:
        """Return the mean log-likelihood and the probability of each component (E step).

        ``products`` has the sums over rows of the products of two traits.
        """
        precisions = self._invert_covariances()
        logs = self._log_densities(rows, precisions)
        most = logs.max(axis=0)
        shares = np.exp(logs - most)
        whole = shares.sum(axis=0)
        likelihood = (most + np.log(whole)).mean() - 0.5 * rows.shape[1] * np.log(2 * np.pi)
        if self.spreads == "tied":  # The mean of x'Px, which the densities leave out.
            likelihood -= 0.5 * (precisions[0] * products).sum() / len(rows)
        return float(likelihood), shares / whole


def _maximise(
    rows: Floats, products: Floats, shares: Floats, spreads: Spreads, likelihood: float
) -> Mixture:
    """Return the likeliest mixture for the shares of the components in each row (M step)."""
    sizes = shares.sum(axis=1) + 10 * np.finfo(float).eps
    means = shares @ rows / sizes[:, None]
    if spreads == "tied":
        between = (sizes[:, None] * means).T @ means
        covariances = ((products - between) / sizes.sum())[None]
    else:
        away = rows - means[:, None]
        covariances = (away * shares[:, :, None]).transpose(0, 2, 1) @ away / sizes[:, None, None]
    return Mixture(
        weights=sizes / sizes.sum(),
        means=means,
        covariances=covariances + _RIDGE * np.eye(rows.shape[1]),
        spreads=spreads,
        likelihood=likelihood,
    )


def best_mixtures(rows: Floats, means: Floats, *, seed: int) -> list[Mixture]:
    """Return the mixtures with the lowest BIC, of those with a common spread and with their own.

    The list begins with the lower BIC, and is empty where customers do not differ. One start of
    each mixture is k-means on the means of the customers' posteriors, which have less noise than
    the draws.
    """
    if rows.shape[1] == 0 or len(rows) < 2:
        return []
    best = []
    numbers = range(1, most_components(rows) + 1)
    starts = {k: _k_means_labels(means, k, n_init=3, seed=seed) for k in numbers}
    for spreads in SPREADS:
        fits = []
        for k in numbers:
            fits.append(fit_mixture(rows, k, seed=seed, spreads=spreads))
            started = _fit_labelled(rows, starts[k], spreads) if k > 1 else None
            fits.extend([started] if started is not None else [])
        # One component has the same BIC with either spread, so that rounding must not decide.
        scored = [round(fit.bic(rows), _BIC_DECIMALS) for fit in fits]
        best.append((min(scored), fits[scored.index(min(scored))]))
    return [fit for _, fit in sorted(best, key=lambda each: each[0])]


def most_components(rows: Floats) -> int:
    """Return the largest number of components that so many rows allow."""
    fewest = max(_LEAST_PER_TRAIT * rows.shape[1], 1)
    distinct = int(np.unique(rows, axis=0).shape[0])
    most: int = min(_MOST_COMPONENTS, len(rows) // fewest, distinct)
    return max(1, most)


def fit_mixture(rows: Floats, k: int, *, seed: int, spreads: Spreads) -> Mixture:
    """Return a mixture of k components, the likeliest of those from several starts.

    For two components, one start is the tail of the most skewed direction, because k-means divides
    a large group rather than find a small one. With a common spread, it is the only start.
    """
    skewed = _fit_skewed(rows, seed, spreads) if k == 2 else None
    if skewed is not None and spreads == "tied":
        return skewed
    labels = _k_means_labels(rows, k, n_init=1, seed=seed)
    shares = (labels == np.arange(k)[:, None]).astype(np.float64)
    found = _maximise(rows, rows.T @ rows, shares, spreads, -np.inf).refit(rows)
    return found if skewed is None or found.likelihood > skewed.likelihood else skewed


def _k_means_labels(rows: Floats, k: int, *, n_init: int, seed: int) -> Labels:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # Some customers may be identical.
        labels: Labels = KMeans(k, n_init=n_init, random_state=seed).fit_predict(rows)
    return labels.astype(np.int64)


def _fit_skewed(rows: Floats, seed: int, spreads: Spreads) -> Mixture | None:
    """Return a mixture of two that starts from the tail of the most skewed direction.

    Notes
    -----
    ``w <- E[z (w'z)^2]`` with z whitened has the directions of largest skewness as its fixed
    points (Hyvarinen 1999, "Fast and robust fixed-point algorithms for independent component
    analysis", with the square as nonlinearity).
    """
    white = Whitening.of(rows).apply(rows)
    lines = np.random.default_rng(seed).standard_normal((white.shape[1], _SKEW_STARTS))
    for _ in range(_SKEW_STEPS):
        lines /= np.maximum(np.linalg.norm(lines, axis=0), 1e-12)
        lines = white.T @ (white @ lines) ** 2
    lines /= np.maximum(np.linalg.norm(lines, axis=0), 1e-12)
    values = white @ lines
    line = values[:, int(((values**3).mean(axis=0)).argmax())]
    tail = line > np.quantile(line, 1 - _TAIL)
    return _fit_labelled(rows, tail.astype(np.int64), spreads)


def _fit_labelled(rows: Floats, labels: Labels, spreads: Spreads) -> Mixture | None:
    """Return a mixture that starts from groups with a common spread; None if one is tiny."""
    parts = [rows[labels == part] for part in range(int(labels.max()) + 1)]
    if min(len(part) for part in parts) < 3:
        return None
    pooled = _RIDGE * 10 * np.eye(rows.shape[1])
    for part in parts:
        pooled = pooled + np.cov(part.T).reshape(pooled.shape) * len(part) / len(rows)
    start = Mixture(
        weights=np.array([len(part) / len(rows) for part in parts]),
        means=np.stack([part.mean(axis=0) for part in parts]),
        covariances=np.stack([pooled] * (1 if spreads == "tied" else len(parts))),
        spreads=spreads,
    )
    return start.refit(rows)
