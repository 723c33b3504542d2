"""Recipes and small worlds for the tests of the generator."""

from pathlib import Path

import polars as pl
import pytest

from workbench.synthetic import read_recipe
from workbench.synthetic.blocks import MadeBlock, make_block

PROJECT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def retail() -> Path:
    """Return the recipe ``retail``."""
    return PROJECT / "synthetic" / "retail.toml"


@pytest.fixture(scope="session")
def made(retail: Path) -> MadeBlock:
    """Return 1,500 customers of the recipe ``retail`` with their truth."""
    return make_block(read_recipe(retail), 0, 1_500)


@pytest.fixture
def tables(made: MadeBlock) -> dict[str, pl.DataFrame]:
    """Return the tables of ``made``, to be changed by the test."""
    return dict(made.tables)
