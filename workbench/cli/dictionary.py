"""``workbench dictionary``: the data dictionary, made from the declared tables."""

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
    """Print what every column of the customer tables means."""
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
        print_table(
            ("column", "type", "sensitivity", "meaning (component, category; unit)"),
            [(c.name, c.type_name, c.sensitivity, _meaning(c)) for c in columns if c.table == name],
        )


def _meaning(column: "Column") -> str:
    unit = f"; {column.unit}" if column.unit else ""
    allowed = f" Allowed: {_allowed(column)}." if _allowed(column) else ""
    return f"{column.meaning} ({column.component}, {column.category}{unit}){allowed}"


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
