"""What segments are made of: how often, for how much, what, where and how broadly a customer buys.

Days since the last order are not among them. Anyone who has left has many, so they part those who
left from those who did not in every population, also in one of a single kind: that is a state, not
a kind. Segments are described by them afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from workbench.features.facts import Facts
from workbench.features.products import CHANNELS, largest_categories, lines_sold
from workbench.features.purchases import order_days
from workbench.foundation.errors import InputError
from workbench.foundation.streams import Stream
from workbench.models.latent import Floats, Latent, levels, log_mixes, log_rates
from workbench.schema import CustomerData

#: Share of lines or orders below which a category or channel has no dimension of its own.
_LEAST_SHARE = 0.02
_DECIMALS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Latent traits of customers, scaled.

    Attributes
    ----------
    customers : DataFrame, shape (n, 1)
        ``customer_id``, sorted.
    names : tuple of str
        One name per column of the arrays.
    latent : Latent
        Arrays of shape (n, len(names)).
    """

    customers: pl.DataFrame
    names: tuple[str, ...]
    latent: Latent


def customer_traits(
    data: CustomerData, *, as_of: date, currency: str, active_days: int | None, seed: int
) -> Traits:
    """Return the traits of customers who ordered in the last ``active_days``.

    Raises
    ------
    InputError
        Nobody did.
    """
    facts = Facts(data=data, as_of=as_of)
    amount = pl.col("net_minor").log()
    bought = order_days(facts, currency).filter(pl.col("net_minor") > 0)
    people = (
        bought.group_by("customer_id")
        .agg(
            days=pl.len().cast(pl.Int64),
            since_first=pl.col("age_days").max(),
            since_last=pl.col("age_days").min(),
            # float sums depend on their order: by day, and the last bits rounded away
            mean_log=amount.sort_by("on").mean().round(_DECIMALS),
            square_log=amount.sort_by("on").var(ddof=0).round(_DECIMALS),
        )
        .collect(engine="streaming")
        .sort("customer_id")
    )
    if active_days is not None:
        people = people.filter(pl.col("since_last") <= active_days)
    if people.is_empty():
        raise InputError(
            f"nobody ordered in the {active_days} days before {as_of}: there is nobody to group"
        )
    random = Stream(seed, "traits").generator()
    parts = [
        *_order_traits(people, random),
        *_basket_traits(facts, currency, people, random),
        *_category_traits(facts, currency, people, random),
        *_channel_traits(facts, currency, people, random),
    ]
    latent = Latent(
        np.hstack([part.mean for _, part in parts]), np.hstack([part.draw for _, part in parts])
    )
    return Traits(
        customers=people.select("customer_id"),
        names=tuple(name for names, _ in parts for name in names),
        latent=latent.standardise(),
    )


NamedTraits = tuple[tuple[str, ...], Latent]


def _order_traits(people: pl.DataFrame, random: np.random.Generator) -> list[NamedTraits]:
    days = people["days"].to_numpy().astype(np.float64)
    exposure = people["since_first"].to_numpy().astype(np.float64)
    # The first order made the customer; only those after it say how often one orders.
    often = log_rates(days - 1, exposure, random)
    spare = float((days - 1).sum())
    within = float((people["square_log"].to_numpy() * days).sum()) / spare if spare else 0.0
    value = levels(people["mean_log"].to_numpy().astype(np.float64), days, within, random)
    return [(("order_frequency",), often), (("order_value",), value)]


def _basket_traits(
    facts: Facts, currency: str, people: pl.DataFrame, random: np.random.Generator
) -> list[NamedTraits]:
    lines = lines_sold(facts, currency).group_by("customer_id").agg(lines=pl.len().cast(pl.Int64))
    counted = _align_rows(people, lines.collect(engine="streaming"))["lines"].fill_null(0)
    if counted.n_unique() < 2:
        return []
    days = people["days"].to_numpy().astype(np.float64)
    breadth = log_rates(counted.to_numpy().astype(np.float64), days, random)
    return [(("basket_breadth",), breadth)]


def _category_traits(
    facts: Facts, currency: str, people: pl.DataFrame, random: np.random.Generator
) -> list[NamedTraits]:
    names = largest_categories(facts, currency)
    columns = {f"{place}": pl.col("category") == name for place, name in enumerate(names)}
    lines = lines_sold(facts, currency).filter(pl.col("category").is_in(names))
    return _mix_traits(lines, columns, [f"category: {name}" for name in names], people, random)


def _channel_traits(
    facts: Facts, currency: str, people: pl.DataFrame, random: np.random.Generator
) -> list[NamedTraits]:
    channel = pl.col("channel").cast(pl.String)
    sales = facts["orders"].filter(
        pl.col("currency") == currency, pl.col("kind") == "sale", channel.is_not_null()
    )
    columns = {name: channel == name for name in CHANNELS}
    return _mix_traits(sales, columns, [f"channel: {name}" for name in CHANNELS], people, random)


def _mix_traits(
    rows: pl.LazyFrame,
    columns: Mapping[str, pl.Expr],
    names: list[str],
    people: pl.DataFrame,
    random: np.random.Generator,
) -> list[NamedTraits]:
    if not columns:
        return []
    summed = rows.group_by("customer_id").agg(
        **{name: each.sum().cast(pl.Int64) for name, each in columns.items()}
    )
    table = _align_rows(people, summed.collect(engine="streaming")).drop("customer_id").fill_null(0)
    counts: Floats = table.to_numpy().astype(np.float64)
    if counts.sum() == 0:
        return []
    kept = np.flatnonzero(counts.sum(axis=0) >= _LEAST_SHARE * counts.sum())
    if kept.size < 2:
        return []
    return [(tuple(names[place] for place in kept), log_mixes(counts[:, kept], random))]


def _align_rows(people: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    return people.select("customer_id").join(
        found, on="customer_id", how="left", maintain_order="left"
    )
