"""Populations of buyers whose kinds and leaving are known, for tests of models.

Independent of the synthetic generator on purpose: a model that fits only the generator's own
choices would pass there and fail here. Purchases are Poisson while a customer is active, at a
gamma-distributed rate; leaving is exponential; values are lognormal.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from workbench.schema import TABLES, CustomerData

START = datetime(2023, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of customer: purchases and leaving per month, value, weights of categories."""

    share: float
    purchases: float = 1.0
    shape: float = 2.0
    leaving: float = 0.04
    value: float = 4000.0
    value_sd: float = 0.4
    categories: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)
    channels: tuple[float, ...] = (0.6, 0.3, 0.1)


ONE_KIND = (Kind(share=1.0),)
#: Apart in what they buy, where and for how much.
FOUR_KINDS = (
    Kind(
        share=0.3, purchases=0.8, shape=6, value=1500, value_sd=0.15,
        categories=(17, 1, 1, 1), channels=(12, 3, 85),
    ),
    Kind(
        share=0.2, purchases=1.2, shape=8, value=12000, value_sd=0.15, leaving=0.015,
        categories=(1, 17, 1, 1), channels=(85, 3, 12),
    ),
    Kind(
        share=0.25, purchases=0.5, shape=4, value=45000, value_sd=0.18, leaving=0.03,
        categories=(1, 1, 17, 1), channels=(35, 65, 1),
    ),
    Kind(
        share=0.25, purchases=0.4, shape=4, value=4500, value_sd=0.15, leaving=0.06,
        categories=(1, 1, 1, 17), channels=(90, 2, 8),
    ),
)  # fmt: skip


def population(
    customers: int, kinds: tuple[Kind, ...], *, seed: int, months: int = 18
) -> tuple[CustomerData, pl.DataFrame]:
    """Return the data of a population and its truth (``customer_id``, ``kind``)."""
    random = np.random.default_rng(seed)
    days = months * 30
    kind = random.choice(len(kinds), size=customers, p=[each.share for each in kinds])

    def of(name: str) -> np.ndarray:
        return np.array([getattr(each, name) for each in kinds], dtype=float)[kind]

    joined = random.uniform(0, days * 0.7, customers)
    left = np.minimum(joined + random.exponential(30 / of("leaving")), days)
    rate = of("purchases") / 30 * random.gamma(of("shape"), 1 / of("shape"))
    counts = 1 + random.poisson(rate * (left - joined))
    owner = np.repeat(np.arange(customers), counts)
    first = np.r_[0, np.cumsum(counts)[:-1]]
    when = joined[owner] + random.random(owner.size) * (left - joined)[owner]
    when[first] = joined
    level = np.log(of("value")) + of("value_sd") * random.standard_normal(customers)
    amount = np.exp(level[owner] + 0.3 * random.standard_normal(owner.size)).round().astype(int)
    order_id = np.char.add("o", np.arange(owner.size).astype(str))
    lines = 1 + random.poisson(1.5, owner.size)
    line_owner = np.repeat(np.arange(owner.size), lines)
    category = _pick([each.categories for each in kinds], kind[owner[line_owner]], random)
    channel = _pick([each.channels for each in kinds], kind[owner], random)
    orders = pl.DataFrame(
        {
            "order_id": order_id,
            "customer_id": (owner + 1).astype(np.uint64),
            "kind": pl.Series(["sale"] * owner.size, dtype=TABLES["orders"].column("kind").type),
            "ordered_at": [START + timedelta(days=float(day)) for day in when],
            "currency": ["EUR"] * owner.size,
            "channel": np.array(["web", "store", "app"])[channel],
            "total_minor": amount,
        }
    )
    items = pl.DataFrame(
        {
            "order_id": order_id[line_owner],
            "customer_id": (owner[line_owner] + 1).astype(np.uint64),
            "product_id": np.char.add("p", random.integers(0, 200, line_owner.size).astype(str)),
            "product_category": np.array(["garden", "kitchen", "sports", "toys"])[category],
            "amount_minor": (amount / lines).round().astype(int)[line_owner],
        }
    )
    people = pl.DataFrame(
        {
            "customer_id": np.arange(1, customers + 1, dtype=np.uint64),
            "first_seen_at": [START + timedelta(days=float(day)) for day in joined],
        }
    )
    truth = people.select("customer_id", kind=pl.Series(kind))
    return CustomerData.of({"orders": orders, "order_items": items, "customers": people}), truth


def _pick(
    weights: list[tuple[float, ...]], kind: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    table = np.cumsum(np.array(weights) / np.sum(weights, axis=1, keepdims=True), axis=1)
    return (random.random(kind.size)[:, None] > table[kind]).sum(axis=1)
