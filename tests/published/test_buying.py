"""BG/NBD on CDNOW gives the published estimates (Fader, Hardie and Lee 2005, table 2)."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from workbench.statistics.buying import fit_buying_model


def test_the_published_estimates_of_cdnow_come_out(real_data: Path) -> None:
    people = pl.read_csv(real_data / "cdnow" / "cdnow_customers_summary.csv")
    columns = (people[name].cast(pl.Float64).to_numpy() for name in ("frequency", "recency", "T"))
    found = fit_buying_model(*columns)
    assert found.r == pytest.approx(0.243, abs=0.0006)
    assert found.alpha == pytest.approx(4.414, abs=0.002)
    assert found.a == pytest.approx(0.793, abs=0.001)
    assert found.b == pytest.approx(2.426, abs=0.002)
    assert found.log_likelihood == pytest.approx(-9582.4, abs=0.05)


def test_customers_of_whom_nobody_came_back_are_refused() -> None:
    with pytest.raises(ValueError, match="no customer bought again"):
        fit_buying_model(np.zeros(3), np.zeros(3), np.full(3, 10.0))
    with pytest.raises(ValueError, match="later than the end"):
        fit_buying_model(np.array([1.0]), np.array([11.0]), np.array([10.0]))
