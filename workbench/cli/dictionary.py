"""``workbench dictionary``: the data dictionary, from the declarations."""

from typing import Annotated

import typer

from workbench.cli.options import AsJson, print_json, print_table
from workbench.foundation.errors import ParameterError, unknown


def dictionary(
    table: Annotated[str | None, typer.Argument(help="One table; all unless named.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print what every column of the customer tables means."""
    from workbench.schema import TABLES  # late: polars

    if table is not None and table not in TABLES:
        raise ParameterError(unknown("table", table, TABLES))
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
    print_table(
        ("table", "column", "type", "unit", "component", "category", "sensitivity", "meaning"),
        [
            (
                c.table, c.name, c.type_name, c.unit or "", c.component, c.category,
                c.sensitivity, c.meaning,
            )
            for c in columns
        ],
    )  # fmt: skip
