"""What the noise of published figures costs, and what it hides: the table in the README."""

from typing import NamedTuple

import numpy as np
import polars as pl

from workbench.privacy.release import VARIANCE, Release, shares

SAMPLES = 1000
SIZES = (30, 300, 3000)
SHARE = 0.2
_TRUE_MEAN = float(np.exp(4 + 0.5) * 100) - 0.5  # amounts are cut to whole minor units


class Cost(NamedTuple):
    """What the noise costs in groups of one size; standard deviations are relative in percent."""

    persons: int
    count: float
    share_noise: float
    share_sampling: float
    share_covered: float
    mean_noise: float
    mean_sampling: float
    mean_covered: float
    not_given: float


def costs() -> list[Cost]:
    """Draw samples of each size and compare released figures with exact ones."""
    return [_cost(n) for n in SIZES]


def _cost(n: int) -> Cost:
    random = np.random.default_rng(5)
    share, mean, covered, means_covered = [], [], 0, []
    for sample in range(SAMPLES):
        amounts = (random.lognormal(4, 1, n) * 100).astype(np.int64)
        rows = pl.DataFrame(
            {
                "customer_id": random.choice(2**62, n, replace=False).astype(np.uint64),
                "is_chosen": random.random(n) < SHARE,
                "spent_minor": amounts,
            }
        )
        rules = Release(view=f"sample {sample}", secret=b"s" * 32, largest_bound=0)
        counted = rules.counts(rows, of={"chosen": pl.col("is_chosen")})
        found = shares(counted["chosen"], counted["persons"], release=rules)
        exact = float(rows["is_chosen"].mean())  # type: ignore[arg-type]  # a number
        share.append((float(found.value[0]) - exact, exact))
        covered += bool(found.low[0] <= SHARE <= found.high[0])
        shown = Release(view=f"sample {sample}", secret=b"s" * 32)
        made = shown.means(rows, of={"spent_minor": 1}).row(0, named=True)
        if made["spent_minor"] is not None:
            mean.append((made["spent_minor"] - amounts.mean(), amounts.mean()))
            means_covered.append(made["spent_minor_low"] <= _TRUE_MEAN <= made["spent_minor_high"])
    return Cost(
        persons=n,
        count=100 * np.sqrt(VARIANCE) / n,
        share_noise=float(np.std([noise for noise, _ in share])),
        share_sampling=float(np.std([exact for _, exact in share])),
        share_covered=covered / SAMPLES,
        mean_noise=100 * float(np.std([noise for noise, _ in mean])) / _TRUE_MEAN,
        mean_sampling=100 * float(np.std([exact for _, exact in mean])) / _TRUE_MEAN,
        mean_covered=float(np.mean(means_covered)),
        not_given=1 - len(mean) / SAMPLES,
    )
