"""Hold models that learn from the tables against the best observer, on every recipe.

    python -m tests.truth.contest [--train 200000] [--recipes retail quiet] [--out FILE]

A model sees features of the tables as of a month and the outcomes of customers it learns from; the
observer sees the recipe and the tables. Both rank the same customers, whom no model learned from,
by two outcomes: still being there after three months, and buying within 90 days. Differences of
AUC have DeLong's paired standard error; a model that wins by more than chance, judged over all
recipes, models and outcomes by Holm, shows that the observer misses something or that it leaks.
"""

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from workbench.statistics.auc import auc_difference
from workbench.synthetic import read_recipe
from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.population import Population, populate
from workbench.synthetic.shop.leaving import month_days
from workbench.synthetic.truth.history import block_rows
from workbench.synthetic.truth.horizon import Horizon
from workbench.synthetic.truth.observer import observe

RECIPES = Path(__file__).parents[2] / "synthetic"
TESTED = 20_000  # customers who are ranked; models learn from those behind them
MONTHS_BEFORE_END = 4
_BLOCK = 2_500
RESULTS = Path(__file__).parents[1] / "bench" / "contest.md"
_HEAD = """# Models against the best observer

`make contest`: AUC of the observer and of models that learn from so many customers, on 20,000
others. The gain is the model's AUC less the observer's, p the chance of so large a gain of a model
that is no better (DeLong, paired). Recipes that differ only in offers or records have customers
with the same lives, so their lines are nearly equal.

"""
_COLUMNS = """
| recipe | outcome | model | customers | observer | model's | gain | p |
|---|---|---|---|---|---|---|---|
"""
Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Result:
    """One model against the observer on one recipe and outcome."""

    recipe: str
    outcome: str
    model: str
    customers: int
    observer_auc: float
    model_auc: float
    gain: float
    p_value: float  # that a model no better than the observer gains so much


def contest(name: str, *, train: tuple[int, ...], tested: int = TESTED) -> list[Result]:
    """Hold models that learn from so many customers against the observer of a recipe."""
    changes = {"customers": tested + max(train), "visitors": {"anonymous_per_month": 0.0}}
    plan = read_recipe(RECIPES / f"{name}.toml", changes)
    month = plan.months - MONTHS_BEFORE_END
    seen, outcomes, observed = [], [], []
    for first in range(0, tested + max(train), _BLOCK):
        population = populate(plan, first, min(_BLOCK, tested + max(train) - first))
        known = population.block.joined_day < month_days(population.block, month)[month]
        if first < tested:
            concluded = observe(population, Horizon(month=month, months=3, days=90))
            scores = [concluded.p_active - concluded.p_leaves, concluded.p_buys]
            observed.append(np.stack(scores, axis=1)[known])
        seen.append(features(population, month)[known])
        outcomes.append(came(population, month)[known])
    x, y = np.concatenate(seen), np.concatenate(outcomes)
    ranked = len(np.concatenate(observed))
    scores = np.concatenate(observed)
    found = []
    for place, outcome in enumerate(("stays", "buys")):
        for size in train:
            rows = slice(ranked, ranked + round(size * len(x) / (tested + max(train))))
            for model_name, model in models(size):
                model.fit(x[rows], y[rows, place])
                p = model.predict_proba(x[:ranked])[:, 1]
                found.append(
                    compared(
                        name, outcome, model_name, size, scores[:, place], p, y[:ranked, place]
                    )
                )
    return found


def models(size: int) -> Iterator[tuple[str, Any]]:
    """Yield the models that learn from so many customers."""
    yield "logistic", make_pipeline(StandardScaler(), LogisticRegression(max_iter=500, C=0.3))
    leaves = 31 if size >= 100_000 else 15
    yield (
        "boosted trees",
        HistGradientBoostingClassifier(
            learning_rate=0.05, max_iter=400, max_leaf_nodes=leaves, min_samples_leaf=40,
            l2_regularization=1.0, early_stopping=True, random_state=0,
        ),
    )  # fmt: skip


