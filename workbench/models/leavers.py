"""The one door to churn for a notebook: which definition of leaving, on which kind of data."""

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
    label: str = "churned",
    model: Model = "logistic",
) -> ChurnResult:
    """Model who leaves, by the definition that the data allow.

    Parameters
    ----------
    view : View
        Its as-of date is the scoring date, its currency the orders'.
    definition : {"no order", "declared"}
        Whoever places no order within the horizon, tested on a later time; or whom the source
        itself marks as gone, for a snapshot without dates, tested on other persons in folds.
    seed, horizon_days, gap_days, active_days, min_history_days, model
        As in ``churn``; the windows count for "no order" only.
    label : str
        The attribute that marks who left, for "declared" only.
    """
    if definition == "declared":
        return churn_snapshot(
            view.data,
            as_of=view.as_of,
            currency=view.currency,
            label=label,
            model=model,
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
        seed=seed,
        model=model,
        release=view.release,
    )
