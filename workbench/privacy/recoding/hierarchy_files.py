"""Files of hierarchies in the form of ARX: one line per value, no header, the last cell ``*``.

Cells are separated by ``;`` or ``,``. The first cell is the value, cell n its label at level n.
"""

import csv
from pathlib import Path

import polars as pl

from workbench.foundation.errors import InputError, ParameterError
from workbench.foundation.files import write_whole
from workbench.privacy.recoding.hierarchies import (
    Hierarchy,
    hierarchy_of,
)


def read_hierarchy(path: Path) -> Hierarchy:
    """Read a hierarchy from a file in UTF-8.

    Raises
    ------
    InputError
        The file cannot be read as text.
    ParameterError
        The lines have different numbers of cells, or their labels are no hierarchy.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"hierarchy {path.name} cannot be read as text in UTF-8; check the file"
        ) from error
    lines = text.splitlines()
    first = lines[0] if lines else ""
    separator = max(";,", key=first.count)
    rows = [row for row in csv.reader(lines, delimiter=separator) if row]
    width = len(rows[0]) if rows else 0
    for line, row in enumerate(rows, start=1):
        if len(row) != width:
            raise ParameterError(
                f"hierarchy {path.name} has {width} cells in line 1 and {len(row)} in line {line}; "
                "give every value a label at every level"
            )
    columns = [str(level) for level in range(width)]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    return hierarchy_of(frame.with_columns(pl.when(pl.all() != "").then(pl.all())), name=path.name)


def write_hierarchy(hierarchy: Hierarchy, path: Path) -> None:
    """Write a hierarchy as a file that ARX reads; it has values, so only its owner may read it."""
    text = hierarchy.frame().write_csv(separator=";", include_header=False)
    write_whole(path, text.encode(), mode=0o600)
