"""Measure how often one person more or less changes what bands show of anybody else.

Each sample is put into bands with and without each of 100 of its persons (of 60: each)
by a secret of its own. Run ``python -m tests.bench.bands``; ``number_bands`` has the figures.
"""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.privacy.shared_values import shared_values

K = 5
SAMPLES = 20
MOST_LEFT_OUT = 100
Numbers = NDArray[np.float64]
DRAWS: Mapping[str, Callable[[np.random.Generator, int], Numbers]] = {
    "even in 20,000 to 60,000": lambda rng, n: rng.integers(20_000, 60_000, n) // 10 * 10.0,
    "lognormal around 30,000": lambda rng, n: np.round(rng.lognormal(np.log(30_000), 0.6, n)),
}


def shown(numbers: Numbers, *, secret: bytes) -> Numbers:
    """Return what is shown of one number per person."""
    rows = pl.DataFrame({"customer_id": np.arange(numbers.size, dtype=np.uint64), "v": numbers})
    made = shared_values(rows.lazy(), "v", k=K, secret=secret).shown
    joined = rows.join(made, on="v", how="left", maintain_order="left")
    return joined["_shown"].to_numpy()


def changed(numbers: Numbers, *, secret: bytes, left_out: NDArray[np.int64]) -> int:
    """Count the persons without whom anything is shown otherwise of the others."""
    whole = shown(numbers, secret=secret)
    return sum(
        not np.array_equal(
            np.delete(whole, each), shown(np.delete(numbers, each), secret=secret), equal_nan=True
        )
        for each in left_out.tolist()
    )


def share_changed(
    draw: Callable[[np.random.Generator, int], Numbers], persons: int, *, samples: int
) -> float:
    """Return the share of the cases in which anything changed."""
    count = total = 0
    for sample in range(samples):
        rng = np.random.default_rng(sample)
        numbers = draw(rng, persons)
        some = rng.choice(persons, min(persons, MOST_LEFT_OUT), replace=False)
        count += changed(numbers, secret=bytes([sample]) * 32, left_out=some)
        total += some.size
    return count / total


if __name__ == "__main__":
    for name, draw in DRAWS.items():
        for persons in (60, 300, 3_000):
            share = share_changed(draw, persons, samples=SAMPLES)
            print(f"{name}, {persons} persons: {share:.3f}")
