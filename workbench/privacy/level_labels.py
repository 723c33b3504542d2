"""Labels of the quasi-identifiers of the customer table at each level, as texts that tell levels.

A month and the year that begins with it are the same date, so a label begins with its level: ``0:
2024-01-01`` is a month, ``2: 2024-01-01`` a year.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from workbench.privacy.recoding import SUPPRESSED, Hierarchy, flat, hierarchy_of


def labels_at(levels: Mapping[str, Sequence[pl.Expr]], level: Mapping[str, int]) -> list[pl.Expr]:
    """Return the label of each quasi-identifier at its level, ``*`` above the last one."""
    return [
        _label(expressions[level[name]], level[name]).alias(name)
        if level[name] < len(expressions)
        else pl.lit(SUPPRESSED).alias(name)
        for name, expressions in levels.items()
    ]


def label_values(rows: pl.DataFrame, level: Mapping[str, int]) -> pl.DataFrame:
    """Return the cells of an anonymised customer table as labels, empty cells as ``*``."""
    return rows.with_columns(
        _label(pl.col(name), number).fill_null(SUPPRESSED).alias(name)
        for name, number in level.items()
    )


def hierarchies_of_levels(
    customers: pl.DataFrame, levels: Mapping[str, Sequence[pl.Expr]]
) -> dict[str, Hierarchy]:
    """Return the hierarchy of each quasi-identifier over the values that customers have."""
    return {name: _hierarchy(customers, name, levels[name]) for name in levels}


def _hierarchy(customers: pl.DataFrame, name: str, levels: Sequence[pl.Expr]) -> Hierarchy:
    labels = customers.select(
        _label(expression, number).alias(str(number)) for number, expression in enumerate(levels)
    ).drop_nulls()
    if labels.is_empty():
        return flat([])
    ordered = labels.unique().sort("0").with_columns(pl.lit(SUPPRESSED).alias("last"))
    return hierarchy_of(ordered, name=name)


def _label(expression: pl.Expr, level: int) -> pl.Expr:
    return pl.format("{}: {}", pl.lit(level), expression.cast(pl.String))
