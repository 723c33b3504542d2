"""k persons share every combination, of all columns and of any."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycanon.anonymity import k_anonymity

from tests.privacy.conftest import PROJECT
from workbench.foundation.errors import PrivacyError
from workbench.privacy import open_view, smallest_class
from workbench.privacy.anonymity import AnonymisedTable, Classes, anonymise, classes
from workbench.privacy.recoding import KAnonymity
from workbench.studies import read_study
from workbench.vault import Dataset


def anonymised(
    rows: pl.DataFrame, *, k: int, keep: Sequence[str] = (), limit: float = 0.05
) -> AnonymisedTable:
    """Anonymise columns of text: each has its values and, as second level, their first letter."""
    customers = rows.with_row_index("customer_id").cast({"customer_id": pl.UInt64})
    levels = {name: (pl.col(name), pl.col(name).str.head(1)) for name in rows.columns}
    return anonymise(
        customers, levels=levels, criteria=[KAnonymity(k=k)], keep=keep, suppression_limit=limit
    )


def k_by_pycanon(rows: pl.DataFrame, columns: Sequence[str]) -> int:
    """Return the k that pycanon finds; an empty cell is a value of its own."""
    told = rows.select(pl.col(name).cast(pl.String).fill_null("(empty)") for name in columns)
    return int(k_anonymity(pd.DataFrame(told.to_dict(as_series=False)), list(columns)))


CELL = st.sampled_from(["aa", "ab", "ba", "bb", "c", None])


@settings(max_examples=80, deadline=None)
@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=5, max_size=40),
    k=st.integers(2, 5),
    keep=st.permutations(["x", "y", "z"]).flatmap(lambda p: st.integers(0, 3).map(lambda n: p[:n])),
    limit=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
)
def test_every_subset_of_the_columns_reaches_k(
    rows: list[tuple[str | None, ...]], k: int, keep: list[str], limit: float
) -> None:
    """Case K05, for any table; empties are values of their own."""
    schema = dict.fromkeys("xyz", pl.String())
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    made = anonymised(frame, k=k, keep=keep, limit=limit)
    for size in (1, 2, 3):
        for columns in combinations("xyz", size):
            sizes = made.rows.group_by(columns).len()["len"]
            assert sizes.min() >= k, columns
    again = anonymised(frame, k=k, keep=keep, limit=limit)
    assert made.rows.equals(again.rows)
    assert (made.level, made.suppressed_cells) == (again.level, again.suppressed_cells)
    for name in "xyz":  # a cell that is left says what was there, at the column's level
        finest = made.level[name] == 0
        before = frame[name] if finest else frame[name].str.head(1)
        left = made.rows[name].is_not_null()
        assert made.rows[name].filter(left).equals(before.filter(left))
    emptied = sum(made.rows[n].null_count() for n in "xyz" if made.level[n] < 2)
    known = sum(frame[n].null_count() for n in "xyz" if made.level[n] < 2)
    assert emptied - known == sum(made.suppressed_cells.values())


def test_the_result_does_not_depend_on_the_order_of_the_customers() -> None:
    frame = pl.DataFrame(
        {"x": ["aa", "ab", "b", "b", "aa", "c"], "y": ["p", "p", "q", "q", "p", "p"]}
    )
    forwards = anonymised(frame, k=2, limit=0.5)
    backwards = anonymised(frame.reverse(), k=2, limit=0.5)
    assert forwards.rows.drop("customer_id").equals(backwards.rows.drop("customer_id").reverse())


def test_single_cells_are_emptied_while_few_customers_stand_alone() -> None:
    frame = pl.DataFrame({"x": ["a"] * 4 + ["b"], "y": ["p"] * 5})
    made = anonymised(frame, k=2, limit=0.2)
    assert made.level == {"x": 0, "y": 0}
    # b alone is emptied throughout; it takes the only other class with it, to be two at least
    assert made.rows["x"].to_list() == [None] * 5
    assert made.rows["y"].to_list() == ["p"] * 5 or made.rows["y"].null_count() == 5


def test_a_column_is_coarsened_before_another_is_emptied_for_everybody() -> None:
    fine = [f"a{i}" for i in range(6)]
    frame = pl.DataFrame({"x": fine, "y": ["p"] * 3 + ["q"] * 3})
    made = anonymised(frame, k=3, limit=0.0)
    assert made.level == {"x": 1, "y": 0}
    assert made.rows["x"].to_list() == ["a"] * 6


def test_columns_to_keep_are_spared() -> None:
    frame = pl.DataFrame({"x": [f"a{i}" for i in range(6)], "y": [f"b{i}" for i in range(6)]})
    assert anonymised(frame, k=3, keep=["x"], limit=0.0).level == {"x": 1, "y": 2}
    assert anonymised(frame, k=3, keep=["x", "y"], limit=0.0).level["y"] == 2


def test_fewer_customers_than_k_are_refused() -> None:
    frame = pl.DataFrame({"x": ["a", "b"]})
    with pytest.raises(PrivacyError, match="k is 3, but the view has only 2 customers"):
        anonymised(frame, k=3)


def test_who_is_emptied_throughout_is_counted_as_suppressed() -> None:
    frame = pl.DataFrame({"x": ["a"] * 4 + ["b", "c", None], "y": ["p"] * 4 + ["q", "r", None]})
    made = anonymised(frame, k=3, limit=0.5)
    assert made.suppressed == 2  # the last one told nothing from the beginning
    assert classes(made.rows, ["x", "y"]) == Classes(count=1, persons=4, suppressed=3, smallest=4)


def test_emptied_rows_are_no_class_of_their_own(cases: Path) -> None:
    """Case K01: k = 2 over 7 rows, 2 suppressed; mean risk 3/7, highest 1/2."""
    rows = pl.read_csv(cases / "k01.csv", null_values="*")
    found = classes(rows, rows.columns)
    assert found == Classes(count=3, persons=7, suppressed=2, smallest=2)
    assert found.average_risk == pytest.approx(3 / 7)
    assert found.highest_risk == 0.5
    one_starred = rows.filter(
        ~pl.all_horizontal(pl.all().is_null()) | (pl.int_range(pl.len()) == 3)
    )
    assert classes(one_starred, rows.columns).smallest == 2


def test_a_missing_value_is_a_value_of_its_own(cases: Path) -> None:
    """Case K03: the rows without a job are no smaller a class for it."""
    rows = pl.read_csv(cases / "k03.csv")
    assert smallest_class(rows, ["city", "job", "band"]) == 2
    assert k_by_pycanon(rows, ["city", "job", "band"]) == 2


def test_a_table_of_nobody_has_no_class() -> None:
    nobody = pl.DataFrame(schema={"x": pl.String})
    assert classes(nobody, ["x"]) == Classes(count=0, persons=0, suppressed=0, smallest=0)
    assert smallest_class(nobody, ["x"]) == 0


@pytest.mark.parametrize("k", [2, 5, 11])
def test_adult_reaches_k_by_another_library_too(real_data: Path, k: int) -> None:
    adult = pl.read_csv(real_data / "adult" / "adult.csv", separator=";")
    columns = ["sex", "age", "race", "marital-status", "education", "native-country"]
    customers = adult.with_row_index("customer_id")
    decade = (pl.col("age") // 10 * 10).alias("age")
    levels = {**{name: (pl.col(name),) for name in columns}, "age": (pl.col("age"), decade)}
    made = anonymise(
        customers,
        levels=levels,
        criteria=[KAnonymity(k=k)],
        keep=["sex", "age"],
        suppression_limit=0.1,
    )
    assert k_by_pycanon(made.rows, columns) >= k
    assert smallest_class(made.rows, columns) == k_by_pycanon(made.rows, columns)


def test_a_view_of_a_whole_shop_reaches_k_by_another_library_too(world: Dataset) -> None:
    study = read_study(
        PROJECT / "reports" / "studies" / "demo.toml", notebooks=PROJECT / "notebooks"
    )
    columns = ["first_seen_at", "age_band", "gender", "country", "region", "language"]
    wider = study.model_copy(update={"columns": {"customers": tuple(columns)}})
    view = open_view(wider, world)
    customers = view.data["customers"].collect()
    for size in range(1, len(columns) + 1):
        for subset in combinations(columns, size):
            assert smallest_class(customers, subset) >= 5
            if size > 1:  # pandas warns of what pycanon does with a single column
                assert k_by_pycanon(customers, subset) == smallest_class(customers, subset)
