"""The page of realism: synthetic worlds compared with published facts about real customers."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from workbench.foundation.errors import InputError
from workbench.foundation.files import write_whole
from workbench.reports.templates import render

NAME = "realism.html"


def build_realism(
    comparison: pl.DataFrame, real: Mapping[str, Mapping[str, float]], *, site: Path
) -> Path:
    """Write the page and return its path.

    Parameters
    ----------
    comparison : DataFrame
        Published facts and the figures measured in worlds, as ``make realism`` compares them.
    real : mapping of str to mapping
        Figures of the same measures on public data sets, by data set and fact.
    site : Path
        Folder of the site, where the catalogue links to the page.

    Raises
    ------
    InputError
        The disk is full or the folder cannot be written.
    """
    rows = [
        {
            **row,
            "measured": _figure(row["measured"]),
            "range": f"{_figure(row['low'])} to {_figure(row['high'])}",
            "real": [
                {"name": name, "value": _figure(values[row["fact"]])}
                for name, values in real.items()
                if row["fact"] in values
            ],
        }
        for row in comparison.iter_rows(named=True)
    ]
    components = list(dict.fromkeys(comparison["component"]))
    content = render(
        "realism.html",
        components=[
            {"name": name, "rows": [row for row in rows if row["component"] == name]}
            for name in components
        ],
        inside=int(comparison["is_inside"].sum()),
        total=comparison.height,
        outside=[row for row in rows if not row["is_inside"]],
    )
    path = site / NAME
    try:
        site.mkdir(parents=True, exist_ok=True)
        write_whole(path, content.encode())
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    return path


def _figure(value: float) -> str:
    if abs(value) >= 10:  # days and seconds
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}"
