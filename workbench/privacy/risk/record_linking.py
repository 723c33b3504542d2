"""Link what two sources know about a person by way of a release.

The intruder has two records of one person, for instance from a shop and from a survey, without a
common column. Both are looked up in the release: those entries are taken that are nearest in the
columns of the one, and those nearest in the columns of the other. The attack succeeds if exactly
one person is among both, who joins the two. Entries that are equally near are all taken, so columns
with few values lose nothing, where an attack that takes ten of them at random does.

A second attack takes the ten nearest entries in each, since the person's own record need not be the
nearest where values were altered.
"""

from collections.abc import Sequence

import numpy as np

from workbench.privacy.risk.attacks import Attack
from workbench.privacy.risk.cell_space import Distances, Flags
from workbench.privacy.risk.compared_tables import AttackedPersons, ComparedTables

#: Difference below which two distances are equal; they are means of numbers with 24 bits.
_EQUAL = np.float32(1e-6)


#: Number of entries that are nearest where cells may have been altered.
_SEVERAL = 10


def linking_attacks(tables: ComparedTables) -> list[Attack]:
    """Return the attack with every second column known to each source; none for one column."""
    if len(tables.columns) < 2:
        return []
    one, other = tables.columns[::2], tables.columns[1::2]
    return [
        Attack(
            name="linking_nearest",
            criterion="linkability",
            label="Linking two sources by the nearest records",
            succeeds=lambda some: _links(some, one, other, number=1),
        ),
        Attack(
            name="linking_ten_nearest",
            criterion="linkability",
            label="Linking two sources by the ten nearest records",
            succeeds=lambda some: _links(some, one, other, number=_SEVERAL),
        ),
    ]


def _links(
    some: AttackedPersons, one: Sequence[str], other: Sequence[str], *, number: int
) -> Flags:
    both = are_nearest(some.distance(one), number) & are_nearest(some.distance(other), number)
    found: Flags = some.tables.persons @ both == 1
    return found


def are_nearest(distances: Distances, number: int = 1) -> Flags:
    """Return which entries are among the nearest to each person, shape (entries, persons).

    Entries as near as the last of them are among them too.
    """
    if number < len(distances):
        by_person = np.ascontiguousarray(distances.T)
        limit = np.partition(by_person, number - 1, axis=1)[:, number - 1]
    else:
        limit = distances.max(axis=0)
    found: Flags = distances <= limit + _EQUAL
    return found
