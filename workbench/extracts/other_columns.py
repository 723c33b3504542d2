"""Columns of a single table that are no quasi-identifiers: how they are shown, and whom they find.

Classes of k persons do not protect these columns. So of a sensitive column only values are shown
that enough persons share, as in views, and of every column it is measured how many persons its
values find.
"""

import secrets
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import polars as pl

from workbench.extracts.column_hierarchies import as_numbers
from workbench.extracts.drawn_numbers import drawn_numbers, perturbed
from workbench.extracts.treated_column import TreatedColumn
from workbench.foundation.errors import ParameterError
from workbench.privacy.risk.known_values import (
    found_together,
    frequent_values,
    nearest_values,
    rare_values,
)
from workbench.privacy.shared_values import shared_values, show_shared
from workbench.statistics.estimates import Estimate
from workbench.studies import ExtractPolicy

_OWNER = "customer_id"  # the name that shared_values has for the column of persons
_CELL = "cell"


class SensitiveColumn(NamedTuple):
    """A sensitive column whose values enough persons share, and what was done to it."""

    cells: pl.Series
    treated: TreatedColumn


def share_sensitive(
    persons: pl.Series, cells: pl.Series, *, least_alike: int, table: str
) -> SensitiveColumn:
    """Show only values of a sensitive column that enough persons share, and numbers in bands.

    A column whose values are all shared stays as it is.

    Parameters
    ----------
    persons, cells : Series
        Person and cell of each row.
    least_alike : int
        Smallest number of persons who share a shown value or band.
    table : str
        Name of the table.
    """
    texts = cells.cast(pl.String)
    treatment, suppressed, made = "as it is; not to be learned about a person", 0, texts
    if rare_values(persons, texts, k=least_alike).value:
        rows = pl.LazyFrame([persons.alias(_OWNER), texts.alias(_CELL)]).with_row_index()
        shared = shared_values(rows, _CELL, k=least_alike, secret=secrets.token_bytes(32))
        made = show_shared(rows, _CELL, shared=shared).sort("index").collect()[_CELL]
        suppressed = made.null_count() - texts.null_count()
        is_number = shared.about["step"].is_not_null().any()
        treatment = (
            f"numbers as the middle of bands of at least {least_alike} persons"
            if is_number
            else f"values of fewer than {least_alike} persons are empty"
        )
    treated = TreatedColumn(
        table=table, column=cells.name, treatment=treatment, suppressed=suppressed
    )
    return SensitiveColumn(made.alias(cells.name), treated)


def show_columns(left: pl.DataFrame, names: Sequence[str], policy: ExtractPolicy) -> pl.DataFrame:
    """Return the columns of the extract, with new numbers for ids and with perturbed numbers.

    Raises
    ------
    ParameterError
        A column that is to be perturbed has cells that are no numbers.
    """
    return left.select(_show(left[name], policy) for name in names)


def _show(cells: pl.Series, policy: ExtractPolicy) -> pl.Series:
    rule = policy.columns[cells.name]
    if rule.treatment in ("person", "pseudonymise"):
        return drawn_numbers(cells).alias(cells.name)
    if rule.treatment == "perturb" and rule.noise is not None:
        numbers = as_numbers(cells)
        if numbers.null_count() > cells.null_count():
            raise ParameterError(
                f"column {cells.name} has cells that are no numbers, so it cannot be perturbed"
            )
        return perturbed(numbers, noise=rule.noise).alias(cells.name)
    return cells


def whom_values_find(
    left: pl.DataFrame, shown: pl.DataFrame, policy: ExtractPolicy, *, persons: str
) -> Iterator[Estimate]:
    """Yield for each column that no class protects the share of persons whom its values find.

    Parameters
    ----------
    left, shown : DataFrame
        The same rows in the same order: as they are left after recoding, and as they are shown.
    policy : ExtractPolicy
        Rules of the columns.
    persons : str
        Column of persons of ``left``.
    """
    owners = left[persons]
    for name in policy.rules("sensitive", "keep"):
        yield rare_values(owners, shown[name], k=policy.least_alike)
    for name in policy.rules("pseudonymise"):
        yield frequent_values(owners, shown[name])
    for name in policy.rules("perturb"):
        yield nearest_values(as_numbers(left[name]), shown[name])


def found_by_all_columns(
    left: pl.DataFrame, shown: pl.DataFrame, policy: ExtractPolicy
) -> Estimate | None:
    """Return the share of rows that are found if kept and perturbed columns are known too.

    None where there are no such columns. Parameters are those of ``whom_values_find``.
    """
    kept, noisy = list(policy.rules("keep")), list(policy.rules("perturb"))
    if not kept and not noisy:
        return None
    return found_together(
        shown.select(*policy.rules("generalise"), *kept),
        left.select(as_numbers(left[name]) for name in noisy),
        shown.select(noisy),
        chance=policy.limits.highest,
    )


def treat_other_column(table: str, name: str, policy: ExtractPolicy) -> TreatedColumn:
    """Return what was done to a column that is neither a quasi-identifier nor sensitive."""
    rule = policy.columns.get(name)
    treatment = _TREATMENTS[rule.treatment] if rule else "dropped, as the policy has no rule for it"
    if rule and rule.treatment == "person" and policy.histories == "unlinked":
        treatment = "dropped, so that rows of one person cannot be read together"
    return TreatedColumn(table=table, column=name, treatment=treatment)


_TREATMENTS = {
    "drop": "dropped",
    "person": "replaced by random numbers, one per person",
    "pseudonymise": "replaced by random numbers, one per value",
    "perturb": "multiplied by random factors",
    "keep": "as it is",
}
