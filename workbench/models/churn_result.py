"""The result of a churn model, whether a later time or folds of persons were held out."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from workbench.features import Windows, feature_dictionary
from workbench.foundation.errors import InputError
from workbench.models.assessment import Assessment, LabelWords, Outcomes, Scores
from workbench.models.classifiers import Model
from workbench.privacy.release import EXACT, Release, rounded_figure, share_columns
from workbench.statistics.auc import standard_error
from workbench.statistics.estimates import Estimate
from workbench.statistics.verdicts import Verdict

#: Smallest number of persons of either outcome for training or test.
LEAST_OUTCOMES = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnResult:
    """A churn model and its assessment on held-out persons.

    Attributes
    ----------
    split : {"time", "folds", "order"}
        Whether a later time, folds of persons, or later persons in a declared order were held out.
    definition : str
        Definition of the label, in words; its short words are in ``assessment.words``.
    model : {"logistic", "boosting"}
        Kind of model.
    assessment : Assessment
        Figures and tables about the scores of held-out persons.
    windows : DataFrame, shape (cut-offs, 10)
        One row per cut-off: ``part`` ("training", "test"), ``as_of``, ``label_from``,
        ``label_until`` (Date, null for folds), ``persons``, ``leavers`` (persons with the
        label), ``rate``, ``low``, ``high``, ``bound`` ("at most 4 of 25" if only a bound may be
        shown, else "").
    features : DataFrame, shape (features, 6)
        ``feature``, ``group``, ``unit``, ``meaning``, ``auc`` (alone, on the test persons, .5 to
        1), ``direction``; the strongest first.
    importance : DataFrame, shape (groups, 6)
        Result of ``group_importance``.
    verdicts : tuple of Verdict
        Answers about ranking, gain and calibration.
    assessed : DataFrame, shape (test persons, 3)
        ``customer_id``, ``score``, ``churned``: for an audit of the scores, never shown.
    scores : DataFrame, shape (current customers, 2)
        ``customer_id``, ``score``: for the vault, never shown. Customers of a snapshot who have
        the label already are absent.
    score_bands : DataFrame
        Numbers of current customers by bands of tenths of the score: ``band`` (0 to 9) and
        ``until`` (1 to 10), the first tenth of a band and the end of its last, ``persons``,
        ``share``. A band of too few persons to be shown is merged with its smaller neighbour.
    origin : str
        Mark of the release that made the figures.
    """

    split: Literal["time", "folds", "order"]
    definition: str
    model: Model
    assessment: Assessment
    windows: pl.DataFrame
    features: pl.DataFrame
    importance: pl.DataFrame
    verdicts: tuple[Verdict, ...]
    assessed: pl.DataFrame
    scores: pl.DataFrame
    score_bands: pl.DataFrame
    origin: str

    @property
    def words(self) -> LabelWords:
        """The label in words."""
        return self.assessment.words

    @property
    def auc(self) -> Estimate:
        """The AUC on held-out persons."""
        return self.assessment.auc

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """All figures, the AUC first."""
        return self.assessment.estimates

    def _repr_html_(self) -> str:
        lines = "".join(
            f"<li>{verdict.question} <strong>{verdict.outcome}</strong>. {verdict.answer}</li>"
            for verdict in self.verdicts
        )
        return f"<p>{self.definition}</p><ul>{lines}</ul>"


def feature_columns(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the columns that a model may use: all but the label."""
    return rows.drop("churned")


def churn_outcomes(rows: pl.DataFrame) -> Outcomes:
    """Return for each row whether the person has the label, shape (n,)."""
    return rows["churned"].to_numpy().astype(bool)


def count_score_bands(scores: pl.DataFrame, *, release: Release = EXACT) -> pl.DataFrame:
    """Return numbers of customers by band of the score; see ``ChurnResult.score_bands``."""
    band = (pl.col("score") * 10).floor().clip(0, 9).cast(pl.Int64)
    rows = scores.with_columns(band=band, until=band + 1)
    counted = release.counts(rows, ["band", "until"])
    # A merged band is counted again, because it has noise of its own.
    while counted.height > 1 and (counted["persons"] < release.min_group).any():
        low, high = _merged_band(counted)
        is_inside = (pl.col("band") >= low) & (pl.col("until") <= high)
        rows = rows.with_columns(
            band=pl.when(is_inside).then(pl.lit(low, pl.Int64)).otherwise("band"),
            until=pl.when(is_inside).then(pl.lit(high, pl.Int64)).otherwise("until"),
        )
        counted = release.counts(rows, ["band", "until"])
    total = max(release.count(scores), 1)
    return counted.with_columns(share=(pl.col("persons") / total).clip(0, 1))


