"""Rows that must be suppressed, counted on two or three columns at a time.

Rows whose class is too small on a few columns are in a class that is too small on all columns. A
few columns have few distinct combinations, so all their levels are counted quickly.
"""

from collections.abc import Iterator
from itertools import combinations, product
from math import prod

import numpy as np

from workbench.privacy.recoding.class_counts import CountedRows, Numbers, pack
from workbench.privacy.recoding.coded_tables import CodedTable
from workbench.privacy.recoding.node_losses import Levels

_MOST_PROJECTIONS = 5_000


def suppressed_at_least(table: CodedTable, smallest: int, nodes: Levels) -> Numbers:
    """Return for each node the rows that its projections onto few columns must suppress."""
    suppressed = np.zeros(len(nodes))
    steps = [column.hierarchy.height + 1 for column in table.columns]
    done = 0
    for few in _groups_of_columns(len(steps)):
        done += prod(steps[column] for column in few)
        if done > _MOST_PROJECTIONS:
            break
        at = _too_small(table, few, smallest)
        suppressed = np.maximum(suppressed, at[tuple(nodes[:, column] for column in few)])
    return suppressed


def _groups_of_columns(columns: int) -> Iterator[tuple[int, ...]]:
    for size in (2, 3):
        yield from combinations(range(columns), size)


def _too_small(table: CodedTable, few: tuple[int, ...], smallest: float) -> Numbers:
    """Return the rows in classes below a size, for all levels of a few columns."""
    columns = [table.columns[column] for column in few]
    cells = table.cells[list(few)]
    _, first, projected = np.unique(pack(list(cells)), return_index=True, return_inverse=True)
    rows = np.bincount(projected, weights=table.rows)
    bare = CountedRows(
        table.counted.combination, table.counted.weight, table.counted.person, {}, {}
    )
    counted = bare.merged(projected[table.counted.combination])
    few_cells = cells[:, first]
    suppressed = np.zeros([column.hierarchy.height + 1 for column in columns])
    for levels in product(*(range(size) for size in suppressed.shape)):
        group = pack(
            [
                column.label[level][cell]
                for column, level, cell in zip(columns, levels, few_cells, strict=True)
            ]
        )
        groups = int(group.max(initial=0)) + 1
        if groups > 4 * len(group):  # Labels of a level can leave most of the numbers unused.
            _, group = np.unique(group, return_inverse=True)
            groups = int(group.max(initial=0)) + 1
        sizes = counted.sizes(group[counted.combination], groups)
        suppressed[levels] = np.bincount(group, weights=rows, minlength=groups)[
            sizes < smallest
        ].sum()
    return suppressed
