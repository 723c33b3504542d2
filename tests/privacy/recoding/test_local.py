"""Local recoding of Adult loses no more than ARX's, and no more is suppressed."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from pycanon.anonymity import k_anonymity, l_diversity

from tests.privacy.recoding.adult import EIGHT, NINE, adult_hierarchies, adult_rows
from workbench.privacy.recoding import (
    Closeness,
    Criterion,
    DistinctDiversity,
    KAnonymity,
    category_tree,
    date_periods,
    number_bands,
    recode,
    text_prefixes,
)
from workbench.privacy.recoding.allocation import Allocation

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


@pytest.mark.parametrize("labels", ["hierarchy", "ranges"])
def test_another_library_finds_k_and_l_too(real_data: Path, labels: str) -> None:
    made = recode(
        adult_rows(real_data),
        hierarchies=adult_hierarchies(real_data, EIGHT),
        criteria=[FIVE, DistinctDiversity(**OCCUPATION, l=3)],
        method="local",
        labels=labels,
    )
    frame = pd.DataFrame(made.rows.to_dict(as_series=False))
    assert k_anonymity(frame, list(EIGHT)) == made.measured.smallest == 5
    assert l_diversity(frame, list(EIGHT), ["occupation"]) == 3


@pytest.mark.parametrize("way", [{"method": "levels"}, {"method": "local"}])
def test_classes_have_k_persons_however_many_rows(real_data: Path, way: dict[str, str]) -> None:
    rows = adult_rows(real_data).head(4_000)
    # Every person has three rows, one of them with another age.
    several = pl.concat([rows, rows, rows.with_columns(pl.col("age").shuffle(1))])
    several = several.with_columns(who=pl.int_range(pl.len()) % rows.height)
    made = recode(
        several,
        hierarchies=adult_hierarchies(real_data),
        criteria=[FIVE],
        persons="who",
        suppression_limit=0.1,
        **way,
    )
    kept = made.rows.filter(~made.is_suppressed)
    persons = kept.group_by(NINE).agg(pl.col("who").n_unique())
    assert persons["who"].min() == made.measured.smallest == 5


def test_ranges_of_days_have_two_ends_and_long_sets_are_widened_to_a_label() -> None:
    days = [date(2024, 1, 1) + timedelta(days=place) for place in range(60)]
    codes = [f"{region}{place:02d}" for region in "AB" for place in range(30)]
    rows = pl.DataFrame({"day": [str(day) for day in days], "code": codes})
    made = recode(
        rows,
        hierarchies={"day": date_periods(days), "code": text_prefixes(codes, lengths=[1])},
        criteria=[KAnonymity(k=15)],
        method="local",
        labels="ranges",
    )
    assert set(made.rows["code"]) == {"A**", "B**"}
    assert made.rows["day"].str.contains(r"^\[2024-\d\d-\d\d, 2024-\d\d-\d\d\]$").all()
    assert made.measured.smallest >= 15


def test_rows_of_a_unit_that_go_to_several_classes_at_once_are_all_counted() -> None:
    allocation = Allocation(np.array([3, 1]))
    allocation.take(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1, 2, 0]))
    assert allocation.left.tolist() == [0, 1]
