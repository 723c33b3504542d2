"""Traits by which customers are segmented: frequency, value, categories, channels and breadth.

Days since the last order are not a trait. Customers who have left have many, so this trait would
separate them from the others in every population, also in one with a single kind of customer.
Having left is a state, not a kind. The profiles of segments contain the feature.

Customers are in the order of what they bought, not of their pseudonyms. Draws and samples go by the
place of a customer, and with other pseudonyms the same data would otherwise give other segments.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from workbench.features.facts import Facts
from workbench.features.products import CHANNELS, known_lines, largest_categories
from workbench.features.purchases import order_days
from workbench.features.table import bucket_ranges
from workbench.foundation.errors import InputError
from workbench.foundation.streams import Stream
from workbench.models.latent import Floats, Latent, levels, log_mixes, log_rates
from workbench.schema import CustomerData

#: Smallest share of lines or orders of a category or channel that is a trait of its own.
_LEAST_SHARE = 0.02
_DECIMALS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Latent traits of customers, standardised.

    Attributes
    ----------
    customers : DataFrame, shape (n, 1)
        ``customer_id``, in the order of what the customers bought.
    names : tuple of str
        Names of the columns of the arrays.
    latent : Latent
        Arrays of shape (n, len(names)).
    """

    customers: pl.DataFrame
    names: tuple[str, ...]
    latent: Latent


def customer_traits(
    data: CustomerData,
    *,
    as_of: date,
    currency: str,
    active_days: int | None,
    seed: int,
    lines: pl.LazyFrame | None = None,
) -> Traits:
    """Return the traits of customers who ordered in the last ``active_days``.

    Parameters
    ----------
    data, as_of, currency, active_days, seed
        Parameters of ``segmentation``.
    lines : LazyFrame, optional
        The lines of the data, see ``features.sold_lines``.

    Raises
    ------
    InputError
        No customer ordered in that time.
    """
    facts = Facts(data=data, as_of=as_of, lines=lines)
    people = pl.concat(
        _buyers(facts.of_customers(customers), currency) for customers in bucket_ranges(data)
    )
    if active_days is not None:
        people = people.filter(pl.col("since_last") <= active_days)
    if people.is_empty():
        raise InputError(
            f"no customer ordered in the {active_days} days before {as_of}: there are none to group"
        )
    lines = known_lines(facts, currency)
    people = people.join(_count_lines(lines), on="customer_id", how="left")
    people, categories = _add_counts(people, *_categories(facts, currency, lines))
    people, channels = _add_counts(people, *_channels(facts, currency))
    people = people.sort(pl.exclude("customer_id"), pl.col("customer_id"))
    random = Stream(seed, "traits").generator()
    parts = [
        *_order_traits(people, random),
        *_basket_traits(people, random),
        *_mix_traits(people, categories, random),
        *_mix_traits(people, channels, random),
    ]
    customers = people.select("customer_id")
    names = tuple(name for names, _ in parts for name in names)
    means, draws = [part.mean for _, part in parts], [part.draw for _, part in parts]
    del people, parts  # Arrays of millions of customers are joined while nothing else is held.
    latent = Latent(_join_columns(means), _join_columns(draws))
    return Traits(customers=customers, names=names, latent=latent.standardise())


def _join_columns(parts: list[Floats]) -> Floats:
    """Return arrays side by side, and let go of them."""
    joined: Floats = np.hstack(parts)
    parts.clear()
    return joined


def _buyers(facts: Facts, currency: str) -> pl.DataFrame:
    """Return customers with their order days and the amounts of these, in no order."""
    amount = pl.col("net_minor").log()
    return (
        order_days(facts, currency)
        .filter(pl.col("net_minor") > 0)
        .group_by("customer_id")
        .agg(
            days=pl.len().cast(pl.Int64),
            since_first=pl.col("age_days").max(),
            since_last=pl.col("age_days").min(),
            # Sums of floats depend on their order, so values are sorted by day and sums rounded.
            mean_log=amount.sort_by("age_days", descending=True).mean().round(_DECIMALS),
            square_log=amount.sort_by("age_days", descending=True).var(ddof=0).round(_DECIMALS),
        )
        .collect(engine="streaming")
    )


NamedTraits = tuple[tuple[str, ...], Latent]


def _order_traits(people: pl.DataFrame, random: np.random.Generator) -> list[NamedTraits]:
    days = people["days"].to_numpy().astype(np.float64)
    exposure = people["since_first"].to_numpy().astype(np.float64)
    # Every customer has a first order, so only the orders after it measure the rate.
    often = log_rates(days - 1, exposure, random)
    spare = float((days - 1).sum())
    within = float((people["square_log"].to_numpy() * days).sum()) / spare if spare else 0.0
    value = levels(people["mean_log"].to_numpy().astype(np.float64), days, within, random)
    return [(("order_frequency",), often), (("order_value",), value)]


def _count_lines(lines: pl.LazyFrame) -> pl.DataFrame:
    return (
        lines.group_by("customer_id").agg(lines=pl.len().cast(pl.Int64)).collect(engine="streaming")
    )


def _basket_traits(people: pl.DataFrame, random: np.random.Generator) -> list[NamedTraits]:
    counted = people["lines"].fill_null(0)
    if counted.n_unique() < 2:
        return []
    days = people["days"].to_numpy().astype(np.float64)
    breadth = log_rates(counted.to_numpy().astype(np.float64), days, random)
    return [(("basket_breadth",), breadth)]


def _categories(
    facts: Facts, currency: str, lines: pl.LazyFrame
) -> tuple[pl.LazyFrame, dict[str, pl.Expr]]:
    """Return the lines of the largest categories, and by which condition each is told."""
    names = largest_categories(facts, currency)
    category = pl.col("category")
    columns = {f"category: {name}": category == name for name in names}
    return lines.filter(category.is_in(names)), columns


def _channels(facts: Facts, currency: str) -> tuple[pl.LazyFrame, dict[str, pl.Expr]]:
    """Return the orders with a channel, and by which condition each channel is told."""
    channel = pl.col("channel")
    sales = facts["orders"].filter(
        pl.col("currency") == currency, pl.col("kind") == "sale", channel.is_not_null()
    )
    return sales, {f"channel: {name}": channel == name for name in CHANNELS}


def _add_counts(
    people: pl.DataFrame, rows: pl.LazyFrame, columns: Mapping[str, pl.Expr]
) -> tuple[pl.DataFrame, list[str]]:
    """Add to customers how many of their rows fulfil each condition; return the columns' names."""
    if not columns:
        return people, []
    summed = rows.group_by("customer_id").agg(
        **{name: each.sum().cast(pl.UInt32) for name, each in columns.items()}
    )
    found = people.join(summed.collect(engine="streaming"), on="customer_id", how="left")
    return found.with_columns(pl.col(list(columns)).fill_null(0)), list(columns)


def _mix_traits(
    people: pl.DataFrame, names: list[str], random: np.random.Generator
) -> list[NamedTraits]:
    counts: Floats = people.select(names).to_numpy().astype(np.float64)
    if counts.sum() == 0:
        return []
    kept = np.flatnonzero(counts.sum(axis=0) >= _LEAST_SHARE * counts.sum())
    if kept.size < 2:
        return []
    return [(tuple(names[place] for place in kept), log_mixes(counts[:, kept], random))]
