"""Explain the consequences of a recipe without making the world.

The first customers of the world are made in memory and counted; totals are scaled up from them. The
figures are therefore those of the world itself, with the error of a sample.
"""

import io
import math
import time
from dataclasses import dataclass

import polars as pl

from workbench.schema.customer_data import write_parquet
from workbench.synthetic.blocks import MadeBlock, make_block
from workbench.synthetic.recipes import Recipe

SAMPLE = 2_000  # Customers that are made for an explanation.


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Consequences of a recipe.

    Attributes
    ----------
    implied : DataFrame, shape (figures, 3)
        One row per figure: ``what`` (String), ``value`` (Float64), ``unit`` (String).
    rows : DataFrame, shape (tables, 3)
        ``table``; ``per_customer`` (Float64); ``rows`` (Int64), the expected number in the world.
    planted : DataFrame, shape (causes, 2)
        ``what`` and ``how`` (String): biases, true differences, mailings, changes, faults.
    sample : int
        Number of customers that were made in memory.
    """

    implied: pl.DataFrame
    rows: pl.DataFrame
    planted: pl.DataFrame
    sample: int

    def _repr_html_(self) -> str:
        frames = (self.implied, self.rows, self.planted)
        return "".join(frame._repr_html_() for frame in frames if frame.height)


def explain(recipe: Recipe) -> Explanation:
    """Make a sample of a recipe's customers and describe it."""
    sample = min(SAMPLE, recipe.customers)
    make_block(recipe, 0, 1)  # Lists are read here, so that the measured time does not contain it.
    start = time.process_time()
    made = make_block(recipe, 0, sample)
    seconds = time.process_time() - start
    size, writing = _measure_size(made)
    scale = recipe.customers / sample
    rows = pl.DataFrame(
        {
            "table": list(made.tables),
            "per_customer": [frame.height / sample for frame in made.tables.values()],
            "rows": [round(frame.height * scale) for frame in made.tables.values()],
        },
        schema={"table": pl.String, "per_customer": pl.Float64, "rows": pl.Int64},
    ).with_columns(
        # The number of campaigns does not depend on the number of customers.
        rows=pl.when(pl.col("table") == "campaigns")
        .then(made.tables["campaigns"].height)
        .otherwise("rows")
    )
    implied = [
        ("customers", recipe.customers, "customers"),
        ("months", recipe.months, "months"),
        *_behaviour(made),
        ("rows", float(rows["rows"].sum()), "rows"),
        ("size", round(size * scale / 1e6, 1), "MB"),
        ("time", round((seconds + writing) * scale, 1), "CPU seconds"),
    ]
    return Explanation(
        implied=pl.DataFrame(
            [(what, float(value), unit) for what, value, unit in implied],
            schema={"what": pl.String, "value": pl.Float64, "unit": pl.String},
            orient="row",
        ),
        rows=rows,
        planted=_planted(recipe),
        sample=sample,
    )


def _behaviour(made: MadeBlock) -> list[tuple[str, float, str]]:
    """Return figures of orders, leaving and buying in the sample: name, value and unit."""
    people, months = made.truth["customers"], made.truth["months"]
    sales = made.tables["orders"].filter(pl.col("kind") == "sale")
    per_customer = sales.group_by("record_id").agg(
        orders=pl.len(), spent=pl.col("total_minor").sum()
    )
    spent = per_customer["spent"].sort(descending=True)
    top = math.ceil(people.height / 5)
    order_figures: list[tuple[str, float, str]] = [
        ("orders per customer", sales.height / people.height, "orders")
    ]
    if sales.height:
        order_figures += [
            ("bought once only", int(per_customer["orders"].eq(1).sum()) / people.height, "share"),
            (
                "value of an order, median",
                _as_float(sales["total_minor"].median()) / 100,
                "currency",
            ),
            ("revenue of the top fifth", int(spent.head(top).sum()) / int(spent.sum()), "share"),
        ]
    return [
        *order_figures,
        ("leave in a month", _as_float(months["leaves"].mean()), "share of who is there"),
        ("active at the end", _as_float(people["is_active"].mean()), "share"),
        ("buy within 90 days of the end", _as_float(people["p_buys_90_days"].mean()), "share"),
    ]


def _as_float(value: object) -> float:
    return float(str(value))


def _measure_size(made: MadeBlock) -> tuple[int, float]:
    """Return the bytes of all written tables, and the CPU seconds of writing them."""
    start = time.process_time()
    size = 0
    for frame in made.tables.values():
        buffer = io.BytesIO()
        write_parquet(frame, buffer)
        size += buffer.tell()
    return size, time.process_time() - start


def _planted(recipe: Recipe) -> pl.DataFrame:
    """Return one row per planted cause: its name and its size."""
    found = [
        (f"bias {name}", f"{each.mechanism} against {each.attribute} {each.group}: {each.strength}")
        for name, each in recipe.bias.items()
    ]
    found += [
        (
            f"true difference of {each.attribute} {name}",
            f"purchases x {each.purchases}, leaving x {each.leaving}, value x {each.order_value}",
        )
        for name, each in recipe.groups.items()
    ]
    found += [
        (
            f"mailing {name}",
            f"{each.treated:.0%} mailed at {each.at:.0%} of the time; "
            + ", ".join(f"{segment} {effect:+}" for segment, effect in each.effect.items()),
        )
        for name, each in recipe.campaigns.items()
    ]
    found += [
        (f"change {name}", f"{each.cause} x {each.factor} from {each.at:.0%} of the time on")
        for name, each in recipe.changes.items()
    ]
    if len(recipe.segments) > 1:
        found.append(("contrast of segments", f"{recipe.contrast:g} times that of the recipe"))
    found += [
        (f"fault {name}", str(value))
        for name, value in recipe.faults.model_dump().items()
        if value not in (0, "plain")
    ]
    return pl.DataFrame(found, schema={"what": pl.String, "how": pl.String}, orient="row")
