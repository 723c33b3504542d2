"""The cells of one file as they were found, before anyone says what they mean."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from workbench.foundation.errors import InputError
from workbench.schema.faults import FAULTS, Rule
from workbench.sources.reading import refused_records


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """What a format's reader found.

    Attributes
    ----------
    records : DataFrame
        One row per record that has the right shape: ``source_row`` first, then one column per
        header name. String where the format holds text, else the format's own type.
    refused : DataFrame
        Records of the wrong shape, as in ``Reading.refused``.
    read : int
        Records found, of either kind.
    is_plain : bool
        True where the format itself says what is a number or an instant (numbers stand in plain
        notation, instants in ISO form), so that notation is not voted on.
    has_header : bool
        True where the column names stand in the file; else the mapping gave them.
    numbers : DataFrame or None
        Booleans, by column name: cells stored as numbers that show no leading zeros. Excel only.
    repeated : Series or None
        Booleans, one per record: the record stands in an earlier sheet as well.
    assumptions : tuple of str
        Encoding, delimiter, sheets.
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


def header_names(found: Sequence[str | None], *, expected: Collection[str], name: str) -> list[str]:
    """Name the columns of a first line: blanks stripped, those without a name or taken numbered.

    Parameters
    ----------
    found : sequence of str or None
        The first line's cells.
    expected : collection of str
        Source columns that the mapping names.
    name : str
        The file's name, for messages.

    Raises
    ------
    InputError
        A column that the mapping names is there twice. (Any other name may be the cell of a file
        without header and is not printed.)
    """
    names: list[str] = []
    for position, cell in enumerate(found, start=1):
        bare = (cell or "").strip()
        if bare in names and bare in expected:
            raise InputError(f"{name} has column {bare!r} twice: rename one of them")
        free = bare and bare != "source_row" and bare not in names
        names.append(bare if free else f"{bare} (field {position})".strip())
    return names


def refused(records: Iterable[tuple[int, Rule, str]]) -> pl.DataFrame:
    """Return records of the wrong shape as refused ones.

    Parameters
    ----------
    records : iterable of (int, Rule, str)
        Number of the record, the rule that it breaks, its raw cells as JSON.
    """
    found = [(row, None, None, rule.name, rule.json, raw) for row, rule, raw in records]
    frame = pl.DataFrame(found, schema={**FAULTS, "raw": pl.String}, orient="row")
    return refused_records(frame.drop("raw"), frame.select("source_row", "raw"))


def raw_cells(records: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the own cells of some records as JSON objects, by header name.

    Parameters
    ----------
    records : DataFrame
        The cells of all records, with ``source_row``.
    rows : DataFrame
        The records' ``source_row``.

    Returns
    -------
    DataFrame
        ``source_row`` and ``raw``.
    """
    found = records.join(rows.select("source_row"), on="source_row", how="semi")
    cells = found.drop("source_row").iter_rows(named=True)
    raw = [json.dumps(row, ensure_ascii=False, default=str) for row in cells]
    return found.select("source_row", raw=pl.Series(raw, dtype=pl.String))


def counted(number: int, noun: str) -> str:
    """Say a number of things.

    Examples
    --------
    >>> counted(1, "cell"), counted(2500, "cell")
    ('1 cell', '2,500 cells')
    """
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
