"""Estimate how many persons are unique in the population, by four models that disagree.

A person who is unique in a sample need not be unique in the population. Whether they are cannot be
counted, only modelled, and the models disagree widely: on the Adult table as a sample of the USA
they give 4 to 26 %. So all of them are reported, with what they assume:

- *Zayatz* takes the class sizes of the sample for those of the population, and asks which of the
  sample's classes of one would come from classes of one. It overestimates in small samples.
- *Pitman* takes the classes for a random partition of the population with two parameters, which
  are fitted to the sample by maximum likelihood; made for sampling shares up to a tenth.
- *SNB* takes the size of a class in the population for one plus a negative binomial number, fitted
  to the numbers of classes of one and of two in the sample; made for larger sampling shares.
- *Dankar* is a rule for choosing one: Pitman up to a sampling share of .1, above it the smaller of
  SNB and Zayatz.

ARX prints 0 % for SNB on Adult where the equations here have the solution 21.5 %; it does so
wherever its solver finds none. The other three agree (``tests/privacy/risk``).
"""

from dataclasses import dataclass
from math import exp, inf, log

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaln

from workbench.foundation.errors import ParameterError

#: Sampling share up to which Dankar's rule takes Pitman's model.
_SMALL_SHARE = 0.1
#: Largest sum of squared errors of the logarithms with which SNB's equations count as solved.
_SOLVED = 1e-8