def compared(
    name: str, outcome: str, model: str, size: int, own: Numbers, other: Numbers, y: Numbers
) -> Result:
    """Return the paired comparison of two rankings of the same customers."""
    gain = auc_difference(y, other, own)
    p_value = math.erfc(gain.difference / max(gain.se, 1e-12) / math.sqrt(2)) / 2
    first = float(roc_auc_score(y, own))
    return Result(
        name, outcome, model, size, first, first + gain.difference, gain.difference, p_value
    )


def came(population: Population, month: int) -> Numbers:
    """Return who is there three months later, and who bought within 90 days."""
    block, bought = population.block, population.purchases
    starts = month_days(block, month + 3)
    day = (bought.placed_at - block.clock.start_at) / DAY_SECONDS
    within = (day >= starts[month]) & (day < starts[month] + 90)
    buys = np.bincount(bought.owner[within], minlength=block.size) > 0
    return np.stack([bought.left_day >= starts[month + 3], buys], axis=1)


def features(population: Population, month: int) -> Numbers:
    """Return what the tables show of each customer before a month, as a model would have it."""
    block = population.block
    as_of = int(month_days(block, month)[month])
    end_at = block.clock.start_at + as_of * DAY_SECONDS

    def age(column: str) -> pl.Expr:
        return (pl.lit(end_at) - pl.col(column).dt.epoch("s")) / DAY_SECONDS

    tables = population.tables
    sales = tables["orders"].filter(pl.col("kind") == "sale").with_columns(age=age("ordered_at"))
    events = tables["events"].with_columns(age=age("occurred_at"))
    visits = events.filter(pl.col("age") > 0).group_by("session_id", maintain_order=True).agg(
        pl.col("record_id", "channel").first(), pl.col("age").max(),
        buys=pl.col("order_id").is_not_null().any(),
        mailed=pl.col("campaign_id").is_not_null().any(),
    )  # fmt: skip
    looks = visits.filter(~pl.col("buys") & ~pl.col("mailed"))
    said = tables["interactions"].with_columns(
        age=age("occurred_at"), action=pl.col("action").cast(pl.String),
        channel=pl.col("channel").cast(pl.String),
    )  # fmt: skip
    mails = said.filter((pl.col("channel") == "email") & pl.col("thread_id").is_not_null())
    opened = mails.filter((pl.col("action") == "opened") & ~pl.col("is_machine"))
    asked = said.filter(
        pl.col("channel").is_in(["ticket", "chat"]) & (pl.col("action") == "message")
    )
    bad = asked.filter(pl.col("topic").is_in(["delivery", "product"]))
    back = tables["orders"].filter(pl.col("kind") == "return").with_columns(age=age("ordered_at"))
    columns: list[Numbers] = [as_of - block.joined_day]
    for rows, spans in (
        (sales, (30, 60, 90, 180, 9_999)), (looks, (14, 30, 60, 90, 180, 9_999)),
        (looks.filter(pl.col("channel") == "app"), (30, 90, 9_999)),
        (mails.filter(pl.col("action") == "sent"), (90, 9_999)), (opened, (30, 60, 90, 180, 9_999)),
        (asked, (30, 90, 9_999)), (bad, (30, 60, 90, 9_999)), (back, (90, 9_999)),
    ):  # fmt: skip
        past = rows.filter(pl.col("age") > 0)
        owner, ages = block_rows(block, past), past["age"].to_numpy()
        for span in spans:
            columns.append(np.bincount(owner[ages <= span], minlength=block.size))
        latest = np.full(block.size, 1_000.0)
        np.minimum.at(latest, owner, ages)
        columns.append(np.log1p(latest))
    past = sales.filter(pl.col("age") > 0)
    owner = block_rows(block, past)
    number = np.maximum(np.bincount(owner, minlength=block.size), 1)
    columns.append(
        np.bincount(owner, np.log(past["total_minor"].to_numpy()), minlength=block.size) / number
    )
    for channel in ("web", "app", "store"):
        own = owner[(past["channel"] == channel).to_numpy()]
        columns.append(np.bincount(own, minlength=block.size) / number)
    lines = tables["order_items"].join(past.select("order_id"), on="order_id", how="semi")
    kind = lines["product_category"].str.split("/").list.first()
    for name in ("beauty", "electronics", "fashion", "gifts", "home"):
        own = block_rows(block, lines.filter(kind == name))
        columns.append(np.bincount(own, minlength=block.size) / number)
    terms = tables["subscriptions"]
    day = pl.lit(np.datetime64(block.clock.start_on) + as_of)
    started = terms.filter(pl.col("started_on") < day)
    runs = started.filter(pl.col("ended_on").is_null() | (pl.col("ended_on") > day))
    columns += [
        np.bincount(block_rows(block, each), minlength=block.size) for each in (started, runs)
    ]
    people = tables["customers"]
    columns.append((people["gender"] == "female").fill_null(value=False).to_numpy())
    columns.append(people["birth_year"].fill_null(0).to_numpy() > 0)
    columns.append(people["birth_year"].fill_null(1_982).to_numpy())
    counts = np.stack([np.asarray(each, dtype=float) for each in columns], axis=1)
    return np.concatenate([counts, np.log1p(np.maximum(counts, 0))], axis=1)


