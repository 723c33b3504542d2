"""Report of a view: the steps, the treatment of columns, losses by group, and linkability."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import polars as pl

from workbench.charts.exhibits import Table
from workbench.privacy.generalisation import quasi_identifiers
from workbench.privacy.linkability import LINKABILITY, linkability_table
from workbench.privacy.losses import LOSSES
from workbench.privacy.view_risk import ViewRisk

_FINEST, _SUPPRESSED = "finest level", "suppressed for everybody"
_IS_QUASI_IDENTIFIER = (pl.col("table") == "customers") & pl.col("column").is_in(
    quasi_identifiers()
)

#: How the note of a column begins that is coarser than the level that its study states.
COARSER = "coarser than the study's level"


class Change(NamedTuple):
    """Treatment of one column; ``suppressed`` counts single cells among the ``stated`` cells."""

    table: str
    column: str
    what: str
    note: str = ""
    stated: int | None = None
    suppressed: int | None = None


@dataclass(frozen=True, kw_only=True)
class ViewReport:
    """Treatment and losses of a view, in figures that its release made.

    Attributes
    ----------
    steps : DataFrame
        ``step`` (String), ``removed`` and ``left`` (Int64, persons), in the order of the steps.
    columns : DataFrame
        ``table``, ``column``, ``what`` (the treatment) and ``note`` (String); ``stated`` and
        ``suppressed`` (Int64, cells), null if cells were not suppressed one by one.
    groups : DataFrame
        Losses by group, see ``losses_by_group``.
    linkability : DataFrame
        Shares of unique customers, see ``linkability``; empty before ``View.seal`` measures them.
    k : int
        Smallest number of persons per combination of quasi-identifiers.
    further : tuple of str
        What these persons have in common beside, in words, where the policy has l or t.
    levels : mapping of str to int
        Level of each quasi-identifier, 0 the finest, as a study states them.
    suppressed : int
        Number of persons who had quasi-identifiers and have none left.
    min_group : int
        Smallest number of persons that is shown.
    origin : str
        Mark of the release.
    risk : ViewRisk or None
        Risk that is left in the customer table, for a study that states limits.
    """

    COLUMNS: ClassVar[Mapping[str, pl.DataType]] = {
        "table": pl.String(),
        "column": pl.String(),
        "what": pl.String(),
        "note": pl.String(),
        "stated": pl.Int64(),
        "suppressed": pl.Int64(),
    }

    steps: pl.DataFrame
    columns: pl.DataFrame
    groups: pl.DataFrame
    linkability: pl.DataFrame
    k: int
    further: tuple[str, ...]
    levels: Mapping[str, int]
    suppressed: int
    min_group: int
    origin: str
    risk: ViewRisk | None = None

    @property
    def cost(self) -> str:
        """Sentences about the persons and values that were left out, which may be shown."""
        return f"{self._persons_lost()} {self._cells_lost()}".strip()

    def to_json(self) -> dict[str, Any]:
        """Return the report as content for JSON."""
        return {
            "steps": self.steps.to_dicts(),
            "columns": self.columns.to_dicts(),
            "groups": self.groups.to_dicts(),
            "linkability": self.linkability.to_dicts(),
            "k": self.k,
            "further": list(self.further),
            "levels": dict(self.levels),
            "suppressed": self.suppressed,
            "min_group": self.min_group,
            "origin": self.origin,
            "cost": self.cost,
            "risk": self.risk and self.risk.to_json(),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "ViewReport":
        """Return the report from the result of ``to_json``."""
        return cls(
            steps=pl.DataFrame(content["steps"], schema=_STEPS),
            columns=pl.DataFrame(content["columns"], schema=cls.COLUMNS),
            groups=pl.DataFrame(content["groups"], schema=LOSSES),
            linkability=pl.DataFrame(content["linkability"], schema=LINKABILITY),
            k=content["k"],
            further=tuple(content["further"]),
            levels=content["levels"],
            suppressed=content["suppressed"],
            min_group=content["min_group"],
            origin=content["origin"],
            risk=content["risk"] and ViewRisk.from_json(content["risk"]),
        )

    def tables(self) -> tuple[Table, ...]:
        """Return the report as tables that may be shown; small numbers of persons are bounds."""
        left = int(self.steps["left"][-1])
        # The table has no total and no numbers in between: a small number would follow from them.
        steps = pl.DataFrame(
            [
                *(
                    (step, _format_count(n, self.min_group))
                    for step, n, _ in self.steps.iter_rows()
                ),
                ("in the view", f"{left:,}"),
            ],
            schema={"step": pl.String, "persons": pl.String},
            orient="row",
        )
        groups = self.groups
        return (
            Table(
                name="view_steps",
                title="How many persons each step left out, and how many are in the view",
                rows=steps,
                persons=None,
                labels={"step": "Left out", "persons": "Persons"},
                origin=self.origin,
            ),
            Table(
                name="view_columns",
                title="What was done to which column",
                rows=self._columns_in_words(),
                persons=None,
                note=self._levels_to_state(),
                origin=self.origin,
            ),
            Table(
                name="view_groups",
                title="Which groups the view lost most of",
                rows=groups.drop("note") if (groups["note"] == "").all() else groups,
                persons="in_view",
                labels={
                    "in_view": "Persons in view",
                    "lost_share": "Lost",
                    "suppressed_share": "Group suppressed",
                },
                formats={"lost_share": ".1%", "suppressed_share": ".1%"},
                origin=self.origin,
            ),
            linkability_table(self.linkability, origin=self.origin),
        )

    def _persons_lost(self) -> str:
        lost = {step: removed for step, removed, _ in self.steps.iter_rows() if removed}
        left = int(self.steps["left"][-1])
        if not lost:
            return f"All {left:,} customers are in the view."
        reasons = ", ".join(
            f"{_format_count(n, self.min_group)} ({step})" for step, n in lost.items()
        )
        return f"{left:,} customers are in the view. Customers left out: {reasons}."

    def _cells_lost(self) -> str:
        quasi = self.columns.filter(_IS_QUASI_IDENTIFIER).drop_nulls("stated")
        parts = []
        for name, what, stated, suppressed in quasi.select(
            "column", "what", "stated", "suppressed"
        ).iter_rows():
            if what == _SUPPRESSED:
                parts.append(f"{name} was removed for everybody")
                continue
            made = what if what.startswith("cut") else f"made {what}"
            coarser = "" if what == _FINEST else f"{name} was {made}"
            share = _format_share(suppressed, stated, self.min_group)
            cells = f"{share} of the values of {name} were removed" if suppressed else ""
            parts += [" and ".join(part for part in (coarser, cells) if part)]
        done = [part for part in parts if part]
        shared = f"at least {self.k} customers share every combination of their characteristics"
        shared = " and ".join([shared, *self.further])
        text = f"So that {shared}, {'; '.join(done)}." if done else ""
        if not quasi.is_empty() and not done:
            text = f"{shared[:1].upper()}{shared[1:]}, and no value had to be removed for that."
        if self.suppressed:
            count = _format_count(self.suppressed, self.min_group)
            text += f" Of {count} customers all of these characteristics were removed."
        for name in quasi.filter(pl.col("note").str.starts_with(COARSER))["column"]:
            text += (
                f" {name} is coarser than the level that the study states: figures by it do not "
                "compare with earlier reports."
            )
        return f"{text} {self._texts_lost()}".strip()

    def _levels_to_state(self) -> str:
        if not self.levels:
            return ""
        stated = ", ".join(f"{name} = {level}" for name, level in self.levels.items())
        return (
            f"levels = {{ {stated} }} under [policy] in the study keeps later reports from having "
            "finer ones, so that they compare with this one."
        )

    def _texts_lost(self) -> str:
        texts = self.columns.filter(~_IS_QUASI_IDENTIFIER, pl.col("suppressed") > 0)
        if texts.is_empty():
            return ""
        places = ", ".join(
            f"{table}.{column} ({_format_share(suppressed, stated, self.min_group)} of its values)"
            for table, column, _, _, stated, suppressed in texts.iter_rows()
        )
        return f"Values that fewer than {self.k} customers share were removed from {places}."

    def _columns_in_words(self) -> pl.DataFrame:
        notes = [
            f"{_format_share(count, stated, self.min_group)} of the cells suppressed {note}".strip()
            if count
            else ("" if stated is not None and not note.startswith(COARSER) else note)
            for note, stated, count in self.columns.select(
                "note", "stated", "suppressed"
            ).iter_rows()
        ]
        done = self.columns.select("table", "column", "what")
        return done.with_columns(note=pl.Series(notes, dtype=pl.String))


_STEPS: Mapping[str, pl.DataType] = {"step": pl.String(), "removed": pl.Int64(), "left": pl.Int64()}


def _format_count(count: int, min_group: int) -> str:
    """Return a count of persons as text, or as a bound if it is too small to be shown."""
    return f"fewer than {min_group}" if 0 < count < min_group else f"{count:,}"


def _format_share(count: int, of: int, min_group: int) -> str:
    """Return a share of cells in whole percents, which one person seldom changes."""
    if 0 < count < min_group:
        return f"fewer than {min_group}"
    share = round(100 * min(count / max(of, 1), 1.0))  # No cell is suppressed if none is stated.
    return f"about {share} %" if share else "less than 1 %"
