"""Figures and tables of a churn model: its test, its quality, its most important features."""

import polars as pl

from workbench.charts.exhibits import Figure, Table
from workbench.charts.row_charts import bars, intervals
from workbench.charts.xy_charts import observed_against_expected
from workbench.models.churn_result import ChurnResult
from workbench.models.feature_exhibits import feature_words, name_words
from workbench.models.score_tables import PARTS
from workbench.privacy.release import model_origin

_RATE = {"rate": ".1%", "low": ".1%", "high": ".1%"}
_SPLIT = {
    "time": "Trained on earlier dates, tested on a later one",
    "folds": (
        "Tested on persons held out in folds: a snapshot has no later time, and a random split "
        "flatters whatever drifts"
    ),
    "order": (
        "Tested on later persons in the declared order of time: each part is scored by a model of "
        "all earlier parts, and the first part is only learned from"
    ),
}
#: Largest number of features or groups in an exhibit; the strongest are shown.
_MOST = 12


def design(result: ChurnResult) -> Table:
    """Return the cut-offs with the numbers of persons and of those with the label."""
    rows = _bounds_as_notes(result.windows).with_columns(
        pl.col("as_of", "label_from", "label_until").cast(pl.String)
    )
    empty = [name for name in rows.columns if rows[name].null_count() == rows.height]
    return Table(
        name="design",
        title=f"{result.definition} {_SPLIT[result.split]}.",
        rows=rows.drop(empty),
        persons="persons",
        formats=_RATE,
        labels={
            "as_of": "as of", "label_from": "outcome from", "label_until": "until",
            "leavers": result.words.past, "rate": "share",
        },
        origin=result.origin,
    )  # fmt: skip


def calibration(result: ChurnResult) -> Figure:
    """Draw the share with the label over the predicted share, by tenths of the score."""
    past = result.words.past
    table = Table(
        name="calibration",
        title=f"The share that {past} in each {_group_word(result)}, against the scores",
        rows=_highest_first(_bounds_as_notes(result.assessment.calibration.drop("middle"))),
        persons="persons",
        formats={"predicted": ".1%", "observed": ".1%", "low": ".1%", "high": ".1%"},
        labels={
            "group": f"{_group_word(result)} of the scores",
            "predicted": "predicted share",
            "observed": f"share that {past}",
            "positives": past,
        },
        origin=result.origin,
    )
    return observed_against_expected(
        table,
        expected="predicted",
        observed="observed",
        low="low",
        high="high",
        axes=("Predicted share", f"Share that {past}"),
        equality="as predicted",
    )


def gains(result: ChurnResult) -> Figure:
    """Draw the share with the label by tenths of the score, highest first."""
    past = result.words.past
    rows = _bounds_as_notes(result.assessment.gains).with_columns(tenth=_place_text("tenth"))
    table = Table(
        name="gains",
        title=_gains_title(result),
        rows=rows,
        persons="persons",
        formats={**_RATE, "captured": ".1%", "lift": ".2f"},
        labels={
            "tenth": f"{_group_word(result)} of the scores",
            "leavers": past,
            "rate": f"share that {past}",
            "captured": "share of them so far",
            "lift": "lift so far",
        },
        origin=result.origin,
    )
    return intervals(
        table,
        group="tenth",
        value="rate",
        low="low",
        high="high",
        axis=f"Share that {past}",
        reference=result.assessment.base_rate.value,
        reference_name="all customers",
    )


def importance(result: ChurnResult) -> Figure:
    """Draw the AUC that is lost when each group of features is shuffled."""
    table = Table(
        name="importance",
        title="How much worse the ranking gets when a group of features is shuffled",
        rows=result.importance.with_columns(group=name_words("group")).head(_MOST),
        persons=None,
        formats={"auc_lost": "z.3f", "low": "z.3f", "high": "z.3f"},
        labels={"group": "group of features", "auc_lost": "AUC lost"},
        note=(
            f"AUC: how often the model ranks {result.words.bearers} above {result.words.others}. "
            "AUC lost: how much lower it is after the features of the group are shuffled among the "
            "customers of the test. Without them a new model could do better, by other features."
        ),
        origin=model_origin(result.origin),
    )
    return intervals(
        table,
        group="group",
        value="auc_lost",
        low="low",
        high="high",
        axis="AUC lost when shuffled",
        form=".3f",
        reference=0.0,
        reference_name="nothing lost",
    )


def strongest_features(result: ChurnResult) -> Table:
    """Return the features that rank customers best on their own, in words."""
    rows = result.features.head(_MOST).select(
        "auc",
        "feature",
        direction=pl.col("direction").replace("levels", "other values"),
        what=feature_words("feature", "group", "meaning"),
    )
    return Table(
        name="strongest_features",
        title="The strongest features, each on its own",
        rows=rows.select("what", "auc", "direction", "feature"),
        persons=None,
        formats={"auc": ".3f"},
        note=(
            f"AUC alone: how often the feature by itself ranks {result.words.bearers} above "
            f"{result.words.others}; half of the time is chance. Measured on the customers of the "
            "test; the strongest of many look a little stronger than they are."
        ),
        labels={
            "auc": "AUC alone",
            "direction": f"{result.words.bearers} have",
            "feature": "name of the feature",
        },
        origin=model_origin(result.origin),
    )


def score_groups(result: ChurnResult) -> Figure:
    """Draw the share of current customers in each band of scores."""
    rows = result.score_bands.select(
        score=pl.format("{} to {}%", pl.col("band") * 10, pl.col("until") * 10),
        persons="persons",
        share="share",
    )
    table = Table(
        name="score_groups",
        title=_scored_title(result),
        rows=rows,
        persons="persons",
        formats={"share": ".1%"},
        margin="score",
        origin=result.origin,
    )
    return bars(table, group="score", value="share", axis="Share of current customers")


def _bounds_as_notes(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with the column of bounds as ``note``, or without it if there is no bound."""
    if (rows["bound"] == "").all():
        return rows.drop("bound")
    return rows.rename({"bound": "note"})


def _highest_first(rows: pl.DataFrame) -> pl.DataFrame:
    """Return groups numbered from the highest scores, like the groups of the other figures."""
    numbered = rows.with_columns(group=pl.len() + 1 - pl.col("group")).sort("group")
    return numbered.with_columns(group=_place_text("group"))


def _place_text(number: str) -> pl.Expr:
    """Return the place of a group in words: "1 of 10 = highest", "2 of 10", "10 of 10 = lowest"."""
    end = (
        pl.when(pl.col(number) == 1)
        .then(pl.lit(" = highest"))
        .when(pl.col(number) == pl.len())
        .then(pl.lit(" = lowest"))
        .otherwise(pl.lit(""))
    )
    return pl.format("{} of {}{}", pl.col(number), pl.len(), end)


def _scored_title(result: ChurnResult) -> str:
    if result.split == "time":
        return "Customers on the as-of date, by their score"
    return "Customers without the label, by their score; those who already have it are left out"


def _group_word(result: ChurnResult) -> str:
    return PARTS[max(result.assessment.calibration.height, 1) - 1]


def _gains_title(result: ChurnResult) -> str:
    lift = result.assessment.lift
    if lift.value is None:
        return f"Share that {result.words.past} by score, highest first"
    return (
        f"The {_group_word(result)} with the highest scores {result.words.past} {lift.value:.1f} "
        "times as often as the average"
    )
