"""Tell how many persons of an extract are found again in another one."""

from collections.abc import Iterator, Sequence

import polars as pl

from workbench.privacy.risk.rejoining import rejoin_risk


def joined_by_values(
    left: pl.DataFrame,
    *,
    person: str,
    quasi_identifiers: Sequence[str],
    others: Sequence[str],
) -> Iterator[str]:
    """Say how many persons are found again in another extract that shows the same values.

    The verdict on linkability is on the quasi-identifiers. Sensitive and kept values are shown too,
    and whoever holds two extracts that show them can join these better.

    Parameters
    ----------
    left : DataFrame
        Rows as they are shown, with their person; nothing is said if a person has several.
    person : str
        Column of the person.
    quasi_identifiers, others : sequence of str
        Columns that classes of persons share, and the other columns that have values.
    """
    if not others or left[person].n_unique() < left.height:
        return
    facts = left.select(person).clear()
    alone, together = (
        rejoin_risk(
            (left, facts), (left, facts), person=person, quasi_identifiers=columns, facts=[]
        ).by_quasi_identifiers
        for columns in (quasi_identifiers, [*quasi_identifiers, *others])
    )
    if alone.value is not None and together.value is not None:
        yield (
            f"whoever holds another extract with the same values of {', '.join(others)} finds "
            f"{together.value:.1%} of the persons again, by the quasi-identifiers alone "
            f"{alone.value:.1%}"
        )
