"""Profiles of customers: demographics and attributes, one column each.

The table of attributes contains one row per statement about a customer, but a model or an audit
needs one column per attribute, with the latest statement. Special categories of personal data never
become a column.
"""

from datetime import date

import polars as pl

from workbench.features.facts import Facts, with_declared_columns
from workbench.foundation.errors import InputError, ParameterError, unknown_name
from workbench.schema import TABLES, CustomerData

#: Columns of ``customers`` in a profile.
DEMOGRAPHICS = tuple(
    column.name
    for column in TABLES["customers"].columns
    if column.component == "demographic" and column.view in ("generalise", "common", "shared")
)
#: Share of an attribute's values that must be numbers for a column of numbers.
_NUMERIC_SHARE = 0.99
#: Value of a statement without a value, for instance the membership of a mailing list.
_LISTED = "listed"


def profile(
    data: CustomerData, *, as_of: date | None = None, without: tuple[str, ...] = ()
) -> pl.DataFrame:
    """Return demographics and attributes, one column each.

    Parameters
    ----------
    data : CustomerData
        Customer data, of which the tables ``customers`` and ``attributes`` are read.
    as_of : date, optional
        Date at whose first moment an attribute must have been known. Without it all attributes
        count, because a snapshot has one time only.
    without : tuple of str
        Attributes to leave out, named without namespace, for instance the label.

    Returns
    -------
    DataFrame, shape (customers, 1 + columns)
        One row per customer, sorted by ``customer_id``. Demographics come first (String, null if
        not stated), then one column per attribute, ``namespace.attribute``, sorted. An attribute is
        Float64 if 99 % of its values are numbers, else String ("listed" if the statement has no
        value). Columns without any value are left out.
    """
    customers = with_declared_columns(data, "customers").filter(
        pl.col("kind").is_null() | (pl.col("kind").cast(pl.String) != "test")
    )
    people = customers.select("customer_id", pl.col(DEMOGRAPHICS).cast(pl.String))
    wide = people.collect(engine="streaming").sort("customer_id")
    latest = _latest_statements(data, as_of).filter(~pl.col("attribute").is_in(without)).collect()
    names = pl.format("{}.{}", pl.col("namespace").cast(pl.String), pl.col("attribute"))
    parts = latest.with_columns(name=names).partition_by("name", as_dict=True)
    for (name,), statements in sorted(parts.items()):
        column = statements.select(
            "customer_id", _parse_values(statements["value"]).alias(str(name))
        )
        wide = wide.join(column, on="customer_id", how="left", maintain_order="left")
    empty = [name for name in wide.columns if wide[name].null_count() == wide.height]
    return wide.drop(empty)


def attribute(data: CustomerData, name: str, *, namespace: str = "status") -> pl.DataFrame:
    """Return one attribute's latest value: ``customer_id`` and ``value`` (String), sorted.

    Raises
    ------
    ParameterError
        The namespace has no attribute of that name.
    """
    rows = _latest_statements(data, None).filter(pl.col("namespace").cast(pl.String) == namespace)
    found = rows.filter(pl.col("attribute") == name).select("customer_id", "value").collect()
    if found.is_empty():
        known = rows.select(pl.col("attribute").unique()).collect()["attribute"].to_list()
        raise ParameterError(unknown_name(f"attribute in namespace {namespace}", name, known))
    return found.sort("customer_id")


def declared_label(data: CustomerData, *, attribute_name: str = "churned") -> pl.DataFrame:
    """Return the churn label that the source itself contains, for a snapshot without dates.

    Parameters
    ----------
    data : CustomerData
        Customer data, of which the table ``attributes``, namespace ``status``, is read.
    attribute_name : str
        Name of the attribute that marks customers who have left.

    Returns
    -------
    DataFrame, shape (customers with the label, 2)
        ``customer_id`` and ``churned`` (Boolean), sorted by customer.

    Raises
    ------
    ParameterError
        The attribute does not exist.
    InputError
        A value of the attribute is neither yes nor no.
    """
    found = attribute(data, attribute_name)
    text = pl.col("value").str.strip_chars().str.to_lowercase()
    labels = found.select(
        "customer_id",
        churned=pl.when(text.is_in(["yes", "true", "1", "1.0"]))
        .then(True)
        .when(text.is_in(["no", "false", "0", "0.0"]))
        .then(False),
    )
    unread = labels["churned"].null_count()
    if unread:
        raise InputError(
            f"attribute {attribute_name!r} has {unread} of {labels.height} values that are neither "
            "yes nor no (true/false, 1/0): map them to these in the mapping file"
        )
    return labels


def _latest_statements(data: CustomerData, as_of: date | None) -> pl.LazyFrame:
    """Return the latest statement of each attribute; of several with equal times, the last row.

    A view rounds times to days but keeps its rows in the order of their exact times, so the last
    row of a day is the latest.
    """
    if as_of is None:
        rows = with_declared_columns(data, "attributes").filter(pl.col("customer_id").is_not_null())
    else:
        rows = Facts(data=data, as_of=as_of)["attributes"]
    ordinary = rows.filter(
        ~pl.col("is_special_category").fill_null(False), pl.col("attribute").is_not_null()
    )
    keys = ["customer_id", "namespace", "attribute"]
    return (
        ordinary.with_row_index("_place")
        .group_by(keys)
        .agg(value=pl.col("value").sort_by("observed_at", "_place").last())
        .sort(keys)
    )


def _parse_values(values: pl.Series) -> pl.Series:
    stated = values.drop_nulls()
    if stated.is_empty():
        return values.fill_null(_LISTED)
    numbers = values.cast(pl.Float64, strict=False)
    if numbers.drop_nulls().len() >= _NUMERIC_SHARE * stated.len():
        return numbers
    return values
