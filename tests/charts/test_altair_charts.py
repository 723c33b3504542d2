"""A table of groups is drawn with altair, and the figure shows the rows of the table alone."""

import subprocess
import sys
from dataclasses import replace

import altair as alt
import polars as pl
import pytest

import workbench as wb
from workbench.charts.drawing import draw_svg
from workbench.charts.exhibits import Table
from workbench.foundation.errors import ParameterError
from workbench.privacy.disclosure import disclose_figure
from workbench.runs.altair_display import altair_bundle

ROWS = pl.DataFrame({"channel": ["app", "web"], "persons": [4, 300], "euros": [20.5, 31.0]})
TABLE = Table(name="spent", title="Spending", rows=ROWS, persons="persons")


def test_a_chart_of_a_table_becomes_its_figure() -> None:
    figure = wb.chart.altair(TABLE, TABLE.plot.bar(x="channel", y="euros"))
    assert figure.description.startswith(
        "Chart: euros by channel. Highest: web with 31.0 (300 persons)"
    )
    assert "datasets" not in str(figure.spec)
    assert "params" not in figure.spec
    assert ">web</text>" in draw_svg(figure)


def test_a_group_that_is_hidden_is_in_no_part_of_the_chart() -> None:
    figure = wb.chart.altair(TABLE, TABLE.plot.point(x="channel", y="euros"))
    shown = disclose_figure(figure, min_group=10)
    assert shown.hidden == 1
    for part in (str(shown.spec), shown.description, draw_svg(shown)):
        assert "app" not in part
        assert "20.5" not in part


def test_other_rows_than_those_of_the_table_are_not_drawn() -> None:
    other = replace(TABLE, rows=ROWS.rename({"euros": "pounds"}))
    with pytest.raises(ParameterError, match="no column 'pounds'"):
        wb.chart.altair(TABLE, other.plot.bar(x="channel", y="pounds"))
    forged = ROWS.with_columns(euros=pl.Series([999.0, 888.0]))
    figure = wb.chart.altair(TABLE, forged.plot.bar(x="channel", y="euros"))
    assert ">30</text>" in draw_svg(figure)  # the scale is that of the table
    assert "999" not in str(figure.spec) + figure.description
    both = alt.hconcat(
        *(alt.Chart(rows).mark_bar().encode(x="channel", y="euros") for rows in (ROWS, forged))
    )
    with pytest.raises(ParameterError, match="several tables"):
        wb.chart.altair(TABLE, both)


def test_a_chart_is_displayed_without_a_connection() -> None:
    bundle = altair_bundle(TABLE.plot.bar(x="channel", y="euros"))
    assert bundle["image/svg+xml"].startswith("<svg")
    assert "http" not in bundle["image/svg+xml"].replace("http://www.w3.org/", "")


def test_ipython_asks_this_package_for_altair_s_charts() -> None:
    code = (
        "from IPython.testing.globalipapp import start_ipython\n"
        "shell = start_ipython()\n"
        "from workbench.runs.altair_display import draw_altair_charts_here\n"
        "draw_altair_charts_here()\n"
        "import sys; assert 'altair' not in sys.modules\n"
        "import polars as pl\n"
        "chart = pl.DataFrame({'a': ['x'], 'b': [1]}).plot.bar(x='a', y='b')\n"
        "print(sorted(shell.display_formatter.format(chart)[0]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['image/svg+xml', 'text/plain']"


def test_a_table_is_handed_to_pandas() -> None:
    made = TABLE.to_pandas()
    assert list(made.columns) == ["channel", "persons", "euros"]
    assert made["euros"].tolist() == [20.5, 31.0]
    assert made["persons"].dtype.kind == "i"
