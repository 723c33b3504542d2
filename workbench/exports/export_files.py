"""The files of a vendor, written batch by batch, and the truth about their rows.

A *form* defines the text before, between and after the records of a file, so that writers deliver
records without knowing how many were written before. A name with ``@`` is a list within a file:
``a.json@users`` is joined into ``a.json`` with its other lists, in the order of the forms.
"""

import io
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from workbench.exports.field_tables import ABOUT
from workbench.exports.slices import ExportedWorld, Slice
from workbench.schema.customer_data import ROW_GROUP, write_parquet


@dataclass(frozen=True, slots=True, kw_only=True)
class FileForm:
    """The text around the records of a file.

    Attributes
    ----------
    head, tail : str
        Text before the first and after the last record, with line feeds. ``COUNT`` in the tail
        becomes the number of records of ``counted``.
    terminator : str
        Text after each record.
    is_terminated : bool
        Whether the terminator follows the last record too; it does for lines, not for elements of
        an array.
    quoting : {'necessary', 'always', 'never'}
        Quoting of cells; 'never' is for records that are whole lines already.
    counted : str
        Name of the file or list whose records are counted.
    encoding : str
        Encoding of the file; its byte order mark is in the head.
    archive : str
        Name of the zip archive in which the vendor delivers the file, if any.
    is_left_out_empty : bool
        Whether the vendor delivers no file without records.
    """

    head: str = ""
    tail: str = ""
    terminator: str = "\n"
    is_terminated: bool = True
    quoting: Literal["necessary", "always", "never"] = "never"
    counted: str = ""
    encoding: str = "utf-8"
    archive: str = ""
    is_left_out_empty: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records of one file.

    Attributes
    ----------
    file : str
        Name of the file, or of the list within a file.
    rows : DataFrame
        One row per record: the file's columns in order (one column of whole lines if the form
        never quotes), ``native_id`` (String) and ``record_id`` (UInt64).
    """

    file: str
    rows: pl.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """The writer of a vendor's export: functions that return its files and their records."""

    forms: Callable[[ExportedWorld], Mapping[str, FileForm]]
    batches: Callable[[Slice], Iterator[Batch]]


def csv_form(
    *headers: Sequence[str | None],
    lead: str = "",
    terminator: str = "\n",
    always: bool = False,
    encoding: str = "utf-8",
    archive: str = "",
    is_left_out_empty: bool = False,
) -> FileForm:
    """Return the form of a CSV file with these header rows, after ``lead`` (a byte order mark)."""
    quoting: Literal["necessary", "always"] = "always" if always else "necessary"
    rows = [
        pl.DataFrame([list(header)], schema=[str(i) for i in range(len(header))], orient="row")
        .cast(pl.String)
        .write_csv(include_header=False, quote_style=quoting, line_terminator=terminator)
        for header in headers
    ]
    return FileForm(
        head=lead + "".join(rows),
        terminator=terminator,
        quoting=quoting,
        encoding=encoding,
        archive=archive,
        is_left_out_empty=is_left_out_empty,
    )


def json_array_form(*, head: str, tail: str, counted: str = "") -> FileForm:
    """Return the form of a JSON array with one element per line."""
    return FileForm(head=head, tail=tail, terminator=",\n", is_terminated=False, counted=counted)


class Destination:
    """The files of one vendor, to which batches are appended.

    Parameters
    ----------
    folder : Path
        Folder of the files.
    truth : Path
        Parquet file to write: ``file``, ``row`` (UInt64, from 1 within the file or list),
        ``native_id`` and ``record_id`` (null for rows without a customer).
    forms : mapping of str to FileForm
        Forms of the files and lists, by name.
    """

    def __init__(self, folder: Path, truth: Path, forms: Mapping[str, FileForm]) -> None:
        self._folder, self._truth, self._forms = folder, truth, forms
        self._truth_parts = truth.with_suffix(".parts")
        self._pending: dict[str, list[pl.DataFrame]] = {}
        self.rows = dict.fromkeys(forms, 0)
        folder.mkdir(parents=True)
        self._truth_parts.mkdir(parents=True)
        for name, form in forms.items():
            self._path(name).write_bytes(form.head.encode(form.encoding))

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
        records, end = buffer.getbuffer(), form.terminator.encode(form.encoding)
        if form.encoding != "utf-8":
            records = memoryview(bytes(records).decode().encode(form.encoding))
        with self._path(batch.file).open("ab") as file:
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
            self._store_truth(batch.file)

    def finish(self) -> None:
        """Write the tails, join the lists of each file, pack archives and write the truth."""
        for name, form in self._forms.items():
            tail = form.tail.replace("COUNT", str(self.rows.get(form.counted, 0)))
            with self._path(name).open("ab") as file:
                file.write(tail.encode(form.encoding))
        for name, form in self._forms.items():
            target, _, part = name.partition("@")
            if part:
                path = self._folder / target
                with path.open("ab") as whole, self._path(name).open("rb") as file:
                    shutil.copyfileobj(file, whole)
                self._path(name).unlink()
            elif form.is_left_out_empty and not self.rows[name]:
                self._path(name).unlink()
        self._pack_archives()
        self._write_truth()

    def _pack_archives(self) -> None:
        for name, form in self._forms.items():
            if form.archive and self._path(name).exists():
                # A fixed date, so that equal worlds have equal archives.
                member = zipfile.ZipInfo(name)
                with zipfile.ZipFile(self._path(form.archive), "a") as archive:
                    archive.writestr(member, self._path(name).read_bytes(), zipfile.ZIP_DEFLATED)
                self._path(name).unlink()

    def _store_truth(self, name: str) -> None:
        """Write the pending truth about a file's rows to a part of its own."""
        known = pl.concat(self._pending.pop(name))
        # The name sorts parts by file and row, so that the order does not depend on the slices.
        place = f"{list(self._forms).index(name):03d}-{known['row'][0]:012d}.parquet"
        _write_parquet(known, self._truth_parts / place)

    def _write_truth(self) -> None:
        for name in list(self._pending):
            self._store_truth(name)
        none = pl.LazyFrame(
            schema={
                "file": pl.String,
                "row": pl.UInt64,
                "native_id": pl.String,
                "record_id": pl.UInt64,
            }
        )
        paths = sorted(self._truth_parts.iterdir())
        truth = pl.concat([none, *(pl.scan_parquet(path, glob=False) for path in paths)])
        _write_parquet(truth, self._truth)
        shutil.rmtree(self._truth_parts)

    def _path(self, name: str) -> Path:
        return self._folder / name


def _write_parquet(rows: pl.DataFrame | pl.LazyFrame, path: Path) -> None:
    try:
        write_parquet(rows, path)
    except pl.exceptions.ComputeError as error:
        raise OSError(str(error)) from error  # On a full disk polars raises a ComputeError.
