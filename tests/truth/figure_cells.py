"""Cells of intervals beside the figures of churn and segmentation pages, with the noise of pages.

Scores are drawn with outcomes that follow a line of slope .8 and intercept .2 on the logit scale,
amounts from lognormal distributions whose means differ between groups. The truth of each figure is
that of millions of persons. Figures are rounded with their limits outwards, so the intervals cover
more than 95 %; the limits of the calibration error are bounds, and cover nearly always.
"""

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache, partial

import numpy as np
import polars as pl
from scipy import optimize, special
from sklearn.metrics import roc_auc_score

from tests.truth.claimed_rates import Cell, rightly
from workbench.models.assessment import Assessment, assess
from workbench.privacy.release import Release

_SLOPE, _SHIFT = 0.8, 0.2
_SCORED = 2_000
_SPENDING = 1_000
_LOG_SD, _LOG_MORE = 1.2, 1.2
_TRUE_SHARE = 0.2 * np.exp(_LOG_MORE) / (0.2 * np.exp(_LOG_MORE) + 0.8)
_MANY = 2_000_000
_DRAWS = 10  # for each world that is asked for: 1,000 at 100
_CLAIM = rightly("covers", "covers", bound=0.93)
_FIGURES = (
    "auc",
    "base_rate",
    "brier",
    "calibration_slope",
    "calibration_intercept",
    "lift",
    "calibration_error",
)


def figure_cells() -> Iterator[Cell]:
    """Yield the cells of figures of scores and of amounts."""
    for name in _FIGURES:
        world = f"scores with noise, {name.replace('_', ' ')}"
        outcome = partial(_score_figure, name)
        yield Cell("intervals", world, _SCORED, outcome, (_CLAIM,), _DRAWS)
    yield Cell(
        "intervals",
        "amounts with noise, share of a fifth of the persons",
        _SPENDING,
        _amount_share,
        (_CLAIM,),
        _DRAWS,
    )


def _release(seed: int) -> Release:
    return Release(view=f"view {seed}", secret=seed.to_bytes(32))


def _ids(count: int, random: np.random.Generator) -> np.ndarray:
    return random.integers(0, 2**63, count, dtype=np.uint64)


def _scores(count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return scores, and the true chances."""
    logits = 1.2 * random.standard_normal(count) - 0.8
    return special.expit(logits), special.expit(_SHIFT + _SLOPE * logits)


@lru_cache(maxsize=2_000)
def _assessed(seed: int) -> Assessment:
    random = np.random.default_rng(seed)
    scores, chances = _scores(_SCORED, random)
    persons = pl.DataFrame(
        {
            "customer_id": _ids(_SCORED, random),
            "score": scores,
            "churned": random.random(_SCORED) < chances,
        }
    )
    return assess(persons, how="out-of-time", seed=seed, release=_release(seed))


@cache
def _truth() -> Mapping[str, float]:
    random = np.random.default_rng(1)
    p, q = _scores(_MANY, random)
    tenths = np.array_split(np.argsort(-p), 10)
    logits = special.logit(p)
    return {
        "auc": float(roc_auc_score(random.random(_MANY) < q, p)),
        "base_rate": float(q.mean()),
        "brier": float(((p - q) ** 2 + q * (1 - q)).mean()),
        "calibration_slope": _SLOPE,
        "calibration_intercept": optimize.brentq(
            lambda shift: float((special.expit(logits + shift) - q).mean()), -2, 2
        ),
        "lift": float(q[tenths[0]].mean() / q.mean()),
        "calibration_error": float(np.mean([abs((q[each] - p[each]).mean()) for each in tenths])),
    }


def _score_figure(name: str, seed: int) -> str:
    (found,) = (each for each in _assessed(seed).estimates if each.name == name)
    low, high = found.low, found.high
    return _covers(low is not None and high is not None and low <= _truth()[name] <= high)


def _amounts(count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return whether each person is of a fifth that spends more, and the amounts."""
    is_of_fifth = random.random(count) < 0.2
    logs = 8 + _LOG_MORE * is_of_fifth + _LOG_SD * random.standard_normal(count)
    return is_of_fifth, np.exp(logs).round().astype(np.int64)


def _amount_share(seed: int) -> str:
    random = np.random.default_rng(seed)
    is_of_fifth, amounts = _amounts(_SPENDING, random)
    rows = pl.DataFrame(
        {"customer_id": _ids(_SPENDING, random), "fifth": is_of_fifth, "amount": amounts}
    )
    found = _release(seed).value_shares(rows, ["fifth"], of="amount")
    row = found.row(by_predicate=pl.col("fifth"), named=True)
    # a share that one or two persons dominate is not shown
    return _covers(row["share"] is None or row["low"] <= _TRUE_SHARE <= row["high"])


def _covers(is_inside: object) -> str:
    return "covers" if is_inside else "misses"
