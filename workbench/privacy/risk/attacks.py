"""Attacks on a release: singling out, linking, inference and nearest records.

Each attack is tried on persons of the original and on persons of the control group, who are not in
the release, and succeeds or fails for each of them. ``attack_rates`` compares the two shares.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from workbench.privacy.risk.attack_rates import AttackRate, RiskCriterion, spread_of
from workbench.privacy.risk.cell_space import Flags
from workbench.privacy.risk.compared_tables import AttackedPersons, ComparedTables, Persons

#: Number of comparisons of a person with an entry that an attack may need, and number of attacked
#: persons that are tried whatever they cost.
_COMPARISONS, _FEWEST = 200_000_000, 500

#: Function that returns for each person whether an attack succeeds.
AttackFunction = Callable[[AttackedPersons], Flags]


@dataclass(frozen=True, slots=True)
class Attack:
    """An attack, ready to be tried on persons.

    ``spared`` is the number of persons at the end of the control group on whom it is not tried,
    since the attack was prepared with them.
    """

    name: str
    criterion: RiskCriterion
    label: str
    succeeds: AttackFunction
    spared: int = 0


def run_attacks(
    tables: ComparedTables, attacks: Sequence[Attack], *, number: int
) -> tuple[AttackRate, ...]:
    """Try attacks on persons of the original and of the control group.

    Parameters
    ----------
    tables : ComparedTables
        The three tables.
    attacks : sequence of Attack
        Attacks on these tables.
    number : int
        Largest number of persons to try, in the original and in the control group; fewer are tried
        on a release of many different rows, see ``affordable``.

    Returns
    -------
    tuple of AttackRate
        One per attack, in their order; none if the release has no entry.
    """
    if not tables.entries:
        return ()
    number = affordable(tables, number)
    # Several threads would wait for each other longer than they compute, in columns this short.
    with threadpool_limits(1):
        original = _try(tables, tables.original, attacks, number)
        control = _try(tables, tables.control, attacks, number)
    return tuple(
        AttackRate(
            name=attack.name,
            criterion=attack.criterion,
            label=attack.label,
            tried=len(mine),
            successes=int(mine.sum()),
            control_tried=len(theirs),
            control_successes=int(theirs.sum()),
            spread=spread_of(mine, tables.original.class_of[: len(mine)]),
            control_spread=spread_of(theirs, tables.control.class_of[: len(theirs)]),
        )
        for attack, mine, theirs in zip(attacks, original, control, strict=True)
    )


def affordable(tables: ComparedTables, number: int) -> int:
    """Return how many persons are attacked: the number asked for, or fewer on large releases.

    Every attacked person is compared with every different row. Up to 100,000 rows 2,000 persons are
    attacked; on 400,000 rows and more it is 500.
    """
    return min(number, max(_FEWEST, _COMPARISONS // max(1, tables.entries)))


def with_planted(
    found: Sequence[AttackRate], planted: Sequence[AttackRate]
) -> tuple[AttackRate, ...]:
    """Put beside each attack what it finds in a verbatim copy of the originals."""
    by_name = {attack.name: attack for attack in planted}
    return tuple(replace(attack, planted=by_name.get(attack.name)) for attack in found)


def _try(
    tables: ComparedTables, persons: Persons, attacks: Sequence[Attack], number: int
) -> list[Flags]:
    """Return for each attack whether it succeeds, by attacked person."""
    spared = [0 if persons is tables.original else attack.spared for attack in attacks]
    tried = [min(number, persons.number - each) for each in spared]
    found: list[list[Flags]] = [[np.zeros(0, dtype=np.bool_)] for _ in attacks]
    for some in tables.draw(persons, number):
        for place, attack in enumerate(attacks):
            left = max(0, tried[place] - some.start)
            if left:
                found[place].append(attack.succeeds(some)[:left])
    return [np.concatenate(each) for each in found]
