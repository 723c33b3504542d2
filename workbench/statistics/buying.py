"""The BG/NBD model of repeat purchases, which describes how often customers buy and when they stop.

Purchases of an active customer are Poisson with a rate that is gamma-distributed over customers;
after every purchase but the first a customer leaves with a probability that is beta-distributed.
With x purchases after the first, the last of them at t of T (since the first), the likelihood is

    Gamma(r + x) alpha^r / Gamma(r) x B(a, b + x) / B(a, b)
    x ( (alpha + T)^-(r + x) + [x > 0] a / (b + x - 1) (alpha + t)^-(r + x) )

References
----------
Fader, Hardie and Lee 2005, "Counting your customers the easy way: an alternative to the Pareto/NBD
model", Marketing Science 24, equation 6. Its estimates for a sample of 2,357 customers of CDNOW are
r .243, alpha 4.414, a .793, b 2.426 (weeks).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln, gammaln

Floats = NDArray[np.float64]

PARAMETERS = ("r", "alpha", "a", "b")
_STEP = 1e-4  # step of the log parameters in the second differences


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyingModel:
    """Estimates of the BG/NBD model.

    Attributes
    ----------
    r, alpha, a, b : float
        Shape and rate of the gamma distribution (alpha in the unit of time), and the two parameters
        of the beta distribution.
    standard_errors : tuple of float
        Standard errors of the four parameters, from the curvature of the likelihood at its maximum.
    log_likelihood : float
        Logarithm of the likelihood at its maximum.
    """

    r: float
    alpha: float
    a: float
    b: float
    standard_errors: tuple[float, float, float, float]
    log_likelihood: float


def fit_buying_model(repeats: Floats, last: Floats, length: Floats) -> BuyingModel:
    """Fit the BG/NBD model by maximum likelihood.

    Parameters
    ----------
    repeats : array, shape (customers,)
        Numbers of purchases after the first.
    last, length : arrays, shape (customers,)
        Time from the first purchase to the last and to the end of the observation, in one unit;
        ``last`` is 0 without repeats.

    Raises
    ------
    ValueError
        No customer bought again, or the search did not end at a maximum.
    """
    if not (repeats > 0).any():
        raise ValueError("no customer bought again: the model cannot be fitted")
    if (last > length).any():
        raise ValueError("a last purchase is later than the end of the observation")

    def loss(logs: Floats) -> float:
        return -_mean_log_likelihood(np.exp(logs), repeats, last, length)

    found = minimize(
        loss, np.zeros(4), method="Nelder-Mead", options={"maxiter": 4_000, "maxfev": 4_000}
    )
    found = minimize(loss, found.x, method="BFGS", options={"gtol": 1e-7})
    # BFGS may report a failure at the maximum itself for lack of precision, so the slope decides.
    if not found.success and np.abs(found.jac).max() > 1e-4:
        raise ValueError(f"the likelihood has no maximum that can be found: {found.message}")
    spread = np.linalg.inv(_curvature(loss, found.x) * len(repeats))
    # The delta method turns errors of the logarithms into errors of the parameters.
    errors = np.sqrt(np.diag(spread)) * np.exp(found.x)
    r, alpha, a, b = (float(value) for value in np.exp(found.x))
    return BuyingModel(
        r=r,
        alpha=alpha,
        a=a,
        b=b,
        standard_errors=tuple(float(each) for each in errors),  # type: ignore[arg-type]  # four
        log_likelihood=-float(found.fun) * len(repeats),
    )


def _mean_log_likelihood(parameters: Floats, x: Floats, t: Floats, length: Floats) -> float:
    r, alpha, a, b = parameters
    base = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b)
    stays = -(r + x) * np.log(alpha + length)
    with np.errstate(divide="ignore"):
        leaves = np.where(x > 0, np.log(a) - np.log(np.maximum(b + x - 1, 1e-300)), -np.inf) - (
            r + x
        ) * np.log(alpha + t)
    return float((base + np.logaddexp(stays, leaves)).mean())


def _curvature(loss: Callable[[Floats], float], at: Floats) -> Floats:
    """Return the matrix of second derivatives, by central differences."""
    n = len(at)
    matrix = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            signs = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
            total = 0.0
            for one, other in signs:
                moved = at.copy()
                moved[i] += one * _STEP
                moved[j] += other * _STEP
                total += one * other * loss(moved)
            matrix[i, j] = total / (4 * _STEP**2)
    return matrix
