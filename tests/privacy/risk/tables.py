"""Tables of invented persons."""

import numpy as np
import polars as pl


def people(number: int, *, seed: int) -> pl.DataFrame:
    """Return persons whose columns depend on each other; about a third are unique of 2,000."""
    random = np.random.default_rng(seed)
    age = random.integers(18, 80, number)
    job = np.minimum(random.geometric(0.25, number) + (age > 60), 12)
    plan = (job // 3 + random.integers(0, 3, number)) % 5
    return pl.DataFrame(
        {
            "age": age,
            "area": [f"area {each}" for each in np.minimum(random.geometric(0.3, number), 9)],
            "job": [f"job {each}" for each in job],
            "married": (random.random(number) < age / 100).tolist(),
            "plan": [f"plan {each}" for each in plan],
        }
    )


def shuffled(rows: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """Return the rows with every column in an order of its own."""
    return pl.DataFrame(
        [
            rows[name].sample(fraction=1, shuffle=True, seed=seed + place)
            for place, name in enumerate(rows.columns)
        ]
    )
