"""Read lines of ``name=value`` that belong together, such as the cookies of one browser."""

import json
from collections.abc import Collection

import polars as pl

from workbench.foundation.errors import InputError
from workbench.schema.record_faults import Rule
from workbench.sources.formats.column_names import name_columns
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.raw_cells import RawCells, malformed_records
from workbench.sources.formats.text_decoding import decode, escape_undecodable, is_undecodable


def read_name_values(
    data: bytes, *, rule: FileRule, expected: Collection[str], name: str
) -> RawCells:
    """Read a file as one record whose cells are the values by name.

    A name that comes again begins the next record, so that files of several browsers may be joined.

    Raises
    ------
    InputError
        The file is empty, or no line is a name with a value.
    """
    text = decode(data, declared=rule.encoding, name=name)
    records: list[dict[str, str]] = [{}]
    bad: list[tuple[Rule, str]] = []
    for line in text.content.splitlines():
        key, mark, value = line.strip().partition("=")
        if not line.strip():
            continue
        if is_undecodable(line):
            bad.append((Rule("undecodable"), line))
        elif not mark or not key:
            bad.append((Rule("name_value"), line))
        elif key in records[-1]:
            records.append({key: value})
        else:
            records[-1][key] = value
    if not records[0]:
        raise InputError(f"{name} has no line of the form name=value: check whether it is the file")
    names = dict.fromkeys(key for record in records for key in record)
    header = name_columns([*names], expected=expected, name=name)
    columns = [
        pl.Series(column, [record.get(key) for record in records], dtype=pl.String)
        for column, key in zip(header, names, strict=True)
    ]
    numbers = pl.Series("source_row", range(1, len(records) + 1), dtype=pl.Int64)
    refused = [
        (len(records) + position, rule, json.dumps({"line": escape_undecodable(line)}))
        for position, (rule, line) in enumerate(bad, start=1)
    ]
    return RawCells(
        records=pl.DataFrame([numbers, *columns]),
        refused=malformed_records(refused),
        read=len(records) + len(bad),
        is_plain=True,
        has_header=False,
        assumptions=text.assumptions,
    )
