"""Files of a vendor, written bit by bit, and beside them whose rows they are.

A *form* says what stands before, between and after the records of a file; writers deliver records
without knowing how many came before. A name with ``@`` is a list within a file: ``a.json@users``
is joined into ``a.json`` with the other lists of it, in the order of the forms.
"""

import io
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from workbench.exports.field_tables import ABOUT
from workbench.exports.slices import Slice, World
from workbench.schema.customer_data import ROW_GROUP, write_parquet


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What surrounds the records of a file.

    Attributes
    ----------
    head, tail : str
        Before the first and after the last record, each with its own line feed. ``COUNT`` in the
        tail becomes the number of records of ``counted``.
    terminator : str
        After each record.
    is_terminated : bool
        Whether the last record has it too: lines do, elements of an array do not.
    quoting : {'necessary', 'always', 'never'}
        Of cells; 'never' is for records that are whole lines already.
    counted : str
        Name of the file or list whose records are counted.
    """

    head: str = ""
    tail: str = ""
    terminator: str = "\n"
    is_terminated: bool = True
    quoting: Literal["necessary", "always", "never"] = "never"
    counted: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records of one file.

    Attributes
    ----------
    file : str
    rows : DataFrame
        One row per record: the file's columns in their order (one, of whole lines, where the form
        never quotes), ``native_id`` (String) and ``record_id`` (UInt64).
    """

    file: str
    rows: pl.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A vendor's export: the files it has and how their records are made."""

    forms: Callable[[World], Mapping[str, Form]]
    batches: Callable[[Slice], Iterator[Batch]]


def csv(
    *headers: Sequence[str | None], lead: str = "", terminator: str = "\n", always: bool = False
) -> Form:
    """Return the form of a CSV file with these header rows, after a lead such as an order mark."""
    quoting: Literal["necessary", "always"] = "always" if always else "necessary"
    rows = [
        pl.DataFrame([list(header)], schema=[str(i) for i in range(len(header))], orient="row")
        .cast(pl.String)
        .write_csv(include_header=False, quote_style=quoting, line_terminator=terminator)
        for header in headers
    ]
    return Form(head=lead + "".join(rows), terminator=terminator, quoting=quoting)


def array_of(*, head: str, tail: str, counted: str = "") -> Form:
    """Return the form of a JSON array, one element a line."""
    return Form(head=head, tail=tail, terminator=",\n", is_terminated=False, counted=counted)


class Destination:
    """The files of one vendor while they grow.

    Parameters
    ----------
    folder : Path
        Where the files go.
    truth : Path
        Parquet file to write: ``file``, ``row`` (UInt64, from 1 within the file or list),
        ``native_id`` and ``record_id``, null for what is about nobody.
    forms : mapping of str to Form
    """

    def __init__(self, folder: Path, truth: Path, forms: Mapping[str, Form]) -> None:
        self._folder, self._truth, self._forms = folder, truth, forms
        self._told = truth.with_suffix(".parts")
        self._pending: dict[str, list[pl.DataFrame]] = {}
        self.rows = dict.fromkeys(forms, 0)
        folder.mkdir(parents=True)
        self._told.mkdir(parents=True)
        for name, form in forms.items():
            self._spool(name).write_bytes(form.head.encode())

    def write(self, batch: Batch) -> None:
        """Append the records of a batch to its file."""
        if batch.rows.is_empty():
            return
        form, before = self._forms[batch.file], self.rows[batch.file]
        buffer = io.BytesIO()
        batch.rows.drop(ABOUT).write_csv(
            buffer,
            include_header=False,
            quote_style=form.quoting,
            line_terminator=form.terminator,
        )
        records, end = buffer.getbuffer(), form.terminator.encode()
        with self._spool(batch.file).open("ab") as file:
            if form.is_terminated:
                file.write(records)
            else:
                file.write(end if before else b"")
                file.write(records[: -len(end)])
        self.rows[batch.file] += batch.rows.height
        known = batch.rows.select(
            pl.lit(batch.file).alias("file"),
            pl.int_range(before + 1, before + 1 + pl.len(), dtype=pl.UInt64).alias("row"),
            pl.col("native_id").cast(pl.String),
            pl.col("record_id").cast(pl.UInt64),
        )
        self._pending.setdefault(batch.file, []).append(known)
        if sum(each.height for each in self._pending[batch.file]) >= ROW_GROUP:
            self._tell(batch.file)

    def finish(self) -> None:
        """Write the ends, join the lists of a file, and write the truth."""
        for name, form in self._forms.items():
            tail = form.tail.replace("COUNT", str(self.rows.get(form.counted, 0)))
            with self._spool(name).open("ab") as file:
                file.write(tail.encode())
        for name in self._forms:
            target, _, part = name.partition("@")
            if part:
                path = self._folder / target
                with path.open("ab") as whole, self._spool(name).open("rb") as file:
                    shutil.copyfileobj(file, whole)
                self._spool(name).unlink()
        self._write_truth()

    def _tell(self, name: str) -> None:
        """Put aside what is known of a file's rows so far."""
        known = pl.concat(self._pending.pop(name))
        # by file and row, so that the order does not tell how the world was cut
        place = f"{list(self._forms).index(name):03d}-{known['row'][0]:012d}.parquet"
        _store(known, self._told / place)

    def _write_truth(self) -> None:
        for name in list(self._pending):
            self._tell(name)
        none = pl.LazyFrame(
            schema={
                "file": pl.String,
                "row": pl.UInt64,
                "native_id": pl.String,
                "record_id": pl.UInt64,
            }
        )
        paths = sorted(self._told.iterdir())
        told = pl.concat([none, *(pl.scan_parquet(path, glob=False) for path in paths)])
        _store(told, self._truth)
        shutil.rmtree(self._told)

    def _spool(self, name: str) -> Path:
        return self._folder / name


def _store(rows: pl.DataFrame | pl.LazyFrame, path: Path) -> None:
    try:
        write_parquet(rows, path)
    except pl.exceptions.ComputeError as error:
        raise OSError(str(error)) from error  # what polars makes of a full disk
