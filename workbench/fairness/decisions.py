"""Decisions that can be audited: the persons selected by a past campaign or by a score."""

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


def campaign_recipients(data: CustomerData, *, campaign: str) -> pl.DataFrame:
    """Return whether each customer before a campaign's first day was sent the campaign.

    Parameters
    ----------
    data : CustomerData
        A view with ``interactions`` (campaign_id, action, occurred_at). A person was a customer if
        they ordered, paid, visited or were in contact before that day. The time of first sight is
        not used, because a view rounds it to the month or year. Persons who became known while the
        campaign ran are left out, recipients among them: of those who were not sent it nobody
        knows whether they could have been.
    campaign : str
        The ``campaign_id`` of the campaign.

    Returns
    -------
    DataFrame, shape (customers, 2)
        ``customer_id`` and ``selected`` (Boolean), sorted by customer.

    Raises
    ------
    ParameterError
        No customer was sent a campaign of this id.
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
        pl.concat(seen)
        .unique()
        .join(picked, on="customer_id", how="left")
        .with_columns(pl.col("selected").fill_null(False))
        .collect(engine="streaming")
        .sort("customer_id")
    )


def select_by_score(assessed: pl.DataFrame, *, share: float) -> pl.DataFrame:
    """Return the selection of a given share of persons with the highest scores.

    Parameters
    ----------
    assessed : DataFrame, shape (persons, 3)
        ``customer_id``, ``score`` and ``churned`` of persons on which the model was not trained.
    share : float
        Share of persons to select, above 0 and below 1. At equal scores those who come first are
        selected. A churn model returns persons in a random order that depends on what is known of
        them, so the selection does not change with pseudonyms.

    Returns
    -------
    DataFrame, shape (persons, 4)
        ``customer_id``, ``selected`` (Boolean), ``outcome`` (Boolean: has the label) and ``score``,
        sorted by customer.
    """
    if not 0 < share < 1:
        raise ParameterError(f"selected_share is {share}: it must be between 0 and 1")
    count = round(share * assessed.height)
    ranked = assessed.sort("score", descending=True, maintain_order=True).with_row_index("at")
    return ranked.select(
        "customer_id", selected=pl.col("at") < count, outcome="churned", score="score"
    ).sort("customer_id")


def add_groups(
    decided: pl.DataFrame, data: CustomerData, *, groups: tuple[str, ...] | list[str]
) -> pl.DataFrame:
    """Add the columns by which persons are grouped, null if the view has no value.

    Raises
    ------
    ParameterError
        A column is not a demographic column of customers.
    InputError
        The view lacks a column, because the study's columns do not contain it.
    """
    held = data["customers"].collect_schema().names()
    for name in groups:
        if name not in _GROUPS:
            raise ParameterError(unknown_name("group column", name, _GROUPS))
        if name not in held:
            raise InputError(f"the view has no {name}: add it to the study's columns.customers")
    columns = data["customers"].select("customer_id", *groups).collect()
    return decided.join(columns, on="customer_id", how="left", maintain_order="left")
