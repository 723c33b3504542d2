"""What somebody meets who writes a notebook of their own."""

import re

import pytest

from tests.runs.conftest import BEGINNING, ENDING, Project
from workbench.reports.page import page_of_run

GROUPS = """
rank = pl.int_range(pl.len())
people = view.data["customers"].with_columns(
    group=pl.when(rank < 3).then(pl.lit("rare")).when(rank < 60).then(pl.lit("some"))
    .otherwise(pl.lit("most"))
)
spent = view.data["orders"].group_by("customer_id").agg(euros=pl.col("total_minor").sum() / 100)
people = people.join(spent, on="customer_id", how="left")
"""


def page(project: Project, *cells: str) -> str:
    """Run a notebook of these cells and return its page, without pictures and styles."""
    project.notebook("own", BEGINNING, *cells, ENDING)
    result = project.run("own")
    assert result.error is None, result.error
    text = page_of_run(result.run).decode()
    return re.sub(r"<svg.*?</svg>|<style>.*?</style>", "", text, flags=re.DOTALL)


@pytest.mark.parametrize(
    "shown",
    [
        'wb.show(view.table(people, ["group"], name="groups", title="Persons by group"))',
        'wb.show(wb.chart.bar(view.table(people, ["group"], name="groups", title="Persons")))',
        'wb.show(wb.chart.dots(view.table(people, ["group"], name="groups", title="Spending",'
        ' means={"euros": 0.01})))',
    ],
)
def test_groups_that_are_left_out_are_announced_where_they_are_missed(
    project: Project, shown: str
) -> None:
    text = page(project, GROUPS, shown)
    findings = text[text.index('class="findings"') : text.index("What it is based on")]
    assert "rare" not in findings
    assert "Groups of fewer than 10 persons are not shown." in findings


def test_nothing_is_announced_where_nothing_is_left_out(project: Project) -> None:
    people = GROUPS.replace("rank < 3", "rank < 0")
    shown = 'wb.show(view.table(people, ["group"], name="groups", title="Persons by group"))'
    text = page(project, people, shown)
    findings = text[text.index('class="findings"') : text.index("What it is based on")]
    assert "not shown" not in findings
