"""Features of products: shares of categories and channels, number of different products."""

import polars as pl

from workbench.features.facts import Facts, with_declared_columns
from workbench.features.purchases import DECIMALS
from workbench.schema import TABLES

#: Number of categories with a share of their own: those with the most lines before the date.
MOST_CATEGORIES = 8
CHANNELS = TABLES["orders"].column("channel").choices


def channel_features(facts: Facts, currency: str) -> pl.LazyFrame:
    """Return per customer the share of sales placed in each channel, in no order."""
    channel = pl.col("channel").cast(pl.String)
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


def lines_sold(facts: Facts, currency: str) -> pl.LazyFrame:
    """Return the lines of sales before the date: customer_id, product_id, category, amount_minor.

    ``category`` is the top level, before the first slash.
    """
    sales = facts["orders"].filter(pl.col("currency") == currency, pl.col("kind") == "sale")
    return (
        with_declared_columns(facts.data, "order_items")
        .join(sales.select("order_id", customer="customer_id"), on="order_id", how="inner")
        .select(
            "product_id",
            "amount_minor",
            customer_id="customer",
            category=pl.col("product_category").str.split("/").list.first().str.strip_chars(),
        )
    )


def largest_categories(facts: Facts, currency: str) -> list[str]:
    """Return the categories with most lines sold before the date, the largest first."""
    counted = (
        lines_sold(facts, currency)
        .filter(pl.col("category").is_not_null())
        .group_by("category")
        .agg(lines=pl.len())
        .collect(engine="streaming")
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
        lines_sold(facts, currency)
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
