"""JSON lines: one object a line; numbers keep the digits they were written with."""

import json
from collections.abc import Collection

import polars as pl

from workbench.foundation.errors import InputError
from workbench.schema.faults import Rule
from workbench.sources.cells import Cells, refused
from workbench.sources.encoding import decode
from workbench.sources.rules import FileRule


def read_json_lines(data: bytes, *, rule: FileRule, expected: Collection[str], name: str) -> Cells:
    """Read objects into text cells; nested ones become ``outer.inner`` columns, lists stay JSON.

    Numbers never pass through a binary float: their literal is the cell.

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
            row = dict(_flat(found)) if isinstance(found, dict) else None
        except (json.JSONDecodeError, RecursionError):  # no JSON, or nested beyond all use
            row = None
        if row is None:
            raw = json.dumps({"line": line}, ensure_ascii=False)
            bad.append((read, Rule("json_object"), raw))
            continue
        if _TAKEN in row:
            raise InputError(
                f"{name} has a field {_TAKEN}, a name that this program gives: rename it"
            )
        columns.update(dict.fromkeys(row))
        rows.append(row)
        numbers.append(read)
    if not read:
        raise InputError(f"{name} is empty: nothing to read")
    if not rows:
        raise InputError(
            f"{name} holds no JSON object on any of its {read:,} lines: is it JSON lines?"
        )
    # A mapped field that no object has is missing data, one that is misspelt a fault: the reader
    # above tells them apart by the header, so only fields that occur are columns.
    frame = pl.DataFrame(
        [
            pl.Series("source_row", numbers, dtype=pl.Int64),
            *(pl.Series(c, [row.get(c) for row in rows], dtype=pl.String) for c in columns),
        ]
    )
    return Cells(
        records=frame, refused=refused(bad), read=read, is_plain=True, assumptions=text.assumptions
    )


#: The column in which this program numbers records.
_TAKEN = "source_row"


class _Literal(str):
    """Digits of a JSON number as written."""

    __slots__ = ()


def _flat(found: dict[str, object], outer: str = "") -> list[tuple[str, str | None]]:
    cells: list[tuple[str, str | None]] = []
    for key, value in found.items():
        if isinstance(value, dict):
            cells += _flat(value, f"{outer}{key}.")
        else:
            cells.append((f"{outer}{key}", _text(value)))
    return cells


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    return json.dumps(value, ensure_ascii=False)
