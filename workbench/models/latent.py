"""Latent quantities of customers: the rate, value and mix behind their observed orders.

Customers with two and with three orders in a year may have the same rate. Counts, shares of few
orders and means of few values have few distinct values, and a method that looks for groups finds
these values as groups. So each customer's rate, value and mix is estimated with a prior fitted to
all customers (empirical Bayes). The posterior of a customer is used in two ways:

- its *mean*, which is close to the population's mean for a customer with few orders, is used to
  divide customers into groups;
- one *draw* from it, whose distribution over customers is as smooth as the population, is used to
  test whether the groups are separated.

References
----------
Efron and Morris 1973, "Stein's estimation rule and its competitors", JASA 68 (values). Fader and
Hardie 2005, "A note on deriving the NBD", and Schmittlein et al. 1987 (rates: gamma-Poisson).
Mosimann 1962, "On the compound multinomial distribution", Biometrika 49 (mixes).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Latent:
    """One or more latent quantities of customers.

    ``mean`` and ``draw`` are arrays of shape (customers, quantities): the mean of each posterior,
    and one draw from it.
    """

    mean: Floats
    draw: Floats

    def standardise(self) -> "Latent":
        """Return means and draws less their centre, divided by the spread of the draws.

        The means of an uncertain quantity vary less than its draws, so that it has less weight in
        the distance between means.
        """
        centre, spread = self.mean.mean(axis=0), self.draw.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        mean, draw = self.mean - centre, self.draw - centre
        mean /= spread  # in place, since each array of a million customers takes 100 MB
        draw /= spread
        return Latent(mean, draw)


def log_rates(counts: Floats, exposure: Floats, random: np.random.Generator) -> Latent:
    """Return the log of each customer's rate.

    Notes
    -----
    ``count ~ Poisson(rate x exposure)``, ``rate ~ Gamma(a, b)``; a and b from the moments: with
    m the mean rate, ``var(count) = m E + m^2 / a E^2`` summed over customers. The posterior is
    ``Gamma(a + count, b + exposure)``, the mean of its log ``digamma(a + count) - log(b +
    exposure)``.
    """
    rate = counts.sum() / exposure.sum()
    expected = rate * exposure
    excess = float(((counts - expected) ** 2 - expected).sum())
    shape = float((expected**2).sum()) / excess if excess > 0 else np.inf
    shape = float(np.clip(shape, 0.1, 1e3))
    posterior, scale = shape + counts, shape / rate + exposure
    drawn = np.log(np.maximum(random.standard_gamma(posterior), 1e-300)) - np.log(scale)
    return Latent((digamma(posterior) - np.log(scale))[:, None], drawn[:, None])


def levels(means: Floats, counts: Floats, within: float, random: np.random.Generator) -> Latent:
    """Return each customer's latent level, estimated from the mean of their values.

    Parameters
    ----------
    means : array, shape (customers,)
        Mean of each customer's values.
    counts : array, shape (customers,)
        Number of each customer's values, 1 or more.
    within : float
        Pooled variance of the values of a customer.
    random : Generator
        Generator of the draws.

    Notes
    -----
    ``mean ~ N(level, within / count)``, ``level ~ N(m, t^2)`` with t^2 from the moments.
    """
    noise = within / counts
    centre = float(np.average(means, weights=counts))
    between = max(float(np.mean((means - centre) ** 2 - noise)), 1e-6)
    trust = between / (between + noise)
    mean = centre + trust * (means - centre)
    drawn = mean + np.sqrt(trust * noise) * random.standard_normal(means.size)
    return Latent(mean[:, None], drawn[:, None])


def log_mixes(counts: Floats, random: np.random.Generator) -> Latent:
    """Return each customer's mix over categories, as log shares centred per customer.

    Parameters
    ----------
    counts : array, shape (customers, categories)
        Counts per category; each category has at least one count.
    random : Generator
        Generator of the draws.

    Notes
    -----
    ``counts ~ Multinomial(mix)``, ``mix ~ Dirichlet(s p)``; p is the overall mix and s comes from
    the moments: summed over customers and categories, ``var(count_j) = n p_j (1 - p_j) (n + s) /
    (1 + s)``. Centred log shares are Aitchison's (1986, "The statistical analysis of compositional
    data", section 4.6).
    """
    n = counts.sum(axis=1, keepdims=True)
    overall = counts.sum(axis=0) / counts.sum()
    plain = float((n * overall * (1 - overall)).sum())
    clumped = float((n**2 * overall * (1 - overall)).sum())
    seen = float(((counts - n * overall) ** 2).sum())
    # The observed variance is (plain * s + clumped) / (1 + s); this line solves it for s.
    strength = (clumped - seen) / (seen - plain) if seen > plain else np.inf
    strength = float(np.clip(strength, 0.5, 1e3))
    posterior = strength * overall + counts
    mean = digamma(posterior)
    drawn = np.log(np.maximum(random.standard_gamma(posterior), 1e-300))
    return Latent(
        mean - mean.mean(axis=1, keepdims=True), drawn - drawn.mean(axis=1, keepdims=True)
    )
