"""Clouds of customers without groups, and customers with groups, whose truth is known.

``CLOUDS`` are the shapes on which the constants of the tests for valleys were chosen; ``FRESH`` are
shapes that nothing was chosen on.
"""

import numpy as np

from workbench.models.latent import Floats, log_rates

CLOUDS = (
    "normal", "t", "exponential", "lognormal", "banana", "ring", "open ring", "spike", "counts",
)  # fmt: skip
FRESH = (
    "gamma", "logistic", "uniform square", "disc", "correlated normal", "zero-inflated counts",
    "two crossing lines", "fan", "skewed and heavy", "triangle",
)  # fmt: skip
#: Share and distance (in standard deviations) of the groups beside one large group, their spread,
#: and the number of traits.
GROUPS = {
    "10 % at 4": ((0.1,), 4.0, 1.0, 2),
    "20 % at 4": ((0.2,), 4.0, 1.0, 2),
    "5 % at 4": ((0.05,), 4.0, 1.0, 2),
    "10 % at 4, 7 traits": ((0.1,), 4.0, 1.0, 7),
    "10 % at 4, spread .5": ((0.1,), 4.0, 0.5, 2),
    "10 % at 5, spread 1.5": ((0.1,), 5.0, 1.5, 2),
    "two of 10 % at 4": ((0.1, 0.1), 4.0, 1.0, 2),
}


def cloud(shape: str, seed: int, *, customers: int = 4000, traits: int = 2) -> Floats:
    """Return customers without groups."""
    random = np.random.default_rng(seed)
    size = (customers, traits)
    rows: Floats = random.normal(size=size)
    if shape == "t":
        rows /= np.sqrt(random.chisquare(3, size=(customers, 1)) / 3)
    elif shape == "exponential":
        rows = random.exponential(size=size)
    elif shape == "lognormal":
        rows = np.exp(0.8 * rows)
    elif shape == "banana":
        rows[:, 0] *= 2
        rows[:, 1] = 0.5 * rows[:, 1] + 0.4 * rows[:, 0] ** 2
    elif shape in ("ring", "open ring"):
        angle = random.uniform(0, (2 if shape == "ring" else 1.6) * np.pi, customers)
        rows *= 0.3
        rows[:, :2] += 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    elif shape == "spike":
        rows[random.random(customers) < 0.3] *= 0.1
    elif shape == "counts":
        rows = _rates(random.poisson(random.gamma(1, 2, size=size)), random)
    elif shape == "gamma":
        rows = random.gamma(0.7, size=size)
    elif shape == "logistic":
        rows = random.logistic(size=size)
    elif shape == "uniform square":
        rows = random.random(size)
    elif shape == "disc":
        rows *= random.random((customers, 1)) ** (1 / traits) / np.linalg.norm(
            rows, axis=1, keepdims=True
        )
    elif shape == "correlated normal":
        rows[:, 1] = 0.95 * rows[:, 0] + 0.31 * rows[:, 1]
    elif shape == "zero-inflated counts":
        is_zero = random.random(size) < 0.4
        rows = _rates(np.where(is_zero, 0, random.poisson(4, size=size)), random)
    elif shape == "two crossing lines":
        rows[:, 1] *= 0.15
        turn = random.random(customers) < 0.5
        rows[turn] = rows[turn][:, ::-1]
    elif shape == "fan":
        rows[:, 1] *= np.exp(0.8 * rows[:, 0])
    elif shape == "skewed and heavy":
        rows = np.sinh(0.8 * np.arcsinh(rows) * 1.5 + 0.5)
    elif shape == "triangle":
        rows = np.sort(random.random(size), axis=1)
    return rows


def _rates(counts: Floats, random: np.random.Generator) -> Floats:
    """Return draws of the log rates behind counts, as traits of customers are made."""
    once = np.ones(len(counts))
    return np.hstack([log_rates(each, once, random).draw for each in counts.astype(float).T])


def grouped(
    seed: int,
    *,
    customers: int = 4000,
    shares: tuple[float, ...] = (0.1,),
    distance: float = 4.0,
    spread: float = 1.0,
    traits: int = 2,
) -> Floats:
    """Return a normal group and smaller ones at a distance, each in a direction of its own."""
    random = np.random.default_rng(seed)
    rows: Floats = random.normal(size=(customers, traits))
    turned = np.linalg.qr(random.normal(size=(traits, traits)))[0]
    drawn = random.random(customers)
    for place in range(len(shares)):
        inside = (drawn >= sum(shares[:place])) & (drawn < sum(shares[: place + 1]))
        rows[inside] = spread * rows[inside] + distance * turned[place]
    return rows
