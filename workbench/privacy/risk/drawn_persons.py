"""Draw the order in which persons are attacked, with one row of each, and count who shares it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from workbench.privacy.risk.cell_space import Codes


@dataclass(frozen=True, slots=True)
class DrawnPersons:
    """Persons of an original and of its control group, one row each, in the order of the draw.

    Attributes
    ----------
    columns, sensitive : tuple of str
        Quasi-identifiers, and sensitive columns.
    source : DataFrame
        All rows of the original.
    original, control : DataFrame
        One row per person.
    held : DataFrame
        Different quasi-identifiers of each person of the original, with a number ``_owner``.
    """

    columns: tuple[str, ...]
    sensitive: tuple[str, ...]
    source: pl.DataFrame = field(repr=False)
    original: pl.DataFrame = field(repr=False)
    control: pl.DataFrame = field(repr=False)
    held: pl.DataFrame = field(repr=False)

    def sharing(self, drawn: pl.DataFrame) -> Codes:
        """Return how many persons of the original have the quasi-identifiers of each drawn row."""
        kinds = [pl.col(name).cast(self.held.schema[name], strict=False) for name in self.columns]
        found = drawn.select(kinds).join(
            self.held.group_by(self.columns).agg(_sharing=pl.len()),
            on=self.columns, how="left", nulls_equal=True, maintain_order="left",
        )  # fmt: skip
        return found["_sharing"].fill_null(0).to_numpy().astype(np.int64)

    def unique(self) -> pl.DataFrame:
        """Return the drawn rows of the original whose quasi-identifiers nobody else has."""
        return self.original.filter(pl.Series(self.sharing(self.original) == 1))


def draw_persons(
    original: pl.DataFrame,
    control: pl.DataFrame | None,
    columns: Sequence[str],
    sensitive: Sequence[str],
    *,
    persons: str | None,
    seed: int,
) -> DrawnPersons:
    """Draw persons by a hash of their values, so that the same tables give the same order.

    Parameters
    ----------
    original, control : DataFrame
        Tables with the quasi-identifiers and sensitive columns.
    columns, sensitive : sequence of str
        Quasi-identifiers, and sensitive columns.
    persons : str, optional
        Column of persons; without it a row is a person. A row without a person is a person of its
        own, as a guest is.
    seed : int
        Number from which persons are drawn.
    """
    names = [*columns, *sensitive]
    owner = pl.int_range(pl.len())
    if persons:
        known = pl.col(persons).rank("dense").cast(pl.Int64, strict=False)
        owner = pl.when(pl.col(persons).is_null()).then(-1 - owner).otherwise(known)
    held = original.select(*columns, _owner=owner.cast(pl.Int64, strict=False))
    return DrawnPersons(
        columns=tuple(columns),
        sensitive=tuple(sensitive),
        source=original,
        original=_in_order(original, names, persons, seed),
        control=_in_order(original.clear() if control is None else control, names, persons, seed),
        held=held.unique(maintain_order=True) if persons else held,
    )


def _in_order(
    rows: pl.DataFrame, names: Sequence[str], persons: str | None, seed: int
) -> pl.DataFrame:
    """Return one row per person in an order that depends on the values and the seed alone."""
    held = rows.select(*names, *([pl.col(persons).alias("_person")] if persons else []))
    if persons:
        guests = held.filter(pl.col("_person").is_null())
        mixed = pl.struct(names).hash(seed=seed)  # Any row of a person is drawn, not the smallest.
        owned = held.filter(pl.col("_person").is_not_null()).sort(mixed, *names)
        held = pl.concat([owned.unique("_person", keep="first", maintain_order=True), guests])
    # Equal rows would be drawn together if their hashes were equal, so each has a number.
    held = held.select(names).with_columns(_twin=pl.int_range(pl.len()).over(names))
    return held.sort(pl.struct(*names, "_twin").hash(seed=seed), *names, "_twin").select(names)
