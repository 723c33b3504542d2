"""Options of several verbs, and functions that print results."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from shutil import get_terminal_size
from textwrap import TextWrapper
from typing import Annotated, Any

import typer

from workbench.foundation.errors import ParameterError

Workspace = Annotated[
    Path | None,
    typer.Option(help="Folder of keys and encrypted data; the project's .workbench unless named."),
]
Project = Annotated[
    Path | None,
    typer.Option(
        help="Folder with notebooks/ and reports/studies/; found from the current folder upwards, "
        "or WORKBENCH_PROJECT, unless named."
    ),
]
Reports = Annotated[
    Path | None, typer.Option(help="Folder of runs/ and site/; the project's reports unless named.")
]
KeyFile = Annotated[
    Path | None, typer.Option("--key", help="Key file; the workspace's unless named.")
]
HeadCopy = Annotated[
    Path | None,
    typer.Option(
        "--head",
        help="Folder on another disk: shows whether the whole workspace was put back to an "
        "older state. WORKBENCH_HEAD unless named.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object to stdout.")]


_BETWEEN = "  "  # columns
_WIDTH = 80  # of a terminal whose width is not known
_LEAST_ROOM = 24  # characters of the last column; where there are fewer, lines grow longer


def parse_pairs(texts: list[str], option: str) -> dict[str, str]:
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


def short_path(path: Path) -> str:
    """Return a path as it is typed in the current folder, which is short where it is below it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def format_money(amount_minor: int, currency: str) -> str:
    """Format an amount of minor units in its currency."""
    from workbench.schema.currencies import decimal_places  # late: polars and the readers

    places = decimal_places(currency)
    sign, whole = ("-" if amount_minor < 0 else ""), f"{abs(amount_minor):0{places + 1}d}"
    units, cents = (whole[:-places], f".{whole[-places:]}") if places else (whole, "")
    return f"{sign}{int(units):,}{cents} {currency}"


def print_json(content: Mapping[str, Any]) -> None:
    """Make this the JSON object of the command; it is printed when the command ends.

    A command prints one object, also where it refuses something after it has a result: the object
    then has the result and the reason.
    """
    _answer.get().update(content)


@contextmanager
def json_answer() -> Iterator[dict[str, Any]]:
    """Collect the JSON object of one command, and print it at the end where it has any content."""
    answer: dict[str, Any] = {}
    token = _answer.set(answer)
    try:
        yield answer
    finally:
        _answer.reset(token)
        if answer:
            typer.echo(json.dumps(answer, ensure_ascii=False))


_answer: ContextVar[dict[str, Any]] = ContextVar("answer")


def print_table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    """Print rows in aligned columns, numbers to the right; the last column may wrap."""
    texts = [tuple(_text(cell) for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *texts, strict=True)]
    is_number = [all(isinstance(row[i], int) for row in rows) for i in range(len(head))]
    before = sum(widths[:-1]) + len(_BETWEEN) * (len(widths) - 1)
    room = max(get_terminal_size((_WIDTH, 24)).columns - before, _LEAST_ROOM)
    words = TextWrapper(room, break_long_words=False, break_on_hyphens=False)
    for line in (head, *texts):
        cells = [
            cell.rjust(width) if number and rows else cell.ljust(width)
            for cell, width, number in zip(line, widths, is_number, strict=True)
        ]
        # a path or a number is one word and stays whole
        last = words.wrap(cells[-1]) or [""]
        for text in (_BETWEEN.join([*cells[:-1], last[0]]), *(" " * before + w for w in last[1:])):
            typer.echo(text.rstrip())


def _text(cell: Any) -> str:
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)
