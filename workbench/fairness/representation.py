"""Who is among the selected, against who is there at all."""

import polars as pl

from workbench.fairness.disparity import CELLS
from workbench.statistics.intervals import wilson


def representation(counted: pl.DataFrame) -> pl.DataFrame:
    """Return each group's share of all persons and of the selected ones.

    Parameters
    ----------
    counted : DataFrame
        As ``cells`` returns it, of one attribute.

    Returns
    -------
    DataFrame, shape (groups, 9)
        ``attribute``, ``group``, ``persons``, ``share``, ``selected``, ``share_of_selected``,
        ``low``, ``high`` (its Wilson interval), ``ratio`` (share_of_selected by share: 1 is as
        many as there are; null in an empty group or where nobody is selected).
    """
    chosen = pl.sum_horizontal(CELLS[0], CELLS[1])
    table = counted.select("attribute", "group", "persons", selected=chosen)
    everyone, selected = int(table["persons"].sum()), int(table["selected"].sum())
    low, high = wilson(table["selected"].to_numpy(), [selected] * table.height)
    share = pl.col("persons") / everyone
    among = pl.when(selected > 0).then(pl.col("selected") / max(selected, 1))
    return table.select(
        "attribute",
        "group",
        "persons",
        share.alias("share"),
        "selected",
        share_of_selected=among,
        low=pl.Series(low, nan_to_null=True),
        high=pl.Series(high, nan_to_null=True),
        ratio=pl.when(pl.col("persons") > 0).then(among / share),
    )
