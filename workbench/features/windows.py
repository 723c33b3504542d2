"""The history and the label window of a model, and the refusal of impossible windows.

    history                    gap      horizon
    |--------------------------|........|================|
    as_of - history_days     as_of    label_from      label_until

Features are facts strictly before the first moment of ``as_of``; the label is made from the orders
in ``[label_from, label_until)``. In a label window that extends beyond the data, a customer whose
next order is not loaded yet would count as churned. So such a window is refused, never shortened.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from workbench.features.facts import with_declared_columns
from workbench.foundation.errors import InputError, ParameterError
from workbench.schema import TABLES, CustomerData


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """The end of the history and the label window after it, which cannot overlap.

    Attributes
    ----------
    as_of : date
        Date before whose first moment facts count.
    history_days : int or None
        Number of days before ``as_of`` whose facts count; None for all.
    gap_days : int
        Days between ``as_of`` and the label window, 0 or more, in which the company can act.
    horizon_days : int
        Length of the label window, 1 or more.

    Examples
    --------
    >>> windows = Windows(as_of=date(2024, 3, 1), horizon_days=90)
    >>> windows.label_until
    datetime.date(2024, 5, 30)
    >>> Windows(as_of=date(2024, 3, 1), gap_days=-7, horizon_days=90)
    Traceback (most recent call last):
    workbench.foundation.errors.ParameterError: gap_days is -7: it must be 0 or more, ...
    """

    as_of: date
    horizon_days: int
    history_days: int | None = None
    gap_days: int = 0

    def __post_init__(self) -> None:
        """Refuse a label window that overlaps the history."""
        if self.gap_days < 0:
            raise ParameterError(
                f"gap_days is {self.gap_days}: it must be 0 or more, "
                "or the label window would overlap the history"
            )
        if self.horizon_days < 1:
            raise ParameterError(f"horizon_days is {self.horizon_days}: it must be 1 or more")
        if self.history_days is not None and self.history_days < 1:
            raise ParameterError(f"history_days is {self.history_days}: it must be 1 or more")

    @property
    def label_from(self) -> date:
        """First day of the label window."""
        return self.as_of + timedelta(days=self.gap_days)

    @property
    def label_until(self) -> date:
        """First day after the label window."""
        return self.label_from + timedelta(days=self.horizon_days)

    def require(self, covered: "Coverage", *, min_history_days: int = 1) -> None:
        """Refuse windows that the data do not cover.

        Raises
        ------
        ParameterError
            ``as_of`` is outside the data, the history before it is too short, or the label window
            ends beyond the data; the message contains the dates that are possible.
        """
        covered.require(self.as_of)
        history = (self.as_of - covered.first_on).days
        if history < min_history_days:
            raise ParameterError(
                f"as_of {self.as_of} has {history} days of history, {min_history_days} are needed: "
                f"use {covered.first_on + timedelta(days=min_history_days)} or later"
            )
        if self.label_until > covered.until_on:
            needed = self.gap_days + self.horizon_days
            raise ParameterError(
                f"the label window of as_of {self.as_of} ends on {self.label_until}, but the data "
                f"are complete only until {covered.until_on}: gap and horizon need {needed} days "
                f"after as_of, so use {covered.until_on - timedelta(days=needed)} or earlier"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Training cut-offs and one later test cut-off, whose label windows do not overlap.

    The label window of every training cut-off ends on the test cut-off or before, so a model is
    trained only on rows that are earlier than its test.

    Attributes
    ----------
    train_on : tuple of date
        Training cut-offs, at least one, earliest first.
    test_on : date
        Test cut-off.
    gap_days, horizon_days : int
        Gap and length of every label window, see ``Windows``.
    """

    train_on: tuple[date, ...]
    test_on: date
    horizon_days: int
    gap_days: int = 0

    def __post_init__(self) -> None:
        """Refuse a training label window that extends beyond the test cut-off."""
        if not self.train_on:
            raise ParameterError("a split needs at least one training cut-off")
        needed = self.gap_days + self.horizon_days
        found = (self.test_on - max(self.train_on)).days
        if found < needed:
            raise ParameterError(
                f"the last training cut-off is {found} days before the test cut-off "
                f"{self.test_on}: its label window needs {needed} days, so training must end on "
                f"{self.test_on - timedelta(days=needed)} or earlier"
            )

    def windows(self, as_of: date, *, history_days: int | None = None) -> Windows:
        """Return the windows of one of the cut-offs."""
        return Windows(
            as_of=as_of,
            history_days=history_days,
            gap_days=self.gap_days,
            horizon_days=self.horizon_days,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The days that the data cover.

    Attributes
    ----------
    first_on : date
        Day of the first fact.
    until_on : date
        First day that is not covered.
    """

    first_on: date
    until_on: date

    def require(self, as_of: date) -> None:
        """Refuse an ``as_of`` outside the data."""
        if not self.first_on < as_of <= self.until_on:
            raise ParameterError(
                f"as_of {as_of} is outside the data: they cover {self.first_on} up to "
                f"{self.until_on}, so use a date after the first and not after the last"
            )


def coverage(
    data: CustomerData, *, tables: tuple[str, ...] | None = None, data_until: date | None = None
) -> Coverage:
    """Return the days that the data cover.

    Parameters
    ----------
    data : CustomerData
        Customer data.
    tables : tuple of str, optional
        Tables whose facts count: those that a model needs. Visits may be recorded for a year before
        the first order is. All tables with times by default: orders, events, interactions and
        payments.
    data_until : date, optional
        First day that is not covered. The default is the earliest ``data_until_at`` of the
        ``sources`` table or, if that table is empty, the day after the last fact.

    Raises
    ------
    InputError
        None of the tables has a dated row.
    """
    dated = tables or tuple(name for name, table in TABLES.items() if table.has_moments)
    spans = [span for span in fact_spans(data, dated).values() if span is not None]
    if not spans:
        raise InputError(
            f"no dated fact in {', '.join(dated)}: this is a snapshot, which has no as_of"
        )
    last = max(last for _, last in spans)
    until = data_until or _declared_data_until(data) or last + timedelta(days=1)
    return Coverage(first_on=min(first for first, _ in spans), until_on=until)


def fact_spans(data: CustomerData, tables: Iterable[str]) -> dict[str, tuple[date, date] | None]:
    """Return the days of the first and the last fact of some tables; None for an empty one."""
    names = tuple(tables)
    spans = [
        with_declared_columns(data, table).select(
            first=pl.col(str(TABLES[table].time)).min().cast(pl.Date, strict=False),
            last=pl.col(str(TABLES[table].time)).max().cast(pl.Date, strict=False),
        )
        for table in names
    ]
    found = [each.row(0) for each in pl.collect_all(spans, engine="streaming")]
    return {
        name: None if first is None else (first, last)
        for name, (first, last) in zip(names, found, strict=True)
    }


def _declared_data_until(data: CustomerData) -> date | None:
    stated = (
        with_declared_columns(data, "sources")
        .select(pl.col("data_until_at").min().dt.date())
        .collect()
    )
    until: date | None = stated.item()
    return until


def split_for_churn(
    covered: Coverage,
    *,
    as_of: date,
    horizon_days: int,
    gap_days: int = 0,
    min_history_days: int = 90,
    most_cutoffs: int = 4,
) -> Split:
    """Return the latest possible test cut-off before ``as_of`` and training cut-offs before it.

    Each cut-off is ``gap_days + horizon_days`` before the next one, so that neighbouring label
    windows touch and do not overlap.

    Parameters
    ----------
    covered : Coverage
        Days that the data cover.
    as_of : date
        Scoring date; rows from its first moment on are not used.
    horizon_days, gap_days : int
        Length of the label window and of the gap before it, see ``Windows``.
    min_history_days : int
        Smallest number of days of data before a cut-off.
    most_cutoffs : int
        Largest number of training cut-offs, 1 or more.

    Raises
    ------
    ParameterError
        ``as_of`` is outside the data, or no training cut-off has enough history.
    """
    covered.require(as_of)
    step = timedelta(days=gap_days + horizon_days)
    Windows(as_of=as_of, gap_days=gap_days, horizon_days=horizon_days)  # This refuses bad lengths.
    test_on = as_of - step
    earliest = covered.first_on + timedelta(days=min_history_days)
    train_on = [test_on - step * back for back in range(1, most_cutoffs + 1)]
    usable = tuple(sorted(day for day in train_on if day >= earliest))
    if not usable:
        needed = min_history_days + 2 * step.days
        raise ParameterError(
            f"as_of {as_of} has {(as_of - covered.first_on).days} days of data before it, "
            f"{needed} are needed: {min_history_days} of history and {step.days} of label window "
            "each for training and test; use a later as_of or a shorter horizon_days"
        )
    return Split(train_on=usable, test_on=test_on, gap_days=gap_days, horizon_days=horizon_days)
