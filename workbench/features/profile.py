"""What is known of customers that has no time of its own: demographics and attributes, made wide.

An attribute is one statement about a customer and a long table of them; a model and an audit want
one column per attribute. The latest statement wins. Special categories of personal data never
become a column here.
"""

from datetime import date

import polars as pl

from workbench.features.facts import Facts, declared
from workbench.foundation.errors import InputError, ParameterError, unknown_name
from workbench.schema import TABLES, CustomerData

#: Columns of ``customers`` that a profile has.
DEMOGRAPHICS = tuple(
    column.name
    for column in TABLES["customers"].columns
    if column.component == "demographic" and column.view in ("generalise", "common", "shared")
)
#: Share of an attribute's stated values that must read as numbers for it to be one.
_NUMERIC_SHARE = 0.99
#: What is listed without a value.
_LISTED = "listed"


def profile(
    data: CustomerData, *, as_of: date | None = None, without: tuple[str, ...] = ()
) -> pl.DataFrame:
    """Return demographics and attributes, one column each.

    Parameters
    ----------
    data : CustomerData
        Tables ``customers`` and ``attributes`` are read.
    as_of : date, optional
        Attributes observed strictly before its first moment count. Without it all count: a
        snapshot has no before and after.
    without : tuple of str
        Attributes to leave out, by bare name, for instance the label.

    Returns
    -------
    DataFrame, shape (customers, 1 + columns)
        One row per customer, sorted by ``customer_id``. Demographics come first (String; null
        where not stated), then one column per attribute, ``namespace.attribute``, sorted: Float64
        where 99 % of the stated values read as numbers, else String ("listed" where being
        listed is the statement). Columns without any value are left out.
    """
    customers = declared(data, "customers").filter(
        pl.col("kind").is_null() | (pl.col("kind").cast(pl.String) != "test")
    )
    people = customers.select("customer_id", pl.col(DEMOGRAPHICS).cast(pl.String))
    wide = people.collect(engine="streaming").sort("customer_id")
    latest = _latest(data, as_of).filter(~pl.col("attribute").is_in(without)).collect()
    names = pl.format("{}.{}", pl.col("namespace").cast(pl.String), pl.col("attribute"))
    parts = latest.with_columns(name=names).partition_by("name", as_dict=True)
    for (name,), statements in sorted(parts.items()):
        column = statements.select("customer_id", _read(statements["value"]).alias(str(name)))
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
    rows = _latest(data, None).filter(pl.col("namespace").cast(pl.String) == namespace)
    found = rows.filter(pl.col("attribute") == name).select("customer_id", "value").collect()
    if found.is_empty():
        known = rows.select(pl.col("attribute").unique()).collect()["attribute"].to_list()
        raise ParameterError(unknown_name(f"attribute in namespace {namespace}", name, known))
    return found.sort("customer_id")


def declared_label(data: CustomerData, *, attribute_name: str = "churned") -> pl.DataFrame:
    """Return the label that the source itself declares, for a snapshot without dates.

    Parameters
    ----------
    data : CustomerData
        Table ``attributes``, namespace ``status``, is read.
    attribute_name : str
        The attribute that says who has left.

    Returns
    -------
    DataFrame, shape (customers with the label, 2)
        ``customer_id`` and ``churned`` (Boolean), sorted by customer.

    Raises
    ------
    ParameterError
        There is no such attribute.
    InputError
        Its values are not yes and no.
    """
    found = attribute(data, attribute_name)
    text = pl.col("value").str.strip_chars().str.to_lowercase()
    said = found.select(
        "customer_id",
        churned=pl.when(text.is_in(["yes", "true", "1", "1.0"]))
        .then(True)
        .when(text.is_in(["no", "false", "0", "0.0"]))
        .then(False),
    )
    unread = said["churned"].null_count()
    if unread:
        raise InputError(
            f"attribute {attribute_name!r} has {unread} of {said.height} values that are neither "
            "yes nor no (true/false, 1/0): map it to these in the mapping file"
        )
    return said


def _latest(data: CustomerData, as_of: date | None) -> pl.LazyFrame:
    """Return the latest statement of each attribute; of several at one time the last in order.

    A view shows times by the day and has its rows in the order of their exact times.
    """
    if as_of is None:
        rows = declared(data, "attributes").filter(pl.col("customer_id").is_not_null())
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


def _read(values: pl.Series) -> pl.Series:
    stated = values.drop_nulls()
    if stated.is_empty():
        return values.fill_null(_LISTED)
    numbers = values.cast(pl.Float64, strict=False)
    if numbers.drop_nulls().len() >= _NUMERIC_SHARE * stated.len():
        return numbers
    return values
