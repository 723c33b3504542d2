"""Decisions that can be audited: who was selected, by a past campaign or by a score."""

import polars as pl

from workbench.features.facts import with_declared_columns
from workbench.foundation.errors import InputError, ParameterError, unknown_name
from workbench.schema import TABLES, CustomerData

#: Columns of the customer table by which groups of persons are compared.
_GROUPS = tuple(
    column.name
    for column in TABLES["customers"].columns
    if column.view == "generalise" and column.component == "demographic"
)


def sent_campaign(data: CustomerData, *, campaign: str) -> pl.DataFrame:
    """Return who was sent a campaign, of all who were customers before its first day.

    Parameters
    ----------
    data : CustomerData
        A view with ``interactions`` (campaign_id, action, occurred_at). Customers are whoever
        ordered, paid, visited or was in contact before that day; when a customer was first seen
        does not count, since a view tells it by the month or year.
    campaign : str
        Its ``campaign_id``.

    Returns
    -------
    DataFrame, shape (customers, 2)
        ``customer_id`` and ``selected`` (Boolean), sorted by customer.

    Raises
    ------
    ParameterError
        Nobody was sent such a campaign.
    """
    sent = data["interactions"].filter(
        pl.col("action") == "sent", pl.col("customer_id").is_not_null()
    )
    chosen = sent.filter(pl.col("campaign_id") == campaign).select("customer_id", "occurred_at")
    days = chosen.select(pl.col("occurred_at").min()).collect()
    first_day = days.item()
    if first_day is None:
        known = sent.select(pl.col("campaign_id").drop_nulls().unique().sort()).collect()
        raise ParameterError(unknown_name("campaign", campaign, known["campaign_id"]))
    seen = [
        with_declared_columns(data, table)
        .filter(pl.col(str(rows.time)) < first_day, pl.col("customer_id").is_not_null())
        .select("customer_id")
        for table, rows in TABLES.items()
        if rows.has_moments
    ]
    picked = chosen.select("customer_id", selected=pl.lit(True)).unique()
    return (
        pl.concat([*seen, picked.select("customer_id")])
        .unique()
        .join(picked, on="customer_id", how="left")
        .with_columns(pl.col("selected").fill_null(False))
        .collect(engine="streaming")
        .sort("customer_id")
    )


def chosen_by_score(assessed: pl.DataFrame, *, share: float) -> pl.DataFrame:
    """Return who a score would select: the given share of persons with the highest scores.

    Parameters
    ----------
    assessed : DataFrame, shape (persons, 3)
        ``customer_id``, ``score`` and ``churned`` of persons the model has not seen.
    share : float
        Share of persons that is selected, above 0 and below 1. At equal scores the pseudonym
        decides, which says nothing about a person.

    Returns
    -------
    DataFrame, shape (persons, 4)
        ``customer_id``, ``selected`` (Boolean), ``outcome`` (Boolean: left) and ``score``, sorted
        by customer.
    """
    if not 0 < share < 1:
        raise ParameterError(f"selected_share is {share}: it must lie between 0 and 1")
    count = round(share * assessed.height)
    ranked = assessed.sort(["score", "customer_id"], descending=[True, False]).with_row_index("at")
    return ranked.select(
        "customer_id", selected=pl.col("at") < count, outcome="churned", score="score"
    ).sort("customer_id")


def with_groups(
    decided: pl.DataFrame, data: CustomerData, *, groups: tuple[str, ...] | list[str]
) -> pl.DataFrame:
    """Add the columns by which persons are grouped, null where the view does not tell.

    Raises
    ------
    ParameterError
        A column is no characteristic of customers.
    InputError
        The view does not hold it: the study's columns leave it out.
    """
    held = data["customers"].collect_schema().names()
    for name in groups:
        if name not in _GROUPS:
            raise ParameterError(unknown_name("group column", name, _GROUPS))
        if name not in held:
            raise InputError(f"the view holds no {name}: add it to the study's columns.customers")
    told = data["customers"].select("customer_id", *groups).collect()
    return decided.join(told, on="customer_id", how="left", maintain_order="left")
