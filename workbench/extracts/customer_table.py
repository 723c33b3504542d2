"""The customer table of an extract before it is recoded."""

from dataclasses import dataclass

import polars as pl

from workbench.extracts.column_hierarchies import as_dates
from workbench.extracts.history_summaries import summarise_histories
from workbench.extracts.recoding_by_policy import TableToRecode
from workbench.privacy.generalisation import levels, quasi_identifiers
from workbench.privacy.generalised_customers import treat_other_columns
from workbench.privacy.policy_criteria import sensitive_of_customers
from workbench.privacy.pseudonyms import Pseudonyms
from workbench.privacy.recoding import SUPPRESSED, Hierarchy, date_periods, flat, hierarchy_of
from workbench.privacy.view_report import Change
from workbench.privacy.visible_data import VisibleData
from workbench.studies import ExtractPolicy, StudyTerms

CUSTOMERS = "customers"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerTable:
    """Customers of an extract.

    Attributes
    ----------
    table : TableToRecode
        ``customer_id`` of the dataset, quasi-identifiers as texts, numbers or days, and the other
        columns as the schema asks.
    changes : list of Change
        Treatment of the other columns.
    """

    table: TableToRecode
    changes: list[Change]


def make_customer_table(
    visible: VisibleData,
    chosen: pl.DataFrame,
    terms: StudyTerms,
    policy: ExtractPolicy,
    pseudonyms: Pseudonyms,
    *,
    secret: bytes,
) -> CustomerTable:
    """Make the customer table of an extract.

    Parameters
    ----------
    visible : VisibleData
        What the extract may see.
    chosen : DataFrame
        Customers of the extract, with the columns of the dataset.
    terms, policy : StudyTerms, ExtractPolicy
        Columns and rules of the extract.
    pseudonyms : Pseudonyms
        Pseudonyms of these customers.
    secret : bytes
        Secret from which the limits of bands are drawn.
    """
    shifted = pseudonyms.shift_dates(chosen.lazy()).sort("customer_id").collect()
    rows, changes = treat_other_columns(shifted, terms, secret=secret)
    wanted = terms.columns.get(CUSTOMERS, ())
    hierarchies: dict[str, Hierarchy] = {}
    for name in (each for each in quasi_identifiers() if each in wanted):
        cells, hierarchies[name] = _quasi_identifier(shifted, name, visible)
        rows = rows.with_columns(cells.alias(name))
    if rows["kind"].n_unique() > 1:  # Who is a company among persons is known to others too.
        rows = rows.with_columns(pl.col("kind").cast(pl.String))
        hierarchies["kind"] = flat(rows["kind"])
        changes = [each for each in changes if each.column != "kind"]
    if policy.histories == "unlinked":
        summaries = summarise_histories(visible, terms, pseudonyms)
        rows = rows.join(summaries.rows, on="customer_id", how="left", maintain_order="left")
        hierarchies |= summaries.hierarchies
    return CustomerTable(
        table=TableToRecode(
            rows=rows,
            hierarchies=hierarchies,
            sensitive=sensitive_of_customers(wanted),
            persons="customer_id",
            policy=policy,
        ),
        changes=changes,
    )


def _quasi_identifier(
    customers: pl.DataFrame, name: str, visible: VisibleData
) -> tuple[pl.Series, Hierarchy]:
    """Return the cells of a quasi-identifier at its finest level, and its hierarchy."""
    of_views = levels(visible.as_of)[name]
    finest = customers.select(of_views[0].alias(name)).to_series()
    if finest.dtype.is_temporal():
        days = as_dates(finest)
        return days, date_periods(days, periods=("month", "quarter", "year"))
    made = customers.select(
        each.cast(pl.String).alias(str(level)) for level, each in enumerate(of_views)
    ).drop_nulls()
    if made.is_empty():
        return finest.cast(pl.String), flat(finest)
    made = made.unique().sort("0").with_columns(pl.lit(SUPPRESSED).alias("last"))
    return finest.cast(pl.String), hierarchy_of(made, name=name)
