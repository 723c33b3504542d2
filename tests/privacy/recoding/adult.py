"""Adult census data as ARX uses it: nine quasi-identifiers with hierarchies."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from workbench.privacy.recoding import Hierarchy, read_hierarchy

NINE = (
    "sex", "age", "race", "marital-status", "education", "native-country", "workclass",
    "occupation", "salary-class",
)  # fmt: skip
EIGHT = tuple(name for name in NINE if name != "occupation")


def adult_rows(real_data: Path) -> pl.DataFrame:
    return pl.read_csv(real_data / "adult" / "adult.csv", separator=";")


def adult_hierarchies(real_data: Path, names: Sequence[str] = NINE) -> dict[str, Hierarchy]:
    folder = real_data / "adult"
    return {name: read_hierarchy(folder / f"adult_hierarchy_{name}.csv") for name in names}
