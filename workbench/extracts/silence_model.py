"""Measure how well a model tells who falls silent, on the extract that was made 90 days before."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from workbench.extracts.customer_table import make_customer_table
from workbench.extracts.histories import protect_histories
from workbench.extracts.history_summaries import summaries_as_numbers
from workbench.extracts.recoding_by_policy import rows_left
from workbench.foundation.errors import ParameterError, PrivacyError
from workbench.privacy.pseudonyms import Pseudonyms
from workbench.privacy.visible_data import VisibleData, find_visible_data
from workbench.studies import ExtractPolicy, StudyTerms
from workbench.vault import Dataset, Key

if TYPE_CHECKING:
    from workbench.extracts.model_utility import ModelUtility

_ID = "customer_id"
_ORDERS = "orders"
_SILENT_DAYS = 90


def predict_silence(
    dataset: Dataset,
    terms: StudyTerms,
    policy: ExtractPolicy,
    visible: VisibleData,
    chosen: pl.DataFrame,
    secret: bytes,
) -> "ModelUtility | None":
    """Measure how well a model tells who falls silent, on an extract of 90 days before.

    Customers with an order are silent if they place none in the 90 days. Of linked histories the
    model knows what they tell of each customer (``history_summaries``). None where data do not go
    back so far.
    """
    if _ORDERS not in terms.columns:
        return None
    from workbench.extracts.model_utility import measure_model_utility  # late: scikit-learn

    try:
        earlier = find_visible_data(
            terms, dataset, as_of=visible.as_of - timedelta(days=_SILENT_DAYS)
        )
        # Characteristics are those of today: a source that states them with each order would make
        # an empty cell of whoever orders again.
        known = chosen.join(earlier.allowed.select(_ID), on=_ID, how="semi")
        pseudonyms = Pseudonyms.from_key(known[_ID], key=Key(secret), shift_days=0)
        table = make_customer_table(earlier, known, terms, policy, pseudonyms, secret=secret).table
        left = rows_left(table.recode())
        others: list[str] = []
        if policy.histories == "linked":
            told = _told_by_histories(earlier, terms, policy, pseudonyms, secret)
            table, left = (
                replace(table, rows=table.rows.join(told[0], on=_ID, how="left")),
                left.join(told[1], on=_ID, how="left"),
            )
            others = [name for name in told[0].columns if name != _ID]
    except (ParameterError, PrivacyError):
        return None
    counts = [
        each.rows(_ORDERS, keep=pseudonyms.keep_visible).group_by(_ID).len(name).collect()
        for name, each in (("before", earlier), ("until", visible))
    ]
    outcomes = (
        counts[0].join(counts[1], on=_ID).select(_ID, outcome=pl.col("before") == pl.col("until"))
    )
    return measure_model_utility(
        table,
        left,
        outcomes,
        outcome=f"no order in the {_SILENT_DAYS} days after the extract",
        others=others,
    )


def _told_by_histories(
    visible: VisibleData,
    terms: StudyTerms,
    policy: ExtractPolicy,
    pseudonyms: Pseudonyms,
    secret: bytes,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what the rows of each customer tell, as they were and as the extract shows them."""
    shifted = Pseudonyms.from_key(
        pseudonyms.customers[_ID], key=Key(secret), shift_days=policy.shift_days
    )
    protected, _ = protect_histories(visible, terms, policy, shifted, secret=secret)
    return (
        summaries_as_numbers(
            lambda name: visible.rows(name, keep=pseudonyms.keep_visible),
            pseudonyms.customers,
            terms,
        ),
        summaries_as_numbers(lambda name: protected[name].rows.lazy(), pseudonyms.customers, terms),
    )