def _merged_band(counted: pl.DataFrame) -> tuple[int, int]:
    """Return the ends of the band that joins the smallest band and its smaller neighbour."""
    persons = counted["persons"].to_list()
    place = persons.index(min(persons))
    sides = [side for side in (place - 1, place + 1) if 0 <= side < counted.height]
    pair = sorted((place, min(sides, key=lambda side: persons[side])))
    return int(counted["band"][pair[0]]), int(counted["until"][pair[1]])


def require_outcomes(rows: pl.DataFrame, where: str) -> None:
    """Refuse persons if too few of them have the label or have it not."""
    left = int(rows["churned"].sum())
    if min(left, rows.height - left) < LEAST_OUTCOMES:
        lacking = "have the label" if left < LEAST_OUTCOMES else "are without it"
        raise InputError(
            f"too few persons for a churn model: among the {where} fewer than {LEAST_OUTCOMES} "
            f"{lacking}; use another horizon_days or more data"
        )


def windows_table(
    parts: list[tuple[Windows | None, pl.DataFrame]], *, release: Release = EXACT
) -> pl.DataFrame:
    """Return one line per cut-off; see ``ChurnResult.windows``. The last cut-off is the test."""
    rows = pl.concat(
        found.select("customer_id", "churned", place=pl.lit(place))
        for place, (_, found) in enumerate(parts)
    )
    counted = release.counts(rows, ["place"], of={"leavers": pl.col("churned")})
    rated = share_columns(counted, "leavers", "persons", release=release, name="rate")
    lines = []
    for place, (windows, _) in enumerate(parts):
        days = (windows.as_of, windows.label_from, windows.label_until) if windows else (None,) * 3
        part = "test" if place == len(parts) - 1 else "training"
        lines.append((place, part if windows or len(parts) > 1 else "folds", *days))
    schema = {
        "place": pl.Int32,
        "part": pl.String,
        "as_of": pl.Date,
        "label_from": pl.Date,
        "label_until": pl.Date,
    }
    table = pl.DataFrame(lines, schema=schema, orient="row")
    return table.join(
        rated.with_columns(pl.col("place").cast(pl.Int32)), on="place", maintain_order="left"
    ).select(
        *list(schema)[1:],
        "persons",
        "leavers",
        "rate",
        low="rate_low",
        high="rate_high",
        bound="rate_note",
    )


def counts_of_test(windows: pl.DataFrame) -> tuple[int, int] | None:
    """Return the number of test persons and of those with the label, from the table of windows.

    The result is None if only a bound of the number with the label may be shown.
    """
    persons, leavers = windows.select("persons", "leavers").row(-1)
    return None if leavers is None else (int(persons), int(leavers))


def feature_table(
    alone: pl.DataFrame, persons: pl.DataFrame, *, release: Release = EXACT
) -> pl.DataFrame:
    """Return the features with their descriptions; see ``ChurnResult.features``.

    The AUC of each feature is rounded by its standard error, like other figures of models.
    """
    left = int(persons["churned"].sum())
    kept = persons.height - left
    aucs = [
        rounded_figure(auc, auc - _Z * se, auc + _Z * se, release=release).value
        for auc in alone["auc"]
        for se in (standard_error(auc, left, kept),)
    ]
    described = feature_dictionary(alone["feature"].to_list())
    direction = alone.select("direction")
    auc = pl.DataFrame({"auc": pl.Series(aucs, dtype=pl.Float64)})
    return pl.concat([described, auc, direction], how="horizontal").sort(
        "auc", "feature", descending=[True, False]
    )


def round_importance(table: pl.DataFrame, *, release: Release) -> pl.DataFrame:
    """Return the importances, rounded like other figures of models, the most important first."""
    found = [
        rounded_figure(*row, release=release)
        for row in table.select("auc_lost", "low", "high").iter_rows()
    ]
    values = pl.DataFrame(found, schema=["auc_lost", "low", "high"], orient="row")
    return table.with_columns(values).sort("auc_lost", "group", descending=[True, False])


_Z = 1.959963984540054


def assessed_persons(rows: pl.DataFrame, scores: Scores) -> pl.DataFrame:
    """Return held-out persons with score and outcome; see ``ChurnResult.assessed``."""
    return rows.select("customer_id", score=pl.Series(scores), churned="churned")
