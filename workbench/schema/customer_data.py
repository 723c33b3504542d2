"""Customer data: all tables of one set of customers as lazy frames."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import polars as pl

from workbench.foundation.errors import InputError, ParameterError, unknown_name
from workbench.schema.buckets import NO_CUSTOMER, bucket_of
from workbench.schema.customer_ranges import CustomerRange
from workbench.schema.table_declarations import TABLES
from workbench.schema.time_units import EXACT_TIMES, TimeUnits

#: Name of a hidden file in the folder of a world's exports: nobody in files beside it is real.
SYNTHETIC_MARK = ".synthetic"

#: Number of rows per row group, fixed so that equal rows give equal bytes.
ROW_GROUP = 131_072


@dataclass(frozen=True, slots=True)
class TablePart:
    """Rows of a table that are stored together, and the range of their customers.

    Rows without a customer may be in any part.
    """

    customers: CustomerRange
    rows: pl.LazyFrame


@dataclass(frozen=True)
class CustomerData:
    """The customer tables as lazy frames; a table that no source delivered is empty.

    Attributes
    ----------
    tables : mapping of str to LazyFrame
        Frames by table name.
    time_units : TimeUnits
        Units to which times are rounded down: exact for a dataset, coarser for a view.
    parts : mapping of str to sequence of TablePart
        Parts of the tables that are stored by ranges of customers, in the order of the ranges.

    Examples
    --------
    >>> data = CustomerData.of({"customers": TABLES["customers"].empty()})
    >>> data["orders"].collect().height
    0
    >>> data["order"]
    Traceback (most recent call last):
    workbench.foundation.errors.ParameterError: no table 'order'; did you mean 'orders'? ...
    """

    tables: Mapping[str, pl.LazyFrame]
    time_units: TimeUnits = EXACT_TIMES
    parts: Mapping[str, Sequence[TablePart]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        tables: Mapping[str, pl.DataFrame | pl.LazyFrame],
        *,
        time_units: TimeUnits = EXACT_TIMES,
    ) -> Self:
        """Return customer data of frames by table name; missing tables are empty."""
        for name in tables:
            if name not in TABLES:
                raise ParameterError(unknown_name("table", name, TABLES))
        every = {name: tables.get(name, table.empty()).lazy() for name, table in TABLES.items()}
        return cls(MappingProxyType(every), time_units)

    @classmethod
    def of_parts(cls, parts: Mapping[str, Sequence[TablePart]]) -> Self:
        """Return customer data of tables that are stored by ranges of customers."""
        whole = {name: pl.concat(part.rows for part in some) for name, some in parts.items()}
        return replace(cls.of(whole), parts=parts)

    def with_tables(self, tables: Mapping[str, pl.DataFrame | pl.LazyFrame]) -> "CustomerData":
        """Return data of frames that were made from these, whose times have the same units."""
        made = CustomerData.of(tables, time_units=self.time_units)
        same = {
            name: parts
            for name, parts in self.parts.items()
            if made.tables[name] is self.tables[name]
        }
        return replace(made, parts=same)

    def of_customers(self, customers: CustomerRange) -> "CustomerData":
        """Return the data of a range of customers: tables with ``customer_id``, others are empty.

        The range of everybody has all data. Of a table in parts, only the parts of these customers
        are read: a model that takes one range after the other would otherwise open every file once
        for each range.
        """
        if customers.is_everybody:
            return self
        near = {}
        for name, parts in self.parts.items():
            there = [part.rows for part in parts if part.customers.overlaps(customers)]
            near[name] = pl.concat(there or [parts[0].rows])
        return self.with_tables({**self.tables, **near}).restrict(customers.rows_of)

    def restrict(self, keep: Callable[[pl.LazyFrame], pl.LazyFrame]) -> "CustomerData":
        """Return the data of some customers: tables with ``customer_id``, others are empty.

        Parameters
        ----------
        keep : callable
            Keeps the rows of these customers in a table.
        """
        return self.with_tables(
            {
                name: keep(rows)
                for name, rows in self.tables.items()
                if "customer_id" in rows.collect_schema()
            }
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the frames as a plain dictionary, because a read-only mapping has no pickle.

        Parts are left out: they contain the same rows.
        """
        return _rebuild, (dict(self.tables), self.time_units)

    def __getitem__(self, name: str) -> pl.LazyFrame:
        if name not in self.tables:
            raise ParameterError(unknown_name("table", name, self.tables))
        return self.tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)

    def keys(self) -> list[str]:
        """Return the names of the tables."""
        return list(self.tables)

    def _ipython_key_completions_(self) -> list[str]:
        return self.keys()

    def rows(self) -> pl.DataFrame:
        """Return the number of rows of each table: ``table`` (String) and ``rows`` (UInt32)."""
        counts = pl.collect_all([frame.select(pl.len()) for frame in self.tables.values()])
        return pl.DataFrame(
            {"table": list(self.tables), "rows": [count.item() for count in counts]},
            schema={"table": pl.String, "rows": pl.UInt32},
        )

    def write(self, folder: Path, *, buckets: int) -> None:
        """Write every table with rows as ``TABLE/bucket-00.parquet``, one file per bucket.

        Parameters
        ----------
        folder : Path
            Empty or new folder; a file that exists is refused, never replaced.
        buckets : int
            Number of buckets, 1 or more; rows without a customer go to ``bucket-none``.
        """
        for name, frame in self.tables.items():
            for bucket, part in split_by_bucket(frame.collect(), buckets):
                path = folder / name / bucket_file_name(bucket)
                path.parent.mkdir(parents=True, exist_ok=True)
                if path.exists():
                    raise InputError(f"{path} exists already: write into an empty folder")
                write_parquet(part, path)

    @classmethod
    def scan(cls, folder: Path) -> Self:
        """Return the data that ``write`` wrote; files are read when a frame is collected."""
        tables = {}
        for name in TABLES:
            parts = [
                pl.scan_parquet(path, glob=False)  # The folder's name may contain wildcards.
                for path in sorted((folder / name).glob("bucket-*.parquet"), key=bucket_number)
            ]
            if parts:
                tables[name] = pl.concat(parts)
        return cls.of(tables)

    def _repr_html_(self) -> str:
        lines = "".join(
            f"<tr><th scope='row'>{name}</th><td style='text-align:right'>{rows:,}</td></tr>"
            for name, rows in self.rows().iter_rows()
        )
        return (
            "<table><caption>Customer data, rows per table</caption>"
            f"<tr><th>table</th><th>rows</th></tr>{lines}</table>"
        )


