"""The cells of one file as its format contains them, before the mapping gives them types."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import polars as pl

from workbench.schema.record_faults import FAULTS, Rule
from workbench.sources.formats.text_decoding import escape_undecodable
from workbench.sources.source import NONE_REFUSED, refused_records


@dataclass(frozen=True, slots=True, kw_only=True)
class RawCells:
    """The cells that the reader of a format found.

    Attributes
    ----------
    records : DataFrame
        One row per record of the right shape: ``source_row`` first, then one column per header
        name. Columns are String if the format contains text, else they have the format's type.
    refused : DataFrame
        Records of the wrong shape, with columns of ``REFUSED``.
    read : int
        Number of records of either kind.
    is_plain : bool
        Whether the format itself defines numbers in plain notation and instants in ISO form. If
        not, the cells of a column vote on its notation.
    has_header : bool
        Whether the file contains the column names; otherwise the mapping contains them.
    numbers : DataFrame or None
        Booleans by column name, for Excel only: whether a cell is stored as a number without
        leading zeros.
    repeated : Series or None
        Booleans, one per record: whether an earlier sheet contains the same record.
    assumptions : tuple of str
        Assumptions about encoding, delimiter and sheets.
    """

    records: pl.DataFrame
    refused: pl.DataFrame
    read: int
    is_plain: bool
    has_header: bool = True
    numbers: pl.DataFrame | None = None
    repeated: pl.Series | None = None
    assumptions: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Names of the columns in file order."""
        return [name for name in self.records.columns if name != "source_row"]


def malformed_records(
    records: Iterable[tuple[int, Rule, str] | tuple[int, Rule, str, str]],
) -> pl.DataFrame:
    """Return records of the wrong shape as refused records, with columns of ``REFUSED``.

    Parameters
    ----------
    records : iterable of (int, Rule, str) or (int, Rule, str, str)
        Number of each record, the rule that it breaks, its raw cells as JSON, and the column if a
        single cell is at fault. A record with several faults occurs several times.
    """
    found = [
        (row, None, column[0] if column else None, rule.name, rule.json, raw)
        for row, rule, raw, *column in records
    ]
    if not found:
        return NONE_REFUSED
    frame = pl.DataFrame(found, schema={**FAULTS, "raw": pl.String}, orient="row")
    return refused_records(frame.drop("raw"), frame.select("source_row", "raw"))


def record_as_json(fields: Sequence[str | None], header: Sequence[str]) -> str:
    """Return the fields of one record as a JSON object; missing fields are null.

    Undecodable bytes are written as escapes, because no JSON could contain them.
    """
    names = [*header, *(f"field {n}" for n in range(len(header) + 1, len(fields) + 1))]
    cells = [field and escape_undecodable(field) for field in fields]
    return json.dumps(dict(zip_longest(names, cells)), ensure_ascii=False)


def raw_cells_as_json(records: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the cells of some records as JSON objects, by header name.

    Parameters
    ----------
    records : DataFrame
        Cells of all records, with ``source_row``.
    rows : DataFrame
        Column ``source_row`` of the wanted records.

    Returns
    -------
    DataFrame
        ``source_row`` and ``raw``.
    """
    found = records.join(rows.select("source_row"), on="source_row", how="semi")
    cells = found.drop("source_row").iter_rows(named=True)
    raw = [json.dumps(row, ensure_ascii=False, default=str) for row in cells]
    return found.select("source_row", raw=pl.Series(raw, dtype=pl.String))
