"""Link what two sources know about a person by way of a release.

The intruder has two records of one person, for instance from a shop and from a survey, without a
common column. Both are looked up in the release: those entries are taken that are nearest in the
columns of the one, and those nearest in the columns of the other. The attack succeeds if exactly
one person is among both, who joins the two. Entries that are equally near are all taken, so columns
with few values lose nothing, where an attack that takes ten of them at random does.
"""

from collections.abc import Sequence

import numpy as np

from workbench.privacy.risk.attacks import Attack
from workbench.privacy.risk.cell_space import Distances, Flags
from workbench.privacy.risk.compared_tables import AttackedPersons, ComparedTables

#: Difference below which two distances are equal; they are means of numbers with 24 bits.
_EQUAL = np.float32(1e-6)


def linking_attacks(tables: ComparedTables) -> list[Attack]:
    """Return the attack with every second column known to each source; none for one column."""
    if len(tables.columns) < 2:
        return []
    one, other = tables.columns[::2], tables.columns[1::2]
    return [
        Attack(
            name="linking_two_sources",
            criterion="linkability",
            label="Linking two sources",
            succeeds=lambda some: _links(some, one, other),
        )
    ]


def _links(some: AttackedPersons, one: Sequence[str], other: Sequence[str]) -> Flags:
    both = is_nearest(some.distance(one)) & is_nearest(some.distance(other))
    found: Flags = some.tables.persons @ both == 1
    return found


def is_nearest(distances: Distances) -> Flags:
    """Return which entries are nearest to each person, shape (entries, persons)."""
    found: Flags = distances <= distances.min(axis=0) + _EQUAL
    return found
