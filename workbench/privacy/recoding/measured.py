"""Criteria as measured on a recoded table, from its labels alone.

The measurement needs no hierarchy and nothing of how the table was made. It can therefore be
repeated by whoever receives the table, from the file.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.foundation.errors import ParameterError, unknown_name
from workbench.privacy.recoding.class_counts import pack
from workbench.privacy.recoding.coded_tables import count_units, number_cells
from workbench.privacy.recoding.criteria import (
    Criterion,
    fitted,
)
from workbench.privacy.recoding.hierarchies import SUPPRESSED


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredTable:
    """Equivalence classes of a table and the criteria that they reach.

    Rows that are ``*`` in every quasi-identifier are suppressed rows. They are in no class, however
    many they are. A missing cell is a value of its own.

    Attributes
    ----------
    classes : int
        Number of equivalence classes.
    rows, suppressed : int
        Rows in classes, and suppressed rows.
    smallest : int
        Rows, or persons, of the smallest class; 0 without a class.
    average_risk, highest_risk : float
        Chance that a row, or person, of a class is singled out by guessing, on average over all of
        them and in the smallest class; 0 without a class.
    criteria : DataFrame
        One row per criterion: ``criterion`` (k, l or t), ``column`` (sensitive column, null for k),
        ``limit``, ``measured`` (figure of the worst class, null without one) and ``is_reached``.
    sizes : DataFrame
        ``size`` (rows or persons) and ``classes`` (number of classes of that size), ascending.
    """

    classes: int
    rows: int
    suppressed: int
    smallest: int
    average_risk: float
    highest_risk: float
    criteria: pl.DataFrame
    sizes: pl.DataFrame

    @property
    def is_reached(self) -> bool:
        """Whether every class reaches every criterion."""
        return bool(self.criteria["is_reached"].all())


def measure_table(
    table: pl.DataFrame,
    *,
    quasi_identifiers: Sequence[str],
    criteria: Sequence[Criterion] = (),
    persons: str | None = None,
) -> MeasuredTable:
    """Measure the equivalence classes of a recoded table.

    Parameters
    ----------
    table : DataFrame
        One row per record, or several per person.
    quasi_identifiers : sequence of str
        Columns whose labels make the classes.
    criteria : sequence of Criterion
        Criteria to measure.
    persons : str, optional
        Column that names the person of each row; distinct persons are counted, instead of rows.

    Examples
    --------
    >>> rows = pl.DataFrame({"plan": ["basic", "basic", "*"], "region": ["N", "N", "*"]})
    >>> measured = measure_table(rows, quasi_identifiers=["plan", "region"])
    >>> measured.smallest, measured.suppressed, measured.average_risk
    (2, 1, 0.5)
    """
    sensitive = [each.sensitive for each in criteria if each.sensitive is not None]
    for name in (*quasi_identifiers, *sensitive, *([persons] if persons else [])):
        if name not in table.columns:
            raise ParameterError(unknown_name("column", name, table.columns))
    if not quasi_identifiers:
        raise ParameterError("no quasi-identifier is named; name at least one column")
    criteria = fitted(criteria, table)
    cells = table.select(pl.col(name).cast(pl.String) for name in quasi_identifiers)
    is_suppressed = cells.select(
        pl.all_horizontal(pl.all().eq_missing(pl.lit(SUPPRESSED)))
    ).to_series()
    inside = np.flatnonzero(~is_suppressed.to_numpy())
    class_of_row = np.full(table.height, -1)
    packed = pack([number_cells(column)[inside] for column in cells.iter_columns()])
    labels, class_of_row[inside] = np.unique(packed, return_inverse=True)
    everything = np.ones(table.height, dtype=np.bool_)
    counted, _ = count_units(table, class_of_row, sensitive, persons, is_whole=everything)
    counts = counted.count(counted.combination, len(labels))
    smallest = min(counts.sizes.tolist(), default=0)
    persons_in_classes = int(counts.sizes.sum())
    sizes = pl.DataFrame({"size": counts.sizes}).group_by("size").agg(classes=pl.len()).sort("size")
    return MeasuredTable(
        classes=len(labels),
        rows=len(inside),
        suppressed=table.height - len(inside),
        smallest=smallest,
        average_risk=len(labels) / persons_in_classes if persons_in_classes else 0.0,
        highest_risk=1 / smallest if smallest else 0.0,
        criteria=_criteria_frame(criteria, [each.worst(each.measure(counts)) for each in criteria]),
        sizes=sizes,
    )


def _criteria_frame(
    criteria: Sequence[Criterion], measured: Sequence[float | None]
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "criterion": [each.name for each in criteria],
            "column": [each.sensitive for each in criteria],
            "limit": [float(each.limit) for each in criteria],
            "measured": measured,
            "is_reached": [
                figure is None or bool(each.is_reached(np.array([figure]))[0])
                for each, figure in zip(criteria, measured, strict=True)
            ],
        },
        schema={
            "criterion": pl.String,
            "column": pl.String,
            "limit": pl.Float64,
            "measured": pl.Float64,
            "is_reached": pl.Boolean,
        },
    )
