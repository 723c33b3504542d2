"""What the histories of a customer tell, as columns of the customer table.

In an extract whose histories are unlinked, nobody can see which rows belong to one person. Work on
customers needs how much each of them did and when, so this stands in the customer table, where k
persons share it: for every table of dated actions the number of rows, the first and the last day,
and the sum of each column of amounts in the extract's currency.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from workbench.extracts.column_hierarchies import ladder_bands
from workbench.privacy.coarsening import cut_time
from workbench.privacy.pseudonyms import Pseudonyms
from workbench.privacy.recoding.hierarchies import Hierarchy
from workbench.privacy.recoding.hierarchy_builders import date_periods
from workbench.privacy.visible_data import VisibleData
from workbench.schema import TABLES
from workbench.studies import StudyTerms

#: Number of leading digits of sums that are kept before k is looked at.
_DIGITS = 2
_CURRENCY = "currency"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistorySummaries:
    """Summaries of the histories of customers.

    Attributes
    ----------
    rows : DataFrame
        ``customer_id`` of every customer, and the summaries: numbers of rows and sums are Int64,
        0 without a row; days are Date, null without a row.
    hierarchies : mapping of str to Hierarchy
        Hierarchy of each summary.
    meanings : mapping of str to str
        Meaning of each summary.
    """

    rows: pl.DataFrame
    hierarchies: Mapping[str, Hierarchy]
    meanings: Mapping[str, str]


def summarise_histories(
    visible: VisibleData, terms: StudyTerms, pseudonyms: Pseudonyms
) -> HistorySummaries:
    """Count and sum the rows of each customer in the histories of an extract.

    Parameters
    ----------
    visible : VisibleData
        What the extract may see.
    terms : StudyTerms
        Terms with the columns of the extract.
    pseudonyms : Pseudonyms
        Customers of the extract.
    """
    rows, meanings = _summarise(
        lambda name: visible.rows(name, keep=pseudonyms.keep_visible),
        pseudonyms.customers.select("customer_id"),
        terms,
    )
    numbers = [name for name in meanings if rows.schema[name] != pl.Date]
    days = [name for name in meanings if name not in numbers]
    rows = rows.with_columns(cut_time(name, terms.policy) for name in days)
    return HistorySummaries(
        rows=rows,
        hierarchies={
            name: ladder_bands(rows[name])
            if name in numbers
            else date_periods(rows[name], periods=("month", "quarter", "year"))
            for name in meanings
        },
        meanings=meanings,
    )


def summaries_as_numbers(
    rows_of: Callable[[str], pl.LazyFrame], customers: pl.DataFrame, terms: StudyTerms
) -> pl.DataFrame:
    """Return ``customer_id`` and the summaries as numbers, with days since 1970, for a model.

    Parameters
    ----------
    rows_of : callable
        Returns the rows of a table of histories, with ``customer_id``.
    customers : DataFrame
        ``customer_id`` of the customers.
    terms : StudyTerms
        Terms with the columns of the extract.
    """
    rows, meanings = _summarise(rows_of, customers.select("customer_id"), terms)
    return rows.with_columns(pl.col(list(meanings)).cast(pl.Int64, strict=False))


def _summarise(
    rows_of: Callable[[str], pl.LazyFrame], customers: pl.DataFrame, terms: StudyTerms
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Return the summaries of every customer, sums with two digits, and their meanings."""
    rows = customers
    meanings: dict[str, str] = {}
    for name, columns in terms.columns.items():
        table = TABLES[name]
        if not table.is_history or table.time not in columns:
            continue
        time = pl.col(str(table.time))
        day = time if table.schema[str(table.time)] == pl.Date else time.dt.date()
        amounts = [each for each in table.columns_with_treatment("amount") if each in columns]
        known = rows_of(name)
        has_currency = _CURRENCY in known.collect_schema()
        is_counted = pl.col(_CURRENCY) == terms.currency if has_currency else pl.lit(True)
        made = known.group_by("customer_id").agg(
            pl.len().cast(pl.Int64).alias(f"{name}_rows"),
            day.min().alias(f"{name}_first"),
            day.max().alias(f"{name}_last"),
            *(
                pl.col(each)
                .filter(is_counted)
                .cast(pl.Int64, strict=False)
                .sum()
                .alias(f"{name}_{each}")
                for each in amounts
            ),
        )
        rows = rows.join(
            made.collect(engine="streaming"), on="customer_id", how="left", maintain_order="left"
        )
        meanings |= {
            f"{name}_rows": f"number of rows in {name}",
            f"{name}_first": f"first day with a row in {name}",
            f"{name}_last": f"last day with a row in {name}",
        } | {f"{name}_{each}": f"sum of {each} in {name}, in {terms.currency}" for each in amounts}
    numbers = [name for name in meanings if rows.schema[name] != pl.Date]
    rounded = rows.with_columns(
        pl.col(name)
        .fill_null(0)
        .cast(pl.Float64)
        .round_sig_figs(_DIGITS)
        .cast(pl.Int64, strict=False)
        for name in numbers
    )
    return rounded, meanings
