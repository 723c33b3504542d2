"""Read data files that are part of the package: flat tables as CSV, lists by group as TOML.

Lists of names, places, export fields and schema columns are stored in files beside the modules that
use them, so that a reader can compare and correct them without reading code. These functions cache
nothing: a caller that needs a file twice keeps its own result.

>>> from workbench.foundation.package_data import packaged_csv
>>> packaged_csv("workbench.schema", "tables.csv")[0]["table"]
'sources'
"""

import csv
import io
import tomllib
from importlib.resources import files
from typing import Any


def packaged_text(package: str, name: str) -> str:
    """Return the text of a file, for instance of ``tables.csv`` in ``workbench.schema``.

    Parameters
    ----------
    package : str
        Dotted name of the package that contains the file.
    name : str
        Path of the file within the package, its parts divided by a slash.

    Raises
    ------
    FileNotFoundError
        The package contains no such file.
    """
    return files(package).joinpath(name).read_text(encoding="utf-8")


def packaged_toml(package: str, name: str) -> dict[str, Any]:
    """Return the contents of a TOML file; parameters are those of ``packaged_text``."""
    return tomllib.loads(packaged_text(package, name))


def packaged_csv(package: str, name: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file by column; parameters are those of ``packaged_text``.

    Every cell is a text, and an empty cell is an empty text.
    """
    # Without newline="" the reader would change a line feed within a quoted cell.
    return list(csv.DictReader(io.StringIO(packaged_text(package, name), newline="")))
