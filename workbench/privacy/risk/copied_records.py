"""Find records of unique persons that a release contains word for word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.privacy.risk.attack_rates import AttackRate, adjusted_risk, spread_of
from workbench.privacy.risk.cell_space import Flags, Numbers
from workbench.privacy.risk.compared_tables import ComparedTables

#: Confidence level at which copies are more than chance makes.
_ALMOST_SURE = 0.998


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedRecords:
    """Numbers of unique persons whose quasi-identifiers occur in the release as they are.

    Attributes
    ----------
    unique, copies : int
        Number of persons of the original whose drawn row has quasi-identifiers that nobody else
        has, and of those among them whose values all occur together in a row of the release,
        ungeneralised.
    control_unique, control_copies : int
        The same in the control group, for persons with whom no person of the original shares all
        values, as nobody else does with a unique person; chance makes these copies. 0 without a
        control group.
    control_spread : float
        Spread of the control group's share, see ``AttackRate``.
    is_plant_found : bool or None
        Whether one planted record, and a planted copy of all originals, set the alarm off; None if
        nobody is unique, so that nothing can be planted.
    """

    unique: int
    copies: int
    control_unique: int = 0
    control_copies: int = 0
    control_spread: float = 1.0
    is_plant_found: bool | None = None

    @property
    def attack(self) -> AttackRate:
        """The numbers as an attack, by which the control group explains copies."""
        return AttackRate(
            name="copied_records",
            criterion="singling_out",
            label="Unique persons whose record is copied",
            tried=self.unique,
            successes=self.copies,
            control_tried=self.control_unique,
            control_successes=self.control_copies,
            control_spread=self.control_spread,
        )

    @property
    def is_alarm(self) -> bool:
        """Whether there are copies that chance does not explain.

        One copy is an alarm unless the control group has copies too. Where it has, chance makes
        some, and there must be more of them than it makes in all but one of a thousand releases.
        """
        if self.copies == 0:
            return False
        low = adjusted_risk(self.attack, level=_ALMOST_SURE).low
        return self.control_copies == 0 or (low is not None and low > 0)


def find_copies(tables: ComparedTables) -> CopiedRecords:
    """Count the unique persons whose values all occur together in the release, as they are."""
    columns = list(tables.columns)
    original, control = (
        _values(persons.values, columns, persons.number)
        for persons in (tables.original, tables.control)
    )
    shown = _exact_entries(tables)
    unique = original.filter(pl.Series(tables.original.sharing == 1))
    others = control.filter(pl.Series(tables.control.sharing == 0))
    is_copied = _is_shown(others, shown)
    classes = others.select(pl.struct(columns).rank("dense")).to_series().to_numpy()
    return CopiedRecords(
        unique=unique.height,
        copies=int(_is_shown(unique, shown).sum()),
        control_unique=others.height,
        control_copies=int(is_copied.sum()),
        control_spread=spread_of(is_copied, classes.astype(np.int64)),
    )


def _values(values: Mapping[str, Numbers], columns: Sequence[str], number: int) -> pl.DataFrame:
    if not number:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.Float64()))
    return pl.DataFrame({name: values[name] for name in columns}, nan_to_null=True)


def _exact_entries(tables: ComparedTables) -> pl.DataFrame:
    """Return the entries all of whose cells are one value."""
    exact = {name: tables.spaces[name].exact_values() for name in tables.columns}
    keep = np.ones(tables.entries, dtype=np.bool_)
    for name, (_, is_exact) in exact.items():
        keep &= is_exact[tables.cells[name]]
    values = {name: each[tables.cells[name]][keep] for name, (each, _) in exact.items()}
    return _values(values, tables.columns, int(keep.sum()))


def _is_shown(rows: pl.DataFrame, shown: pl.DataFrame) -> Flags:
    """Return whether the values of each row occur together in the release."""
    marked = shown.unique().with_columns(_shown=pl.lit(True))
    found = rows.join(
        marked, on=rows.columns, how="left", nulls_equal=True, maintain_order="left"
    )  # fmt: skip
    flags: Flags = found["_shown"].fill_null(False).to_numpy()
    return flags
