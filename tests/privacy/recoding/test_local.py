"""Local recoding of Adult loses no more than ARX's, and no more is suppressed."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from tests.privacy.recoding.adult import EIGHT, NINE, adult_hierarchies, adult_rows
from workbench.privacy.recoding import (
    Closeness,
    Criterion,
    DistinctDiversity,
    KAnonymity,
    category_tree,
    number_bands,
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


@pytest.mark.parametrize(
    ("names", "criteria", "gcp", "suppressed"),
    [
        (NINE, [FIVE], 0.030, 0.0),
        (EIGHT, [FIVE, DistinctDiversity(**OCCUPATION, l=3)], 0.0250, 0.0),
        (EIGHT, [FIVE, Closeness(**OCCUPATION, t=0.2)], 0.4559, 0.147),
        (EIGHT, [FIVE, Closeness(**OCCUPATION, t=0.4)], 0.1842, 0.024),
    ],
)
def test_ranges_lose_less_than_labels_of_hierarchies(
    real_data: Path,
    names: Sequence[str],
    criteria: list[Criterion],
    gcp: float,
    suppressed: float,
) -> None:
    rows = adult_rows(real_data)
    lost = []
    for labels in ("hierarchy", "ranges"):
        made = recode(
            rows,
            hierarchies=adult_hierarchies(real_data, names),
            criteria=criteria,
            suppression_limit=suppressed,
            method="local",
            labels=labels,
        )
        assert made.measured.is_reached
        lost.append(made.utility.gcp)
    assert lost[1] < min(lost[0], gcp)


def test_labels_of_ranges() -> None:
    rows = pl.DataFrame(
        {
            "age": [21, 23, 30, 30, 40, None],
            "city": ["Kiel", "Ulm", "Hof", "Hof", None, None],
        }
    )
    hierarchies = {
        "age": number_bands(range(20, 50), widths=[5]),
        "city": category_tree({"North": ["Kiel", "Bonn"], "South": ["Ulm", "Hof"]}),
    }
    made = recode(
        rows, hierarchies=hierarchies, criteria=[KAnonymity(k=2)], method="local", labels="ranges"
    )
    assert made.rows.rows() == [
        ("[21, 23]", "North | Ulm"),
        ("[21, 23]", "North | Ulm"),
        ("30", "Hof"),
        ("30", "Hof"),
        ("*", None),
        ("*", None),
    ]
    one = {"city": hierarchies["city"]}
    rows = pl.DataFrame({"city": ["Bonn", "Ulm", "Hof"]})
    made = recode(
        rows, hierarchies=one, criteria=[KAnonymity(k=3)], method="local", labels="ranges"
    )
    assert made.rows["city"].unique().to_list() == ["Bonn | South"]