#: Assumption of each model, in one sentence for a report.
ASSUMPTIONS = {
    "Zayatz": "The sample has the class sizes of the population.",
    "Pitman": "The classes are a random partition of the population (two fitted parameters).",
    "SNB": "A class of the population has one person plus a negative binomial number of others.",
    "Dankar": "Pitman up to a sampling share of 10 %, else the smaller of SNB and Zayatz.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationUniques:
    """Estimates of the share of the population that is unique, by model.

    Attributes
    ----------
    population, persons : int
        Number of persons in the population and in the sample.
    share : mapping of str to float or None
        Share of unique persons by the names of ``ASSUMPTIONS``, 0 to 1; None where the model has no
        solution.
    """

    population: int
    persons: int
    share: dict[str, float | None]

    @property
    def range(self) -> tuple[float, float] | None:
        """Lowest and highest of the estimates; None without any."""
        known = [each for each in self.share.values() if each is not None]
        return (min(known), max(known)) if known else None


def population_uniques(sizes: NDArray[np.int64], *, population: int) -> PopulationUniques:
    """Estimate the share of unique persons in the population by each model.

    Parameters
    ----------
    sizes : array of int
        Numbers of persons in the classes of the sample.
    population : int
        Number of persons in the population from which the sample was drawn at random.

    Raises
    ------
    ParameterError
        The population has fewer persons than the sample.

    References
    ----------
    Zayatz 1991, "Estimation of the number of unique population elements using a sample", ASA
    Survey Research Methods. Hoshino 2001, "Applying Pitman's sampling formula to microdata
    disclosure risk assessment", Journal of Official Statistics 17. Chen and Keller-McNulty 1998,
    "Estimation of identification disclosure risk in microdata", Journal of Official Statistics 14.
    Dankar, El Emam, Neisa and Roffey 2012, BMC Medical Informatics and Decision Making 12:66.
    """
    persons = int(sizes.sum())
    if population < persons:
        raise ParameterError(
            f"the population has {population:,} persons and the sample {persons:,}: state the "
            "population from which the persons come"
        )
    histogram = _Histogram.of(sizes, population)
    if histogram.number_of(1) == 0:
        return PopulationUniques(
            population=population, persons=persons, share=dict.fromkeys(ASSUMPTIONS, 0.0)
        )
    share: dict[str, float | None] = {
        "Zayatz": _zayatz(histogram),
        "Pitman": _pitman(histogram),
        "SNB": _shifted_negative_binomial(histogram),
    }
    if histogram.share <= _SMALL_SHARE:
        chosen = share["Zayatz"] if share["Pitman"] is None else share["Pitman"]
    else:
        known = [share[name] for name in ("SNB", "Zayatz")]
        chosen = min((each for each in known if each is not None), default=None)
    return PopulationUniques(
        population=population, persons=persons, share={**share, "Dankar": chosen}
    )


@dataclass(frozen=True, slots=True)
class _Histogram:
    """How many classes of the sample have each size."""

    sizes: NDArray[np.float64]
    counts: NDArray[np.float64]
    population: int

    @classmethod
    def of(cls, sizes: NDArray[np.int64], population: int) -> "_Histogram":
        values, counts = np.unique(sizes, return_counts=True)
        return cls(values.astype(np.float64), counts.astype(np.float64), population)

    @property
    def persons(self) -> float:
        return float(self.sizes @ self.counts)

    @property
    def classes(self) -> float:
        return float(self.counts.sum())

    @property
    def share(self) -> float:
        """Sampling share, 0 to 1."""
        return self.persons / self.population

    def number_of(self, size: int) -> float:
        return float(self.counts[self.sizes == size].sum())


def _zayatz(sample: _Histogram) -> float:
    """Return the share by Bayes' rule: P(class of 1 | 1 in the sample) times sample uniques."""
    once = float(sample.counts @ _drawn_once(sample))
    ones = sample.number_of(1)
    is_one = ones * sample.share / once if once > 0 else 1.0
    return float(min(1.0, is_one * ones / sample.persons))


def _drawn_once(sample: _Histogram) -> NDArray[np.float64]:
    """Return the chance that exactly one person of a class of each size is in the sample.

    Of a class of s persons one is drawn with the hypergeometric probability ``s n/N`` times the
    product of ``(N-n-i+1) / (N-i)`` for i from 1 to s-1.
    """
    others = np.arange(1, int(sample.sizes.max()))
    outside = sample.population - sample.persons
    with np.errstate(divide="ignore"):  # Nobody is left outside of a sample of everybody.
        steps = np.log(np.maximum(outside - others + 1, 0)) - np.log(sample.population - others)
    products = np.exp(np.concatenate([[0.0], np.cumsum(steps)]))
    found: NDArray[np.float64] = (
        sample.sizes * sample.share * products[sample.sizes.astype(np.int64) - 1]
    )
    return found


def _pitman(sample: _Histogram) -> float | None:
    """Return the expected uniques G(t+1)/G(t+a) N^a over N with fitted t and a."""
    from scipy.optimize import minimize  # Views import this module, and the import takes .3 s.

    n, u = sample.persons, sample.classes
    if u in (1, n):  # One class, or only uniques: the likelihood has no maximum.
        return 1.0 if u == n else None

    def loss(parameters: NDArray[np.float64]) -> float:
        t, a = exp(min(parameters[0], 300.0)), float(expit(parameters[1]))
        if not 0 < a < 1:
            return inf
        within = sample.counts @ (gammaln(sample.sizes - a) - gammaln(1 - a))
        likelihood = (
            (u - 1) * log(a) + gammaln(t / a + u) - gammaln(t / a + 1)
            - gammaln(t + n) + gammaln(t + 1) + within
        )  # fmt: skip
        return -float(likelihood)

    options = {"xatol": 1e-9, "fatol": 1e-9, "maxiter": 4000}
    found = minimize(loss, np.array([log(u), 0.0]), method="Nelder-Mead", options=options)
    t, a = exp(min(found.x[0], 300.0)), float(expit(found.x[1]))
    unique = exp(gammaln(t + 1) - gammaln(t + a) + (a - 1) * log(sample.population))
    return float(unique) if found.success and unique <= 1 else None


def _shifted_negative_binomial(sample: _Histogram) -> float | None:
    """Return K b^a over N, where a and b give the expected classes of one and of two.

    The number K of classes in the population is Shlosser's modified estimate (Haas and Stokes 1998,
    "Estimating the number of classes in a finite population", JASA 93).
    """
    from scipy.optimize import least_squares  # See ``_pitman``.

    ones, twos, f = sample.number_of(1), sample.number_of(2), sample.share
    if twos == 0 or f >= 1:
        return ones / sample.persons if f >= 1 else None
    i, counts = sample.sizes, sample.counts
    missed = (1 - f) ** i
    twice = (i * f**2 * (1 - f**2) ** (i - 1)) @ counts / ((missed * ((1 + f) ** i - 1)) @ counts)
    once = (missed @ counts) / ((i * f * (1 - f) ** (i - 1)) @ counts)
    classes = sample.classes + ones * twice * once**2

    def errors(parameters: NDArray[np.float64]) -> list[float]:
        a, b = exp(parameters[0]), float(expit(parameters[1]))
        w = (1 - f) * (1 - b)
        d = 1 - w
        first = log(classes * f) + a * log(b / d) + log(a * w / d + 1)
        second = log(classes * f**2 / 2 * a * (1 - b)) + a * log(b) - (a + 2) * log(d)
        return [first - log(ones), second + log(2 - (1 - a) * w) - log(twos)]

    bounds = ([-40.0, -35.0], [40.0, 35.0])
    found = least_squares(errors, [0.0, 0.0], bounds=bounds)
    if found.cost > _SOLVED:
        return None
    a, b = exp(found.x[0]), float(expit(found.x[1]))
    return float(min(1.0, classes * b**a / sample.population))
