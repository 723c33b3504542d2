"""Recode a table by generalisation until every equivalence class reaches the criteria."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import polars as pl

from workbench.foundation.errors import ParameterError, PrivacyError, unknown_name
from workbench.privacy.recoding.coded_tables import CodedTable, Missing, code_table
from workbench.privacy.recoding.criteria import (
    Criterion,
    fitted,
)
from workbench.privacy.recoding.hierarchies import (
    SUPPRESSED,
    Hierarchy,
)
from workbench.privacy.recoding.lattice import find_levels
from workbench.privacy.recoding.local import local_classes
from workbench.privacy.recoding.measured import MeasuredTable, measure_table
from workbench.privacy.recoding.node_losses import CellLoss, Discernibility, EntropyLoss, Loss
from workbench.privacy.recoding.recoded_classes import RecodedClasses, classes_at_levels
from workbench.privacy.recoding.utility import Utility, evaluate
from workbench.privacy.recoding.widths import Labels

Method = Literal["levels", "local"]
LossName = Literal["gcp", "loss", "entropy", "discernibility"]

_LOSSES: Mapping[LossName, type[Loss]] = {
    "gcp": CellLoss,
    "entropy": EntropyLoss,
    "discernibility": Discernibility,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecodedTable:
    """Table in which every equivalence class reaches the criteria.

    Attributes
    ----------
    rows : DataFrame
        Rows and columns of the input in their order. Quasi-identifiers are labels of type String:
        a suppressed cell is ``*``, a missing cell remains null. Suppressed rows and rows that were
        left out are ``*`` in every quasi-identifier; their other columns are unchanged, so they
        must not be released (see ``is_suppressed``).
    is_suppressed : Series
        Whether each row is suppressed or left out.
    levels : mapping of str to int
        Level of each quasi-identifier; empty after local recoding, where it differs by class.
    is_optimal : bool
        Whether no other levels lose less; false after local recoding.
    suppressed : int
        Suppressed rows, with those that were suppressed in the input.
    left_out : int
        Rows that were left out since a quasi-identifier is missing.
    suppressed_cells : mapping of str to int
        Cells of each quasi-identifier that read ``*`` in rows that are not suppressed.
    measured : MeasuredTable
        Criteria as measured on ``rows``, and the sizes of the classes.
    utility : Utility
        Losses.
    """

    rows: pl.DataFrame
    is_suppressed: pl.Series
    levels: Mapping[str, int]
    is_optimal: bool
    suppressed: int
    left_out: int
    suppressed_cells: Mapping[str, int]
    measured: MeasuredTable
    utility: Utility


def recode(
    rows: pl.DataFrame,
    *,
    hierarchies: Mapping[str, Hierarchy],
    criteria: Sequence[Criterion],
    suppression_limit: float = 0.0,
    method: Method = "levels",
    labels: Labels = "hierarchy",
    loss: LossName = "gcp",
    persons: str | None = None,
    missing: Missing = "value",
) -> RecodedTable:
    """Generalise the quasi-identifiers of a table until it reaches the criteria.

    Parameters
    ----------
    rows : DataFrame
        Table to recode. Cells of quasi-identifiers are values or labels of their hierarchies; a
        cell that is a label keeps it up to the label's level.
    hierarchies : mapping of str to Hierarchy
        Quasi-identifiers and their hierarchies.
    criteria : sequence of Criterion
        Criteria that every equivalence class must reach.
    suppression_limit : float
        Largest share of the rows that may be suppressed, 0 to 1.
    method : str
        ``levels`` generalises all cells of a column to the same level, with the least loss.
        ``local`` gives every class labels of its own, which loses far less: of tables with few
        columns by a sweep of the lattice, of those with many by clusters of near rows. Where it
        cannot keep the suppression limit, the result is that of ``levels``.
    labels : str
        Labels of ``local``: ``hierarchy`` uses labels of the hierarchies, ``ranges`` also ranges of
        neighbouring leaves, which lose less.
    loss : str
        Loss that ``levels`` makes small, as defined in `utility`.
    persons : str, optional
        Column that names the person of each row; criteria are then counted in distinct persons.
    missing : str
        ``value`` treats a missing cell as a value of its own, ``left out`` takes rows with a
        missing quasi-identifier out of the table.

    Raises
    ------
    ParameterError
        A column does not exist, a hierarchy does not cover a cell, or an option is wrong.
    PrivacyError
        The table cannot reach the criteria with so few suppressed rows.

    Examples
    --------
    >>> from workbench.privacy.recoding import KAnonymity, flat
    >>> rows = pl.DataFrame({"city": ["Ulm", "Ulm", "Bonn"]})
    >>> hierarchies = {"city": flat(rows["city"])}
    >>> made = recode(
    ...     rows, hierarchies=hierarchies, criteria=[KAnonymity(k=2)], suppression_limit=0.5
    ... )
    >>> made.rows["city"].to_list(), made.suppressed
    (['Ulm', 'Ulm', '*'], 1)
    >>> recode(rows, hierarchies=hierarchies, criteria=[KAnonymity(k=2)])
    Traceback (most recent call last):
    workbench.foundation.errors.PrivacyError: ...
    """
    _check_options(criteria, suppression_limit, method, labels, loss, missing)
    sensitive = [each.sensitive for each in criteria if each.sensitive is not None]
    table = code_table(
        rows, hierarchies=hierarchies, sensitive=sensitive, persons=persons, missing=missing
    )
    criteria = fitted(criteria, rows)
    most = int(suppression_limit * rows.height + 1e-9)
    options: dict[str, Any] = {"criteria": criteria, "persons": persons}
    if method == "local":
        local = local_classes(table, rows, criteria=criteria, labels=labels, most_suppressed=most)
        if local is not None:
            return _recoded(rows, table, local, levels={}, is_optimal=False, **options)
    price = CellLoss(table, counts_itself=True) if loss == "loss" else _LOSSES[loss](table)
    found = find_levels(table, criteria=criteria, most_suppressed=most, loss=price)
    if found is None:
        raise PrivacyError(
            f"the {rows.height} rows cannot reach {_described(criteria)} with at most {most} "
            "suppressed rows; raise the suppression limit, ask for less or use fewer columns"
        )
    return _recoded(
        rows,
        table,
        classes_at_levels(table, found.levels, criteria),
        levels=dict(zip(hierarchies, found.levels, strict=True)),
        is_optimal=found.is_optimal and method == "levels",
        **options,
    )


def _recoded(
    rows: pl.DataFrame,
    table: CodedTable,
    classes: RecodedClasses,
    *,
    criteria: tuple[Criterion, ...],
    persons: str | None,
    levels: Mapping[str, int],
    is_optimal: bool,
) -> RecodedTable:
    """Write the labels of the classes into the rows, and measure the result."""
    names = [column.name for column in table.columns]
    star = pl.Series([SUPPRESSED])
    labels = [
        pl.concat([label.alias("label"), star.alias("label")]).gather(
            np.where(classes.class_of_row < 0, len(label), classes.class_of_row)
        )
        for label in classes.labels
    ]
    recoded = rows.with_columns(
        label.alias(name) for name, label in zip(names, labels, strict=True)
    )
    is_suppressed = pl.Series("is_suppressed", classes.class_of_row < 0)
    kept = classes.class_of_row[classes.class_of_row >= 0]
    sizes = np.bincount(kept, minlength=len(classes.labels[0]))
    suppressed = rows.height - int(sizes.sum()) - int(table.is_left_out.sum())
    return RecodedTable(
        rows=recoded,
        is_suppressed=is_suppressed,
        levels=levels,
        is_optimal=is_optimal,
        suppressed=suppressed,
        left_out=int(table.is_left_out.sum()),
        suppressed_cells={
            name: int(sizes[(label == SUPPRESSED).fill_null(False).to_numpy()].sum())
            for name, label in zip(names, classes.labels, strict=True)
        },
        measured=measure_table(
            recoded.filter(~pl.Series(table.is_left_out)),
            quasi_identifiers=names,
            criteria=criteria,
            persons=persons,
        ),
        utility=evaluate(table, classes, sizes, suppressed),
    )


def _check_options(
    criteria: Sequence[Criterion],
    suppression_limit: float,
    method: str,
    labels: str,
    loss: str,
    missing: str,
) -> None:
    if not criteria:
        raise ParameterError("no criterion is named; name at least one, such as KAnonymity(k=5)")
    if not 0 <= suppression_limit <= 1:
        raise ParameterError(
            f"the suppression limit is {suppression_limit:g}; name a share of the rows from 0 to 1"
        )
    for kind, name, known in (
        ("method", method, get_args(Method)),
        ("kind of labels", labels, get_args(Labels)),
        ("loss", loss, get_args(LossName)),
        ("treatment of missing cells", missing, get_args(Missing)),
    ):
        if name not in known:
            raise ParameterError(unknown_name(kind, name, known))


def _described(criteria: Sequence[Criterion]) -> str:
    return ", ".join(f"{each.name}={each.limit:g}" for each in criteria)
