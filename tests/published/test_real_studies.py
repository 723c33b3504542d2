"""The real studies, from the export to the record, against figures that others published."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.privacy.vocabulary import NOBODY, vocabulary
from tests.worlds import Place, verdict
from workbench.privacy import find_leaks


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Iterator[Place]:
    """Return a place where both real datasets are loaded and both studies have run."""
    made = Place(tmp_path_factory.mktemp("real"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(PROJECT)
        assert made.do("init") == 0
        retail = str(real_data / "online_retail" / "online_retail.parquet")
        telco = str(real_data / "telco_churn" / "Telco-Customer-Churn.csv")
        load = ("--mapping", "online_retail", "--dataset", "online-retail")
        assert made.do("load", retail, *load) == 0
        assert made.do("load", telco, "--mapping", "telco_churn", "--dataset", "telco") == 0
        assert made.run("online-retail") == 0
        assert made.run("telco") == 0
        yield made


def metrics(place: Place, study: str, notebook: str) -> dict[str, Any]:
    found: dict[str, Any] = place.records(study)[notebook]["metrics"]
    return found


def test_online_retail_churn_is_near_what_no_leak_allows(place: Place) -> None:
    record = place.records("online-retail")["churn"]
    assert record["metrics"]["auc"]["value"] == pytest.approx(0.744, abs=0.02)
    assert record["study"]["basis"] == "contract"
    assert record["parameters"]["horizon_days"] == 90
    text = next((place.reports / "site" / "runs").glob(f"{record['run']}.html")).read_text()
    assert "place no order within 90 days" in text


def test_online_retail_has_segments_with_intervals(place: Place) -> None:
    found = metrics(place, "online-retail", "segmentation")
    assert 2 <= found["segments"]["value"] <= 6
    assert found["segments"]["n"] > 4_000


def test_telco_on_the_view_is_close_to_the_raw_table(place: Place) -> None:
    record = place.records("telco")["churn"]
    assert record["metrics"]["auc"]["value"] == pytest.approx(0.845, abs=0.012)
    # counts have noise of variance 2
    assert record["metrics"]["base_rate"]["value"] == pytest.approx(1869 / 7043, abs=0.001)
    assert record["metrics"]["auc"]["n"] == pytest.approx(7043, abs=5)
    text = next((place.reports / "site" / "runs").glob(f"{record['run']}.html")).read_text()
    assert "held out in folds" in text


def test_telco_is_audited_by_gender_and_age(place: Place) -> None:
    record = place.records("telco")["bias_audit"]
    assert verdict(record, "selection_rate_differs_by_gender")["outcome"] == "shown not"
    older = verdict(record, "selection_rate_differs_by_age_band")
    assert older["outcome"] == "shown"
    assert "65+" in older["answer"]


def test_no_file_of_the_real_studies_is_taken_for_a_customer_of_another_dataset(
    place: Place,
) -> None:
    files = [path for path in place.reports.rglob("*") if path.is_file()]
    assert len(files) > 30
    alarms = [
        path.name
        for path in files
        if find_leaks(path.read_bytes(), known=vocabulary(), pseudonyms=NOBODY)
    ]
    assert alarms == []
