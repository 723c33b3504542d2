"""Features of products: shares of categories and channels, number of different products."""

from dataclasses import replace

import polars as pl

from workbench.features.facts import Facts, with_declared_columns
from workbench.features.purchases import DECIMALS
from workbench.schema import TABLES, CustomerData
from workbench.schema.customer_ranges import equal_ranges
from workbench.schema.hashed_ids import hashed_id

#: Number of categories with a share of their own: those with the most lines before the date.
MOST_CATEGORIES = 8
#: Orders that are joined with their lines at a time.
_ORDERS_A_RANGE = 1_000_000
CHANNELS = TABLES["orders"].column("channel").choices


def channel_features(facts: Facts, currency: str) -> pl.LazyFrame:
    """Return per customer the share of sales placed in each channel, in no order."""
    channel = pl.col("channel")
    sales = facts["orders"].filter(
        pl.col("currency") == currency, pl.col("kind") == "sale", channel.is_not_null()
    )
    counts = {name: (channel == name).sum() for name in CHANNELS}
    return (
        sales.group_by("customer_id")
        .agg(pl.len().alias("_all"), **counts)
        .select(
            "customer_id",
            **{
                f"channel_share_{name}": (pl.col(name) / pl.col("_all")).round(DECIMALS)
                for name in CHANNELS
            },
        )
    )


def sold_lines(data: CustomerData, currency: str) -> pl.LazyFrame:
    """Return the lines of all sales in a currency, in no order.

    Columns: customer_id and ordered_at of the order; product_id, amount_minor, and ``category``,
    the top level of the product's category, before the first slash. Texts are categorical, so that
    a frame of all lines takes little memory.
    """
    sales = with_declared_columns(data, "orders").filter(
        pl.col("currency") == currency, pl.col("kind") == "sale"
    )
    category = pl.col("product_category").str.split("/").list.first().str.strip_chars()
    return (
        with_declared_columns(data, "order_items")
        .select(hashed_id("order_id"), "product_id", "product_category", "amount_minor")
        .join(
            sales.select(hashed_id("order_id"), "customer_id", "ordered_at"),
            on="order_id",
            how="inner",
        )
        .select(
            "customer_id",
            "ordered_at",
            "amount_minor",
            product_id=pl.col("product_id").cast(pl.Categorical, strict=False),
            category=category.cast(pl.Categorical, strict=False),
        )
    )


def gather_lines(data: CustomerData, currency: str) -> pl.DataFrame:
    """Return the lines of all sales, joined with their orders one range of customers at a time."""
    orders = with_declared_columns(data, "orders").select(pl.len()).collect().item()
    parts = []
    for customers in equal_ranges(max(1, -(-orders // _ORDERS_A_RANGE))):
        lines = sold_lines(data.of_customers(customers), currency)
        parts.append(lines.collect(engine="streaming"))
    return pl.concat(parts)


def known_lines(facts: Facts, currency: str) -> pl.LazyFrame:
    """Return the lines of sales before the date; a line is known when its order is."""
    lines = sold_lines(facts.data, currency) if facts.lines is None else facts.lines
    return replace(facts, data=facts.data.with_tables({"orders": lines}))["orders"]


def largest_categories(facts: Facts, currency: str) -> list[str]:
    """Return the categories with most lines sold before the date, the largest first."""
    counted = (
        known_lines(facts, currency)
        .filter(pl.col("category").is_not_null())
        .group_by("category")
        .agg(lines=pl.len())
        .collect(engine="streaming")
        .cast({"category": pl.String})
        .sort("lines", "category", descending=[True, False])
    )
    return counted["category"].head(MOST_CATEGORIES).to_list()


def basket_features(facts: Facts, currency: str, *, names: list[str]) -> pl.LazyFrame:
    """Return per customer numbers of products and shares of the named categories, in no order."""
    spent = pl.col("amount_minor")
    category = pl.col("category")
    parts = {
        f"_{place}": pl.when(category == name).then(spent).otherwise(0).sum()
        for place, name in enumerate(names)
    }
    return (
        known_lines(facts, currency)
        .group_by("customer_id")
        .agg(
            distinct_products=pl.col("product_id").drop_nulls().n_unique().cast(pl.Int64),
            distinct_categories=category.drop_nulls().n_unique().cast(pl.Int64),
            _all=spent.sum(),
            **parts,
        )
        .with_columns(
            **{
                category_feature(name): pl.when(pl.col("_all") > 0).then(
                    (pl.col(f"_{place}") / pl.col("_all")).clip(0, 1).round(DECIMALS)
                )
                for place, name in enumerate(names)
            }
        )
        .drop("_all", *parts)
    )


def category_feature(category: str) -> str:
    """Return the name of a category's feature."""
    return f"category_share: {category}"
