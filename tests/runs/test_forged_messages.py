"""A failed run's folder and page print no text that was chosen in the kernel."""

import json

import pytest

from workbench.foundation.errors import ParameterError
from workbench.reports.page import page_of_run

from .conftest import BEGINNING, ENDING, Project

CHOSEN = "postcode 1011AB born Zwolle"
IN_OUR_FRAME = f"""
import workbench
from workbench.foundation.errors import ParameterError
code = compile("raise ParameterError({CHOSEN!r})", workbench.__file__, "exec")
exec(code)
"""
BY_CLASS = "raise type('born_Zwolle', (Exception,), {})('x')"
BY_FIGURE = """
rows = pl.DataFrame({"group": ["a", "b"], "persons": [40, 50]})
table = wb.Table(name="born_Zwolle", title="Odd", rows=rows, persons="persons")
wb.show(wb.Figure(table=table, spec={"mark": "no such mark"}, description="Nothing."))
"""
BY_TABLE = """
from IPython.display import display
from workbench.runs.bundles import EXHIBIT, TableBundle
rows = view.data["orders"].select("ordered_at", "total_minor").head(3).collect()
table = wb.Table(name="born_Zwolle", title="born Zwolle", rows=rows, persons=None)
display({EXHIBIT: TableBundle.of(table).as_json()}, raw=True)
"""


@pytest.mark.parametrize("cell", [IN_OUR_FRAME, BY_CLASS, BY_FIGURE, BY_TABLE])
def test_no_text_of_the_kernel_reaches_a_failed_run(project: Project, cell: str) -> None:
    project.notebook("probe", BEGINNING, cell, ENDING)
    result = project.run("probe")
    assert result.error is not None
    public = b"\n".join([*result.run.files.values(), page_of_run(result.run)])
    assert b"Zwolle" not in public
    assert json.loads(result.run.files["record.json"])["status"] == "failed"
    page = page_of_run(result.run).decode()
    assert f"<code>notebooks/{result.run.id}</code>" in page
    assert b"Zwolle" in project.vault.open_kept("notebooks", result.run.id)


def test_the_operator_reads_the_message_in_one_line(project: Project) -> None:
    project.notebook("probe", BEGINNING, IN_OUR_FRAME, ENDING)
    result = project.run("probe")
    assert isinstance(result.error, ParameterError)
    assert str(result.error) == f"notebook probe, cell 4: {CHOSEN}"
    long = IN_OUR_FRAME.replace(CHOSEN, "a\\\\n\\\\x1b[2J" + "b" * 1_000)
    project.notebook("probe", BEGINNING, long, ENDING)
    error = str(project.run("probe").error)
    assert len(error) < 340
    assert error.startswith("notebook probe, cell 4: a [2Jbbb")
    assert error.endswith("b…")
    assert error.isprintable()
