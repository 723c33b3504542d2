"""What somebody meets who writes a notebook of their own."""

import json
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


SEVERAL = """
table = view.table(people, ["group"], name="spent", title="Spending", means={"euros": 0.01})
wb.show(table, wb.chart.dots(table), wb.chart.bar(table))
wb.show(wb.chart.altair(table, table.plot.bar(x="group", y="euros")))
"""
VERDICT = """
some = table.estimate("euros", {"group": "some"}, name="some", label="Some", unit="EUR")
most = table.estimate("euros", {"group": "most"}, name="most", label="Most", unit="EUR")
gap = wb.difference(most, some, name="gap", label="Difference in spending")
answer = wb.judge(gap, name="apart", question="Do they differ?", low=10)
wb.record(estimates=[some, most, gap], verdicts=(answer,))
"""


def test_one_table_is_shown_in_several_forms_and_judged_by_its_own_figures(
    project: Project,
) -> None:
    project.notebook("own", BEGINNING, GROUPS, SEVERAL, VERDICT)
    result = project.run("own")
    assert result.error is None, result.error
    record = json.loads(result.run.files["record.json"])
    assert record["exhibits"] == ["spent", "spent_2", "spent_3", "spent_4"]
    content = json.loads(result.run.files["tables/spent.json"])
    columns = [name for name, _ in content["columns"]]
    rows = {row[0]: dict(zip(columns, row, strict=True)) for row in content["rows"]}
    for name in ("some", "most"):
        assert record["metrics"][name]["value"] == rows[name]["euros"]
        assert record["metrics"][name]["low"] == rows[name]["euros_low"]


TITLE = 'wb.show(view.table(people, ["group"], name="secret_name", title=f"Of {4711 + 3}"))'


def failed_page(project: Project, *cells: str) -> tuple[str, str]:
    """Run a notebook that fails; return the operator's message and the page."""
    project.notebook("own", BEGINNING, *cells)
    result = project.run("own")
    assert result.error is not None
    return str(result.error), page_of_run(result.run).decode()


def test_a_number_in_a_title_that_no_table_shows_is_named_with_the_remedy(
    project: Project,
) -> None:
    said, text = failed_page(project, GROUPS, TITLE, ENDING)
    assert said.startswith(
        "notebook own, cell 5: the title of table secret_name has 1 number that no figure of the "
        "report shows: take it out of the text, or show the figure beside the text"
    )
    assert (
        "It ran to its end but the title of something it shows has 1 number that no figure of the "
        "report shows." in text
    )
    assert "secret_name" not in text
    assert "shows cell 5 to the key" in text


def test_a_refusal_inside_the_notebook_names_its_cell(project: Project) -> None:
    said, text = failed_page(project, "pass", 'wb.view("another")', ENDING)
    assert said.startswith("notebook own, cell 5: this run has the view of study probe")
    assert "ParameterError in cell 5" in text


@pytest.mark.parametrize(
    ("cells", "promise"),
    [
        (("pass",), None),  # no verdict is recorded: no cell failed
        (("1 / 0", ENDING), "shows the cell and its traceback"),
        (("import os; os._exit(0)", ENDING), "shows the cell to the key's holder"),
    ],
)
def test_only_a_cell_that_failed_is_promised_to_be_shown(
    project: Project, cells: tuple[str, ...], promise: str | None
) -> None:
    said, text = failed_page(project, *cells)
    assert ("workbench open" in said) == ("workbench open" in text) == (promise is not None)
    assert (promise or "mend the notebook") in said
