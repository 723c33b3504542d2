"""Tables with many quasi-identifiers reach the criteria by every method."""

from collections import Counter, defaultdict
from random import Random
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycanon.anonymity import k_anonymity

from workbench.privacy.recoding import (
    Closeness,
    Criterion,
    DistinctDiversity,
    EntropyDiversity,
    Hierarchy,
    KAnonymity,
    RecodedTable,
    flat,
    number_bands,
    recode,
)

WAYS = st.sampled_from(
    [
        {"method": "local", "labels": "hierarchy"},
        {"method": "local", "labels": "ranges"},
        {"method": "levels"},
    ]
)
CRITERIA = st.sampled_from(
    [
        [KAnonymity(k=5)],
        [KAnonymity(k=3), DistinctDiversity(column="s", l=2)],
        [KAnonymity(k=3), Closeness(column="s", t=0.4)],
        [KAnonymity(k=2), EntropyDiversity(column="s", l=1.5)],
    ]
)


def many_columns(seed: int, columns: int, size: int) -> tuple[pl.DataFrame, dict[str, Hierarchy]]:
    """Draw rows that are nearly all different, with a hierarchy of height 1 to 4 per column.

    The first column has two frequent values below ``*``, so that one column alone makes classes.
    """
    random = Random(seed)  # noqa: S311 rows of a test need no secrecy
    hierarchies = {"c0": number_bands(range(40), widths=[20])}
    cells: dict[str, list[Any]] = {"c0": [random.randrange(40) for _ in range(size)]}
    for number in range(1, columns):
        widths = random.choice([[], [4], [4, 8], [2, 8, 16]])
        values = range(random.choice([3, 16, 40]))
        name = f"c{number}"
        hierarchies[name] = number_bands(values, widths=widths) if widths else flat(values)
        share_missing = random.choice([0, 0, 0.1, 0.8])
        cells[name] = [
            None if random.random() < share_missing else random.choice(values) for _ in range(size)
        ]
    cells["s"] = [random.choice(["x", "x", "y", "z", None]) for _ in range(size)]
    return pl.DataFrame(cells, strict=False), hierarchies


def sensitive_of_classes(made: RecodedTable, columns: list[str]) -> list[Counter[Any]]:
    """Count the sensitive values of each class by hand."""
    found: dict[Any, Counter[Any]] = defaultdict(Counter)
    for row in made.rows.filter(~made.is_suppressed).iter_rows(named=True):
        found[tuple(row[name] for name in columns)][row["s"]] += 1
    return list(found.values())


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 9_999),
    columns=st.integers(8, 14),
    size=st.integers(60, 250),
    criteria=CRITERIA,
    way=WAYS,
    limit=st.sampled_from([0.0, 0.05]),
)
def test_many_columns_reach_the_criteria_within_the_limit(
    seed: int,
    columns: int,
    size: int,
    criteria: list[Criterion],
    way: dict[str, Any],
    limit: float,
) -> None:
    table, hierarchies = many_columns(seed, columns, size)
    made = recode(table, hierarchies=hierarchies, criteria=criteria, suppression_limit=limit, **way)
    assert made.suppressed <= limit * size
    assert made.measured.is_reached
    kept = made.rows.filter(~made.is_suppressed).select(pl.all().fill_null("missing"))
    smallest = next(each.k for each in criteria if isinstance(each, KAnonymity))
    assert k_anonymity(pd.DataFrame(kept.to_dict(as_series=False)), list(hierarchies)) >= smallest
    whole = Counter(table["s"].to_list())
    for values in sensitive_of_classes(made, list(hierarchies)):
        rows = values.total()
        for criterion in criteria:
            if isinstance(criterion, DistinctDiversity):
                assert len(values) >= criterion.l
            if isinstance(criterion, Closeness):
                distances = (abs(values[s] / rows - whole[s] / size) for s in whole)
                assert sum(distances) / 2 <= criterion.t + 1e-9


@pytest.mark.parametrize("labels", ["hierarchy", "ranges"])
def test_local_recoding_keeps_most_of_many_columns(labels: str) -> None:
    # Rows of one kind agree up to a band of four, which a sweep over cheap nodes does not try.
    random = Random(1)  # noqa: S311 rows of a test need no secrecy
    kinds = [[random.randrange(10) * 4 for _ in range(14)] for _ in range(40)]
    rows = [[start + random.randrange(4) for start in kind] for kind in kinds for _ in range(5)]
    names = [f"c{number}" for number in range(14)]
    made = recode(
        pl.DataFrame(rows, schema=names, orient="row"),
        hierarchies={name: number_bands(range(40), widths=[4, 8, 24]) for name in names},
        criteria=[KAnonymity(k=5)],
        method="local",
        labels=labels,  # type: ignore[arg-type]  # one of the kinds
    )
    assert made.measured.classes == 40
    assert made.suppressed == 0
    assert made.utility.gcp <= 3 / 39 + 1e-9
