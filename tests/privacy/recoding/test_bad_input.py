"""Awkward tables and wrong options end in a right answer or in one sentence."""

from typing import Any

import polars as pl
import pytest

from workbench.foundation.errors import ParameterError, PrivacyError
from workbench.privacy.recoding import (
    Closeness,
    DistinctDiversity,
    EntropyDiversity,
    KAnonymity,
    flat,
    number_bands,
    recode,
)

WAYS: list[dict[str, Any]] = [
    {"method": "levels"},
    {"method": "local"},
    {"method": "local", "labels": "ranges"},
]
TWO = [KAnonymity(k=2)]


def flat_of(rows: pl.DataFrame) -> dict[str, Any]:
    return {name: flat(rows[name]) for name in rows.columns}


@pytest.mark.parametrize("way", WAYS)
def test_an_empty_table_stays_empty(way: dict[str, Any]) -> None:
    rows = pl.DataFrame(schema={"age": pl.Int64, "city": pl.String})
    made = recode(rows, hierarchies=flat_of(rows), criteria=TWO, **way)
    assert made.rows.height == made.suppressed == made.measured.classes == 0
    assert made.utility.gcp == made.utility.loss == 0


@pytest.mark.parametrize("way", WAYS)
def test_fewer_rows_than_k_are_refused_or_suppressed(way: dict[str, Any]) -> None:
    rows = pl.DataFrame({"age": [1, 1, 1], "city": ["a", "a", "a"]})
    options = {"hierarchies": flat_of(rows), "criteria": [KAnonymity(k=4)], **way}
    with pytest.raises(PrivacyError, match="the 3 rows cannot reach k=4"):
        recode(rows, **options)
    made = recode(rows, suppression_limit=1.0, **options)
    assert made.suppressed == 3
    assert made.rows["age"].to_list() == ["*"] * 3


@pytest.mark.parametrize("way", WAYS)
def test_one_column_and_one_value(way: dict[str, Any]) -> None:
    rows = pl.DataFrame({"city": ["a"] * 5})
    made = recode(rows, hierarchies=flat_of(rows), criteria=TWO, **way)
    assert made.rows.equals(rows)
    assert made.utility.gcp == 0


@pytest.mark.parametrize("way", WAYS[:2])
def test_all_distinct_values_are_refused_with_trivial_hierarchies(way: dict[str, Any]) -> None:
    rows = pl.DataFrame({"a": range(50), "b": range(50)})
    with pytest.raises(PrivacyError, match="cannot reach k=2 with at most 0 suppressed"):
        recode(rows, hierarchies=flat_of(rows), criteria=TWO, **way)
    one = pl.DataFrame({"a": range(50), "b": ["x"] * 50})
    made = recode(one, hierarchies=flat_of(one), criteria=TWO, **way)
    assert set(made.rows.rows()) == {("*", "x")}


def test_all_distinct_values_have_ranges() -> None:
    rows = pl.DataFrame({"a": range(50), "b": range(50)})
    made = recode(rows, hierarchies=flat_of(rows), criteria=TWO, **WAYS[2])
    assert made.rows.row(0) == made.rows.row(1) == ("[0, 1]", "[0, 1]")
    assert made.utility.gcp == pytest.approx(1 / 49)


@pytest.mark.parametrize("way", WAYS)
def test_columns_of_nulls_are_values_of_their_own(way: dict[str, Any]) -> None:
    rows = pl.DataFrame({"a": [None] * 4, "b": ["x", "x", None, None]}, schema_overrides={"a": str})
    made = recode(rows, hierarchies=flat_of(rows), criteria=TWO, **way)
    assert made.rows.equals(rows)
    assert made.measured.smallest == 2
    left = recode(rows, hierarchies={"b": flat(["x"])}, criteria=TWO, missing="left out", **way)
    assert (left.left_out, left.suppressed) == (2, 0)
    assert left.rows["b"].to_list() == ["x", "x", "*", "*"]
    assert left.is_suppressed.to_list() == [False, False, True, True]


@pytest.mark.parametrize("way", WAYS)
def test_a_million_distinct_values(way: dict[str, Any]) -> None:
    rows = pl.DataFrame({"income": range(1_000_000), "sex": ["f", "m"] * 500_000})
    hierarchies = {
        "income": number_bands(rows["income"], widths=[10, 1_000]),
        "sex": flat(rows["sex"]),
    }
    made = recode(rows, hierarchies=hierarchies, criteria=[KAnonymity(k=5)], **way)
    assert made.measured.smallest >= 5
    assert made.utility.gcp < 1e-5


def test_wrong_names_and_options_are_refused() -> None:
    rows = pl.DataFrame({"age": [1, 1], "city": ["a", "b"]})
    hierarchies = flat_of(rows)
    for options, message in [
        ({"hierarchies": {"aeg": hierarchies["age"]}}, "no column 'aeg'; did you mean 'age'"),
        ({"hierarchies": {}}, "no quasi-identifier is named"),
        ({"hierarchies": {"age": flat([2])}}, "does not cover 1 values in 2 rows"),
        ({"criteria": []}, "no criterion is named"),
        ({"criteria": [DistinctDiversity(column="city", l=2)]}, "is a quasi-identifier and also"),
        ({"criteria": [DistinctDiversity(column="town", l=2)]}, "no column 'town'"),
        ({"persons": "age"}, "is a quasi-identifier and also"),
        ({"persons": "who"}, "no column 'who'"),
        ({"suppression_limit": 1.5}, "the suppression limit is 1.5"),
        ({"method": "local "}, "no method 'local '; did you mean 'local'"),
        ({"labels": "range"}, "did you mean 'ranges'"),
        ({"loss": "gpc"}, "did you mean 'gcp'"),
        ({"missing": "values"}, "did you mean 'value'"),
    ]:
        with pytest.raises(ParameterError, match=message):
            recode(rows, **{"hierarchies": hierarchies, "criteria": TWO, **options})


def test_criteria_that_protect_nobody_are_refused() -> None:
    for make, message in [
        (lambda: KAnonymity(k=1), "k is 1; name 2 or more"),
        (lambda: DistinctDiversity(column="s", l=1), "l is 1; name 2 or more"),
        (lambda: EntropyDiversity(column="s", l=1), "l is 1; name more than 1"),
        (lambda: Closeness(column="s", t=1), "t is 1; name a distance"),
    ]:
        with pytest.raises(ParameterError, match=message):
            make()
