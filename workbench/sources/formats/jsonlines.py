"""Read JSON lines: one object per line; numbers keep the digits with which they are written."""

import json
from collections.abc import Collection

import polars as pl

from workbench.foundation.errors import InputError
from workbench.schema.record_faults import Rule
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.raw_cells import RawCells, malformed_records
from workbench.sources.formats.text_decoding import decode


def read_json_lines(
    data: bytes, *, rule: FileRule, expected: Collection[str], name: str
) -> RawCells:
    """Read objects into text cells; nested objects become columns ``outer.inner``, lists are JSON.

    Numbers are never converted to binary floats: the cell contains their digits.

    Raises
    ------
    InputError
        The file is empty or no line is a JSON object.
    """
    text = decode(data, declared=rule.encoding, name=name)
    rows: list[dict[str, str | None]] = []
    numbers: list[int] = []
    bad: list[tuple[int, Rule, str]] = []
    columns: dict[str, None] = {}
    read = 0
    for line in text.content.split("\n"):
        if not line.strip():
            continue
        read += 1
        try:
            found = json.loads(
                line, parse_float=_Literal, parse_int=_Literal, parse_constant=_Literal
            )
            row = dict(_flatten(found)) if isinstance(found, dict) else None
        except (json.JSONDecodeError, RecursionError):  # The latter is raised for deep nesting.
            row = None
        if row is None:
            raw = json.dumps({"line": line}, ensure_ascii=False)
            bad.append((read, Rule("json_object"), raw))
            continue
        if _TAKEN in row:
            raise InputError(
                f"{name} has a field {_TAKEN}, a name that this program uses itself: rename it"
            )
        columns.update(dict.fromkeys(row))
        rows.append(row)
        numbers.append(read)
    if not read:
        raise InputError(f"{name} is empty: nothing to read")
    if not rows:
        raise InputError(
            f"{name} has no JSON object on any of its {read:,} lines: is it JSON lines?"
        )
    # Only fields that occur become columns, so that the check of the header can report a mapped
    # field that no object has.
    frame = pl.DataFrame(
        [
            pl.Series("source_row", numbers, dtype=pl.Int64),
            *(pl.Series(c, [row.get(c) for row in rows], dtype=pl.String) for c in columns),
        ]
    )
    return RawCells(
        records=frame,
        refused=malformed_records(bad),
        read=read,
        is_plain=True,
        assumptions=text.assumptions,
    )


#: Name of the column in which this program numbers records.
_TAKEN = "source_row"


class _Literal(str):
    """The digits of a JSON number as they are written."""

    __slots__ = ()


def _flatten(found: dict[str, object], outer: str = "") -> list[tuple[str, str | None]]:
    cells: list[tuple[str, str | None]] = []
    for key, value in found.items():
        if isinstance(value, dict):
            cells += _flatten(value, f"{outer}{key}.")
        else:
            cells.append((f"{outer}{key}", _cell_text(value)))
    return cells


def _cell_text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    return json.dumps(value, ensure_ascii=False)
