"""Time that the exports of one system cover: which load is newer, and which times it filled in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

import polars as pl

from workbench.schema import TABLES
from workbench.sources import Source, undated_moment
from workbench.vault import Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCoverage:
    """How much time the held exports of the load's system cover, beside the load itself.

    Attributes
    ----------
    until : datetime
        First moment that the load does not cover.
    held : mapping of str to datetime
        The same of the system's earlier loads, by ``source_id``.
    undated : frozenset of datetime
        Times that all these loads gave to facts without a time, see ``sources.undated_times``.
    """

    until: datetime
    held: Mapping[str, datetime]
    undated: frozenset[datetime]

    @classmethod
    def of(cls, source: Source, held: Dataset | None) -> Self:
        """Return the coverage of a source beside the loads of its system in a dataset."""
        loads = () if held is None else held.sources
        same = [load for load in loads if load.system == source.system]
        ends = {load.source_id: datetime.fromisoformat(load.data_until_at) for load in same}
        zones = {(ends[load.source_id], load.zone) for load in same}
        return cls(
            until=source.data_until_at,
            held=ends,
            undated=frozenset(
                undated_moment(until.astimezone(ZoneInfo(zone)).date(), zone)
                for until, zone in {*zones, (source.data_until_at, source.zone)}
            ),
        )

    def is_newer(self) -> pl.Expr:
        """Return whether the load covers more time than the load ``source_id_held``.

        False if it covers less, and null if both cover the same time or if the held row is of
        another system.
        """
        newer = [load for load, until in self.held.items() if until < self.until]
        older = [load for load, until in self.held.items() if until > self.until]
        held = pl.col("source_id_held")
        return (
            pl.when(held.is_in(newer))
            .then(statement=True)
            .when(held.is_in(older))
            .then(statement=False)
        )

    def choose_times(self, rows: pl.DataFrame, table: str) -> pl.DataFrame:
        """Replace times that a load filled in by those that count.

        A time that an export states counts before one that was filled in, and of two that were
        filled in the earlier: from then on the fact was known. Without this every newer export
        would move such facts to its own end, out of the views of earlier dates.

        Parameters
        ----------
        rows : DataFrame
            Rows of the load with the columns ``NAME_held`` of the held rows of the same keys.
        table : str
            Name of the table.

        Returns
        -------
        DataFrame
            The same rows. Where the held time counts, the row has it too; where the row's time
            counts, the held time is null, so that the row fills it.
        """
        name = TABLES[table].time
        if name is None or not isinstance(rows.schema[name], pl.Datetime):
            return rows
        time, held = pl.col(name), pl.col(f"{name}_held")
        undated = pl.Series([*self.undated], dtype=rows.schema[name]).implode()
        is_filled, is_held_filled = time.is_in(undated), held.is_in(undated)
        is_first = ~is_filled | (is_held_filled & (time < held))
        return rows.with_columns(
            pl.when(is_filled & ~is_first).then(held).otherwise(time).alias(name),
            pl.when(is_held_filled & is_first & (time != held))
            .then(None)
            .otherwise(held)
            .alias(f"{name}_held"),
        )
