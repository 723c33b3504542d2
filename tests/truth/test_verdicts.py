"""What was planted is found, and nothing is found where nothing was planted."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.worlds import Place, verdict
from workbench.vault.keys import Key

pytestmark = pytest.mark.slow

CUSTOMERS = 20_000


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Return a place with both worlds and the demo study run on each.

    The key is a fixed one: customer ids, and with them the order of rows and all samples, follow
    from it, and what is planted has to be found in the same samples at every run.
    """
    made = Place(tmp_path_factory.mktemp("verdicts"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(PROJECT)
        with pytest.MonkeyPatch.context() as fixed:
            fixed.setattr(Key, "new", classmethod(lambda key: key(bytes(range(32)))))
            assert made.do("init") == 0
        made.world("retail", "retail", customers=CUSTOMERS, contrast=3)
        made.world("uniform", "uniform", customers=CUSTOMERS)
        for recipe in ("retail", "uniform"):
            assert made.run(made.study("demo", recipe)) == 0
        yield made


@pytest.fixture(scope="module")
def planted(place: Place) -> dict[str, Any]:
    return place.records("retail")


@pytest.fixture(scope="module")
def smooth(place: Place) -> dict[str, Any]:
    return place.records("uniform")


def truth(place: Place, dataset: str) -> dict[str, Any]:
    path = place.root / f"world-{dataset}" / "truth" / "truth.json"
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def test_four_planted_segments_are_found(planted: dict[str, Any]) -> None:
    record = planted["segmentation"]
    assert record["metrics"]["segments"]["value"] == 4
    assert record["metrics"]["natural_groups"]["value"] >= 3  # a gap takes customers to show
    assert verdict(record, "segments_are_real")["outcome"] == "shown"


def test_one_smooth_population_is_no_kinds_of_people(smooth: dict[str, Any]) -> None:
    record = smooth["segmentation"]
    assert record["metrics"]["natural_groups"]["value"] == 1
    found = verdict(record, "segments_are_real")
    assert found["outcome"] == "shown not"
    assert found["concern"]


def test_the_planted_disparity_is_found_within_its_interval(
    place: Place, planted: dict[str, Any]
) -> None:
    record = planted["bias_audit"]
    found = verdict(record, "selection_rate_differs")
    assert found["outcome"] == "shown"
    assert found["concern"]
    metric = record["metrics"]["selection_rate_difference"]
    size = truth(place, "retail")["disparity"]["bias"][0]["planted"]
    assert metric["low"] < size < metric["high"]


def test_no_disparity_is_shown_not_to_be_there(smooth: dict[str, Any]) -> None:
    found = verdict(smooth["bias_audit"], "selection_rate_differs")
    assert found["outcome"] == "shown not"
    assert not found["concern"]


def test_churn_is_no_better_than_the_best_observer_could_be(planted: dict[str, Any]) -> None:
    auc = planted["churn"]["metrics"]["auc"]
    assert 0.6 < auc["low"] < auc["value"] < auc["high"] < 0.97


def test_every_page_says_that_nobody_in_it_ever_lived(place: Place) -> None:
    pages = list((place.reports / "site" / "runs").glob("*.html"))
    assert len(pages) == 8
    assert all("Synthetic data: nobody in this report ever lived" in p.read_text() for p in pages)


def test_no_identity_of_the_world_is_in_any_published_byte(place: Place) -> None:
    import polars as pl

    folder = Path(place.root / "world-retail" / "identities")
    names = pl.read_parquet(folder / "*.parquet").filter(
        pl.col("kind").cast(pl.String).is_in(["email", "phone", "street_address"])
    )
    wanted = names["identifier"].sample(2_000, seed=1).to_list()
    published = "\n".join(
        path.read_text(errors="replace") for path in place.reports.rglob("*") if path.is_file()
    )
    assert [name for name in wanted if name in published] == []
