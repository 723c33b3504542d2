"""Values of the text columns of a view, which texts may use as labels if k persons share them.

Looking up a column reads all rows of a table, so all texts of a run share one vocabulary.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

import polars as pl

from workbench.schema import TABLES, CustomerData

#: Name of a table and name of one of its text columns.
Place = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """Values of the text columns of a view.

    Attributes
    ----------
    data : CustomerData
        Tables of the view.
    k : int
        Smallest number of persons who share a value that is a label.
    """

    data: CustomerData
    k: int
    _values: dict[Place, tuple[str, ...]] = field(default_factory=dict, repr=False)
    _persons: dict[Place, dict[str, int]] = field(default_factory=dict, repr=False)

    def places(self, *, of: Collection[str] = ()) -> Iterator[Place]:
        """Yield the text columns of some tables, or of all tables."""
        # Histories come last: they have most rows, and few labels occur only in them.
        for table in sorted(of or self.data.tables, key=lambda name: TABLES[name].is_history):
            schema = self.data[table].collect_schema()
            if "customer_id" not in schema:
                continue
            for column, kind in schema.items():
                declared = TABLES[table]
                is_key = column in declared and declared.column(column).sensitivity == "key"
                if not is_key and (kind == pl.String or isinstance(kind, pl.Enum | pl.Categorical)):
                    yield table, column

    def values(self, place: Place) -> tuple[str, ...]:
        """Return the distinct values of a column."""
        if place not in self._values:
            rows = self._column(place).select("value").unique().drop_nulls()
            self._values[place] = tuple(rows.collect(engine="streaming").to_series())
        return self._values[place]

    def shared(self, place: Place, values: Iterable[str]) -> tuple[str, ...]:
        """Return the values, of some values of a column, that at least k persons share."""
        known = self._persons.setdefault(place, {})
        wanted = list(values)
        if new := [value for value in wanted if value not in known]:
            rows = (
                self._column(place)
                .filter(pl.col("value").is_in(new))
                .group_by("value")
                .agg(pl.col("customer_id").n_unique())
                .collect(engine="streaming")
            )
            known.update(rows.rows())
        return tuple(value for value in wanted if known.get(value, 0) >= self.k)

    def persons(self, named: Collection[tuple[Place, Collection[str]]]) -> int:
        """Count the persons who have, in each of some columns, one of the named values."""
        together: pl.LazyFrame | None = None
        for place, values in named:
            rows = self._column(place).filter(pl.col("value").is_in(list(values)))
            ids = rows.select("customer_id").unique()
            together = ids if together is None else together.join(ids, on="customer_id", how="semi")
        if together is None:
            return 0
        return int(together.select(pl.len()).collect(engine="streaming").item())

    def _column(self, place: Place) -> pl.LazyFrame:
        table, column = place
        return self.data[table].select("customer_id", value=pl.col(column).cast(pl.String))
