"""Nodes of a lattice in the order of their cost, without listing the whole lattice."""

from collections.abc import Sequence
from heapq import heappop, heappush
from math import prod

import numpy as np

from workbench.privacy.recoding.class_counts import Numbers
from workbench.privacy.recoding.coded_tables import CodedTable
from workbench.privacy.recoding.node_losses import Levels


def cheapest_nodes(table: CodedTable, most: int) -> Levels:
    """Return at most so many nodes of least GCP, the cheapest first, without the coarsest node.

    A lattice with more nodes is walked with a heap: a node is followed by the nodes that raise its
    last raised column, or a later one, by one level.
    """
    costs = [
        np.array([float((table.rows * cost[cells]).sum()) for cost in column.cost])
        for column, cells in zip(table.columns, table.cells, strict=True)
    ]
    sizes = [len(cost) for cost in costs]
    if prod(sizes) > 4 * most:
        return _walked(costs, most)
    nodes = np.indices(sizes, dtype=np.int8).reshape(len(sizes), -1).T
    total = np.zeros(len(nodes))
    for column, cost in enumerate(costs):
        total += cost[nodes[:, column]]
    return nodes[np.argsort(total[:-1], kind="stable")[:most]]


def _walked(costs: Sequence[Numbers], most: int) -> Levels:
    steps = [np.diff(cost).tolist() for cost in costs]
    heap: list[tuple[float, tuple[int, ...], int]] = [(0.0, (0,) * len(costs), 0)]
    found: list[tuple[int, ...]] = []
    while heap and len(found) < most:
        total, levels, raised = heappop(heap)
        found.append(levels)
        for column in range(raised, len(costs)):
            level = levels[column]
            if level < len(steps[column]):
                higher = (*levels[:column], level + 1, *levels[column + 1 :])
                heappush(heap, (total + steps[column][level], higher, column))
    return np.array(found, dtype=np.int8)
