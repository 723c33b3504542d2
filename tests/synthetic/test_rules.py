"""Rules across tables hold in what is generated, and each fires when it is broken."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from workbench.foundation.errors import InputError
from workbench.synthetic import violations
from workbench.synthetic.rules import RULES

Tables = dict[str, pl.DataFrame]


def test_a_generated_world_breaks_no_rule(tables: Tables) -> None:
    counted = violations(tables)
    assert counted.filter(pl.col("violations") > 0).is_empty()
    assert counted["rule"].to_list() == [rule.name for rule in RULES]


def first(rows: pl.DataFrame, where: pl.Expr, **changed: pl.Expr | object) -> pl.DataFrame:
    """Return the rows with columns changed in the first one that meets the condition."""
    is_first = where & (where.cum_sum() == 1)
    return rows.with_columns(
        **{
            name: pl.when(is_first)
            .then(value if isinstance(value, pl.Expr) else pl.lit(value, rows.schema[name]))
            .otherwise(name)
            for name, value in changed.items()
        }
    )


LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SALE, BACK = pl.col("kind") == "sale", pl.col("kind") == "return"
BREAKS: dict[str, tuple[str, Callable[[pl.DataFrame], pl.DataFrame]]] = {
    "order_total": ("orders", lambda t: first(t, SALE, total_minor=pl.col("total_minor") + 1)),
    "line_amount": ("order_items", lambda t: first(t, pl.lit(True), amount_minor=1)),
    "order_sign": ("orders", lambda t: first(t, BACK, total_minor=-pl.col("total_minor"))),
    "reversal": ("orders", lambda t: first(t, BACK, total_minor=-(10**9))),
    "payment": (
        "payments",
        lambda t: first(t, pl.col("kind") == "refund", amount_minor=pl.col("amount_minor") + 1),
    ),
    "refund": (
        "payments",
        lambda t: first(t, pl.col("kind") == "refund", amount_minor=-(10**9)),
    ),
    "first_seen": ("events", lambda t: first(t, pl.lit(True), occurred_at=LONG_AGO)),
    "cause": (
        "interactions",
        lambda t: first(t, pl.col("action") == "solved", occurred_at=LONG_AGO),
    ),
    "placed": (
        "events",
        lambda t: first(
            t,
            pl.col("event_name") == "purchase",
            occurred_at=pl.col("occurred_at").dt.offset_by("1s"),
        ),
    ),
    "known_keys": ("interactions", lambda t: first(t, pl.lit(True), campaign_id="nowhere")),
    "given_name": (
        "customers",
        lambda t: first(
            t,
            pl.col("gender") == "female",
            gender="male",
        ),
    ),
    "phone": (
        "identities",
        lambda t: first(t, pl.col("kind") == "phone", identifier="+15005550006"),
    ),
    "email": (
        "identities",
        lambda t: first(t, pl.col("kind") == "email", identifier="a@example.co"),
    ),
    "newsletter": (
        "consents",
        lambda t: t.filter(pl.col("purpose") != "marketing.communications"),
    ),
    "terms": (
        "subscriptions",
        lambda t: first(t, pl.col("ended_on").is_not_null(), ended_on=pl.col("started_on")),
    ),
}


@pytest.mark.parametrize("rule", [rule.name for rule in RULES])
def test_each_rule_fires_when_it_is_broken(tables: Tables, rule: str) -> None:
    name, break_it = BREAKS[rule]
    tables[name] = break_it(tables[name])
    found = dict(violations(tables).select("rule", "violations").iter_rows())
    assert found[rule] > 0


def test_order_totals_are_exact_for_every_order(tables: Tables) -> None:
    """Case S03: items less discount plus shipping in whole minor units, refunds never above it."""
    lines = tables["order_items"].group_by("order_id").agg(pl.col("amount_minor").sum())
    orders = tables["orders"].join(lines, on="order_id", how="left", validate="1:1")
    due = orders["amount_minor"] - orders["discount_minor"] + orders["shipping_minor"]
    assert (orders["total_minor"] == due).all()
    sales = orders.filter(SALE).select("order_id", sold="total_minor")
    back = orders.filter(~SALE).group_by(order_id="original_order_id").agg(pl.sum("total_minor"))
    both = back.join(sales, on="order_id", how="left", validate="1:1")
    assert (both["sold"] + both["total_minor"] >= 0).all()


def test_a_folder_without_a_world_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is no world: it has no world\.json"):
        violations(tmp_path)
