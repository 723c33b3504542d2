"""``workbench dictionary``: the data dictionary, made from the declared tables."""

from shutil import get_terminal_size
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import AsJson, print_json, print_table
from workbench.foundation.errors import ParameterError, unknown_name

if TYPE_CHECKING:
    from workbench.schema.table_declarations import Column


def dictionary(
    table: Annotated[
        str | None, typer.Argument(metavar="TABLE", help="One table; all unless named.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print what every column of the customer tables means.

    The unit is printed after the semicolon, then the allowed values, then whether a mapping needs
    the column for every row.
    """
    from workbench.schema import TABLES  # late: polars

    if table is not None and table not in TABLES:
        raise ParameterError(unknown_name("table", table, TABLES))
    columns = [
        column
        for name, declared in TABLES.items()
        if table in (None, name)
        for column in declared.columns
    ]
    if as_json:
        print_json(
            {
                "columns": [
                    {
                        "table": c.table,
                        "column": c.name,
                        "type": c.type_name,
                        "nullable": c.is_nullable,
                        "mapping": _place_in_mapping(c),
                        "unit": c.unit,
                        "values": list(c.choices),
                        "low": c.low,
                        "high": c.high,
                        "pattern": c.pattern,
                        "component": c.component,
                        "category": c.category,
                        "sensitivity": c.sensitivity,
                        "meaning": c.meaning,
                    }
                    for c in columns
                ]
            }
        )
        return
    for position, name in enumerate(dict.fromkeys(c.table for c in columns)):
        if position:
            typer.echo("")
        typer.echo(f"Table {name}")
        typer.echo(fill(TABLES[name].meaning, width=get_terminal_size().columns))
        print_table(
            ("column", "type", "sensitivity", "meaning (component, category; unit)"),
            [(c.name, c.type_name, c.sensitivity, _meaning(c)) for c in columns if c.table == name],
        )


def _place_in_mapping(column: "Column") -> str:
    """Return whether a mapping must state a column: needed, filled unless stated, or optional."""
    from workbench.sources.mapping.needed_columns import (  # late: polars
        filled_columns,
        needed_columns,
    )

    if column.name in filled_columns(column.table):
        return "filled"
    return "needed" if column.name in needed_columns(column.table) else "optional"


def _meaning(column: "Column") -> str:
    unit = f"; {column.unit}" if column.unit else ""
    needed = " Needed." if _place_in_mapping(column) == "needed" else ""
    # A list of texts names the usual values; a list of an Enum is closed.
    says = "Usual" if column.choices and column.type_name == "String" else "Allowed"
    allowed = f" {says}: {_allowed(column)}." if _allowed(column) else ""
    return f"{column.meaning} ({column.component}, {column.category}{unit}){allowed}{needed}"


def _allowed(column: "Column") -> str:
    """Return the values that a column may have, empty where every value of its type is allowed."""
    if column.choices:
        return ", ".join(column.choices)
    if column.pattern is not None:
        return f"text of the form {column.pattern}"
    low, high = (None if end is None else f"{end:g}" for end in (column.low, column.high))
    if low and high:
        return f"{low} to {high}"
    return f"{low} or more" if low else f"{high} or less" if high else ""
