"""A notebook is not published again and again about nearly the same persons."""

from workbench.foundation.errors import PrivacyError, RunError

from .conftest import BEGINNING, ENDING, Project

DAYS = "days: int = 300  # days"
TABLE = """
rows = view.data["orders"].select("customer_id", "kind").unique()
wb.show(view.table(rows, ["kind"], name="kinds", title="Persons by kind of order"))
"""


def published(project: Project) -> int:
    return len([p for p in project.folder.path.glob("*") if not p.name.endswith("-failed")])


def test_the_seventh_parameter_step_is_refused_before_a_kernel_starts(project: Project) -> None:
    mark = "from pathlib import Path; Path('ran').touch()"
    project.max_variants = 6
    project.notebook("stepped", BEGINNING, mark, TABLE, ENDING, parameters=DAYS)
    for days in range(300, 306):
        assert project.run("stepped", days=str(days)).error is None
    refused = project.run("stepped", days="306")
    assert isinstance(refused.error, PrivacyError)
    assert refused.error.exit_code == 4
    assert "has been published 6 times about nearly the same persons" in str(refused.error)
    assert refused.run.execution.peak_memory_mb == 0  # there was no kernel
    assert published(project) == 6
    # a page that exists can be made again
    assert project.run("stepped", days="303", again=True).error is None


def test_a_failed_run_publishes_nothing_and_does_not_count(project: Project) -> None:
    project.max_variants = 6
    cell = "assert days > 310"
    project.notebook("failing", BEGINNING, cell, ENDING, parameters=DAYS)
    for days in range(300, 308):
        assert isinstance(project.run("failing", days=str(days)).error, RunError)
    for days in range(320, 326):
        assert project.run("failing", days=str(days)).error is None
    assert isinstance(project.run("failing", days="330").error, PrivacyError)


def test_a_study_may_say_how_many(project: Project) -> None:
    project.max_variants = 1
    project.notebook("stated", BEGINNING, ENDING, parameters=DAYS)
    assert project.run("stated", days="1").error is None
    assert isinstance(project.run("stated", days="2").error, PrivacyError)
