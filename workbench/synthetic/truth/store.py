"""Open the truth of a world on disk.

A table of the truth is stored in ``truth/<name>/part-NNNN.parquet``. Its key is ``record_id``,
which a load keeps, so that the truth can be joined to loaded data.
"""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from workbench.foundation.errors import InputError, ParameterError
from workbench.synthetic.clock import month_start
from workbench.synthetic.population import populate
from workbench.synthetic.recipes import Recipe
from workbench.synthetic.shop.leaving import month_days
from workbench.synthetic.truth.horizon import Horizon
from workbench.synthetic.truth.observer import observe
from workbench.synthetic.truth.summary import FORMAT_VERSION
from workbench.synthetic.truth.tables import oracle_outlook

_BLOCK = 2_500  # Customers that are made at a time.
_MOST_MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The truth about a world.

    Attributes
    ----------
    recipe : Recipe
        Recipe of the world.
    summary : dict
        Content of ``truth.json``.
    tables : mapping of str to LazyFrame
    """

    recipe: Recipe
    summary: dict[str, Any]
    tables: dict[str, pl.LazyFrame]

    def outlooks(
        self, *, as_of: date, horizon_months: int, horizon_days: int | None = None
    ) -> pl.DataFrame:
        """Compute the probabilities of leaving and buying of every customer, from the recipe.

        Parameters
        ----------
        as_of : date
            First day of a month of the world, or the data end.
        horizon_months : int
            Number of months for leaving, 1 to 12.
        horizon_days : int, optional
            Number of days for buying; the days of these months unless given.

        Returns
        -------
        DataFrame, shape (customers who had joined, 8)
            ``record_id``; ``is_active``; ``p_leaves`` and ``p_buys`` within the horizon by the
            oracle; ``p_active_given_history``, ``p_leaves_given_history`` and
            ``p_buys_given_history`` by the best observer (``observer``); ``leaves``, whether the
            customer left in these months, null where they end after the data.

        Raises
        ------
        ParameterError
            The date is not the start of a month of the world, or the horizon is out of range.
        """
        month = self._month(as_of)
        if not 1 <= horizon_months <= _MOST_MONTHS:
            raise ParameterError(f"horizon_months is {horizon_months}: give 1 to {_MOST_MONTHS}")
        days = horizon_days or (month_start(as_of, horizon_months) - as_of).days
        firsts = range(0, self.recipe.customers, _BLOCK)
        return pl.concat([self._of_block(first, month, horizon_months, days) for first in firsts])

    def _month(self, as_of: date) -> int:
        start = self.recipe.start_on
        for month in range(self.recipe.months + 1):
            if month_start(start, month) == as_of:
                return month
        end = month_start(start, self.recipe.months)
        raise ParameterError(
            f"as_of is {as_of}: give the first day of a month of the world, {start} to {end}"
        )

    def _without_visitors(self) -> Recipe:
        """Return the recipe without anonymous visits, on which no customer depends."""
        visitors = self.recipe.visitors.model_copy(update={"anonymous_per_month": 0.0})
        return self.recipe.model_copy(update={"visitors": visitors})

    def _of_block(self, first: int, month: int, months: int, days: int) -> pl.DataFrame:
        size = min(_BLOCK, self.recipe.customers - first)
        population = populate(self._without_visitors(), first, size)
        block, purchases = population.block, population.purchases
        horizon = Horizon(month=month, months=months, days=days)
        oracle, observed = oracle_outlook(block, purchases, horizon), observe(population, horizon)
        is_covered = month + months <= self.recipe.months
        ends = float(month_days(block, month + months)[-1])
        return pl.DataFrame(
            {
                "record_id": block.record_id,
                "is_active": oracle.is_active,
                "p_leaves": oracle.p_leaves.round(6),
                "p_buys": oracle.p_buys.round(6),
                "p_active_given_history": observed.p_active.round(6),
                "p_leaves_given_history": observed.p_leaves.round(6),
                "p_buys_given_history": observed.p_buys.round(6),
                "leaves": pl.Series(
                    (oracle.is_active & (purchases.left_day < ends)).tolist()
                    if is_covered
                    else [None] * block.size,
                    dtype=pl.Boolean,
                ),
            }
        ).filter(pl.Series(oracle.is_known))


def open_truth(world: Path) -> Truth:
    """Open the truth of a world.

    Raises
    ------
    InputError
        The folder is no world, or its truth is missing or was made by another version.
    """
    try:
        manifest = json.loads((world / "world.json").read_bytes())
        summary = json.loads((world / "truth" / "truth.json").read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(
            f"{world} contains no truth: give the folder of a world as workbench generate made it"
        ) from error
    if summary.get("format_version") != FORMAT_VERSION:
        raise InputError(f"the truth of {world} was made by another version: generate it again")
    return Truth(
        recipe=Recipe.model_validate_json(json.dumps(manifest["recipe"])),
        summary=summary,
        tables=tables_of_truth(world / "truth"),
    )


def tables_of_truth(folder: Path) -> dict[str, pl.LazyFrame]:
    """Return the tables in a folder of truth, lazily, by name."""
    found = {}
    for place in sorted(each for each in folder.iterdir() if each.is_dir()):
        parts = sorted(place.glob("part-*.parquet"))
        if parts:
            found[place.name] = pl.scan_parquet(parts)
    return found
