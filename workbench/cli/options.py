"""Options that every verb takes, and how results are printed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.foundation.errors import ParameterError

Workspace = Annotated[
    Path | None,
    typer.Option(help="Folder of keys and encrypted data; the project's .workbench unless named."),
]
Reports = Annotated[
    Path | None, typer.Option(help="Folder of runs/ and site/; the project's reports unless named.")
]
KeyFile = Annotated[
    Path | None, typer.Option("--key", help="Key file; the workspace's unless named.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object to stdout.")]


def pairs(texts: list[str], option: str) -> dict[str, str]:
    """Return ``name=value`` texts as a mapping."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise ParameterError(f"{option} takes name=value, found {text!r}")
        if name in found:
            raise ParameterError(f"{option} names {name} twice: give it once")
        found[name] = value
    return found


def print_json(content: Mapping[str, Any]) -> None:
    """Print the result as one JSON object."""
    typer.echo(json.dumps(content, ensure_ascii=False))


def print_table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    """Print rows in aligned columns, numbers to the right."""
    texts = [tuple(_text(cell) for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *texts, strict=True)]
    is_number = [all(isinstance(row[i], int) for row in rows) for i in range(len(head))]
    for line in (head, *texts):
        cells = [
            cell.rjust(width) if number and rows else cell.ljust(width)
            for cell, width, number in zip(line, widths, is_number, strict=True)
        ]
        typer.echo("  ".join(cells).rstrip())


def _text(cell: Any) -> str:
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)
