"""Any table reaches the criteria, loses no row and does not depend on the order of rows."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.foundation.errors import PrivacyError
from workbench.privacy.recoding import (
    Closeness,
    Criterion,
    DistinctDiversity,
    EntropyDiversity,
    Hierarchy,
    KAnonymity,
    RecodedTable,
    category_tree,
    flat,
    number_bands,
    recode,
)

QUASI = ("age", "city", "plan")
HIERARCHIES = {
    "age": number_bands(range(20, 40), widths=[5, 10]),
    "city": category_tree({"North": ["Kiel", "Rostock"], "South": {"BW": ["Ulm"], "BY": ["Hof"]}}),
    "plan": flat(["basic", "pro"]),
}
AGES, CITIES, PLANS = ["20", "21", "24", "25", "31"], ["Kiel", "Rostock", "Ulm", "Hof"], ["basic"]
# Cells can be missing, or be labels already.
ODD_ROWS = st.lists(
    st.tuples(
        st.sampled_from([*AGES, "[20, 25)", "*", None]),
        st.sampled_from([*CITIES, "North", "*", None]),
        st.sampled_from([*PLANS, "pro", "*", None]),
        st.sampled_from(["x", "y", "z", None]),
        st.integers(0, 12),
    ),
    max_size=60,
)


def plain_rows(seed: int, size: int, persons: int) -> list[tuple[Any, ...]]:
    """Draw rows that are mostly alike, so that classes of many kinds can be made of them."""
    random = Random(seed)  # noqa: S311 rows of a test need no secrecy
    return [
        (
            random.choice([*AGES, *AGES, None]),
            random.choice(CITIES),
            random.choice([*PLANS, *PLANS, "pro"]),
            random.choice("xxxyyz"),
            random.randrange(persons),
        )
        for _ in range(size)
    ]


ROWS = ODD_ROWS | st.builds(
    plain_rows, st.integers(0, 9_999), st.integers(10, 90), st.sampled_from([5, 20, 90])
)
CRITERIA = st.sampled_from(
    [
        [KAnonymity(k=2)],
        [KAnonymity(k=5)],
        [KAnonymity(k=2), DistinctDiversity(column="s", l=2)],
        [DistinctDiversity(column="s", l=3)],
        [EntropyDiversity(column="s", l=1.8)],
        [KAnonymity(k=3), Closeness(column="s", t=0.3)],
        [Closeness(column="s", t=0.1)],
        [KAnonymity(k=2), DistinctDiversity(column="s", l=2), Closeness(column="s", t=0.4)],
    ]
)
WAYS = st.sampled_from(
    [
        {"method": "levels"},
        {"method": "levels", "loss": "entropy"},
        {"method": "local"},
        {"method": "local", "labels": "ranges"},
    ]
)


def table_of(rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    schema = {**dict.fromkeys(QUASI, pl.String()), "s": pl.String(), "who": pl.Int64()}
    return pl.DataFrame(rows, schema=schema, orient="row").with_row_index("number")


def recoded(
    table: pl.DataFrame, hierarchies: Mapping[str, Hierarchy] = HIERARCHIES, **options: Any
) -> RecodedTable | None:
    """Recode, or return None if the table cannot reach the criteria."""
    try:
        return recode(table, hierarchies=hierarchies, **options)
    except PrivacyError:
        return None


def classes_of(rows: pl.DataFrame, columns: Sequence[str]) -> dict[tuple[Any, ...], list[Any]]:
    """Return the sensitive values and persons of each class, starred rows left out."""
    found = defaultdict(list)
    for row in rows.iter_rows(named=True):
        if any(row[name] != "*" for name in QUASI):
            found[tuple(row[name] for name in columns)].append((row["s"], row["who"]))
    return found


def reaches(members: list[Any], criterion: Criterion, whole: list[Any], persons: bool) -> bool:
    """Judge a class by hand, without the package's counts."""
    size = len({who for _, who in members}) if persons else len(members)
    if isinstance(criterion, KAnonymity):
        return size >= criterion.k
    values = Counter(s for s, _ in (set(members) if persons else members))
    total = sum(values.values())
    if isinstance(criterion, DistinctDiversity):
        return min(size, len(values)) >= criterion.l
    if isinstance(criterion, EntropyDiversity):
        entropy = -sum(n / total * math.log(n / total) for n in values.values())
        return entropy >= math.log(criterion.l) - 1e-9
    every = Counter(s for s, _ in (set(whole) if persons else whole))
    everybody = sum(every.values())
    assert isinstance(criterion, Closeness)
    return (
        sum(abs(values[s] / total - every[s] / everybody) for s in every) / 2 <= criterion.t + 1e-9
    )


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=ROWS,
    criteria=CRITERIA,
    way=WAYS,
    limit=st.sampled_from([0.0, 0.1, 1.0, 1.0]),
    missing=st.sampled_from(["value", "left out"]),
    persons=st.booleans(),
)
def test_every_class_reaches_every_criterion(
    rows: list[tuple[Any, ...]],
    criteria: list[Criterion],
    way: dict[str, Any],
    limit: float,
    missing: str,
    persons: bool,
) -> None:
    table = table_of(rows)
    options = {
        **way,
        "criteria": criteria,
        "suppression_limit": limit,
        "missing": missing,
        "persons": "who" if persons else None,
    }
    made = recoded(table, **options)
    if made is None:
        assert limit < 1
        return
    # No row is lost, and what is not a quasi-identifier is unchanged.
    assert made.rows.select("number", "s", "who").equals(table.select("number", "s", "who"))
    starred = made.rows.select(pl.all_horizontal(pl.col(QUASI).eq_missing(pl.lit("*"))))
    assert starred.to_series().equals(made.is_suppressed, check_names=False)
    assert made.suppressed + made.left_out == made.is_suppressed.sum()
    before = table.select(pl.all_horizontal(pl.col(QUASI).eq_missing(pl.lit("*")))).to_series()
    assert made.suppressed - before.sum() <= limit * table.height
    is_incomplete = table.select(pl.any_horizontal(pl.col(QUASI).is_null())).to_series()
    is_left_out = is_incomplete if missing == "left out" else is_incomplete & False
    assert made.left_out == is_left_out.sum()
    # Each class reaches each criterion, by hand.
    whole = [(row["s"], row["who"]) for row in table.filter(~is_left_out).iter_rows(named=True)]
    classes = classes_of(made.rows, QUASI)
    for members in classes.values():
        for criterion in criteria:
            assert reaches(members, criterion, whole, persons), criterion
    assert made.measured.is_reached
    assert made.measured.classes == len(classes)
    # A projection only merges classes (case K05).
    for size in (1, 2):
        for columns in combinations(QUASI, size):
            for members in classes_of(made.rows, columns).values():
                for criterion in criteria:
                    if isinstance(criterion, KAnonymity):
                        assert reaches(members, criterion, whole, persons)


