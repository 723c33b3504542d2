"""Recognise by the nearest record whether a person is in a release.

A person whose record was used is nearer to the release than a person who was not. The intruder says
that a person is in the release if the distance to the nearest entry is at most that of the nearest
twentieth of a part of the control group, on which the attack is not tried.
"""

import numpy as np

from workbench.privacy.risk.attacks import Attack
from workbench.privacy.risk.cell_space import Distances, Flags
from workbench.privacy.risk.compared_tables import AttackedPersons, ComparedTables

#: Share of persons outside of the release whom the intruder takes for persons in it.
_FALSE_ALARMS = 0.05
#: Largest share of the control group, and number of persons, that set the distance.
_SHARE, _MOST = 0.5, 500


def nearest_record_attacks(tables: ComparedTables) -> list[Attack]:
    """Return the attack; none without a control group, which sets the distance."""
    number = min(_MOST, int(_SHARE * tables.control.number))
    if number == 0 or tables.entries == 0:
        return []
    # The last persons of the draw set the distance: the attack is tried on the first ones.
    spared = tables.control.last(number)
    distances = [_nearest(some) for some in tables.draw(spared, number)]
    limit = np.quantile(np.concatenate(distances), _FALSE_ALARMS, method="lower")

    def is_near(some: AttackedPersons) -> Flags:
        near: Flags = _nearest(some) <= limit
        return near

    return [
        Attack(
            name="nearest_record",
            criterion="singling_out",
            label="Recognising by the nearest record",
            succeeds=is_near,
            spared=number,
        )
    ]


def _nearest(some: AttackedPersons) -> Distances:
    found: Distances = some.distance(some.tables.columns).min(axis=0)
    return found
