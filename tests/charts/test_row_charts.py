"""Each form draws valid Vega-Lite and says in words what it shows."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from xml.etree import ElementTree

import polars as pl
import pytest

from workbench.charts.drawing import draw_svg, full_spec
from workbench.charts.exhibits import Figure, Table
from workbench.charts.row_charts import bars, intervals
from workbench.charts.style import NARROW, WIDE
from workbench.charts.xy_charts import lines, observed_against_expected, scatter
from workbench.foundation.errors import ParameterError
from workbench.statistics.figure_texts import format_beside_interval

HOSTILE = [
    "<script>alert(1)</script>",
    '"quoted" \'twice\' \\ ` ${x} & role="x" aria-label="y" id="z"',
    "=cmd()|' /C calc'!A0",
    "a very long name of a segment that buys often and returns little " * 4,
    "שלום \u202eעולם\u202c 12",
    "__proto__",
    "]; datum.constructor",
    "nul\x00 and bell\x07",
    "#101010",
]


def rates(groups: list[str | None] | None = None, **columns: list[float | None]) -> Table:
    names = groups or ["web", "app", "store"]
    n = len(names)
    values: dict[str, list[float | None]] = {
        "rate": [0.1, 0.4, 0.2][:n] + [0.3] * (n - 3),
        "low": [0.05, 0.35, 0.1][:n] + [0.2] * (n - 3),
        "high": [0.2, 0.5, 0.3][:n] + [0.4] * (n - 3),
        **columns,
    }
    rows = pl.DataFrame({"channel": names, "persons": [100 + i for i in range(n)], **values})
    return Table(name="rates", title="Rates", rows=rows, persons="persons")


def dots(table: Table, reference: float | None = None) -> Figure:
    return intervals(
        table, group="channel", value="rate", low="low", high="high", axis="Share that left",
        reference=reference,
    )  # fmt: skip


def columns(table: Table) -> Figure:
    return bars(table, group="channel", value="rate", axis="Share that left")


def calibration(table: Table) -> Figure:
    return observed_against_expected(
        table, expected="rate", observed="rate", low="low", high="high", axes=("Predicted", "Left")
    )


def discs(table: Table, log: bool = False) -> Figure:
    return scatter(
        table, x="low", y="high", group="channel", size="rate", axes=("Low", "High"), log=log
    )


def lined(table: Table) -> Figure:
    return lines(table, x="persons", y="rate", series="channel", axes=("Persons", "Share"))


FORMS = [dots, columns, calibration, discs, lined]
Form = Callable[[Table], Figure]


def parsed(figure: Figure, *, is_narrow: bool = False) -> ElementTree.Element:
    return ElementTree.fromstring(draw_svg(figure, is_narrow=is_narrow))  # noqa: S314  # our own drawing


def texts(figure: Figure) -> list[str]:
    """Return the texts of a drawing, lines joined by blanks, without title and description."""
    root = parsed(figure)
    return [" ".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]


def ticks_of(figure: Figure, *, is_narrow: bool = False) -> list[tuple[float, str]]:
    """Return the places and the texts of the ticks: the centred texts, without the title below."""
    centred = [
        (*map(float, each.attrib["transform"][10:-1].split(",")), "".join(each.itertext()))
        for each in parsed(figure, is_narrow=is_narrow).iter()
        if each.tag.endswith("text") and each.attrib.get("text-anchor") == "middle"
    ]
    heights = [height for _, height, _ in centred]
    return [(place, text) for place, height, text in centred if heights.count(height) > 1]


def test_the_title_of_an_axis_is_centred_below_its_ticks() -> None:
    for is_narrow in (False, True):
        drawn = parsed(dots(rates()), is_narrow=is_narrow)
        texts = {"".join(each.itertext()): each.attrib for each in drawn.iter()
                 if each.tag.endswith("text")}  # fmt: skip
        assert texts["Share that left"]["text-anchor"] == "middle"


def test_dots_say_highest_lowest_intervals_and_persons() -> None:
    assert dots(rates()).description == (
        "Dots with 95 % intervals: Share that left by channel. Highest: app with 40% (35% to 50%, "
        "101 persons); lowest: web with 10% (5% to 20%, 100 persons); 3 in all."
    )
    assert dots(rates(), 0.25).description.endswith(" The dashed line is at 25%.")


def test_the_format_of_the_table_counts_in_words() -> None:
    made = Table(
        name="t", title="T", persons=None, formats={"rate": ".2%"},
        rows=pl.DataFrame({"channel": ["web"], "rate": [0.1234]}),
    )  # fmt: skip
    assert columns(made).description == "Bars: Share that left by channel. Only web with 12.34%."


def test_lines_say_where_and_of_which_series() -> None:
    assert lined(rates()).description == (
        "Lines: Share over Persons. Highest: 101 of app with 40% (101 persons); lowest: 100 of web "
        "with 10% (100 persons); 3 in all."
    )


def test_discs_say_largest_and_smallest() -> None:
    told = discs(rates()).description
    assert "Largest: app with 40% (101 persons); smallest: web with 10%" in told


def test_calibration_says_how_often_the_interval_contains_the_expected_share() -> None:
    table = rates(low=[0.05, 0.41, None], high=[0.2, 0.5, None])
    assert "In 1 of 3 groups the interval contains" in calibration(table).description


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_drawn_the_same_every_time(form: Form) -> None:
    figure = form(rates())
    assert draw_svg(figure) == draw_svg(figure) == draw_svg(form(rates()))
    assert parsed(figure).attrib["role"] == "img"
    assert figure.narrow is not None


@pytest.mark.parametrize("form", FORMS)
def test_a_drawing_is_as_wide_as_the_text_or_fits_a_phone(form: Form) -> None:
    figure = form(rates())
    for is_narrow, width in ((False, WIDE.width), (True, NARROW.width)):
        root = parsed(figure, is_narrow=is_narrow)
        assert width - 70 <= float(root.attrib["width"]) <= width + 25, is_narrow
        sizes = {each.attrib["font-size"] for each in root.iter() if "font-size" in each.attrib}
        assert sizes <= {"16px", "14px"}  # the page's


@pytest.mark.parametrize("form", FORMS)
def test_what_is_missing_is_neither_drawn_nor_told(form: Form) -> None:
    gaps = rates(
        rate=[0.1, float("nan"), None], low=[None, 0.1, 0.1], high=[float("inf"), 0.3, None]
    )
    figure = form(gaps)
    drawn = draw_svg(figure)
    assert not re.search(r"nan|inf\b|undefined|null", drawn + figure.description, re.IGNORECASE)
    assert "app" not in figure.description


@pytest.mark.parametrize("form", FORMS)
def test_a_table_without_rows_says_that_nothing_can_be_shown(form: Form) -> None:
    empty = Table(name="rates", title="Rates", rows=rates().rows.clear(), persons="persons")
    figure = form(empty)
    assert "Nothing can be shown." in figure.description
    assert texts(figure) == ["Nothing can be shown."]


@pytest.mark.parametrize("form", FORMS)
def test_hostile_names_stay_text(form: Form) -> None:
    figure = form(rates(list(HOSTILE)))
    drawn = draw_svg(figure)
    root = ElementTree.fromstring(drawn)  # noqa: S314  # our own drawing
    allowed = {
        "svg",
        "title",
        "desc",
        "g",
        "path",
        "line",
        "text",
        "tspan",
        "rect",
        "defs",
        "clipPath",
    }
    assert {each.tag.split("}")[1] for each in root.iter()} <= allowed
    for each in root.iter():
        assert not any(name.startswith(("on", "aria-")) for name in each.attrib if each is not root)
    assert "<script" not in drawn
    assert not re.search("[\x00-\x08\x0b-\x1f]", drawn)
    assert not re.search("[\u202a-\u202e]", figure.description)


def test_names_are_shown_whole_on_several_lines() -> None:
    name = "customers who buy often, return little and live far from any shop"
    shown = texts(dots(rates([name, "web", '#101010 role="x"'])))
    assert name in shown
    assert '#101010 role="x"' in shown


def test_groups_stand_in_the_table_s_order_each_at_its_place() -> None:
    figure = dots(rates(["b", "a", "a", None], rate=[0.1, None, 0.3, 0.2]))
    shown = texts(figure)
    assert [text for text in shown if text in ("a", "b", "–")] == ["b", "a", "a", "–"]


def test_an_interval_shorter_than_its_dot_has_visible_ends() -> None:
    figure = dots(rates(low=[0.0999, 0.399, 0.199], high=[0.1001, 0.401, 0.201]))
    marks = [layer["mark"] for layer in figure.spec["layer"]]
    assert [mark["type"] for mark in marks][:4] == ["rule", "tick", "tick", "point"]


def test_a_reference_line_is_drawn_once() -> None:
    assert draw_svg(dots(rates(), 0.25)).count("stroke-dasharray") == 1


def test_an_axis_has_the_decimals_its_ticks_need() -> None:
    close = rates(
        rate=[0.101, 0.102, 0.103], low=[0.1005, 0.1015, 0.1025], high=[0.1015, 0.1025, 0.1035]
    )
    ticks = [text for _, text in ticks_of(dots(close))]
    assert len(ticks) == len(set(ticks)) > 1


def test_ticks_never_meet_and_no_mark_is_on_an_edge() -> None:
    for high in (0.0004, 0.3, 7.0, 123_456.0):
        table = rates(rate=[0.0, high / 2, high], low=[0.0] * 3, high=[high] * 3)
        for is_narrow in (False, True):
            figure = intervals(
                table, group="channel", value="rate", low="low", high="high", axis="Size",
                form=",.2f",
            )  # fmt: skip
            spec = figure.narrow if is_narrow else figure.spec
            assert spec is not None
            x = next(each["encoding"]["x"] for each in spec["layer"] if "x2" in each["encoding"])
            low, most = x["scale"]["domain"]
            assert low < 0
            assert high < most
            axis = ticks_of(figure, is_narrow=is_narrow)
            places = sorted((at, len(text) * 7.8) for at, text in axis)
            assert len(places) >= 2
            for (one, width), (other, next_width) in pairwise(places):
                assert other - one > (width + next_width) / 2, axis


def test_values_are_written_with_the_digits_that_their_intervals_support() -> None:
    told = texts(dots(rates(low=[0.05, 0.31, 0.13], high=[0.15, 0.49, 0.27])))
    assert [told[told.index(t)] for t in ("10%", "5%", "15%")] == ["10%", "5%", "15%"]
    close = rates(rate=[0.1, 0.4, 0.2], low=[0.0996, 0.3996, 0.1996], high=[0.1004, 0.4004, 0.2004])
    assert {"10.00%", "9.96%", "10.04%"} <= set(texts(dots(close)))
    assert [t for t in texts(columns(rates())) if t.endswith("%")] == ["10%", "40%", "20%"]


@pytest.mark.parametrize(
    ("form", "half_widths", "told"),
    [
        (",.2f", [38.0, 45.0, 51.0], ",.0f"),
        (",.2f", [0.2], ",.2f"),
        (",.2f", [0.6], ",.1f"),
        (",.2f", [3.0], ",.1f"),
        (".1%", [0.0004], ".2%"),
        (".1%", [0.02], ".1%"),
        (".1%", [0.2], ".1%"),  # as an answer quotes it
        ("+z.3f", [0.015], "+z.3f"),
        (",.2f", [0.0, float("nan")], ",.2f"),
        (",d", [3.0], ",d"),
    ],
)
def test_a_format_has_the_digits_that_an_uncertainty_supports(
    form: str, half_widths: list[float], told: str
) -> None:
    assert format_beside_interval(form, half_widths) == told


def test_a_group_that_is_too_small_to_judge_looks_so_and_says_so() -> None:
    table = rates()
    rows = table.rows.with_columns(note=pl.Series(["", "too small to judge", ""]))
    figure = intervals(
        replace(table, rows=rows, original_rows=None), group="channel", value="rate", low="low",
        high="high", axis="Share", note="note",
    )  # fmt: skip
    assert "app: too small to judge." in figure.description
    assert "app too small to judge" in texts(figure)
    assert draw_svg(figure).count('fill="var(--ground)" stroke="#4c78a8"') == 1


def test_a_reference_line_has_its_name_at_it() -> None:
    figure = intervals(
        rates(), group="channel", value="rate", low="low", high="high", axis="Share",
        reference=0.25, reference_name="everybody",
    )  # fmt: skip
    assert "everybody 25%" in texts(figure)
    assert figure.description.endswith(" The dashed line is at 25%, everybody.")


def test_whole_numbers_have_whole_ticks() -> None:
    rows = pl.DataFrame({"k": [2, 3, 4], "agreement": [0.4, 0.9, 0.7]})
    figure = lines(
        Table(name="t", title="T", rows=rows, persons=None), x="k", y="agreement", series=None,
        axes=("Groups", "Agreement"), form=".1f",
    )  # fmt: skip
    ticks = texts(figure)
    assert {"2", "3", "4"} <= set(ticks)
    assert "2.5" not in ticks


def test_dates_and_names_make_an_axis_too() -> None:
    days = [date(2024, month, 1) for month in (1, 4, 7)]
    for values in (days, ["first", "second", "third"]):
        rows = pl.DataFrame({"when": values, "share": [0.1, 0.3, 0.2]})
        table = Table(name="t", title="T", rows=rows, persons=None)
        figure = lines(table, x="when", y="share", series=None, axes=("When", "Share"))
        assert f"Highest: {values[1]} with 30%" in figure.description
        assert len(texts(figure)) > 5


def test_series_differ_in_more_than_colour() -> None:
    rows = pl.DataFrame(
        {
            "month": [1, 2] * 6,
            "channel": [name for name in "abcdef" for _ in range(2)],
            "share": [i / 20 for i in range(12)],
        }
    )
    table = Table(name="t", title="T", rows=rows, persons=None)
    drawn = draw_svg(lines(table, x="month", y="share", series="channel", axes=("Month", "Share")))
    looks = set(re.findall(r'stroke="(#[0-9a-f]{6})"[^>]*stroke-dasharray="([^"]*)"', drawn))
    assert len(looks) == 6


def test_logarithmic_axes_leave_out_what_has_no_logarithm() -> None:
    assert "big" in texts(discs(rates(["web", "zero", "big"], low=[0.1, 0.0, 9.0]), log=True))
    nothing_above_zero = rates(low=[0.0, 0.0, -1.0])
    assert not re.search("nan", draw_svg(discs(nothing_above_zero, log=True)), re.IGNORECASE)


def test_columns_may_have_any_name_and_decimals_are_numbers() -> None:
    rows = pl.DataFrame({"a.b[c]": ["x", "y"], 'it\'s "p".q': [Decimal("0.10"), Decimal("0.30")]})
    table = Table(name="t", title="T", rows=rows, persons=None)
    figure = bars(table, group="a.b[c]", value='it\'s "p".q', axis="Share")
    assert "Highest: y with 30%" in figure.description
    widths = re.findall(r'd="M0,[\d.]+h([\d.]+)v18', draw_svg(figure))
    assert len(widths) == 2
    assert float(widths[1]) == pytest.approx(3 * float(widths[0]), rel=0.01)


def test_a_format_that_one_of_the_two_readers_lacks_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"number format '~s': write it like '\.0%'"):
        bars(rates(), group="channel", value="rate", axis="Share", form="~s")


def test_a_specification_is_json_without_nan() -> None:
    spec = full_spec(dots(rates(rate=[0.1, float("nan"), None])))
    assert json.loads(json.dumps(spec, allow_nan=False)) == spec


def test_a_range_that_is_no_interval_has_its_own_name() -> None:
    table = Table(
        name="tried",
        title="Agreement",
        rows=pl.DataFrame({"groups": ["2 groups"], "value": [0.8], "low": [0.5], "high": [0.9]}),
        persons=None,
    )
    figure = intervals(
        table, group="groups", value="value", low="low", high="high", axis="Agreement",
        range_name="middle 95 % range",
    )  # fmt: skip
    drawn = draw_svg(figure)
    assert "95 % interval" not in drawn + figure.description
    assert "middle 95 % range" in drawn
    assert figure.description.startswith("Dots with middle 95 % ranges: ")
