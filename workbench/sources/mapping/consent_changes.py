"""Decisions on consent that change something; a decision equal to the one before it does not.

A cookie states its consent with each request, and only the first statement is a decision. In a file
that is read in batches, the last decisions of earlier batches are kept, one for each record,
purpose and channel.
"""

import polars as pl

from workbench.sources.file_evidence import NeedsWholeFileError

#: Time of the last statement of a batch about the subject of a row, by which batches are compared.
STATED_UNTIL = "_stated_until"

_SUBJECT = ("record_id", "purpose", "channel")


def find_changes(stated: pl.DataFrame, *, is_batch: bool) -> pl.DataFrame:
    """Return the decisions that differ from the one before of their subject, in their order.

    A decision without a time counts as the earliest. Those of a batch get the column
    ``STATED_UNTIL``.
    """
    timed = stated.with_row_index("_row").sort("decided_at", "_row", maintain_order=True)
    is_again = pl.col("decision").eq_missing(pl.col("decision").shift(1).over(_SUBJECT))
    is_first = pl.int_range(pl.len()).over(_SUBJECT) == 0
    until = [pl.col("decided_at").max().over(_SUBJECT).alias(STATED_UNTIL)] if is_batch else []
    changes = timed.with_columns(until).filter(is_first | ~is_again)
    return changes.sort("_row").drop("_row")


class EarlierDecisions:
    """The last decision of each subject in the batches that were read so far."""

    def __init__(self) -> None:
        self._last: pl.DataFrame | None = None

    def find_changes(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Return the decisions of a batch that differ from the one before, in any batch so far.

        Parameters
        ----------
        batch : DataFrame
            Decisions of the batch that differ from the one before in it, with ``STATED_UNTIL``.

        Raises
        ------
        NeedsWholeFileError
            A decision is earlier than one of an earlier batch about the same subject.
        """
        timed = batch.with_row_index("_row").sort("decided_at", "_row")
        subjects = timed.group_by(_SUBJECT, maintain_order=True)
        last = subjects.agg(pl.col("decision", STATED_UNTIL).last())
        known = last.clear() if self._last is None else self._last
        first = subjects.agg(pl.col("_row", "decision", "decided_at").first())
        both = first.join(known, on=_SUBJECT, nulls_equal=True, suffix="_before")
        is_earlier = pl.col("decided_at").is_null() | (pl.col("decided_at") < pl.col(STATED_UNTIL))
        if both.select((pl.col(STATED_UNTIL).is_not_null() & is_earlier).any()).item():
            raise NeedsWholeFileError("decisions on consent are not in the order of their times")
        again = both.filter(pl.col("decision").eq_missing(pl.col("decision_before")))
        self._last = pl.concat([known, last]).unique(_SUBJECT, keep="last")
        is_again = pl.int_range(pl.len()).is_in(again["_row"].implode())
        return batch.filter(~is_again).drop(STATED_UNTIL)
