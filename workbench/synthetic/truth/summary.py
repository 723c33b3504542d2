"""Summary of a world's truth: the file ``truth/truth.json``."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import polars as pl

from workbench.synthetic.clock import Clock
from workbench.synthetic.contact.decision import CAMPAIGN, decision_day
from workbench.synthetic.recipes import Bias, Recipe
from workbench.synthetic.truth.tables import HORIZON_DAYS, HORIZON_MONTHS

#: Version of ``truth.json`` and of the recipe in ``world.json``, with its order of keys.
FORMAT_VERSION = 3

_DECIMALS = 6
_PROCESSES = {
    "hazard": "gamma-mixed Poisson purchases on a seasonal clock, a monthly complementary log-log "
    "hazard of leaving moved by frailty, tenure and bad experiences",
    "after_purchase": "gamma-mixed Poisson purchases, leaving after a purchase with a "
    "beta-distributed probability (BG/NBD)",
}


def summary(recipe: Recipe, truth: Mapping[str, pl.LazyFrame]) -> dict[str, Any]:
    """Return the content of ``truth.json``.

    Parameters
    ----------
    recipe : Recipe
    truth : mapping
        Tables of the world's truth by name.

    Returns
    -------
    dict
        ``tables`` (number of rows of each table), ``segments`` (planted share, customers,
        parameters), ``churn`` (process, horizon, means at the data end), ``disparity``, ``uplift``
        (mean effect of each mailing on customers who took part), ``survey`` (mean score of all
        invited customers and of customers with an answer). In ``disparity``, ``difference`` is the
        mean offer probability of the others less that of the disadvantaged group,
        ``difference_without`` the same without any bias, and ``planted`` the difference between
        the two: the effect of all biases on the same customers. ``planted_alone`` is the effect of
        one bias. All are also given for customers who would respond.
    """
    clock = Clock.of(recipe)
    return {
        "format_version": FORMAT_VERSION,
        "world": recipe.name,
        "seed": recipe.seed,
        "as_of": clock.end_on.isoformat(),
        "tables": {name: _rows(frame) for name, frame in sorted(truth.items())},
        "segments": _segments(recipe, truth["customers"]),
        "churn": _churn(recipe, truth["customers"]),
        "disparity": _disparity(recipe, truth.get("disparity"), clock),
        "uplift": _uplift(truth.get("uplift")),
        "survey": _survey(truth.get("survey")),
    }


def _segments(recipe: Recipe, customers: pl.LazyFrame) -> list[dict[str, Any]]:
    counts = dict(customers.group_by("segment").len().collect().iter_rows())
    return [
        {
            "name": name,
            "customers": counts.get(name, 0),
            **segment.model_dump(mode="json"),
            "share": share,
        }
        for (name, segment), share in zip(
            zip(recipe.segments, recipe.contrasted_segments, strict=True),
            recipe.shares,
            strict=True,
        )
    ]


def _churn(recipe: Recipe, customers: pl.LazyFrame) -> dict[str, Any]:
    mean = _means(
        customers,
        "is_active",
        "p_leaves_3_months",
        "p_buys_90_days",
        "buys_90_days",
    )
    return {
        "process": _PROCESSES[recipe.leaving.process],
        "horizon_months": HORIZON_MONTHS,
        "horizon_days": HORIZON_DAYS,
        "active_share": mean["is_active"],
        "mean_p_leaves": mean["p_leaves_3_months"],
        "mean_p_buys": mean["p_buys_90_days"],
        "bought_share": mean["buys_90_days"],
    }


def _disparity(
    recipe: Recipe, decisions: pl.LazyFrame | None, clock: Clock
) -> dict[str, Any] | None:
    if decisions is None:
        return None
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


def _bias(name: str, bias: Bias, decisions: pl.LazyFrame) -> dict[str, Any]:
    """Return the effect of one bias on rates, and on true positive rates (among responders)."""
    inside = pl.col(f"in_{name}")
    pair = {"female": "male", "male": "female"}.get(bias.group)
    others = pl.col("group") == pair if pair else ~inside
    found: dict[str, Any] = {
        "name": name,
        **bias.model_dump(mode="json"),
        "reference": pair or "all others",
    }
    columns = ("p_offer_without", "p_offer", f"p_offer_{name}")
    for suffix, rows in (("", decisions), ("_of_responders", decisions.filter("responds"))):
        worse, better = _means(rows.filter(inside), *columns), _means(rows.filter(others), *columns)
        without, both, alone = (_difference(better[each], worse[each]) for each in columns)
        found |= {
            f"difference_without{suffix}": without,
            f"difference{suffix}": both,
            f"planted{suffix}": _difference(both, without),
            f"planted_alone{suffix}": _difference(alone, without),
        }
    return found


def _group(decisions: pl.LazyFrame, name: str | None) -> dict[str, Any]:
    rows = decisions.filter(pl.col("group").eq_missing(pl.lit(name)))
    mean = _means(rows, "p_offer_without", "p_offer", "is_offered")
    return {
        "group": name,
        "customers": _rows(rows),
        "p_offer_without": mean["p_offer_without"],
        "p_offer": mean["p_offer"],
        "offered_share": mean["is_offered"],
    }


def _uplift(uplift: pl.LazyFrame | None) -> list[dict[str, Any]]:
    if uplift is None:
        return []
    names = uplift.select("campaign_id").unique().collect()["campaign_id"].sort()
    found = []
    for name in names:
        rows = uplift.filter(pl.col("campaign_id") == name)
        mean = _means(rows, "is_treated", "p_buys_without", "p_buys_with", "uplift")
        found.append({"campaign_id": name, "customers": _rows(rows), **mean})
    return found


def _survey(asked: pl.LazyFrame | None) -> dict[str, Any] | None:
    if asked is None:
        return None
    everybody = _means(asked, "score", "answers", "p_answers")
    answering = _means(asked.filter("answers"), "score")
    return {
        "invited": _rows(asked),
        "answered_share": everybody["answers"],
        "mean_p_answers": everybody["p_answers"],
        "mean_score": everybody["score"],
        "mean_score_of_who_answers": answering["score"],
    }


def _difference(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else round(one - other, _DECIMALS)


def _rows(frame: pl.LazyFrame) -> int:
    return int(frame.select(pl.len()).collect().item())


def _means(frame: pl.LazyFrame, *columns: str) -> dict[str, float | None]:
    """Return rounded means, None without rows.

    Values are summed in whole millionths, so the sum does not depend on the order of rows.
    """
    sums = [(pl.col(name).cast(pl.Float64) * 1e6).round().cast(pl.Int64).sum() for name in columns]
    row = frame.select(*sums, n=pl.len()).collect().row(0, named=True)
    return {
        name: round(row[name] / row["n"] / 1e6, _DECIMALS) if row["n"] else None for name in columns
    }
