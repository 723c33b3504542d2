"""What customers are like behind what was counted of them.

Two orders in a year and three orders in a year may be the same kind of customer. Counts, shares of
few orders and means of few values are lumpy, and any method that looks for groups finds the lumps.
So each customer's rate, value and mix is estimated with a prior fitted to all customers (empirical
Bayes), which gives two things:

- the *mean* of what is likely for the customer, shrunk towards all where little is known, by which
  customers are put into groups;
- one *draw* of what is likely, whose distribution over customers is as smooth as the population
  really is, by which it is tested whether the groups are apart.

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


@dataclass(frozen=True, slots=True)
class Latent:
    """One or more latent quantities of customers.

    ``mean`` and ``draw`` are arrays of shape (customers, quantities); draw is a sample of the
    posterior, mean its mean.
    """

    mean: Floats
    draw: Floats

    def standardise(self) -> "Latent":
        """Return both centred, and by the spread of the draws.

        A quantity of which little is known has means that vary less than the draws, and so counts
        less in a distance between means.
        """
        centre, spread = self.mean.mean(axis=0), self.draw.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        return Latent((self.mean - centre) / spread, (self.draw - centre) / spread)


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
    """Return each customer's level behind the mean of some values.

    Parameters
    ----------
    means : array, shape (customers,)
        Mean of the customer's values.
    counts : array, shape (customers,)
        Number of values, 1 or more.
    within : float
        Variance of a customer's values, pooled.

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
        Every category is counted for somebody.

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
    # seen = (plain-like sum with (n + s) / (1 + s)), solved for s
    strength = (clumped - seen) / (seen - plain) if seen > plain else np.inf
    strength = float(np.clip(strength, 0.5, 1e3))
    posterior = strength * overall + counts
    mean = digamma(posterior)
    drawn = np.log(np.maximum(random.standard_gamma(posterior), 1e-300))
    return Latent(
        mean - mean.mean(axis=1, keepdims=True), drawn - drawn.mean(axis=1, keepdims=True)
    )
