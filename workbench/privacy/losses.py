"""Losses by group: the shares of persons whom a view lacks and whose group it suppresses."""

from collections.abc import Mapping

import polars as pl

from workbench.privacy.release import Release, share_columns

LOSSES: Mapping[str, pl.DataType] = {
    "characteristic": pl.String(),
    "group": pl.String(),
    "in_view": pl.Int64(),
    "lost_share": pl.Float64(),
    "suppressed_share": pl.Float64(),
    "note": pl.String(),
}


def losses_by_group(
    everyone: pl.DataFrame,
    allowed: pl.DataFrame,
    shown: pl.DataFrame,
    levels: Mapping[str, pl.Expr],
    *,
    release: Release,
) -> pl.DataFrame:
    """Estimate by group the shares of persons whom a view lacks and whose group it suppresses.

    Parameters
    ----------
    everyone, allowed : DataFrame
        Customer table before and after consent.
    shown : DataFrame
        Customer table of the view, with the ids of the dataset.
    levels : mapping of str to Expr
        Columns of the study at the levels to which the view generalises them, as expressions over
        the customer table. A column that the view suppresses for everybody is absent.
    release : Release
        Release that makes the counts.

    Returns
    -------
    DataFrame
        One row per group with ``min_group`` persons in the view, with the columns of ``LOSSES``:
        ``lost_share`` is the share of its persons whom the view lacks, ``suppressed_share`` the
        share of its persons in the view whose group is suppressed (0 to 1, null if ``note`` has a
        bound).
        The group with the largest loss comes first.
    """
    parts = [
        _losses(name, level, everyone, allowed, shown, release) for name, level in levels.items()
    ]
    if not parts:
        return pl.DataFrame(schema=LOSSES)
    return (
        pl.concat(parts)
        .filter(pl.col("in_view") >= release.min_group)
        .sort(
            ["lost_share", "in_view", "characteristic", "group"],
            descending=[True, True, False, False],
            nulls_last=True,
        )
        .cast(pl.Schema(LOSSES))
    )


def _losses(
    name: str,
    level: pl.Expr,
    everyone: pl.DataFrame,
    allowed: pl.DataFrame,
    shown: pl.DataFrame,
    release: Release,
) -> pl.DataFrame:
    rows = everyone.select("customer_id", group=level)
    if rows.schema["group"].is_temporal():
        rows = rows.with_columns(pl.col("group").dt.date())
    rows = (
        rows.join(allowed.select("customer_id", _in=pl.lit(True)), on="customer_id", how="left")
        .join(
            shown.select("customer_id", _empty=pl.col(name).is_null()),
            on="customer_id",
            how="left",
        )
        .with_columns(pl.col("_in").fill_null(False), pl.col("_empty").fill_null(False))
    )
    counted = release.counts(
        rows,
        ["group"],
        of={
            "in_view": pl.col("_in"),
            "suppressed": pl.col("_empty") & pl.col("group").is_not_null(),
        },
    ).with_columns(
        # The loss is a difference of two counts: a third count of these persons would reveal more.
        lost=(pl.col("persons") - pl.col("in_view")).clip(0)
    )
    counted = share_columns(counted, "lost", "persons", release=release, name="lost_share")
    counted = share_columns(
        counted, "suppressed", "in_view", release=release, name="suppressed_share"
    )
    return counted.select(
        pl.lit(name).alias("characteristic"),
        pl.col("group").cast(pl.String).fill_null("missing"),
        "in_view",
        "lost_share",
        "suppressed_share",
        note=pl.concat_str(
            _note("lost", "lost_share_note"), _note("suppressed", "suppressed_share_note")
        ).str.strip_suffix("; "),
    )


def _note(what: str, bound: str) -> pl.Expr:
    words = pl.format("{} {}; ", pl.lit(what), bound)
    return pl.when(pl.col(bound) == "").then(pl.lit("")).otherwise(words)
