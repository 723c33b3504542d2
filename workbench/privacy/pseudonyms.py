"""Pseudonyms: keyed hashes that differ from study to study.

A customer has the same pseudonym in every view of one study on one dataset, whatever is loaded in
between. Rows are sorted by pseudonym: in the order of the dataset, the views of two studies could
be joined by position. Pseudonyms alone do not keep two studies apart: views with days and amounts
of orders can be joined on these (``linkability`` measures for how many customers), unless a policy
coarsens them or shifts the dates of each customer.
"""

from dataclasses import dataclass, field

import polars as pl

from workbench.identity import keyed_hash
from workbench.schema import TABLES
from workbench.studies import StudyTerms
from workbench.vault import Dataset, Key

#: Columns of ids that a view replaces by keyed hashes, besides the customers' pseudonyms.
_KEYS = frozenset(
    name for table in TABLES.values() for name in table.columns_with_treatment("pseudonym")
) - {"customer_id"}


_SHIFT = "_shift"

#: Column of the pseudonym in rows that still have the dataset's ``customer_id``.
PSEUDONYM = "pseudonym"
#: Column of the place of the pseudonym in the order of all pseudonyms of the view.
PLACE = "_place"
#: Prefix of the names of columns by which rows are sorted.
ORDER = "_by_"
#: Hash of the primary key of a row; and the same after the place of the pseudonym.
_BY_HASH, _BY_PLACE = f"{ORDER}hash", f"{ORDER}place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonyms:
    """Pseudonyms of the customers whom a study may see.

    Attributes
    ----------
    customers : DataFrame
        ``customer_id``, ``pseudonym`` and ``_place`` (UInt64), the place of the pseudonym in their
        order; if the policy shifts dates, also ``_shift`` (Int64), the number of days by which all
        dates of the customer are shifted back.
    """

    customers: pl.DataFrame
    key: Key = field(repr=False)

    @classmethod
    def of(cls, customer_id: pl.Series, *, study: StudyTerms, dataset: Dataset) -> "Pseudonyms":
        """Make the pseudonyms of these customers for one study."""
        key = dataset.pseudonym_key(study.name)
        return cls.from_key(customer_id, key=key, shift_days=study.policy.shift_days)

    @classmethod
    def from_key(cls, customer_id: pl.Series, *, key: Key, shift_days: int) -> "Pseudonyms":
        """Make the pseudonyms of these customers that follow from a key."""
        made = keyed_hash(customer_id, secret=key.text).alias(PSEUDONYM)
        place = (made.rank("ordinal") - 1).cast(pl.UInt64, strict=False).alias(PLACE)
        customers = pl.DataFrame([customer_id.alias("customer_id"), made, place])
        if shift_days:
            drawn = keyed_hash(made, secret=f"{key.text} shift") % (shift_days + 1)
            customers = customers.with_columns(drawn.cast(pl.Int64).alias(_SHIFT))
        return cls(customers=customers, key=key)

    def keep_visible(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Keep the rows of customers whom the study may see, and add their pseudonym.

        Rows come in any order. A later filter on ``customer_id`` of the view reaches this join, so
        that a part of a view costs one reading of the table and the treatment of its own rows.
        """
        schema = rows.collect_schema()
        if "customer_id" not in schema:
            return rows
        # Rows of guests, where there are any, are stored in files that this filter skips.
        owner = "record_id" if "record_id" in schema else "customer_id"
        known = self.customers.lazy().select("customer_id", PSEUDONYM, PLACE)
        return rows.filter(pl.col(owner).is_not_null()).join(known, on="customer_id", how="inner")

    def shift_dates(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Shift all dates of each customer back by the customer's days, if the study asks for it.

        The shift is in days of the calendar, so that a day of 23 hours shifts nothing to another
        day. Rows come in any order.
        """
        schema = rows.collect_schema()
        if _SHIFT not in self.customers.columns or "customer_id" not in schema:
            return rows
        days = self.customers.lazy().select("customer_id", _SHIFT)
        return (
            rows.join(days, on="customer_id", how="left")
            .with_columns(
                _shift_back(name, kind) for name, kind in schema.items() if kind.is_temporal()
            )
            .drop(_SHIFT)
        )

    def replace(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Replace every key column and sort the rows: ``replace_customers``, ``put_in_order``."""
        return self.put_in_order(self.replace_customers(rows))

    def replace_customers(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Replace customers by their pseudonyms; rows may be in any order before and after.

        Parameters
        ----------
        rows : LazyFrame
            Rows of one table from ``keep_visible``, with the columns of its primary key a second
            time after ``ORDER``.

        Returns
        -------
        LazyFrame
            Rows with the columns by which ``put_in_order`` sorts them. Sorting holds every column
            twice. So the key of the dataset is reduced to a hash, and texts, which are names that
            many rows share, are categories.
        """
        schema = rows.collect_schema()
        seed = int.from_bytes(self.key.derive("order").secret[:8], "little")
        if "customer_id" not in schema:
            # Names that few persons refer to are suppressed, so rows may have the same key.
            return rows.with_columns(pl.struct(pl.all()).hash(seed=seed).alias(_BY_HASH))
        key = [name for name in schema.names() if name.startswith(ORDER)]
        times = [name for name in key if schema[name].is_temporal()]
        texts = [
            name
            for name, kind in schema.items()
            if kind == pl.String and name not in key and name not in _KEYS
        ]
        placed = rows.with_columns(pl.col(texts).cast(pl.Categorical, strict=False))
        if key:
            hashed = pl.struct(key).hash(seed=seed)
            bits = 64 - self.customers.height.bit_length()
            by_place = pl.col(PLACE) * pl.lit(2**bits, pl.UInt64) + hashed // 2 ** (64 - bits)
            placed = placed.with_columns(
                hashed.alias(_BY_HASH) if times else by_place.alias(_BY_PLACE)
            )
        others = [name for name in key if name not in times]
        return placed.with_columns(customer_id=pl.col(PSEUDONYM)).drop(PSEUDONYM, PLACE, *others)

    def put_in_order(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Sort rows from ``replace_customers``, and replace all other keys by a keyed hash.

        Returns
        -------
        LazyFrame
            Rows sorted by pseudonym, and the rows of a customer by the time in the primary key of
            the dataset and a keyed hash of the primary key. So of two statements of one day, the
            later one comes last. The order does not depend on the order of the input, and except
            for times it differs between studies. Hashes are numbers.

        Notes
        -----
        If the key has no time, the place of the pseudonym and a hash are one number of 64 bits,
        because polars sorts rows by one number in a third of the time that it takes to sort them by
        two columns.
        """
        names = rows.collect_schema().names()
        by = [name for name in names if name.startswith(ORDER)]
        if "customer_id" in names and _BY_PLACE not in by:
            by = ["customer_id", *by]
        ordered = rows.sort(by) if by else rows
        return ordered.select(
            pl.col(name).map_batches(self.key.hash_ids, return_dtype=pl.UInt64, is_elementwise=True)
            if name in _KEYS
            else pl.col(name)
            for name in names
            if not name.startswith(ORDER)
        ).with_columns(pl.col(pl.Categorical).cast(pl.String))


def _shift_back(name: str, kind: pl.DataType) -> pl.Expr:
    column, shift = pl.col(name), pl.duration(days=pl.col(_SHIFT))
    if not isinstance(kind, pl.Datetime) or kind.time_zone is None:
        return column - shift
    by_clock = (column.dt.replace_time_zone(None) - shift).dt.replace_time_zone(
        kind.time_zone, ambiguous="earliest", non_existent="null"
    )
    # An instant in an hour that clocks skip does not exist: it is shifted by whole 24 hours.
    return pl.coalesce(by_clock, column - shift).alias(name)
