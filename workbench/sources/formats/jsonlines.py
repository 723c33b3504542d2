"""Flatten JSON records into cells: nested objects become columns ``outer.inner``."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain

import polars as pl

from workbench.foundation.errors import InputError
from workbench.schema.record_faults import Rule
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.json_trees import JsonTrees, read_json_trees
from workbench.sources.formats.json_values import (
    NOT_JSON,
    JsonNumber,
    Tree,
    pause_garbage_collection,
)
from workbench.sources.formats.raw_cells import RawCells, count_text, malformed_records

#: Name of the column in which this program numbers records.
_TAKEN = "source_row"

#: Number of distinct fields; if a file has more, its keys are values, such as addresses or dates.
_MOST_FIELDS = 10_000

_SAME_FIELD = Rule("json_keys")

Cells = dict[str, str | None]


def read_json_lines(
    data: bytes, *, rule: FileRule, expected: Collection[str], name: str
) -> RawCells:
    """Read objects into text cells; lists are JSON, and numbers keep the digits of the file.

    Parameters
    ----------
    data : bytes
        Content of the whole file.
    rule : FileRule
        Declarations of the mapping about the file.
    expected : collection of str
        Source columns that the mapping names; an object in the place of such a cell is JSON.
    name : str
        Name of the file, for messages.

    Raises
    ------
    InputError
        The file is empty, has no JSON object or more than 10,000 fields.
    """
    trees = read_json_trees(data, rule=rule, name=name)
    with pause_garbage_collection():
        rows, bad = _flatten_trees(trees, expected, name)
    if not rows:
        raise InputError(
            f"{name} has no JSON object on any of its {trees.read:,} lines: is it JSON lines?"
        )
    columns = dict.fromkeys(chain.from_iterable(rows.values()))
    if _TAKEN in columns:
        raise InputError(
            f"{name} has a field {_TAKEN}, a name that this program uses itself: rename it"
        )
    # Only fields that occur become columns, so that the check of the header can report a mapped
    # field that no object has.
    frame = pl.DataFrame(
        [
            pl.Series(_TAKEN, [*rows], dtype=pl.Int64),
            *(
                pl.Series(c, [row.get(c) for row in rows.values()], dtype=pl.String)
                for c in columns
            ),
        ]
    )
    return RawCells(
        records=frame,
        refused=pl.concat([trees.refused, malformed_records(bad)]).sort("source_row"),
        read=trees.read,
        is_plain=True,
        assumptions=(*trees.assumptions, *_shape_notes(trees.records, frame, expected)),
    )


def to_json(tree: Tree) -> str:
    """Return a tree as JSON text, in which numbers keep their digits.

    Examples
    --------
    >>> to_json({"price": JsonNumber("1.10"), "tags": ["new", None, True]})
    '{"price": 1.10, "tags": ["new", null, true]}'
    """
    if isinstance(tree, JsonNumber):
        return str(tree)
    if isinstance(tree, dict):
        members = (f"{json.dumps(k, ensure_ascii=False)}: {to_json(v)}" for k, v in tree.items())
        return f"{{{', '.join(members)}}}"
    if isinstance(tree, list):
        return f"[{', '.join(map(to_json, tree))}]"
    return json.dumps(tree, ensure_ascii=False)


def _flatten_trees(
    trees: JsonTrees, expected: Collection[str], name: str
) -> tuple[dict[int, Cells], list[tuple[int, Rule, str]]]:
    """Return the cells of each object by its number, and the refused records."""
    rows: dict[int, Cells] = {}
    bad: list[tuple[int, Rule, str]] = []
    fields: set[str] = set()
    for number, tree in zip(trees.numbers, trees.records, strict=True):
        row = _flatten(tree, expected) if isinstance(tree, dict) else None
        if row is None:
            broken = _SAME_FIELD if isinstance(tree, dict) else NOT_JSON
            bad.append((number, broken, json.dumps({"line": to_json(tree)}, ensure_ascii=False)))
            continue
        rows[number] = row
        fields.update(row)
        if len(fields) > _MOST_FIELDS:
            raise InputError(
                f"{name} has more than {_MOST_FIELDS:,} fields: its keys seem to be values; "
                "export it with one object per record and the same keys in each"
            )
    return rows, bad


def _text_column(name: str, rows: Iterable[Cells]) -> pl.Series:
    return pl.Series(name, [row.get(name) for row in rows], dtype=pl.String)


def _flatten(tree: Mapping[str, Tree], expected: Collection[str]) -> Cells | None:
    """Return the cells of an object, or None if two of its fields have the same name."""
    found = [*_named_cells(tree, expected, "")]
    cells = dict(found)
    return cells if len(cells) == len(found) else None


def _named_cells(
    tree: Mapping[str, Tree], expected: Collection[str], outer: str
) -> Iterator[tuple[str, str | None]]:
    for key, value in tree.items():
        name = f"{outer}{key}"
        if isinstance(value, dict):
            if name in expected:
                yield name, to_json(value)
            yield from _named_cells(value, expected, f"{name}.")
        else:
            yield name, _cell_text(value)


def _cell_text(value: Tree) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    return to_json(value)


def _shape_notes(
    trees: list[Tree], frame: pl.DataFrame, expected: Collection[str]
) -> Iterator[str]:
    """Report mapped fields that are an object in some records and a single value in others."""
    for name in expected:
        if name in frame.columns and any(c.startswith(f"{name}.") for c in frame.columns):
            inner = [c for c in frame.columns if c.startswith(f"{name}.")]
            objects = frame.select(pl.any_horizontal(pl.col(inner).is_not_null()).sum()).item()
            yield f"{name}: {count_text(objects, 'record')} with an object there, read as its JSON"
        outer = name.rpartition(".")[0]
        while outer:
            if outer in frame.columns and outer not in expected:
                count = frame[outer].count()
                if count:
                    records = count_text(count, "record")
                    yield f"{name}: {records} with a single value or list at {outer}, read as empty"
            outer = outer.rpartition(".")[0]
