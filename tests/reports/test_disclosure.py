"""Nothing that anyone can read tells of fewer persons than the study allows."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.worlds import Place

MIN_GROUP = 10
COUNTED = re.compile(r"(?<![\d.,-])(\d[\d,]*) (?:persons|customers|people)\b")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Return a place where the demo study ran on few customers, by more groups than they fill."""
    made = Place(tmp_path_factory.mktemp("few"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(PROJECT)
        assert made.do("init") == 0
        made.world("retail", "few", customers=300)
        study = made.study("demo", "few")
        text = study.read_text()
        assert f"min_group = {MIN_GROUP}" in text
        study.write_text(text.replace('groups = ["gender"]', 'groups = ["gender", "age_band"]'))
        made.run(study)  # a notebook may refuse so few
        yield made


def tables(place: Place) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((place.reports / "runs").glob("*/tables/*.json")):
        yield path.stem, json.loads(path.read_bytes())
    for path in sorted((place.reports / "runs").glob("*/record.json")):
        for table in json.loads(path.read_bytes()).get("view", {}).get("tables", ()):
            yield table["name"], table


def test_no_column_that_counts_persons_tells_of_too_few(place: Place) -> None:
    looked = 0
    for name, table in tables(place):
        if table["persons"] is None:
            continue
        columns = [column for column, _ in table["columns"]]
        counts = [row[columns.index(table["persons"])] for row in table["rows"]]
        assert [n for n in counts if n is not None and 0 < n < MIN_GROUP] == [], name
        looked += len(counts)
        for row in table["rows"]:
            if row[columns.index(table["persons"])] is None:
                assert all(not isinstance(cell, int | float) for cell in row), (name, row)
    assert looked > 20


def test_no_figure_rests_on_too_few(place: Place) -> None:
    for path in (place.reports / "runs").glob("*/record.json"):
        record = json.loads(path.read_bytes())
        figures = [*record.get("metrics", {}).values()]
        figures += [e for v in record.get("verdicts", ()) for e in v["estimates"]]
        for figure in figures:
            assert figure["value"] is None or figure["n"] >= MIN_GROUP, figure["name"]


def test_no_sentence_of_a_page_a_picture_or_a_record_tells_of_too_few(place: Place) -> None:
    looked = 0
    for path in sorted(place.reports.rglob("*")):
        if path.is_file():
            text = html.unescape(path.read_text(encoding="utf-8"))
            # what the study itself declares: "groups below 10 persons", "at least 5 persons"
            for words in ("fewer than", "below", "at least", "stated by fewer than"):
                text = re.sub(rf"{words} \d+ (persons|customers)", "", text)
            counts = [int(found.replace(",", "")) for found in COUNTED.findall(text)]
            assert [n for n in counts if 0 < n < MIN_GROUP] == [], path.name
            looked += len(counts)
    assert looked > 20


def test_no_mark_of_a_picture_carries_a_hidden_group(place: Place) -> None:
    for path in sorted((place.reports / "runs").glob("*/figures/*.svg")):
        table = json.loads((path.parents[1] / "tables" / f"{path.stem}.json").read_bytes())
        assert "aria-label=" not in path.read_text()
        assert all(cell is not None for row in table["rows"] for cell in row[:2]), path.stem


def test_the_notebooks_that_can_do_with_few_did(place: Place) -> None:
    found = [json.loads(p.read_bytes()) for p in (place.reports / "runs").glob("*/record.json")]
    done = {r["notebook"]["name"] for r in found if r["status"] == "finished"}
    assert {"segmentation", "bias_audit"} <= done
