"""Representation: each group's share of the selected persons and of all persons."""

import polars as pl

from workbench.privacy.release import EXACT, Release, share_columns, shares


def representation(
    counted: pl.DataFrame, whole: pl.DataFrame, *, release: Release = EXACT
) -> pl.DataFrame:
    """Return each group's share of all persons and of the selected ones.

    Parameters
    ----------
    counted : DataFrame
        Result of ``count_decisions`` for one attribute.
    whole : DataFrame
        Result of ``count_decisions`` for all persons together, one row.
    release : Release
        Release that made the counts.

    Returns
    -------
    DataFrame, shape (groups, 10)
        ``attribute``, ``group``, ``persons``, ``share``, ``selected``, ``share_of_selected``,
        ``low``, ``high`` (its Wilson interval), ``ratio`` (share_of_selected divided by share, 1
        for a group that is selected like all persons; null for an empty group or if no person is
        selected), ``bound`` ("at most 4 of 25" if only a bound may be shown, else "").
    """
    everyone, selected = int(whole["persons"][0]), int(whole["selected"][0])
    table = counted.select("attribute", "group", "persons", "selected").with_columns(
        share=pl.col("persons") / max(everyone, 1),
        all_selected=pl.lit(selected, dtype=pl.Int64),
    )
    # A group whose selection rate is a bound gets that bound here too; otherwise this table would
    # show the number of its selected persons.
    of_group = pl.Series(shares(table["selected"], table["persons"], release=release).bound)
    found = share_columns(
        table, "selected", "all_selected", release=release, name="share_of_selected"
    )
    is_bound = pl.Series((of_group != "").to_list(), dtype=pl.Boolean)
    found = found.with_columns(
        pl.when(~is_bound).then(pl.col(name)).alias(name)
        for name in (
            "selected", "share_of_selected", "share_of_selected_low", "share_of_selected_high"
        )
    ).with_columns(
        share_of_selected_note=pl.when(pl.col("share_of_selected_note") == "")
        .then(of_group)
        .otherwise("share_of_selected_note")
    )  # fmt: skip
    return found.select(
        "attribute",
        "group",
        "persons",
        "share",
        "selected",
        "share_of_selected",
        low="share_of_selected_low",
        high="share_of_selected_high",
        ratio=pl.when(pl.col("persons") > 0).then(pl.col("share_of_selected") / pl.col("share")),
        bound="share_of_selected_note",
    )
