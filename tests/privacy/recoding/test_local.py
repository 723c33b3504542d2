"""Local recoding of Adult loses no more than ARX's, and no more is suppressed."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.privacy.recoding.adult import EIGHT, NINE, adult_hierarchies, adult_rows
from workbench.privacy.recoding import (
    Closeness,
    Criterion,
    DistinctDiversity,
    KAnonymity,
    recode,
)

OCCUPATION = {"column": "occupation"}
FIVE = KAnonymity(k=5)


@pytest.mark.parametrize(
    ("names", "criteria", "gcp", "suppressed"),
    [
        (NINE, [FIVE], 0.0591, 0.0),
        (NINE, [KAnonymity(k=10)], 0.0830, 0.0),
        (EIGHT, [FIVE, DistinctDiversity(**OCCUPATION, l=3)], 0.0367, 0.0),
        (EIGHT, [FIVE, Closeness(**OCCUPATION, t=0.2)], 0.4559, 0.147),
        (EIGHT, [FIVE, Closeness(**OCCUPATION, t=0.4)], 0.1842, 0.024),
    ],
)
def test_labels_of_hierarchies_lose_less_than_those_of_arx(
    real_data: Path,
    names: Sequence[str],
    criteria: list[Criterion],
    gcp: float,
    suppressed: float,
) -> None:
    rows = adult_rows(real_data)
    made = recode(
        rows,
        hierarchies=adult_hierarchies(real_data, names),
        criteria=criteria,
        suppression_limit=suppressed,
        method="local",
    )
    assert made.measured.is_reached and not made.levels
    assert made.utility.gcp < gcp
    assert made.suppressed <= suppressed * rows.height
