"""Hierarchies are nested, cover their values and refuse what is none, without showing a value."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tests.privacy.recoding.adult import NINE
from workbench.foundation.errors import InputError, ParameterError
from workbench.privacy.recoding import (
    Uncovered,
    category_tree,
    date_periods,
    flat,
    number_bands,
    read_hierarchy,
    text_prefixes,
    write_hierarchy,
)


@pytest.mark.parametrize("name", NINE)
def test_files_of_arx_are_read_and_written(real_data: Path, tmp_path: Path, name: str) -> None:
    hierarchy = read_hierarchy(real_data / "adult" / f"adult_hierarchy_{name}.csv")
    write_hierarchy(hierarchy, tmp_path / "again.csv")
    again = read_hierarchy(tmp_path / "again.csv")
    assert again.frame().equals(hierarchy.frame())
    given = (real_data / "adult" / f"adult_hierarchy_{name}.csv").read_text().splitlines()
    assert sorted((tmp_path / "again.csv").read_text().splitlines()) == sorted(given)


def test_commas_separate_too(tmp_path: Path) -> None:
    path = tmp_path / "plan.csv"
    path.write_text('basic,"cheap, small",*\npro,dear,*\n')
    assert read_hierarchy(path).frame().row(0) == ("basic", "cheap, small", "*")


def test_a_number_on_a_limit_lies_in_the_band_that_contains_it() -> None:
    bands = number_bands([9, 10, 19, 20, -1], widths=[10, 20]).frame()
    assert bands.rows() == [
        ("-1", "[-10, 0)", "[-20, 0)", "*"),
        ("9", "[0, 10)", "[0, 20)", "*"),
        ("10", "[10, 20)", "[0, 20)", "*"),
        ("19", "[10, 20)", "[0, 20)", "*"),
        ("20", "[20, 30)", "[20, 40)", "*"),
    ]
    tenths = number_bands([0.1, 0.3, 0.7], widths=[0.1]).frame()["1"].to_list()
    assert tenths == ["[0.1, 0.2)", "[0.3, 0.4)", "[0.7, 0.8)"]


def test_dates_prefixes_and_trees() -> None:
    days = date_periods([date(2024, 1, 31), date(2024, 4, 1)]).frame()
    assert days.row(1) == ("2024-04-01", "2024-04", "2024-Q2", "2024", "*")
    codes = text_prefixes(["10115", "1", None], lengths=[3, 1]).frame()
    assert codes.rows() == [("1", "1", "1", "*"), ("10115", "101**", "1****", "*")]
    tree = category_tree({"Europe": ["FR", "DE"], "Asia": ["JP"]}).frame()
    assert tree.rows()[1] == ("DE", "Europe", "*")


def test_uncovered_cells_are_counted() -> None:
    hierarchy = category_tree({"Europe": ["FR", "DE"]})
    cells = pl.Series(["FR", "Europe", "*", None, "US", "US", "CA"])
    assert hierarchy.uncovered(cells) == Uncovered(values=2, rows=3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a;x;*\nb;*\n", "3 cells in line 1 and 2 in line 2"),
        ("a;x;*\na;y;*\n", "not nested: the label of level 0 in line 2"),
        ("a;x;p;*\nb;x;q;*\n", "not nested: the label of level 1 in line 2"),
        ("a;x\nb;y\n", r"the last level of hierarchy plan.csv is not '\*' in line 1"),
        ("a;;*\n", "an empty cell in line 1"),
        ("*\n", "has 1 columns"),
        ("", "has 0 columns"),
    ],
)
def test_a_file_that_is_no_hierarchy_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "plan.csv"
    path.write_text(text)
    with pytest.raises(ParameterError, match=message):
        read_hierarchy(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"plan\.csv cannot be read"):
        read_hierarchy(tmp_path / "plan.csv")


def test_settings_that_make_no_hierarchy_are_refused() -> None:
    with pytest.raises(ParameterError, match="no multiple of the width 10"):
        number_bands([1], widths=[10, 25])
    with pytest.raises(ParameterError, match="no band width"):
        number_bands([1], widths=[])
    with pytest.raises(ParameterError, match="bands need finite numbers"):
        number_bands(["1"], widths=[5])
    with pytest.raises(ParameterError, match="name lengths above 0"):
        text_prefixes(["1"], lengths=[1, 2])
    with pytest.raises(ParameterError, match="periods need dates"):
        date_periods(["2024-01-01"])


def test_no_message_shows_a_value() -> None:
    with pytest.raises(ParameterError) as refusal:
        category_tree({"x": ["secret"], "y": ["secret"]})
    assert "secret" not in str(refusal.value)


def test_a_column_without_values_has_a_hierarchy() -> None:
    assert flat([None, None]).leaves == 0
