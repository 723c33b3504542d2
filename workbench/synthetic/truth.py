"""What was planted in a world, in one page: the file ``truth/truth.json``.

Per customer it stands in ``truth/customers.parquet`` and ``truth/disparity.parquet`` (see
``purchasing.truth`` and ``offers.truth``), keyed by ``record_id``.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import polars as pl

from workbench.synthetic.clock import Clock
from workbench.synthetic.contact.offers import CAMPAIGN, decision_day
from workbench.synthetic.recipes import Bias, Recipe
from workbench.synthetic.shop.purchasing import HORIZON_DAYS

_DECIMALS = 6


def summary(recipe: Recipe, truth: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Return the content of ``truth.json``.

    Parameters
    ----------
    recipe : Recipe
    truth : mapping
        The whole world's frames ``customers`` and ``disparity``.

    Returns
    -------
    dict
        ``segments`` (planted share, customers, parameters), ``churn`` (process, horizon, what holds
        as of the data end) and ``disparity``. There ``difference`` is the mean offer probability of
        the reference group less that of the disadvantaged group, ``difference_without`` the same
        without the mechanism, and ``planted`` the one less the other: the effect of the mechanism
        on the same customers.
    """
    clock = Clock(recipe.start_on, recipe.months, recipe.season)
    return {
        "format_version": 1,
        "world": recipe.name,
        "seed": recipe.seed,
        "as_of": clock.end_on.isoformat(),
        "segments": _segments(recipe, truth["customers"]),
        "churn": _churn(truth["customers"]),
        "disparity": _disparity(recipe, truth["disparity"], clock),
    }


def _segments(recipe: Recipe, customers: pl.DataFrame) -> list[dict[str, Any]]:
    counts = dict(customers.group_by("segment").len().iter_rows())
    return [
        {"name": name, "customers": counts.get(name, 0), **segment.model_dump(mode="json")}
        for name, segment in recipe.segments.items()
    ]


def _churn(customers: pl.DataFrame) -> dict[str, Any]:
    return {
        "process": "gamma-mixed Poisson purchases on a seasonal clock until an exponential leaving",
        "horizon_days": HORIZON_DAYS,
        "active_share": _mean(customers["is_active"]),
        "mean_p_buys": _mean(customers["p_buys_90_days"]),
        "mean_p_buys_given_history": _mean(customers["p_buys_90_days_given_history"]),
        "bought_share": _mean(customers["buys_90_days"]),
    }


def _disparity(recipe: Recipe, decisions: pl.DataFrame, clock: Clock) -> dict[str, Any]:
    day = recipe.start_on + timedelta(days=decision_day(recipe.offer, clock.days))
    return {
        "campaign_id": CAMPAIGN,
        "decided_on": day.isoformat(),
        "groups": [
            _group(decisions, name) for name in ("female", "male", "nonbinary", "undisclosed", None)
        ],
        "bias": [_bias(name, bias, decisions) for name, bias in recipe.bias.items()],
        "effect_on_purchases": 0.0,
    }


def _bias(name: str, bias: Bias, decisions: pl.DataFrame) -> dict[str, Any]:
    reference = "male" if bias.group == "female" else "female"
    worse = decisions.filter(pl.col("group") == bias.group)
    better = decisions.filter(pl.col("group") == reference)
    without = _difference(better["p_offer_without"], worse["p_offer_without"])
    difference = _difference(better["p_offer"], worse["p_offer"])
    return {
        "name": name,
        **bias.model_dump(mode="json"),
        "reference": reference,
        "difference_without": without,
        "difference": difference,
        "planted": None
        if difference is None or without is None
        else round(difference - without, _DECIMALS),
    }


def _group(decisions: pl.DataFrame, name: str | None) -> dict[str, Any]:
    rows = decisions.filter(pl.col("group").eq_missing(pl.lit(name)))
    return {
        "group": name,
        "customers": rows.height,
        "p_offer_without": _mean(rows["p_offer_without"]),
        "p_offer": _mean(rows["p_offer"]),
        "offered_share": _mean(rows["is_offered"]),
    }


def _difference(better: pl.Series, worse: pl.Series) -> float | None:
    high, low = _mean(better), _mean(worse)
    return None if high is None or low is None else round(high - low, _DECIMALS)


def _mean(values: pl.Series) -> float | None:
    """Return the rounded mean, None of nothing; millionths add up exactly, in any order."""
    if values.is_empty():
        return None
    millionths = int((values.cast(pl.Float64) * 1e6).round().cast(pl.Int64).sum())
    return round(millionths / len(values) / 1e6, _DECIMALS)
