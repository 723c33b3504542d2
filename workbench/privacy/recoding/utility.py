"""How much a recoded table has lost, by one evaluator for all methods of recoding.

Each measure is computed from the label of every cell of the quasi-identifiers. A suppressed row has
the label ``*`` in all of them.

gcp
    Global certainty penalty (Ghinita et al. 2007), which is 1 minus the granularity of ARX: mean
    over the cells of (leaves covered - 1) / (leaves of the hierarchy - 1), from 0 to 1.
loss
    Share of the leaves that a label covers, so that an unchanged cell of a column with two values
    already has .5: mean over the rows for each column, and then over the columns the arithmetic
    mean, or the geometric one that is the default of ARX.
discernibility
    Sum of the squared class sizes, and for each suppressed row the number of rows (Bayardo and
    Agrawal 2005).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.privacy.recoding.class_counts import Codes, pack
from workbench.privacy.recoding.coded_tables import CodedTable, number_cells
from workbench.privacy.recoding.recoded_classes import RecodedClasses


@dataclass(frozen=True, slots=True, kw_only=True)
class Utility:
    """Losses of a recoded table; rows that were left out are not counted.

    Attributes
    ----------
    gcp, loss, geometric_loss : float
        Shares from 0 to 1.
    discernibility : int
        Sum over the rows of the size of their class.
    average_class_size : float
        Rows that are not suppressed, divided by the classes; 0 without a class.
    columns : DataFrame
        ``column``, ``gcp`` and ``loss`` of each quasi-identifier.
    """

    gcp: float
    loss: float
    geometric_loss: float
    discernibility: int
    average_class_size: float
    columns: pl.DataFrame


def evaluate(table: CodedTable, classes: RecodedClasses, rows: Codes, suppressed: int) -> Utility:
    """Compute the losses of a recoded table.

    Parameters
    ----------
    table : CodedTable
        Table before recoding.
    classes : RecodedClasses
        Classes and the leaves that their labels cover; classes with equal labels count as one.
    rows : array
        Number of rows of each class.
    suppressed : int
        Rows that are suppressed.
    """
    total = int(rows.sum()) + suppressed
    leaves = np.array([max(column.hierarchy.leaves, 1) for column in table.columns])
    covered = classes.covered @ rows
    share = 1 / max(total, 1)
    gcp = ((covered - rows.sum()) / np.maximum(leaves - 1, 1) + suppressed) * share
    loss = (covered / leaves + suppressed) * share
    numbers = pack([number_cells(label) for label in classes.labels])
    sizes = np.bincount(np.unique(numbers, return_inverse=True)[1], weights=rows)
    return Utility(
        gcp=float(gcp.mean()),
        loss=float(loss.mean()),
        geometric_loss=float(np.exp(np.log(loss).mean())) if total else 0.0,
        discernibility=int((sizes**2).sum()) + suppressed * total,
        average_class_size=float(rows.sum() / max(len(sizes), 1)),
        columns=pl.DataFrame(
            {"column": [column.name for column in table.columns], "gcp": gcp, "loss": loss}
        ),
    )
