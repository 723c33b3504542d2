"""An expression of a type that its column cannot have is refused, for every column."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from workbench.foundation.errors import ParameterError
from workbench.schema import TABLES, Column
from workbench.sources import SourceMapping, open_source
from workbench.sources.mapping.needed_columns import NEVER_STATED, needed_columns

SETTINGS: dict[str, Any] = {
    "system": "shop",
    "zone": "Europe/Berlin",
    "currency": "EUR",
    "data_until": "2025-01-01",
    "basis": "contract",
    "columns": {
        "id": "code", "word": "text", "number": "decimal", "day": "date", "at": "instant",
        "is_gift": "boolean", "paid": "money",
    },
}  # fmt: skip
#: An expression of each type.
EXPRESSIONS = {
    "text": "word",
    "a number": "source_row",
    "an amount": "paid",
    "a float": "CAST(number AS DOUBLE)",
    "yes or no": "is_gift",
    "a date": "day",
    "an instant": "at",
    "a local time": "CAST(day AS DATETIME)",
    "a time of the day": "CAST(at AS TIME)",
    "a length of time": "at - undated_at",
    "nothing": "NULL",
}
NUMBERS = {"a number", "an amount", "a float"}
TIMES = {"a date", "an instant", "a local time"}
STATED = [
    (table, column)
    for table, declared in TABLES.items()
    if table not in ("sources", "attributes")
    for column in declared.columns
    if column.name not in NEVER_STATED
]


def fitting(column: Column) -> set[str]:
    """Return the types that a column can have."""
    if column.id is not None or column.type == pl.String:
        return {*EXPRESSIONS} - {"a length of time"}
    if column.type.is_temporal():
        return {*TIMES, "nothing"}
    if column.type.is_numeric():
        return {*NUMBERS, "text", "nothing"}
    return {"yes or no" if column.type == pl.Boolean else "text", "nothing"}


def value_of(column: Column) -> str:
    """Return an expression that fits a column."""
    if column.type.is_temporal():
        return "at"
    if column.type == pl.Boolean:
        return "is_gift"
    if column.type.is_numeric() and column.id is None:
        return "source_row"
    return f"'{column.choices[0]}'" if column.choices else "id"


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text(
        "id,word,number,day,at,is_gift,paid\n"
        "1,SECRET,7.5,2024-01-01,2024-01-01 10:00:00,yes,1.00\n"
        "2,SECRET,8,2024-01-02,2024-01-02 10:00:00,no,2.00\n"
    )
    return path


def read(path: Path, **more: Any) -> None:
    content = {**SETTINGS, "record": {"id": "id"}, "identities": {"user_id": "id"}, **more}
    open_source(path, mapping=SourceMapping.of(content, name="o")).read(0)


@pytest.mark.parametrize(
    ("table", "column"), STATED, ids=[f"{table}.{column.name}" for table, column in STATED]
)
def test_every_column_is_read_or_refused_by_name(path: Path, table: str, column: Column):
    needed = {name: value_of(TABLES[table].column(name)) for name in needed_columns(table)}
    for kind, sql in EXPRESSIONS.items():
        tables = {table: {**needed, column.name: sql}}
        if kind in fitting(column):
            read(path, tables=tables)
            continue
        with pytest.raises(ParameterError) as error:
            read(path, tables=tables)
        assert f"mapping o: tables.{table}.{column.name} is " in str(error.value)
        assert "SECRET" not in str(error.value)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"record": {"id": "id", "observed_at": "word"}},
         "mapping o: record.observed_at is text, where an instant is needed: correct the "),
        ({"record": {"id": "id", "kind": "number"}}, r"record\.kind is a number, where one of"),
        ({"refuse": {"odd": "word"}}, "refuse 'odd' is text, where yes or no is needed"),
        ({"pass_over": {"odd": "day"}}, "pass_over 'odd' is a date, where yes or no is needed"),
        ({"tables": {"customers": {"first_seen_at": "at", "where": "number"}}},
         r"tables\.customers\.where is a number, where yes or no"),
        ({"tables": {"customers": {"first_seen_at": "MIN(word)"}}}, r"first_seen_at is text"),
    ],
)  # fmt: skip
def test_other_expressions_are_refused_by_name(path: Path, more: dict[str, Any], message: str):
    with pytest.raises(ParameterError, match=message):
        read(path, **more)


@pytest.mark.parametrize("name", NEVER_STATED)
def test_columns_that_no_mapping_states_are_refused(path: Path, name: str):
    stated = {"first_seen_at": "at", name: "source_row"}
    with pytest.raises(ParameterError, match=rf"customers\.{name}: no mapping states it; record"):
        read(path, tables={"customers": stated})