def winners(results: list[Result], level: float = 0.05) -> list[Result]:
    """Return models that beat the observer by more than chance, by Holm over all."""
    ordered = sorted(results, key=lambda each: each.p_value)
    found = []
    for place, each in enumerate(ordered):
        if each.p_value > level / (len(ordered) - place):
            break
        found.append(each)
    return found


def line(result: Result) -> str:
    """Return a comparison as a line of the table."""
    return (
        f"| {result.recipe} | {result.outcome} | {result.model} | {result.customers:,} | "
        f"{result.observer_auc:.4f} | {result.model_auc:.4f} | {result.gain:+.4f} | "
        f"{result.p_value:.3f} |\n"
    )


def read(text: str) -> list[Result]:
    """Return the results of a table that ``page`` made, as they are rounded there."""
    found = []
    for each in text.splitlines():
        cells = [cell.strip() for cell in each.strip("|").split(" | ")]
        if len(cells) == 8 and cells[3][:1].isdigit():
            size, figures = int(cells[3].replace(",", "")), map(float, cells[4:])
            found.append(Result(*cells[:3], size, *figures))
    return found


def page(results: list[Result]) -> str:
    """Return the page of all results: what they come to, and a line for each."""
    ordered = sorted(
        results, key=lambda each: (each.recipe, each.outcome, each.model, each.customers)
    )
    recipes = len({each.recipe for each in ordered})
    best = max(ordered, key=lambda each: each.gain)
    said = (
        f"Of {len(ordered)} models on {recipes} recipes, {len(winners(ordered))} beat the observer "
        f"by more than chance\n(5 %, Holm over all). The largest gain is {best.gain:+.4f} "
        f"({best.recipe}, {best.outcome}, {best.model} of\n{best.customers:,} customers).\n"
    )
    return "".join([_HEAD, said, _COLUMNS, *map(line, ordered)])


def main() -> None:
    """Run the contest and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--train", type=int, default=200_000)
    names = sorted(path.stem for path in RECIPES.glob("*.toml"))
    parser.add_argument("--recipes", nargs="*", default=names)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    sizes = tuple(sorted({min(20_000, options.train), options.train}))
    before = read(options.out.read_text()) if options.out.exists() else []
    results = [each for each in before if each.recipe not in options.recipes]
    for name in options.recipes:
        for each in contest(name, train=sizes):
            results.append(each)
            sys.stdout.write(line(each))
            sys.stdout.flush()
    options.out.write_text(page(results))
    sys.stdout.write(f"{len(winners(results))} models beat the observer by more than chance\n")


if __name__ == "__main__":
    main()
