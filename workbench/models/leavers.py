"""Churn models for notebooks, by the label and the kind of data."""

from typing import Literal

from workbench.models.churn import churn
from workbench.models.churn_result import ChurnResult
from workbench.models.classifiers import Model
from workbench.models.snapshot import churn_snapshot
from workbench.privacy import View

Definition = Literal["no order", "declared"]


def leavers(
    view: View,
    *,
    definition: Definition,
    seed: int,
    horizon_days: int = 90,
    gap_days: int = 0,
    active_days: int = 365,
    min_history_days: int = 90,
    history_days: int | None = None,
    label: str = "churned",
    time_order: str | None = None,
    model: Model = "logistic",
    allowed: tuple[str, ...] = (),
) -> ChurnResult:
    """Return a churn model by the label that the data allow.

    Parameters
    ----------
    view : View
        View whose as-of date is the scoring date and whose currency is that of the orders.
    definition : {"no order", "declared"}
        What is modelled. "no order": silence, that a customer places no order within the horizon;
        the model is tested on a later time. "declared": a label that the source itself gives, in a
        snapshot without dates; the model is tested in folds of persons, or on later persons where
        ``time_order`` is given.
    seed, horizon_days, gap_days, active_days, min_history_days, history_days, model, allowed
        Parameters of ``churn``; the windows are used for "no order" only.
    label : str
        Attribute that marks customers, for "declared" only.
    time_order : str, optional
        Attribute that puts the customers in time order, for "declared" only.
    """
    if definition == "declared":
        return churn_snapshot(
            view.data,
            as_of=view.as_of,
            currency=view.currency,
            label=label,
            time_order=time_order,
            model=model,
            allowed=allowed,
            seed=seed,
            release=view.release,
        )
    return churn(
        view.data,
        as_of=view.as_of,
        data_until=view.data_until,
        currency=view.currency,
        horizon_days=horizon_days,
        gap_days=gap_days,
        active_days=active_days,
        min_history_days=min_history_days,
        history_days=history_days,
        allowed=allowed,
        seed=seed,
        model=model,
        release=view.release,
    )
