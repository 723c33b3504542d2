"""What may leave is decided outside the kernel, by all that the rule needs."""

import polars as pl
import pytest

from workbench.charts.exhibits import Table
from workbench.privacy.disclosure import disclose
from workbench.runs.bundles import TableBundle

#: One group of few in a table that adds up to a known total, and two in one that says nothing.
HOSTILE = [
    Table(
        name="by_region",
        title="By region",
        rows=pl.DataFrame({"region": ["a", "b", "c"], "persons": [40, 30, 3], "share": [1, 2, 3]}),
        persons="persons",
        margin="region",
    ),
    Table(
        name="with_total",
        title="With its total",
        rows=pl.DataFrame(
            {"region": ["a", "b", "c", "all"], "persons": [40, 30, 3, 73], "euros": [1.0, 2, 3, 4]}
        ),
        persons="persons",
    ),
    Table(
        name="unknown",
        title="One group does not say how many it is",
        rows=pl.DataFrame({"region": ["a", "b"], "persons": [40, None], "euros": [1.0, 2.0]}),
        persons="persons",
    ),
]


@pytest.mark.parametrize("table", HOSTILE, ids=lambda table: table.name)
def test_both_passes_hide_the_same_rows(table: Table) -> None:
    inside = disclose(table, min_group=10)  # what an analyst sees in the lab
    assert inside.hidden
    outside = disclose(TableBundle.of(table).table(), min_group=10)  # what a page shows
    assert (outside.hidden, outside.table.rows.rows()) == (inside.hidden, inside.table.rows.rows())
