"""Tell how many persons of an extract are found again in another one that shows the same values."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from workbench.privacy.risk.known_values import found_together
from workbench.statistics.estimates import Estimate

#: Chance above which a row is the only one that can be meant.
_ONE_OF_TWO = 0.5


def joined_by_values(
    left: pl.DataFrame,
    *,
    person: str,
    quasi_identifiers: Sequence[str],
    others: Sequence[str],
    perturbed: tuple[pl.DataFrame, pl.DataFrame] = (pl.DataFrame(), pl.DataFrame()),
) -> Estimate | None:
    """Return the share of persons who are found again in another extract of the same columns.

    The verdict on linkability is on the quasi-identifiers. Sensitive, kept and perturbed values are
    shown too, and whoever holds two extracts that show them can join these better: of the rows with
    the same labels and values the one with the nearest numbers is taken, and a person is found if
    it is one row alone, and theirs.

    Parameters
    ----------
    left : DataFrame
        Rows as they are shown, with their person.
    person : str
        Column of the person.
    quasi_identifiers, others : sequence of str
        Columns that classes of persons share, and the other columns that have values.
    perturbed : (DataFrame, DataFrame)
        Perturbed columns of the same rows in the one extract and in the other.

    Returns
    -------
    Estimate or None
        None without such columns, and where a person has several rows.
    """
    others = [name for name in others if left[name].n_unique() > 1]
    shown = [*others, *perturbed[0].columns]
    if not shown or left[person].n_unique() < left.height:
        return None
    found = found_together(left.select(*quasi_identifiers, *others), *perturbed, chance=_ONE_OF_TWO)
    label = f"Found again in another extract that shows {', '.join(shown)} too"
    return replace(found, name="joined_by_values", label=label)
