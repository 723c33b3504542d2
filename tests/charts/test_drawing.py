"""A drawing stands in a page: its own ids, the page's colours, contrast on both grounds."""

import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from workbench.charts.drawing import draw_pictures, draw_svg
from workbench.charts.exhibits import Figure, Table
from workbench.charts.row_charts import bars
from workbench.charts.style import COLOURS, NEUTRALS
from workbench.charts.xy_charts import lines
from workbench.foundation.errors import ParameterError


def figure(name: str = "sizes") -> Figure:
    rows = pl.DataFrame({"segment": ["a", "b"], "share": [0.25, 0.75], "persons": [25, 75]})
    table = Table(name=name, title="Sizes <b>", rows=rows, persons="persons")
    return bars(table, group="segment", value="share", axis="Share")


def test_title_and_description_stand_in_for_the_marks() -> None:
    drawn = draw_svg(figure())
    assert drawn.startswith('<svg role="img" aria-labelledby="sizes-title sizes-desc"')
    assert '<title id="sizes-title">Sizes &lt;b&gt;</title>' in drawn
    assert '<desc id="sizes-desc">Bars: Share by segment. Highest: b with 75%' in drawn
    assert drawn.count("aria-") == 1
    assert drawn.count("role=") == 1


def test_ids_are_the_figure_s_own() -> None:
    clipped = replace(
        figure(),
        spec={
            "layer": [
                {"mark": {"type": "bar", "clip": True}, "encoding": {"x": {"field": "share"}}},
                {"mark": {"type": "point", "clip": True}, "encoding": {"x": {"field": "persons"}}},
            ]
        },
    )
    one = draw_svg(clipped)
    other = draw_svg(replace(clipped, table=replace(clipped.table, name="other")))
    ids = [set(re.findall(r'\bid="([^"]*)"', each)) for each in (one, other)]
    assert not ids[0] & ids[1]
    assert all(name.startswith("sizes-") for name in ids[0])
    assert set(re.findall(r"url\(#([^)]*)\)", one)) <= ids[0]
    assert "url(#" in one
    assert draw_svg(clipped) == one


def test_the_two_drawings_of_a_figure_share_no_id() -> None:
    wide, narrow = draw_pictures(figure()).values()
    ids = [set(re.findall(r'\bid="([^"]*)"', each)) for each in (wide, narrow)]
    assert all(ids)
    assert not ids[0] & ids[1]
    assert 'class="wide"' in wide
    assert 'class="narrow"' in narrow
    assert [*draw_pictures(replace(figure(), narrow=None))] == ["figures/sizes.svg"]


def test_neutral_colours_are_the_page_s() -> None:
    rows = pl.DataFrame({"k": [2, 3], "share": [0.25, 0.75]})
    table = Table(name="lined", title="Lined", rows=rows, persons=None)
    drawn = draw_svg(lines(table, x="k", y="share", series=None, axes=("Groups", "Share")))
    assert "var(--ink)" in drawn
    assert "var(--rule)" in drawn
    assert not any(colour in drawn for colour in NEUTRALS)
    assert not re.search(r'"(?:white|black|#000|#888|#ddd)"', drawn)


@pytest.mark.parametrize("name", ["../x", 'a"b', "", "1st", "a b"])
def test_a_name_that_could_break_out_of_its_place_is_refused(name: str) -> None:
    with pytest.raises(ParameterError, match="an exhibit is called"):
        figure(name)


@pytest.mark.parametrize("column", ["persons", "margin"])
def test_a_column_that_is_not_there_is_refused(column: str) -> None:
    rows = pl.DataFrame({"segment": ["a"], "people": [25]})
    named = {"persons": "people", column: "peple"}
    with pytest.raises(ParameterError, match="exhibit t: no column 'peple'; did you mean 'people'"):
        Table(name="t", title="T", rows=rows, **named)


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def palettes(project: Path) -> list[dict[str, str]]:
    """Return the page's colours by name: light, dark, print."""
    style = (project / "workbench" / "reports" / "templates" / "style.css").read_text()
    blocks = re.findall(r":root\{([^}]*)\}", style)
    return [
        {
            name: value if len(value) == 7 else "#" + "".join(2 * each for each in value[1:])
            for name, value in re.findall(r"--([a-z]+):(#[0-9a-f]{3,6})", block)
        }
        for block in blocks
    ]


def test_the_measure_of_contrast_is_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_marks_and_texts_have_contrast_on_every_ground(project: Path) -> None:
    found = palettes(project)
    assert len(found) == 3
    for palette in found:
        for colour in (*COLOURS, palette["muted"]):
            assert contrast(colour, palette["ground"]) >= 3, colour
        for name in ("ink", "muted", "link"):
            for ground in ("ground", "panel"):
                assert contrast(palette[name], palette[ground]) >= 4.5, (name, ground)
    for palette in found[:2]:  # print takes light's
        for name in ("concern", "good"):
            for ground in ("ground", "panel"):
                assert contrast(palette[name], palette[ground]) >= 4.5, (name, ground)
