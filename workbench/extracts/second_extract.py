"""Tell how many persons of an extract are found again in another one that shows the same values."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from workbench.privacy.risk.rejoining import rejoin_risk
from workbench.statistics.estimates import Estimate


def joined_by_values(
    left: pl.DataFrame,
    *,
    person: str,
    quasi_identifiers: Sequence[str],
    others: Sequence[str],
) -> Estimate | None:
    """Return the share of persons who are found again in another extract with the same values.

    The verdict on linkability is on the quasi-identifiers. Sensitive and kept values are shown too,
    and whoever holds two extracts that show them can join these better.

    Parameters
    ----------
    left : DataFrame
        Rows as they are shown, with their person.
    person : str
        Column of the person.
    quasi_identifiers, others : sequence of str
        Columns that classes of persons share, and the other columns that have values.

    Returns
    -------
    Estimate or None
        None without other columns, and where a person has several rows.
    """
    if not others or left[person].n_unique() < left.height:
        return None
    facts = left.select(person).clear()
    found = rejoin_risk(
        (left, facts),
        (left, facts),
        person=person,
        quasi_identifiers=[*quasi_identifiers, *others],
        facts=[],
    ).by_quasi_identifiers
    label = f"Found again in another extract with the same {', '.join(others)}"
    return replace(found, name="joined_by_values", label=label)
