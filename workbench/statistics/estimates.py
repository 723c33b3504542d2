"""One number, how sure it is, and on how many persons it rests."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure that can be shown.

    Attributes
    ----------
    name : str
        Identifier in the record, snake_case, unique within a run: ``auc``, ``churn_rate``.
    value : float or None
        None where it cannot be estimated; ``note`` then says why.
    low, high : float or None
        Limits of the 95 % interval, None where the figure is a count of what lies there.
    n : int
        Persons it rests on.
    unit : str
        ``share``, ``AUC``, ``persons``, ``days``, ``GBP``, ...: what the reader sees beside it.
    label : str
        What it is, in words a reviewer uses: "Out-of-time AUC".
    note : str
        Why there is no value, or which method gave the interval.
    origin : str
        Mark of the release that made the figure (``Release.origin``); see ``charts.Table``.
    """

    name: str
    value: float | None
    n: int
    unit: str
    label: str
    low: float | None = None
    high: float | None = None
    note: str = ""
    origin: str = ""
