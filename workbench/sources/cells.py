"""The cells of one file as they were found, before anyone says what they mean."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from workbench.foundation.errors import InputError
from workbench.sources.reading import REFUSED


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


def refused(rows: Iterable[tuple[int, str | None, str, str]]) -> pl.DataFrame:
    """Frame refused records: record number, column, reason, raw cells as JSON."""
    return pl.DataFrame(list(rows), schema=REFUSED, orient="row")


def raw_json(records: pl.DataFrame) -> list[str]:
    """Write each record's cells as one JSON object, by header name, without ``source_row``."""
    cells = records.drop("source_row")
    return [json.dumps(row, ensure_ascii=False, default=str) for row in cells.iter_rows(named=True)]


def counted(number: int, noun: str) -> str:
    """Say a number of things.

    Examples
    --------
    >>> counted(1, "cell"), counted(2500, "cell")
    ('1 cell', '2,500 cells')
    """
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
