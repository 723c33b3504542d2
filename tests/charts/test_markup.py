"""A table as HTML: captioned, aligned, everything escaped."""

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from workbench.charts.exhibits import Table
from workbench.charts.forms import bars
from workbench.charts.markup import cell_text, figure_markup, table_markup

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
    ],
)
def test_a_cell_reads_as_people_write(value: Any, form: str | None, shown: str) -> None:
    assert cell_text(value, form) == shown


def test_a_figure_carries_its_data_and_its_description() -> None:
    figure = bars(TABLE, group="group", value="rate", axis="Rate")
    made = figure_markup(figure, "<svg></svg>")
    assert made.startswith('<figure id="t"><figcaption>Of &lt;i&gt; &amp; &quot;</figcaption><svg>')
    assert "<p>Bars: Rate by group. Only &lt;b&gt;a&lt;/b&gt; with 25.0%" in made
    assert "<caption>" not in made
    assert "<b>" not in made
