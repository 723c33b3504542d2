"""A table as HTML: captioned, aligned, everything escaped."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from workbench.charts.exhibits import Table
from workbench.charts.markup import cell_text, figure_markup, table_markup
from workbench.charts.row_charts import bars

ROWS = pl.DataFrame(
    {"group": ["<b>a</b>", '"b" & c'], "persons": [1200, None], "rate": [0.25, None]}
)
TABLE = Table(
    name="t", title='Of <i> & "', rows=ROWS, persons="persons",
    labels={"rate": "Rate <1>"}, formats={"rate": ".1%"},
)  # fmt: skip


def test_a_table_is_captioned_and_its_numbers_aligned() -> None:
    assert table_markup(TABLE) == (
        '<div class="table" tabindex="0" role="region" aria-label="Of &lt;i&gt; &amp; &quot;">'
        "<table><caption>Of &lt;i&gt; &amp; &quot;</caption>"
        '<thead><tr><th scope="col">group</th><th scope="col" class="number">persons</th>'
        '<th scope="col" class="number">Rate &lt;1&gt;</th></tr></thead><tbody>'
        '<tr><th scope="row">&lt;b&gt;a&lt;/b&gt;</th><td class="number">1,200</td>'
        '<td class="number">25.0%</td></tr>'
        '<tr><th scope="row">&quot;b&quot; &amp; c</th><td class="number">–</td>'
        '<td class="number">–</td></tr></tbody></table></div>'
    )


def test_a_table_without_rows_keeps_its_heads() -> None:
    empty = Table(name="t", title="T", rows=ROWS.clear(), persons="persons")
    assert "<tbody></tbody>" in table_markup(empty)


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (None, ".1%", "–"),
        (float("nan"), ".1%", "–"),
        (float("-inf"), None, "–"),
        (0.256, ".1%", "25.6%"),
        (Decimal("12.5000"), ",.2f", "12.50"),
        (Decimal("12.5000"), None, "12.500"),
        (True, ".1%", "yes"),
        (12345, None, "12,345"),
        (1234.5678, None, "1,234.568"),
        (date(2024, 3, 1), None, "2024-03-01"),
        ("=cmd()", ".1%", "=cmd()"),
        (-0.256, "+z.1%", "−25.6%"),
    ],
)
def test_a_cell_reads_as_people_write(value: Any, form: str | None, shown: str) -> None:
    assert cell_text(value, form) == shown


def test_a_figure_carries_its_data_and_its_description() -> None:
    figure = bars(TABLE, group="group", value="rate", axis="Rate")
    made = figure_markup(figure, "<svg></svg>")
    assert made.startswith('<figure id="t"><figcaption>Of &lt;i&gt; &amp; &quot;</figcaption>')
    assert '<div class="pictures"><svg></svg></div>' in made
    assert '<div class="pictures two"><svg></svg><svg/></div>' in figure_markup(
        figure, "<svg></svg>", "<svg/>"
    )
    assert "<p>Bars: Rate by group. Only &lt;b&gt;a&lt;/b&gt; with 25.0%" in made
    assert "<caption>" not in made
    assert "<b>" not in made


def shown(rows: pl.DataFrame, **changes: Any) -> str:
    table = Table(name="t", title="T", rows=rows, **{"persons": None, **changes})
    return re.sub(r"<[^>]*>", "|", table_markup(table))


def test_the_limits_of_an_interval_are_one_column_with_the_digits_it_supports() -> None:
    rows = pl.DataFrame(
        {
            "group": ["a", "b"],
            "euros": [1043.217, 960.0],
            "euros_low": [990.25, None],
            "euros_high": [1096.75, None],
        }
    )
    formats = dict.fromkeys(("euros", "euros_low", "euros_high"), ",.2f")
    text = shown(rows, formats=formats)
    assert "95\xa0% interval" in text
    assert "|1,043|" in text
    assert "|990 to 1,097|" in text
    assert "low" not in text
    assert ".25" not in text


def test_names_that_repeat_are_the_headings_of_their_rows() -> None:
    rows = pl.DataFrame(
        {
            "segment": ["few, often"] * 2 + ["many <b>"] * 2,
            "persons": [20, 20, 40, 40],
            "what": ["orders", "returns"] * 2,
            "typical": ["2", "1,000 %", "below 0.001", "3"],
        }
    )
    made = table_markup(Table(name="t", title="T", rows=rows, persons="persons"))
    assert made.count("few, often") == 1
    assert (
        '<tr class="part"><th scope="rowgroup" colspan="2"><span>many &lt;b&gt; · '
        '<span class="note">40 persons</span></span></th></tr>'
    ) in made
    assert made.count("<tbody>") == 2
    assert '<td class="number">below 0.001</td>' in made
    crossed = rows.with_columns(segment=pl.Series(["a", "b", "a", "b"]))
    assert "part" not in table_markup(Table(name="t", title="T", rows=crossed, persons="persons"))


def test_what_is_hidden_and_what_explains_a_column_is_said_below() -> None:
    made = table_markup(replace(TABLE, note="0 is <no> difference."), hidden=2)
    assert '<p class="note">0 is &lt;no&gt; difference.</p>' in made
    assert (
        "2 rows not shown: too few persons, or a hidden figure could be computed by subtraction."
        in made
    )
    figure = replace(bars(TABLE, group="group", value="rate", axis="Rate"), hidden=1)
    assert "1 group not shown:" in figure_markup(figure, "").split("<details>")[0]