@settings(max_examples=100, deadline=None)
@given(
    rows=ROWS,
    criteria=CRITERIA,
    way=WAYS,
    seed=st.integers(0, 5),
    persons=st.booleans(),
)
def test_the_order_of_rows_does_not_matter(
    rows: list[tuple[Any, ...]],
    criteria: list[Criterion],
    way: dict[str, Any],
    seed: int,
    persons: bool,
) -> None:
    table = table_of(rows)
    options = {
        **way,
        "criteria": criteria,
        "suppression_limit": 0.3,
        "persons": "who" if persons else None,
    }
    made = recoded(table, **options)
    again = recoded(table.sample(fraction=1, shuffle=True, seed=seed), **options)
    if made is None or again is None:
        assert made is again
        return
    assert again.rows.sort("number").equals(made.rows)
    assert again.levels == made.levels


@settings(max_examples=100, deadline=None)
@given(rows=ROWS, criteria=CRITERIA, way=WAYS)
def test_recoding_again_changes_nothing(
    rows: list[tuple[Any, ...]], criteria: list[Criterion], way: dict[str, Any]
) -> None:
    options = {**way, "criteria": criteria, "suppression_limit": 1.0}
    made = recoded(table_of(rows), **options)
    assert made is not None
    # Ranges are labels of no hierarchy, so they are taken as values.
    as_values = {name: flat(made.rows[name]) for name in QUASI}
    again = recoded(made.rows, as_values if "labels" in way else HIERARCHIES, **options)
    assert again is not None
    assert again.rows.equals(made.rows)


def test_a_table_that_cannot_reach_the_criteria_is_refused() -> None:
    table = table_of([("20", "Ulm", "pro", "x", 1)])
    with pytest.raises(PrivacyError, match="the 1 rows cannot reach k=2 with at most 0 suppressed"):
        recode(table, hierarchies=HIERARCHIES, criteria=[KAnonymity(k=2)])
