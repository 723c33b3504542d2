"""What was done to make a view: the steps, the columns, and whom it cost most."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

import polars as pl

from workbench.charts.exhibits import Table
from workbench.privacy.generalisation import age_band

#: Columns of the customer table by which losses are told.
_GROUPS = ("gender", "age_band", "country")


@dataclass(frozen=True, kw_only=True)
class ViewReport:
    """What a view cost.

    Attributes
    ----------
    steps : DataFrame
        ``step`` (String), ``removed`` and ``left`` (Int64, persons), in the order of the steps.
    columns : DataFrame
        ``table``, ``column``, ``what`` was done and ``note``, all String.
    groups : DataFrame
        One row per group of gender, age band and country: ``characteristic``, ``group`` (String),
        ``persons`` in the dataset, ``in_view`` (Int64), ``lost_share`` removed from the view and
        ``emptied_share`` of those left whose group the view no longer tells (Float64, 0 to 1);
        the group that lost most first.
    k, k_reached : int
        Persons per combination of quasi-identifiers: asked for, and in the smallest one.
    """

    COLUMNS: ClassVar[Mapping[str, pl.DataType]] = {
        "table": pl.String(),
        "column": pl.String(),
        "what": pl.String(),
        "note": pl.String(),
    }

    steps: pl.DataFrame
    columns: pl.DataFrame
    groups: pl.DataFrame
    k: int
    k_reached: int

    def to_json(self) -> dict[str, Any]:
        """Return it in a form that JSON can hold."""
        return {
            "steps": self.steps.to_dicts(),
            "columns": self.columns.to_dicts(),
            "groups": self.groups.to_dicts(),
            "k": self.k,
            "k_reached": self.k_reached,
        }

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> "ViewReport":
        """Make it again from what ``to_json`` gave."""
        return cls(
            steps=pl.DataFrame(content["steps"], schema=_STEPS),
            columns=pl.DataFrame(content["columns"], schema=cls.COLUMNS),
            groups=pl.DataFrame(content["groups"], schema=_LOSSES),
            k=content["k"],
            k_reached=content["k_reached"],
        )

    def tables(self, *, min_group: int) -> tuple[Table, ...]:
        """Return the report as tables that may be shown.

        Steps that removed fewer than ``min_group`` persons say so instead of how many, and the
        persons left are rounded to tens, so that no small number follows by subtraction.
        """
        small = (pl.col("removed") > 0) & (pl.col("removed") < min_group)
        hides = bool(self.steps.select(small.any()).item())
        left = pl.col("left").round(-1) if hides else pl.col("left")
        steps = self.steps.select(
            "step",
            removed=pl.when(small)
            .then(pl.lit(f"fewer than {min_group}"))
            .otherwise(pl.col("removed").map_elements("{:,}".format, return_dtype=pl.String)),
            left=left.map_elements("{:,}".format, return_dtype=pl.String),
        )
        told = (pl.col("in_view") >= min_group) & (pl.col("persons") >= min_group)
        nearly_none = pl.col("persons") - pl.col("in_view")
        safe = told & ((nearly_none == 0) | (nearly_none >= min_group))
        return (
            Table(
                name="view_steps",
                title="Whom each step removed"
                + (", persons left rounded to tens" if hides else ""),
                rows=steps,
                persons=None,
                labels={"step": "Step", "removed": "Persons removed", "left": "Persons left"},
            ),
            Table(
                name="view_columns",
                title="What was done to which column",
                rows=self.columns,
                persons=None,
            ),
            Table(
                name="view_groups",
                title="Which groups the view lost most of",
                rows=self.groups.filter(safe),
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


_STEPS = {"step": pl.String(), "removed": pl.Int64(), "left": pl.Int64()}
_LOSSES = {
    "characteristic": pl.String(),
    "group": pl.String(),
    "persons": pl.Int64(),
    "in_view": pl.Int64(),
    "lost_share": pl.Float64(),
    "emptied_share": pl.Float64(),
}


def groups_lost(
    everyone: pl.DataFrame, allowed: pl.DataFrame, shown: pl.DataFrame, as_of: date
) -> pl.DataFrame:
    """Tell by group how many customers a view lost, and of how many it no longer tells the group.

    Parameters
    ----------
    everyone, allowed : DataFrame
        The customer table before and after consent.
    shown : DataFrame
        The customer table of the view.
    as_of : date
        Date at which ages are counted.
    """
    parts = []
    for name in _GROUPS:
        value = age_band(as_of) if name == "age_band" else pl.col(name).cast(pl.String)
        before = everyone.select("customer_id", group=value.fill_null("missing"))
        emptied = (
            shown.select("customer_id", _empty=pl.col(name).is_null())
            if name in shown.columns
            else shown.select("customer_id", _empty=pl.lit(True))
        )
        counted = (
            before.join(allowed.select("customer_id", _in=pl.lit(True)), on="customer_id", how="left")
            .join(emptied, on="customer_id", how="left")
            .group_by("group")
            .agg(
                persons=pl.len().cast(pl.Int64),
                in_view=pl.col("_in").fill_null(False).sum().cast(pl.Int64),
                emptied=(pl.col("_empty").fill_null(False) & (pl.col("group") != "missing"))
                .sum()
                .cast(pl.Int64),
            )
        )
        parts.append(
            counted.select(
                characteristic=pl.lit(name),
                group="group",
                persons="persons",
                in_view="in_view",
                lost_share=(1 - pl.col("in_view") / pl.col("persons")).round(6),
                emptied_share=pl.when(pl.col("in_view") > 0)
                .then(pl.col("emptied") / pl.col("in_view"))
                .otherwise(0.0)
                .round(6),
            )
        )
    return (
        pl.concat(parts)
        .sort(["lost_share", "persons", "characteristic", "group"], descending=[True, True, False, False])
        .cast(_LOSSES)
    )
