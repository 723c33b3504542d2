"""Infer a sensitive value of a person from the nearest entries of a release.

The intruder knows the quasi-identifiers and guesses the value that most persons of the nearest
entries have. A guess of a text is right if the cell covers the person's value and not all values; a
guess of a number is the mean rank, and right if it differs by at most a fortieth of all ranks.
"""

import numpy as np
from scipy.sparse import csr_array

from workbench.privacy.risk.attacks import Attack
from workbench.privacy.risk.cell_space import Flags
from workbench.privacy.risk.compared_tables import AttackedPersons, ComparedTables
from workbench.privacy.risk.number_cells import NumberSpace
from workbench.privacy.risk.record_linking import are_nearest

#: Largest difference of ranks, 0 to 1, at which a guessed number is right.
TOLERANCE = 0.025


def inference_attacks(tables: ComparedTables) -> list[Attack]:
    """Return one attack for each sensitive column."""
    return [_attack(tables, name) for name in tables.sensitive]


def _attack(tables: ComparedTables, name: str) -> Attack:
    # Sums over the nearest entries: persons of each cell, or persons and their ranks.
    space, cells, persons = tables.spaces[name], tables.cells[name], tables.persons
    places = np.arange(tables.entries)
    if isinstance(space, NumberSpace):
        middles, is_known = space.middle_ranks()[cells], space.losses()[cells] < 1
        weights = np.where(is_known, persons, 0.0)
        values = np.concatenate([weights * middles, weights])
        rows = np.concatenate([np.zeros(tables.entries), np.ones(tables.entries)]).astype(np.int64)
        sums = csr_array((values, (rows, np.concatenate([places, places]))))
    else:
        is_known = space.losses()[cells] < 1
        values = np.where(is_known, persons, 0.0)
        sums = csr_array((values, (cells, places)), shape=(space.cells, tables.entries))

    def guess(some: AttackedPersons) -> Flags:
        right: Flags
        nearest = are_nearest(some.distance(tables.columns))
        found = sums @ nearest.astype(np.float64)
        truth = some.values[name]
        if isinstance(space, NumberSpace):
            total, weight = found
            mean = total / np.maximum(weight, 1e-9)
            right = (weight > 0) & (np.abs(space.ranks(truth) - mean) <= TOLERANCE)
            return right
        guessed = found.argmax(axis=0)
        is_guess = found.max(axis=0) > 0
        covered: Flags = space.covers(truth)[guessed, np.arange(len(truth))]
        right = is_guess & covered
        return right

    return Attack(
        name=f"inference_{name}",
        criterion="inference",
        label=f"Inferring {name}",
        succeeds=guess,
    )
