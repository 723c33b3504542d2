"""Measures of purchases: of worlds and of real data alike.

``orders`` has one row per order of a known buyer: ``buyer``, ``at`` (instant), ``value`` (above 0).
"""

import math

import polars as pl

Measures = dict[str, float]


def purchases(orders: pl.DataFrame) -> Measures:
    """Return how often, how regularly and for how much people buy."""
    days = orders.select("buyer", on=pl.col("at").dt.date()).unique().sort("buyer", "on")
    per_buyer = days.group_by("buyer").agg(n=pl.len())
    spent = orders.group_by("buyer").agg(
        pl.col("value").sum(), mean=pl.col("value").mean(), v=pl.col("value").log().var()
    )
    gaps = days.with_columns(
        gap=pl.col("on").diff().over("buyer", order_by="on").dt.total_days()
    ).drop_nulls("gap")
    steady = gaps.group_by("buyer").agg(
        n=pl.len(), variation=pl.col("gap").std() / pl.col("gap").mean()
    )
    both = per_buyer.join(spent, on="buyer")
    log_value = orders["value"].log()
    within = (
        orders.with_columns(own=pl.col("value").log())
        .filter(pl.len().over("buyer") > 1)
        .select((pl.col("own") - pl.col("own").mean().over("buyer")) ** 2, n=pl.len().over("buyer"))
    )
    spread = within.select((pl.col("own") * pl.col("n") / (pl.col("n") - 1)).mean()).item()
    return {
        "one_day_only": number(per_buyer.select((pl.col("n") == 1).mean()).item()),
        "mean_purchase_days": number(per_buyer["n"].mean()),
        "median_gap_days": number(gaps["gap"].median()),
        "mean_gap_days": number(gaps["gap"].mean()),
        "gap_variation": number(steady.filter(pl.col("n") >= 9)["variation"].median()),
        **_came_back(days),
        "top_fifth_revenue": _top_share(spent["value"], 0.2),
        "revenue_gini": _gini(spent["value"]),
        "order_value_log_sd": number(log_value.std()),
        "order_value_within": number(spread) / number(log_value.var()),
        "frequency_and_value": number(both.select(pl.corr("n", "mean")).item()),
    }


def seasons(orders: pl.DataFrame) -> Measures:
    """Return how orders follow week and year; two Januaries or Novembers count by the day."""
    day = orders.select(on=pl.col("at").dt.date())
    weekday = day.group_by(pl.col("on").dt.weekday()).len()
    by_weekday = dict(weekday.iter_rows())
    per_day = day.group_by("on").len().group_by(pl.col("on").dt.month()).agg(pl.col("len").mean())
    by_month = dict(per_day.iter_rows())
    found = {"monday_over_friday": by_weekday.get(1, 0) / max(by_weekday.get(5, 0), 1)}
    if {1, 11} <= set(by_month):
        found["november_over_january"] = by_month[11] / by_month[1]
    return found


def number(value: object) -> float:
    """Return what polars gives for a number as a float, not-a-number for nothing."""
    return math.nan if value is None else float(str(value))


def _came_back(days: pl.DataFrame) -> Measures:
    """Return who bought again within so many days, of the third of buyers who came first."""
    firsts = days.group_by("buyer").agg(first=pl.col("on").min(), second=pl.col("on").bottom_k(2))
    firsts = firsts.with_columns(second=pl.col("second").list.get(1, null_on_oob=True))
    early = firsts.sort("first", "buyer").head(max(firsts.height // 3, 1))
    wait = (pl.col("second") - pl.col("first")).dt.total_days()
    return {
        f"back_in_{within}_days": number(
            early.select((wait <= within).fill_null(value=False).mean()).item()
        )
        for within in (30, 90, 180)
    }


def _top_share(values: pl.Series, share: float) -> float:
    top = values.sort(descending=True).head(math.ceil(values.len() * share))
    return number(top.sum()) / number(values.sum())


def _gini(values: pl.Series) -> float:
    ordered = values.sort().cast(pl.Float64)
    n = ordered.len()
    rank = pl.int_range(1, n + 1, eager=True)
    return 2 * number((rank * ordered).sum()) / (n * number(ordered.sum())) - (n + 1) / n
