"""Data files of the package are read as they are written."""

import pytest

from workbench.foundation.package_data import packaged_csv, packaged_text, packaged_toml


def test_a_csv_file_is_read_by_column() -> None:
    first = packaged_csv("workbench.synthetic.stock", "phones.csv")[0]
    assert first == {"country": "DE", "prefix": "+493023125", "digits": "3"}


def test_a_toml_file_is_read_with_its_groups() -> None:
    assert (
        packaged_toml("workbench.synthetic.stock", "catalogue.toml")["nouns"]["gifts"][0] == "card"
    )


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv"):
        packaged_text("workbench.schema", "nowhere.csv")
