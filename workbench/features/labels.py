"""Who left: no order within a horizon, among those who were active at the cut-off."""

import polars as pl

from workbench.features.facts import Facts, declared
from workbench.features.purchases import order_days, purchases_of
from workbench.features.windows import Windows
from workbench.foundation.errors import ParameterError
from workbench.schema import TABLES, CustomerData
from workbench.schema.timeline import is_later


def no_order_within(
    data: CustomerData, windows: Windows, *, currency: str, active_days: int | None = 365
) -> pl.DataFrame:
    """Return who of the active customers does not order within the horizon.

    Parameters
    ----------
    data : CustomerData
        Table ``orders`` is read.
    windows : Windows
        Whoever has no order day in ``[label_from, label_until)`` is churned. Where the times of a
        view are coarser than days, both are the first day of their unit, as the end of the history
        is. Call
        ``windows.require(coverage(data))`` first: a label window beyond the data is not seen here.
    currency : str
        ISO 4217; an order day is counted in this currency.
    active_days : int, optional
        Customers with an order day in this many days before ``as_of`` are the population; None
        for all who ever had one.

    Returns
    -------
    DataFrame, shape (active customers, 2)
        ``customer_id`` and ``churned`` (Boolean), sorted by customer.

    Raises
    ------
    ParameterError
        The view shows times by a unit that is longer than the label window.
    """
    _require_whole_units(data, windows)
    before = Facts(data=data, as_of=windows.as_of, history_days=windows.history_days)
    last_order = pl.col("days_since_last_order")
    active = purchases_of(before, currency).filter(last_order.is_not_null())
    if active_days is not None:
        active = active.filter(last_order <= active_days)
    after = Facts(
        data=_from(data, windows), as_of=windows.label_until, history_days=windows.horizon_days
    )
    returned = (
        order_days(after, currency)
        .filter(pl.col("net_minor") > 0)
        .select("customer_id", returned=pl.lit(True))
        .unique("customer_id")
    )
    labelled = active.select("customer_id").join(returned, on="customer_id", how="left")
    return (
        labelled.select("customer_id", churned=pl.col("returned").is_null())
        .collect(engine="streaming")
        .sort("customer_id")
    )


def _from(data: CustomerData, windows: Windows) -> CustomerData:
    orders = declared(data, "orders")
    later = is_later(orders, "orders", windows.label_from, units=data.time_units)
    return data.with_tables({"orders": orders.filter(later)})


def _require_whole_units(data: CustomerData, windows: Windows) -> None:
    column = f"orders.{TABLES['orders'].time}"
    start = data.time_units.start
    if start(column, windows.label_from) == start(column, windows.label_until):
        raise ParameterError(
            f"the label window of {windows.horizon_days} days lies within one "
            f"{data.time_units.units[column]}, the unit to which the view cuts times: take a "
            "longer horizon_days or a finer time in the study's policy"
        )
