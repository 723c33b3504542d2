"""A model of silence (no order within a horizon), tested on a later time than it is trained on.

The label windows of the training cut-offs end before the test cut-off, and the label window of the
test ends before ``as_of``. The tested model itself scores the current customers.

The cut-offs reach back a year where the data do, because scores are shifted to the season of their
date (``seasonal_model``).

Orders have to cover the history of every cut-off. A table of other facts that begins later than
that is left out of the features: counts of its rows would grow from cut-off to cut-off because they
were not recorded before, and a model would take this for behaviour.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import numpy as np
import polars as pl

from workbench.features import (
    Coverage,
    Windows,
    churn_labels,
    coverage,
    fact_spans,
    feature_batches,
    gather_lines,
    split_for_churn,
)
from workbench.foundation.streams import Stream
from workbench.models.assessment import assess
from workbench.models.churn_result import (
    ChurnResult,
    assessed_persons,
    churn_outcomes,
    count_score_bands,
    counts_of_test,
    feature_columns,
    feature_table,
    require_outcomes,
    round_importance,
    windows_table,
)
from workbench.models.classifiers import Model
from workbench.models.content_order import content_hashes, demographics, order_by_content
from workbench.models.importance import group_importance
from workbench.models.outcome_leaks import (
    MOST_EXAMINED,
    doubt_about_leaks,
    group_aucs,
    refuse_leaks,
    single_feature_aucs,
)
from workbench.models.score_verdicts import calibration_verdict, gain_verdict, ranks_verdict
from workbench.models.seasonal_model import SeasonalModel
from workbench.privacy.release import EXACT, Release
from workbench.schema import TABLES, CustomerData
from workbench.schema.customer_ranges import CustomerRange

#: Largest number of training rows; more rows take memory without improving the model.
_MOST_ROWS = 100_000
_RULE = "days_since_last_order"
#: Column of the place of a person in the order of content.
_ORDER = "order of content"
#: Table whose facts have to cover all windows, and tables that are used if they do.
_TABLES = ("orders",)
_OTHER_TABLES = tuple(
    name for name, table in TABLES.items() if table.is_history and name not in _TABLES
)
#: Days after the first order by which a table whose facts are rare has its first one, if its facts
#: were recorded from the beginning. In synthetic shops of 300 to 20,000 it has it within 31 days.
_RARE_DAYS = 31
#: Smallest and largest number of training cut-offs; between them, so many as reach back a year.
_CUTOFFS = (4, 12)


def churn(
    data: CustomerData,
    *,
    as_of: date,
    currency: str,
    horizon_days: int,
    seed: int,
    gap_days: int = 0,
    history_days: int | None = None,
    active_days: int | None = 365,
    min_history_days: int = 90,
    model: Model = "logistic",
    data_until: date | None = None,
    allowed: tuple[str, ...] = (),
    release: Release = EXACT,
) -> ChurnResult:
    """Model which customers will not order within a horizon, and test the model on a later time.

    Parameters
    ----------
    data : CustomerData
        Customer data of a view.
    as_of : date
        Scoring date; rows from its first moment on are not used.
    currency : str
        ISO 4217 code; orders in another currency are left out.
    horizon_days, gap_days : int
        Length of the label window and of the gap before it. A customer is silent if they have no
        order day in ``[cut-off + gap, cut-off + gap + horizon)``.
    seed : int
        Seed of samples, folds and trees.
    history_days : int, optional
        Number of days before a cut-off from which features are computed; None for all.
    active_days : int, optional
        Number of days before a cut-off in which the population has an order day; None for all
        customers who ever had one.
    min_history_days : int
        Smallest number of days of orders before a cut-off, and of the facts of every other table
        that is used.
    model : {"logistic", "boosting"}
        Kind of model, see ``classifiers.fit``.
    data_until : date, optional
        First day that the data do not cover; see ``coverage``.
    allowed : tuple of str
        Features whose high AUC on their own has been explained.
    release : Release
        Release that makes every figure; for figures to be shown, the view's (``view.release``).

    Raises
    ------
    ParameterError
        ``as_of`` is outside the data, or no training cut-off has enough history; the message
        contains the needed numbers.
    InputError
        Too few customers are silent or order, or a feature or a group of features determines the
        outcome.
    """
    covered = coverage(data, tables=_TABLES, data_until=data_until)
    step = gap_days + horizon_days
    fewest, most = _CUTOFFS
    split = split_for_churn(
        covered,
        as_of=as_of,
        horizon_days=horizon_days,
        gap_days=gap_days,
        min_history_days=min_history_days,
        most_cutoffs=min(max(fewest, round(365 / max(step, 1))), most),
    )
    labels: list[tuple[Windows | None, pl.DataFrame]] = []
    for cut_off in (*split.train_on, split.test_on):
        windows = split.windows(cut_off, history_days=history_days)
        windows.require(covered, min_history_days=min_history_days)
        found = churn_labels(data, windows, currency=currency, active_days=active_days)
        labels.append((windows, found))
    late = _late_tables(data, covered, first_cutoff=split.train_on[0], least=min_history_days)
    described = data.with_tables(
        {name: rows for name, rows in data.tables.items() if name not in late}
    )
    tested = labels[-1][1]
    require_outcomes(pl.concat([found for _, found in labels[:-1]]), "training cut-offs")
    require_outcomes(tested, "test cut-off")

    lines = gather_lines(described, currency).lazy()

    def feature_batches_on(
        on: date, some: pl.DataFrame | None = None
    ) -> Iterator[tuple[CustomerRange, pl.DataFrame]]:
        known, sold = described, lines
        if some is not None:
            keep = _keep_persons(some)
            known, sold = described.of_customers(_range_of(some)).restrict(keep), keep(lines)
        return feature_batches(
            known, as_of=on, currency=currency, history_days=history_days, lines=sold
        )

    share = _MOST_ROWS // len(split.train_on)
    samples = {}
    for on, (_, persons) in zip(split.train_on, labels[:-1], strict=True):
        some = _sample_range(persons, share, seed=seed, cut_off=on)
        batches = feature_batches_on(on, some if some.height < persons.height else None)
        rows = pl.concat([rows for _, rows in batches])
        samples[on] = order_by_content(some.join(rows, on="customer_id", how="left"), seed=seed)
    seasonal = SeasonalModel.fit(samples, model=model, seed=seed)
    del samples

    # Everybody is scored, one range of customers at a time. Features are kept, to be examined, of
    # those who come first in the order of content, which is random.
    scored_tests, examined = [], tested.clear()
    for customers, rows in feature_batches_on(split.test_on):
        known = demographics(data.of_customers(customers))
        test = tested.filter(customers.contains).join(rows, on="customer_id", how="left")
        test = test.with_columns(content_hashes(test, seed=seed, known=known).alias(_ORDER))
        scores = seasonal.scores(feature_columns(test), on=split.test_on)
        scored_tests.append(assessed_persons(test, scores).with_columns(test[_RULE], test[_ORDER]))
        both = pl.concat([examined, test], how="diagonal_relaxed")
        examined = both.sort(_ORDER, "customer_id").head(MOST_EXAMINED)
    ruled = pl.concat(scored_tests).sort(_ORDER, "customer_id").drop(_ORDER)
    X, y = feature_columns(examined.drop(_ORDER)), churn_outcomes(examined)
    alone = single_feature_aucs(X, y, seed=seed)
    together = group_aucs(X, y, seed=seed, allowed=allowed)
    refuse_leaks(alone, together, allowed=allowed)
    importance = group_importance(seasonal.fitted, X, y, seed=seed)
    assessed = ruled.drop(_RULE)
    tested_on = windows_table(labels, release=release)
    assessment = assess(
        assessed, how="out-of-time", seed=seed, release=release, counts=counts_of_test(tested_on)
    )
    scored_now = []
    for _, rows in feature_batches_on(as_of):
        active = _active_customers(rows, active_days)
        scores = seasonal.scores(active, on=as_of)
        scored_now.append(active.select("customer_id", score=pl.Series(scores)))
    scored = pl.concat(scored_now)
    return ChurnResult(
        split="time",
        definition=(
            _describe_definition(horizon_days, gap_days, active_days)
            + _describe_late_tables(late, min_history_days)
        ),
        model=model,
        assessment=assessment,
        windows=tested_on,
        features=feature_table(alone, assessed, release=release),
        importance=round_importance(importance, release=release),
        verdicts=(
            ranks_verdict(assessment.auc),
            gain_verdict(
                assessed,
                ruled[_RULE].fill_null(0).to_numpy().astype(np.float64),
                n=assessment.auc.n,
                rule_name="days since the last order alone",
                release=release,
            ),
            calibration_verdict(
                assessment, doubt=doubt_about_leaks(alone, together, allowed=allowed)
            ),
        ),
        assessed=assessed,
        scores=scored,
        score_bands=count_score_bands(scored, release=release),
        origin=release.origin,
    )


def _late_tables(
    data: CustomerData, covered: Coverage, *, first_cutoff: date, least: int
) -> tuple[str, ...]:
    """Return the tables whose facts begin too late for the history of the first cut-off."""
    latest = max(
        first_cutoff - timedelta(days=least), covered.first_on + timedelta(days=_RARE_DAYS)
    )
    spans = fact_spans(data, _OTHER_TABLES)
    return tuple(name for name, span in spans.items() if span is not None and span[0] > latest)


def _describe_late_tables(late: tuple[str, ...], least: int) -> str:
    if not late:
        return ""
    return (
        f" Tables that do not cover {least} days before the first cut-off are not used: "
        f"{' and '.join(late)}."
    )


def _sample_range(persons: pl.DataFrame, most: int, *, seed: int, cut_off: date) -> pl.DataFrame:
    """Return at most ``most`` persons whose ids are in one range, another for each cut-off.

    Ids are keyed hashes, so the persons of a range are a random sample, another one under another
    key. A view stores their rows together, so only that part of the view is read.
    """
    if persons.height <= most:
        return persons
    stream = Stream(seed, f"training range at {cut_off}").generator()
    first = int(stream.integers(persons.height - most + 1))
    return persons.sort("customer_id").slice(first, most)


def _range_of(persons: pl.DataFrame) -> CustomerRange:
    """Return the smallest range of ids that contains the given persons."""
    ids = pl.col("customer_id")
    return CustomerRange(*persons.select(first=ids.min(), last=ids.max()).row(0))


def _keep_persons(persons: pl.DataFrame) -> Callable[[pl.LazyFrame], pl.LazyFrame]:
    """Return a function that keeps the rows of the given persons."""
    ids = persons.select("customer_id").lazy()

    def keep(rows: pl.LazyFrame) -> pl.LazyFrame:
        return rows.join(ids, on="customer_id", how="semi")

    return keep


def _active_customers(known: pl.DataFrame, active_days: int | None) -> pl.DataFrame:
    """Return the customers who are active at the scoring date."""
    bought = pl.col(_RULE).is_not_null()
    return known.filter(bought if active_days is None else bought & (pl.col(_RULE) <= active_days))


def _describe_definition(horizon_days: int, gap_days: int, active_days: int | None) -> str:
    after = f" after a gap of {gap_days} days" if gap_days else ""
    who = "before" if active_days is None else f"in the {active_days} days before"
    return (
        f"Silent are customers who place no order within {horizon_days} days{after}, which is not "
        f"leaving: they may order later. Only customers who ordered {who} are counted."
    )
