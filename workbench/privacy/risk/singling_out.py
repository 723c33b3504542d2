"""Single persons out by one column, or by several columns at once.

The intruder knows the values of a person in a set of columns. The attack succeeds if exactly one
person of the release has cells that cover these values, and if what these cells say holds for
nobody else of the original. For a person of the control group it succeeds likewise if it holds for
nobody of the original: chance made a record that seems to be this person's.
"""

from collections.abc import Sequence
from functools import reduce
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from workbench.privacy.risk.attacks import Attack
from workbench.privacy.risk.cell_space import Codes, Flags
from workbench.privacy.risk.compared_tables import AttackedPersons, ComparedTables

ColumnSets = Sequence[tuple[str, ...]]

#: Number of sets of several columns that are drawn, and columns in the largest of them.
_SETS = 8
_MOST_COLUMNS = 4


def singling_out_attacks(tables: ComparedTables, *, seed: int) -> list[Attack]:
    """Return the attack by single columns, and by sets of columns where there are several."""
    found = [
        Attack(
            name="singling_out_univariate",
            criterion="singling_out",
            label="Singling out by one column",
            succeeds=lambda some: _isolates(some, [(name,) for name in tables.columns]),
        )
    ]
    if len(tables.columns) > 1:
        sets = [tables.columns, *draw_column_sets(tables.columns, seed=seed)]
        found.append(
            Attack(
                name="singling_out_multivariate",
                criterion="singling_out",
                label="Singling out by several columns",
                succeeds=lambda some: _isolates(some, sets),
            )
        )
    return found


def draw_column_sets(columns: Sequence[str], *, seed: int) -> ColumnSets:
    """Return sets of two to four columns, without the set of all.

    Examples
    --------
    >>> draw_column_sets(["a", "b", "c"], seed=1)
    [('a', 'b'), ('a', 'c'), ('b', 'c')]
    """
    most = min(_MOST_COLUMNS, len(columns) - 1)
    every = [each for size in range(2, most + 1) for each in combinations(columns, size)]
    if len(every) <= _SETS:
        return every
    random = np.random.Generator(np.random.PCG64(seed))
    return [every[place] for place in np.sort(random.choice(len(every), _SETS, replace=False))]


def _isolates(some: AttackedPersons, sets: ColumnSets) -> Flags:
    """Return whether one of the sets of columns singles each person out."""
    tables = some.tables
    done: NDArray[np.bool_] | None = None
    for columns in sets:
        matched = reduce(np.logical_and, (some.covers(name) for name in columns))
        if done is None:
            done = np.zeros(matched.shape[1], dtype=np.bool_)
        alone = np.flatnonzero((tables.persons @ matched == 1) & ~done)
        if len(alone):
            entries = matched[:, alone].argmax(axis=0)
            held = _count_covered(tables, entries, columns)
            done[alone] = held == int(some.is_original)
    return np.zeros(0, dtype=np.bool_) if done is None else done


def _count_covered(tables: ComparedTables, entries: Codes, columns: Sequence[str]) -> Codes:
    """Return how many persons of the original the cells of each entry cover in these columns."""
    held = tables.held
    found = reduce(
        np.logical_and,
        (
            tables.spaces[name].covers(held.values[name], tables.cells[name][entries])
            for name in columns
        ),
    )
    return np.array([len(np.unique(held.owner[row])) for row in found], dtype=np.int64)
