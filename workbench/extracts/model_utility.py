"""What an extract is still good for: how well a model predicts, and whether segments stay.

The same model and the same segmentation are made of the values as they were and of the cells that
the extract shows. A generalised cell counts as the mean place of the values that it covers, among
the values of the column in order. Kept and sensitive columns take part with the cells that are
shown; columns that are perturbed or replaced by numbers do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from workbench.extracts.column_hierarchies import as_numbers
from workbench.extracts.recoding_by_policy import TableToRecode
from workbench.privacy.risk.released_cells import read_cells
from workbench.statistics.auc import AucInterval, auc_difference, auc_interval

_FOLDS, _SEGMENTS, _SEED = 5, 4, 7
#: Fewest persons with and without the outcome of whom a model is made.
_FEWEST = 50
#: Most persons of whom a model is made.
_MOST = 50_000

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUtility:
    """How well an outcome is predicted before and after, and how far segments agree.

    Attributes
    ----------
    outcome : str
        What is predicted, in words.
    persons : int
        Number of persons of whom the models are made.
    before, after : AucInterval
        AUC on persons who were not learned from, with its 95 % interval (DeLong).
    lost : float
        Difference of the two.
    lost_low, lost_high : float
        Its 95 % interval.
    segment_agreement : float
        Adjusted Rand index of four segments (k-means) made before and after; 1 if they are alike,
        0 if they agree by chance.
    """

    outcome: str
    persons: int
    before: AucInterval
    after: AucInterval
    lost: float
    lost_low: float
    lost_high: float
    segment_agreement: float

    def figures(self) -> dict[str, float]:
        """Return the figures by name, as content for JSON."""
        return {
            "auc_before": self.before.auc,
            "auc_after": self.after.auc,
            "auc_lost": self.lost,
            "auc_lost_low": self.lost_low,
            "auc_lost_high": self.lost_high,
            "segment_agreement": self.segment_agreement,
        }


def measure_model_utility(
    table: TableToRecode,
    left: pl.DataFrame,
    outcomes: pl.DataFrame,
    *,
    outcome: str,
    others: Sequence[str] = (),
) -> ModelUtility | None:
    """Measure what a table is good for before and after it is recoded.

    Parameters
    ----------
    table : TableToRecode
        The table before.
    left : DataFrame
        Rows that are left after recoding, with the same column of persons.
    outcomes : DataFrame
        The column of persons, one row each, and ``outcome`` (Boolean).
    outcome : str
        What is predicted, in words.
    others : sequence of str
        Columns besides the quasi-identifiers whose shown cells mean what the values meant.

    Returns
    -------
    ModelUtility or None
        None if fewer than 50 persons have the outcome, or fewer than 50 lack it.
    """
    person = table.persons
    known = outcomes.drop_nulls().join(left.select(person).unique(), on=person, how="semi")
    known = known.sort(pl.col(person).hash(seed=_SEED), person).head(_MOST)
    outcome_of = known["outcome"].to_numpy()
    if min(int(outcome_of.sum()), int((~outcome_of).sum())) < _FEWEST:
        return None
    before = known.join(
        _first_rows(table.rows, person), on=person, how="left", maintain_order="left"
    )
    after = known.join(_first_rows(left, person), on=person, how="left", maintain_order="left")
    columns = [_places(before[name], after[name], table, name) for name in table.hierarchies]
    columns += [(_codes(before[name]), _codes(after[name])) for name in others]
    places = [np.column_stack(each) for each in zip(*columns, strict=True)]
    # Several threads would wait for each other longer than they compute, with so few persons.
    with threadpool_limits(1):
        scores = [_scores(each, outcome_of) for each in places]
        segments = [_segments(each) for each in places]
    found = auc_difference(outcome_of, *scores)
    return ModelUtility(
        outcome=outcome,
        persons=known.height,
        before=auc_interval(outcome_of, scores[0]),
        after=auc_interval(outcome_of, scores[1]),
        lost=found.difference,
        lost_low=found.low,
        lost_high=found.high,
        segment_agreement=float(adjusted_rand_score(*segments)),
    )


def _first_rows(rows: pl.DataFrame, person: str) -> pl.DataFrame:
    return rows.unique(person, keep="first", maintain_order=True)


def _places(
    before: pl.Series, after: pl.Series, table: TableToRecode, name: str
) -> tuple[Matrix, Matrix]:
    """Return the places of values and of cells among the values of a column; NaN for none."""
    frame = table.hierarchies[name].frame()
    leaves = frame["0"]
    places = np.arange(len(leaves), dtype=np.float64)
    own = before.cast(pl.String).replace_strict(
        leaves, pl.Series(places), default=None, return_dtype=pl.Float64
    )
    cells = after.unique()
    space = read_cells(leaves, cells, hierarchy=frame, null_is_value=True)
    covers = space.covers(space.encode(leaves)).astype(np.float64)
    count = covers.sum(axis=1)
    means = np.where(count > 0, covers @ places / np.maximum(count, 1), np.nan)
    shown = after.to_frame("cell").join(
        pl.DataFrame([cells.alias("cell"), pl.Series("place", means)]),
        on="cell", how="left", nulls_equal=True, maintain_order="left",
    )["place"]  # fmt: skip
    return own.to_numpy().astype(np.float64), shown.to_numpy().astype(np.float64)


def _codes(cells: pl.Series) -> Matrix:
    """Return numbers as they are, and texts as their place in the order of all; NaN for none."""
    numbers = as_numbers(cells)
    if numbers.null_count() > cells.null_count():
        numbers = cells.cast(pl.String).rank("dense")
    return numbers.cast(pl.Float64).to_numpy().astype(np.float64)


def _scores(places: Matrix, outcomes: NDArray[np.bool_]) -> Matrix:
    model = HistGradientBoostingClassifier(random_state=_SEED, max_iter=60)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=_SEED)
    predicted = cross_val_predict(model, places, outcomes, cv=folds, method="predict_proba")
    return np.asarray(predicted[:, 1], dtype=np.float64)


def _segments(places: Matrix) -> NDArray[np.int64]:
    filled = SimpleImputer(keep_empty_features=True).fit_transform(places)
    scaled = StandardScaler().fit_transform(filled)
    found = KMeans(_SEGMENTS, n_init=10, random_state=_SEED).fit_predict(scaled)
    return np.asarray(found, dtype=np.int64)
