"""Classes are counted from labels alone; suppressed rows are no class, missing cells are values."""

from pathlib import Path

import polars as pl
import pytest

from workbench.foundation.errors import ParameterError
from workbench.privacy.recoding import (
    Closeness,
    DistinctDiversity,
    EntropyDiversity,
    HierarchicalCloseness,
    KAnonymity,
    OrderedCloseness,
    category_tree,
    flat,
    measure_table,
)


def test_starred_rows_are_no_class(cases: Path, tmp_path: Path) -> None:
    """Case K01 (arx#259): 9 rows in classes of 2, 2 and 3, and 2 rows of stars."""
    rows = pl.read_csv(cases / "k01.csv")
    rows.write_csv(tmp_path / "again.csv")
    for table in (rows, pl.read_csv(tmp_path / "again.csv")):
        found = measure_table(table, quasi_identifiers=table.columns, criteria=[KAnonymity(k=2)])
        assert (found.smallest, found.rows, found.suppressed, found.classes) == (2, 7, 2, 3)
        assert (round(found.average_risk, 3), found.highest_risk) == (0.429, 0.5)
        assert found.sizes.rows() == [(2, 2), (3, 1)]


def test_a_missing_cell_is_a_value(cases: Path) -> None:
    """Case K03 (sdcMicro#363): Hull fails, and not because the job is missing."""
    rows = pl.read_csv(cases / "k03.csv")
    two = DistinctDiversity(column="debt", l=2)
    names = ["city", "job", "band"]
    least = {
        city: measure_table(
            rows.filter(city=city), quasi_identifiers=names, criteria=[two]
        ).criteria["measured"].item()
        for city in ("Gent", "Lyon", "Hull")
    }  # fmt: skip
    assert least == {"Gent": 2.0, "Lyon": 2.0, "Hull": 1.0}
    assert not measure_table(rows, quasi_identifiers=names, criteria=[two]).is_reached


def test_figures_of_a_table_by_hand() -> None:
    rows = pl.DataFrame({"q": ["a", "a", "a", "b", "b"], "s": ["x", "x", "y", "x", "x"]})
    criteria = [
        KAnonymity(k=2),
        EntropyDiversity(column="s", l=1.5),
        Closeness(column="s", t=0.2),
    ]
    found = measure_table(rows, quasi_identifiers=["q"], criteria=criteria)
    # Class b has x alone: entropy 0, and 1 - 4/5 of its share exceeds that of the table.
    assert found.criteria["measured"].to_list() == pytest.approx([2.0, 1.0, 0.2])
    assert found.criteria["is_reached"].to_list() == [True, False, True]


def test_persons_are_counted_once() -> None:
    rows = pl.DataFrame(
        {"q": ["a"] * 4 + ["b"] * 2, "who": [1, 1, 1, 2, 3, 4], "s": ["x", "y", "z", "x", "x", "y"]}
    )
    criteria = [KAnonymity(k=2), DistinctDiversity(column="s", l=3)]
    counted = measure_table(rows, quasi_identifiers=["q"], criteria=criteria, persons="who")
    assert counted.sizes.rows() == [(2, 2)]
    # Two persons of class a have three values, but two persons hide at most two.
    assert counted.criteria["measured"].to_list() == [2.0, 2.0]
    in_rows = measure_table(rows, quasi_identifiers=["q"], criteria=criteria)
    assert in_rows.sizes.rows() == [(2, 1), (4, 1)]


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(ParameterError, match="no column 'agee'; did you mean 'age'"):
        measure_table(pl.DataFrame({"age": [1]}), quasi_identifiers=["agee"])


def test_distances_of_the_paper() -> None:
    """Li et al. 2007, example in section 4: salaries 3k to 11k, and two of their classes."""
    salaries = [3, 4, 5, 6, 7, 8, 9, 10, 11]
    classes = {"first": [3, 4, 5], "second": [6, 8, 11], "third": [7, 9, 10]}
    rows = pl.DataFrame(
        [(name, salary) for name, members in classes.items() for salary in members],
        schema=["q", "salary"],
        orient="row",
    )
    assert sorted(rows["salary"]) == salaries
    distance = {
        name: measure_table(
            rows.with_columns(q=pl.when(pl.col("q") == name).then("q").otherwise(pl.lit("*"))),
            quasi_identifiers=["q"],
            criteria=[OrderedCloseness(column="salary", t=0.2)],
        ).criteria["measured"].item()
        for name in classes
    }  # fmt: skip
    assert distance["first"] == pytest.approx(0.375)
    assert distance["second"] == pytest.approx(0.167, abs=5e-4)


def test_distance_in_a_hierarchy_by_hand() -> None:
    hierarchy = category_tree({"Digestive": ["ulcer", "gastritis"], "Lung": ["flu", "asthma"]})
    sick = HierarchicalCloseness(column="s", t=0.9, hierarchy=hierarchy)
    rows = pl.DataFrame({"q": ["a", "a", "b", "b"], "s": ["ulcer", "gastritis", "flu", "asthma"]})
    # Half of the shares moves from one branch to the other: level 2 of 2.
    found = measure_table(rows, quasi_identifiers=["q"], criteria=[sick])
    assert found.criteria["measured"].item() == pytest.approx(0.5)
    rows = pl.DataFrame({"q": ["a", "a", "b", "b"], "s": ["ulcer", "flu", "gastritis", "asthma"]})
    # Half of the shares moves within the branches: level 1 of 2.
    found = measure_table(rows, quasi_identifiers=["q"], criteria=[sick])
    assert found.criteria["measured"].item() == pytest.approx(0.25)
    rows = pl.DataFrame({"q": ["a", "b"], "s": ["ulcer", None]})
    # A missing value shares only the last level with the others.
    found = measure_table(rows, quasi_identifiers=["q"], criteria=[sick])
    assert found.criteria["measured"].item() == pytest.approx(0.5)


def test_a_distance_that_cannot_be_measured_is_refused() -> None:
    rows = pl.DataFrame({"q": ["a", "b"], "s": ["low", "high"]})
    with pytest.raises(ParameterError, match="texts without an order"):
        measure_table(rows, quasi_identifiers=["q"], criteria=[OrderedCloseness(column="s", t=0.2)])
    flat_low = HierarchicalCloseness(column="s", t=0.2, hierarchy=flat(["low"]))
    with pytest.raises(ParameterError, match="does not cover 1 values"):
        measure_table(rows, quasi_identifiers=["q"], criteria=[flat_low])
