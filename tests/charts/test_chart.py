"""One call draws a table of groups, by what the table says of itself."""

from dataclasses import replace

import polars as pl
import pytest

import workbench as wb
from workbench.charts.drawing import draw_svg
from workbench.charts.exhibits import Table
from workbench.charts.markup import table_markup
from workbench.foundation.errors import ParameterError

ROWS = pl.DataFrame(
    {
        "channel": ["app", "web"],
        "persons": [120, 300],
        "euros": [20.0, 31.0],
        "euros_low": [18.0, 30.0],
        "euros_high": [22.0, 32.0],
    }
)
TABLE = Table(name="spent", title="Spending", rows=ROWS, persons="persons")


def test_every_form_is_found_by_its_name_and_has_an_example() -> None:
    assert "chart" in dir(wb)
    for name in ("altair", "bar", "dots", "line", "scatter"):
        form = getattr(wb.chart, name)
        assert f"wb.chart.{name}(" in form.__doc__


def test_group_value_and_interval_are_found() -> None:
    drawn = wb.chart.dots(TABLE)
    assert "Highest: web with 31.0 (30.0 to 32.0, 300 persons)" in drawn.description
    assert "Bars: euros by channel. Highest: web with 31.0" in wb.chart.bar(TABLE).description
    assert "Highest: web with 300" in wb.chart.bar(TABLE, "persons").description
    assert "Lines: euros over channel" in wb.chart.line(TABLE).description
    assert wb.chart.scatter(TABLE, "euros", "persons").description
    for figure in (drawn, wb.chart.bar(TABLE)):
        assert "<svg" in figure._repr_html_()
    assert "Spending" in TABLE._repr_html_()


def test_what_cannot_be_found_is_asked_for() -> None:
    two = Table(name="t", title="T", rows=ROWS.with_columns(a=1).select("a", pl.all().exclude("a")),
                persons="persons")  # fmt: skip
    with pytest.raises(ParameterError, match="choose one, for instance group='a'"):
        wb.chart.dots(two)
    assert wb.chart.dots(two, group="channel").description
    with pytest.raises(ParameterError, match="no column has an interval; it has channel, persons"):
        wb.chart.dots(
            Table(name="t", title="T", rows=ROWS.select("channel", "persons"), persons="persons")
        )
    with pytest.raises(ParameterError, match="did you mean 'euros'"):
        wb.chart.bar(TABLE, "euro")


def test_bars_and_lines_draw_the_figure_that_the_table_was_made_for() -> None:
    counts = replace(TABLE, rows=ROWS.select("channel", "persons"))
    assert "Bars: persons by channel. Highest: web with 300" in wb.chart.bar(counts).description
    sums = replace(TABLE, rows=ROWS.select("channel", "persons", total=pl.Series([9, 7])))
    assert "Bars: total by channel. Highest: app with 9" in wb.chart.bar(sums).description
    assert "Lines: total over channel" in wb.chart.line(sums).description
    both = replace(TABLE, rows=ROWS.with_columns(total=pl.Series([9, 7])))
    for form in (wb.chart.bar, wb.chart.line):
        with pytest.raises(
            ParameterError, match=r"\(euros, total, persons\): choose one, .*value="
        ):
            form(both)


def test_the_figure_of_a_group_is_that_of_its_table() -> None:
    names = {"name": "web", "label": "Spending by web", "unit": "EUR"}
    made = replace(TABLE, origin="a release")
    web = made.estimate("euros", {"channel": "web"}, **names)
    assert (web.value, web.low, web.high, web.n, web.origin) == (31.0, 30.0, 32.0, 300, "a release")
    forged = replace(made, rows=ROWS.with_columns(euros=pl.lit(99.0)))
    assert forged.estimate("euros", {"channel": "web"}, **names).origin == ""
    with pytest.raises(ParameterError, match="table spent: 0 rows are the group channel"):
        made.estimate("euros", {"channel": "fax"}, **names)
    with pytest.raises(ParameterError, match="did you mean 'euros'"):
        made.estimate("euro", {"channel": "web"}, **names)


def test_every_form_writes_a_value_with_the_digits_of_the_table() -> None:
    rows = ROWS.with_columns(
        euros=pl.Series([265.2, 299.65]),
        euros_low=pl.Series([195.0, 220.0]),
        euros_high=pl.Series([335.0, 380.0]),
    )
    table = replace(TABLE, rows=rows, formats=dict.fromkeys(rows.columns[2:], ",.2f"))
    chart = table.plot.bar(x="channel", y="euros")
    figures = [wb.chart.bar(table), wb.chart.dots(table), wb.chart.line(table)]
    texts = [draw_svg(each) for each in figures[:2]] + [table_markup(table)]
    texts += [each.description for each in [*figures, wb.chart.altair(table, chart)]]
    for text in texts:
        assert "300" in text
        assert "299.65" not in text
