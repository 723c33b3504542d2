"""What was done to make a view: the steps, the columns, whom it cost most, and what it cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import polars as pl

from workbench.charts.exhibits import Table
from workbench.privacy.losses import LOSSES, groups_told

_FINEST, _GONE = "finest level", "emptied for everybody"


class Doing(NamedTuple):
    """What was done to one column: ``emptied`` of its ``stated`` cells, where that is counted."""

    table: str
    column: str
    what: str
    note: str = ""
    stated: int | None = None
    emptied: int | None = None


@dataclass(frozen=True, kw_only=True)
class ViewReport:
    """What a view cost.

    Attributes
    ----------
    steps : DataFrame
        ``step`` (String), ``removed`` and ``left`` (Int64, persons), in the order of the steps.
    columns : DataFrame
        ``table``, ``column``, ``what`` was done and ``note`` (String); ``stated`` and ``emptied``
        (Int64, cells), null where no single cell was emptied.
    groups : DataFrame
        One row per group of gender, age band and country: ``characteristic``, ``group`` (String),
        ``persons`` in the dataset, ``in_view`` (Int64), ``lost_share`` removed from the view and
        ``emptied_share`` of those left whose group the view no longer tells (Float64, 0 to 1);
        the group that lost most first.
    k, k_reached : int
        Persons per combination of quasi-identifiers: asked for, and in the smallest one.
    suppressed : int
        Persons of whom no quasi-identifier is left although one was known.
    min_group : int
        Smaller numbers of persons are not told.
    """

    COLUMNS: ClassVar[Mapping[str, pl.DataType]] = {
        "table": pl.String(),
        "column": pl.String(),
        "what": pl.String(),
        "note": pl.String(),
        "stated": pl.Int64(),
        "emptied": pl.Int64(),
    }

    steps: pl.DataFrame
    columns: pl.DataFrame
    groups: pl.DataFrame
    k: int
    k_reached: int
    suppressed: int
    min_group: int

    @property
    def cost(self) -> str:
        """What privacy cost, in sentences that may be shown: persons, then cells."""
        return f"{self._persons_lost()} {self._cells_lost()}".strip()

    def to_json(self) -> dict[str, Any]:
        """Return it in a form that JSON can hold."""
        return {
            "steps": self.steps.to_dicts(),
            "columns": self.columns.to_dicts(),
            "groups": self.groups.to_dicts(),
            "k": self.k,
            "k_reached": self.k_reached,
            "suppressed": self.suppressed,
            "min_group": self.min_group,
            "cost": self.cost,
        }

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> "ViewReport":
        """Make it again from what ``to_json`` gave."""
        return cls(
            steps=pl.DataFrame(content["steps"], schema=_STEPS),
            columns=pl.DataFrame(content["columns"], schema=cls.COLUMNS),
            groups=pl.DataFrame(content["groups"], schema=LOSSES),
            k=content["k"],
            k_reached=content["k_reached"],
            suppressed=content["suppressed"],
            min_group=content["min_group"],
        )

    def tables(self, *, min_group: int) -> tuple[Table, ...]:
        """Return the report as tables that may be shown.

        Steps that removed fewer than ``min_group`` persons say so instead of how many, and all
        other numbers of the steps are rounded to tens, so that no small one follows by subtraction.
        """
        hides = _has_small(self.steps["removed"], min_group)
        steps = self.steps.select(
            "step",
            removed=pl.Series(
                [_told(n, min_group, rounds=hides) for n in self.steps["removed"]], dtype=pl.String
            ),
            left=pl.Series(
                [f"{_tens(n) if hides else n:,}" for n in self.steps["left"]], dtype=pl.String
            ),
        )
        return (
            Table(
                name="view_steps",
                title="Whom each step removed" + (", rounded to tens" if hides else ""),
                rows=steps,
                persons=None,
                labels={"step": "Step", "removed": "Persons removed", "left": "Persons left"},
            ),
            Table(
                name="view_columns",
                title="What was done to which column",
                rows=self._columns_told(min_group),
                persons=None,
            ),
            Table(
                name="view_groups",
                title="Which groups the view lost most of",
                rows=groups_told(self.groups, min_group),
                persons="in_view",
                labels={
                    "in_view": "Persons in view",
                    "persons": "Persons",
                    "lost_share": "Lost",
                    "emptied_share": "Group emptied",
                },
                formats={"lost_share": ".1%", "emptied_share": ".1%"},
            ),
        )

    def _persons_lost(self) -> str:
        total = int(self.steps["removed"][0] + self.steps["left"][0])
        lost = int(self.steps["removed"].sum())
        if lost == 0:
            return f"All {total:,} customers are in the view."
        rounds = _has_small([*self.steps["removed"], lost], self.min_group)
        reasons = [
            f"{_told(removed, self.min_group, rounds=rounds)} {step}"
            for step, removed, _ in self.steps.iter_rows()
            if removed
        ]
        of = f"about {_tens(total):,}" if rounds else f"{total:,}"
        gone = _told(lost, self.min_group, rounds=rounds)
        return f"Of {of} customers {gone} are not in the view ({'; '.join(reasons)})."

    def _cells_lost(self) -> str:
        quasi = self.columns.filter(pl.col("table") == "customers").drop_nulls("stated")
        parts = []
        for name, what, stated, emptied in quasi.select(
            "column", "what", "stated", "emptied"
        ).iter_rows():
            if what == _GONE:
                parts.append(f"{name} was emptied for everybody")
                continue
            coarser = "" if what == _FINEST else f"{name} was made {what}"
            share = _share(emptied, stated, self.min_group)
            cells = f"{share} of the cells of {name} were emptied" if emptied else ""
            parts += [" and ".join(part for part in (coarser, cells) if part)]
        done = [part for part in parts if part]
        said = f"To reach k = {self.k}, {'; '.join(done)}." if done else ""
        if not quasi.is_empty() and not done:
            said = f"k = {self.k} was reached without emptying a cell."
        if self.suppressed:
            few = _told(self.suppressed, self.min_group, rounds=False)
            said += f" Of {few} customers nothing is told that was known."
        return f"{said} {self._texts_lost()}".strip()

    def _texts_lost(self) -> str:
        texts = self.columns.filter(pl.col("table") != "customers", pl.col("emptied") > 0)
        if texts.is_empty():
            return ""
        places = ", ".join(
            f"{table}.{column} ({_share(emptied, stated, self.min_group)} of the cells)"
            for table, column, _, _, stated, emptied in texts.iter_rows()
        )
        return f"Values stated by fewer than {self.k} persons were emptied in {places}."

    def _columns_told(self, min_group: int) -> pl.DataFrame:
        notes = [
            f"{_share(emptied, stated, min_group)} of the cells emptied {note}".strip()
            if emptied
            else ("" if stated is not None else note)
            for note, stated, emptied in self.columns.select(
                "note", "stated", "emptied"
            ).iter_rows()
        ]
        told = self.columns.select("table", "column", "what")
        return told.with_columns(note=pl.Series(notes, dtype=pl.String))


_STEPS: Mapping[str, pl.DataType] = {"step": pl.String(), "removed": pl.Int64(), "left": pl.Int64()}


def _has_small(counts: pl.Series | list[int], min_group: int) -> bool:
    return any(0 < count < min_group for count in counts)


def _told(count: int, min_group: int, *, rounds: bool) -> str:
    """How many persons, where so many may be told; about how many beside a number that is not."""
    if 0 < count < min_group:
        return f"fewer than {min_group}"
    return f"about {_tens(count):,}" if rounds and count else f"{count:,}"


def _tens(count: int) -> int:
    return (count + 5) // 10 * 10


def _share(count: int, of: int, min_group: int) -> str:
    """Say a share of cells in words; not of fewer than may be told."""
    if 0 < count < min_group:
        return f"fewer than {min_group}"
    share = 100 * count / max(of, 1)  # of nothing nothing was emptied
    return f"{share:.1f} %" if share >= 0.05 else "less than 0.1 %"