def _rebuild(tables: Mapping[str, pl.LazyFrame], time_units: TimeUnits) -> CustomerData:
    return CustomerData.of(tables, time_units=time_units)


def split_by_bucket(rows: pl.DataFrame, buckets: int) -> Iterator[tuple[int, pl.DataFrame]]:
    """Yield each bucket with its rows, in bucket order; empty buckets are left out.

    All rows of a table without ``record_id`` (sources, campaigns) have bucket ``NO_CUSTOMER``.
    """
    if rows.is_empty():
        return
    if "record_id" not in rows.columns:
        yield NO_CUSTOMER, rows
        return
    marked = rows.with_columns(_bucket=bucket_of(rows["record_id"], buckets))
    parts = marked.partition_by("_bucket", maintain_order=True, include_key=False, as_dict=True)
    for (bucket,), part in sorted(parts.items()):
        yield bucket, part


def write_parquet(
    rows: pl.DataFrame | pl.LazyFrame,
    path: Path | BytesIO,
    encryption: pl.ParquetEncryptionProperties | None = None,
) -> None:
    """Write one Parquet file in the one layout used everywhere (zstd 1, fixed row groups).

    Lazy rows are written as they come, in their order, without being held together in memory.
    """
    layout: dict[str, Any] = {
        "compression": "zstd",
        "compression_level": 1,
        "row_group_size": ROW_GROUP,
        "statistics": True,
        "encryption": encryption,
    }
    if isinstance(rows, pl.LazyFrame):
        rows.sink_parquet(path, engine="streaming", maintain_order=True, **layout)
    else:
        rows.write_parquet(path, **layout)


def bucket_file_name(bucket: int) -> str:
    """Return the name of a bucket's file."""
    return "bucket-none.parquet" if bucket == NO_CUSTOMER else f"bucket-{bucket:02d}.parquet"


def bucket_number(path: Path) -> int:
    """Return the number of the bucket that a file contains."""
    text = path.stem.removeprefix("bucket-")
    return NO_CUSTOMER if text == "none" else int(text)
