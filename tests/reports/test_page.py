"""The page of a run: everything escaped, nothing from outside, the same for equal runs of a day."""

import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from workbench.charts.exhibits import Table
from workbench.reports import page_of, publish
from workbench.reports.page import figure_text
from workbench.runs.bundles import EstimateBundle, FigureBundle, TableBundle

from .conftest import Put, failed, record, shown

HOSTILE = (
    '<script>alert(1)</script>" onload="x" =cmd()|\'/C calc\'!A0 {{ 7*7 }} &amp; ' + "x" * 4_000
)


class Parts(HTMLParser):
    """What a browser takes for tags and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(attrs)


def metric(value: float | None, unit: str, **limits: float) -> EstimateBundle:
    return EstimateBundle(name="m", value=value, n=100, unit=unit, label="M", **limits)


def text_of(put: Put, site: Path, content: dict[str, object], files: dict[str, bytes]) -> str:
    return publish(put(content, files), site=site).read_text(encoding="utf-8")


def test_a_finished_run_shows_question_verdict_figure_and_provenance(
    put: Put, tmp_path: Path
) -> None:
    text = text_of(put, tmp_path / "site", record(), {})
    for words in (
        "<h1>Is it so?</h1>", "Draft, not signed off", "<strong>2025-01-01</strong>",
        "Shown.</strong> Yes: 25.0%.", "For whoever asks.",
        "20.0% to 30.0%", "1,200", "Probe team", "probe@company.example", 
        "consent of each customer", "abc123",
        "length of the window, days", "not given", "at least 5 persons",
    ):  # fmt: skip
        assert words in text
    assert "Synthetic data" not in text


def test_loads_of_one_export_after_another_are_listed_once_with_their_number(
    put: Put, tmp_path: Path
) -> None:
    content = record()
    month = {"format": "mail", "system": "mailer", "basis": "legitimate_interest"}
    content["dataset"]["sources"] = [month | {"until": "2025-01-01"}] * 3 + [
        month | {"until": "2025-02-01"}
    ]
    text = text_of(put, tmp_path / "site", content, {})
    assert (
        "mail from mailer (3 loads), complete until 2025-01-01, collected on basis legitimate "
        "interest; mail from mailer, complete until 2025-02-01" in text
    )


def test_equal_runs_give_equal_pages_but_for_the_day_from_folder_and_from_memory(
    put: Put, tmp_path: Path
) -> None:
    content, files = shown(["a", "b"], [40, 50])
    first = publish(put(content, files), site=tmp_path / "one").read_bytes()
    same = put(content, files, started_at="2025-02-01T23:59:59+00:00")
    assert publish(same, site=tmp_path / "same").read_bytes() == first
    later = put(content, files, started_at="2030-01-01T00:00:00+00:00")
    other = publish(later, site=tmp_path / "two").read_bytes()
    assert b"run on <strong>2030-01-01</strong>" in other
    assert other.replace(b"2030-01-01", b"2025-02-01") == first
    assert page_of(later.files, date(2030, 1, 1)) == other


def test_a_page_opens_with_the_question_of_its_notebook_not_of_its_study(
    put: Put, tmp_path: Path
) -> None:
    content = record(title="Probe: is it so?", question="Is it so today?")
    content["study"] |= {"question": "What is so in general?"}
    text = text_of(put, tmp_path / "site", content, {})
    assert "<h1>Is it so today?</h1>" in text
    assert "What is so in general?" not in text
    assert "Whether it stays so." not in text


def test_what_was_done_to_the_columns_is_one_line_that_opens(put: Put, tmp_path: Path) -> None:
    columns = pl.DataFrame(
        {
            "table": ["orders"] * 3,
            "column": ["kind", "channel", "ordered_at"],
            "what": ["kept", "kept", "cut to the day"],
        }
    )
    table = Table(name="view_columns", title="What was done", rows=columns, persons=None)
    content = record()
    content["view"]["tables"] = [TableBundle.of(table, hidden=2).as_json()]
    text = text_of(put, tmp_path / "site", content, {})
    summary = "What was done: 2 of 3 columns kept as they are, 1 changed"
    assert f"<details><summary>{summary}</summary>" in text
    assert "2 rows not shown" in text.split("</details>")[2]  # below what is folded


def test_hostile_words_stay_words(put: Put, tmp_path: Path) -> None:
    content, files = shown([HOSTILE, "b"], [40, 50])
    content["title"] = content["question"] = content["study"]["question"] = content["study"][
        "owner"
    ] = HOSTILE
    content["verdicts"][0] |= {"question": HOSTILE, "answer": HOSTILE}
    content["metrics"]["share"] |= {"label": HOSTILE, "note": HOSTILE}
    content["parameters"]["label"] = HOSTILE
    content["cells"][0]["source"] = f"# {HOSTILE}\n\n{HOSTILE}\n\n[go](javascript:alert(1))"
    text = text_of(put, tmp_path / "site", content, files)
    parsed = Parts()
    parsed.feed(text)
    assert "script" not in parsed.tags
    assert not [name for name, _ in parsed.attributes if name.startswith("on")]
    assert not [value for _, value in parsed.attributes if (value or "").startswith("javascript:")]
    assert "{{ 7*7 }}" in text
    assert "&lt;script&gt;" in text


def test_a_picture_from_elsewhere_becomes_its_words(put: Put, tmp_path: Path) -> None:
    content = record()
    content["cells"][0]["source"] = "# Is it so?\n\n![A curve](https://elsewhere.example/a.png)"
    text = text_of(put, tmp_path / "site", content, {})
    assert "A curve" in text
    assert "elsewhere.example" not in text


def test_first_words_that_are_no_heading_are_not_lost(put: Put, tmp_path: Path) -> None:
    content = record(cells=[{"kind": "markdown", "source": "Read this.", "tags": [], "shows": []}])
    assert "Read this." in text_of(put, tmp_path / "site", content, {})
    content = record(cells=[])
    assert "Is it so?" in text_of(put, tmp_path / "site", content, {})


def test_hidden_rows_are_told_and_shown_as_nothing(put: Put, tmp_path: Path) -> None:
    text = text_of(put, tmp_path / "site", *shown(["a", "few"], [40, None]))
    assert '<th scope="row">few</th><td class="number">–</td>' in text
    assert (
        "1 row not shown: too few persons, or a hidden figure could be computed by subtraction."
        in text
    )


def test_groups_missing_from_a_figure_are_told_below_it(put: Put, tmp_path: Path) -> None:
    content, files = shown(["a", "b"], [40, 50])
    files["tables/drawn.json"] = files["tables/drawn.json"].replace(b'"hidden": 0', b'"hidden": 1')
    text = text_of(put, tmp_path / "site", content, files)
    figure = text[text.index("<figure") : text.index("</figure>")]
    assert "1 group not shown:" in figure.split("<details>")[0]


def test_a_figure_without_a_narrow_drawing_has_one(put: Put, tmp_path: Path) -> None:
    content, files = shown(["a", "b"], [40, 50])
    made = FigureBundle.model_validate_json(files["tables/drawn.json"])
    files["tables/drawn.json"] = made.model_copy(update={"narrow": None}).to_bytes()
    del files["figures/narrow/drawn.svg"]
    text = text_of(put, tmp_path / "site", content, files)
    assert text.count("<svg") == 1


def test_no_id_stands_twice_whatever_exhibits_are_called(put: Put, tmp_path: Path) -> None:
    content, files = shown(["a", "b"], [40, 50])
    for name in ("verdicts", "main", "figures", "provenance"):
        files[f"tables/{name}.json"] = files["tables/drawn.json"].replace(
            b'"name": "drawn"', f'"name": "{name}"'.encode()
        )
        files[f"figures/{name}.svg"] = files["figures/drawn.svg"].replace(
            b"drawn-", f"{name}-".encode()
        )
        files[f"figures/narrow/{name}.svg"] = files["figures/narrow/drawn.svg"].replace(
            b"drawn.", f"{name}.".encode()
        )
        content["exhibits"].append(name)
        content["cells"][1]["shows"].append({"kind": "figure", "name": name})
    ids = re.findall(r'\bid="([^"]+)"', text_of(put, tmp_path / "site", content, files))
    assert len(ids) > 12
    assert sorted(ids) == sorted(set(ids))


def test_a_failed_run_says_why_in_one_sentence_and_shows_no_figure(
    put: Put, tmp_path: Path
) -> None:
    for reason in ("refused in cell 4: as_of is late", "refused in cell 4: as_of is late."):
        text = text_of(put, tmp_path / "site", failed(reason), {})
        assert "<p>Refused in cell 4: as_of is late.</p>" in text
        assert "No figure of it is shown" in text
        assert "Key figures" not in text


@pytest.mark.parametrize(
    ("unit", "value", "told"),
    [
        ("share", 0.25, "25.0%"),
        ("share", -0.0001, "0.0%"),
        ("AUC", 0.8291, "0.829"),
        ("segments", 4.0, "4 segments"),
        ("persons", 1234.0, "1,234 persons"),
        ("times", 2.089, "2.09 times"),
        ("GBP", 1234.5, "1,234.50 GBP"),
        ("adjusted Rand index", 0.9949, "0.995"),
        ("share", None, "–"),
    ],
)
def test_a_figure_is_told_in_its_unit(unit: str, value: float | None, told: str) -> None:
    assert figure_text(metric(value, unit)) == (told, "")


def test_a_figure_has_no_more_digits_than_its_interval_supports() -> None:
    assert figure_text(metric(1234.56, "EUR", low=1190.2, high=1280.9)) == (
        "1,235 EUR",
        "1,190 to 1,281",
    )
    assert figure_text(metric(1.0, "segments")) == ("1 segment", "")


def test_a_name_of_a_measure_and_a_note_stand_beside_the_label(put: Put, tmp_path: Path) -> None:
    content = record()
    content["metrics"]["share"] |= {"unit": "adjusted Rand index", "note": "20 samples"}
    text = text_of(put, tmp_path / "site", content, {})
    assert '<span class="note">adjusted Rand index; 20 samples</span>' in text


def test_what_is_undecided_does_not_look_decided(put: Put, tmp_path: Path) -> None:
    content = record()
    content["verdicts"][0] |= {"outcome": "not enough data"}
    assert 'class="verdict open"' in text_of(put, tmp_path / "site", content, {})
    content["verdicts"][0] |= {"outcome": "shown", "concern": True}
    text = text_of(put, tmp_path / "site", content, {})
    assert 'class="verdict concern"' in text
    assert "Shown, to act on." in text
