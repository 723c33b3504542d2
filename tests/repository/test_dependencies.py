"""What the package imports is declared, and what is declared is used."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions

from packaging.requirements import Requirement

from tests.conftest import PROJECT

#: Packages that are used without being imported by name, each with where.
NOT_IMPORTED = {
    "altair": "polars draws with it, and runs/altair_display.py names its class",
    "faker": "synthetic/stock/faker_lists.py imports providers by their dotted names",
    "ipykernel": "foundation/confinement starts it as a module",
    "jupyterlab": "cli/lab_command.py starts it as a module",
    "nbformat": "runs/notebooks.py imports it with a finder in front",
    "tzdata": "zoneinfo reads it where the system has no time zones",
}
#: Packages of which more is used than their documentation promises for later versions: they are
#: subclassed, their errors or exit codes are read, or their output is changed.
BOUNDED = {
    "altair", "faker", "ipykernel", "ipython", "jupyter-client", "jupyterlab", "mistune",
    "nbclient", "papermill", "polars", "pydantic", "typer", "vl-convert-python",
}  # fmt: skip

DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = DECLARED["optional-dependencies"]
RUNTIME = [Requirement(text) for text in DECLARED["dependencies"]]
OPTIONAL = [Requirement(text) for name in ("cluster", "lab") for text in EXTRAS[name]]


def imported() -> Iterator[tuple[str, str]]:
    """Yield each package that a module imports, by the name of its distribution, with the room."""
    owners = packages_distributions()
    for path in (PROJECT / "workbench").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for top in {name.partition(".")[0] for name in names}:
                if top not in sys.stdlib_module_names and top != "workbench":
                    room = path.relative_to(PROJECT / "workbench").parts[0]
                    yield owners[top][0].lower().replace("_", "-"), room


def test_every_import_is_declared() -> None:
    names = {requirement.name for requirement in (*RUNTIME, *OPTIONAL)}
    assert sorted({name for name, _ in imported()} - names) == []


def test_every_dependency_is_used() -> None:
    used = {name for name, _ in imported()} | set(NOT_IMPORTED)
    assert [each.name for each in (*RUNTIME, *OPTIONAL) if each.name not in used] == []


def test_an_optional_package_is_imported_by_the_room_that_needs_it_alone() -> None:
    runtime = {requirement.name for requirement in RUNTIME}
    optional = {(name, room) for name, room in imported() if name not in runtime}
    assert optional == {("distributed", "foundation"), ("pandas", "charts"), ("tornado", "lab")}


def test_what_is_relied_on_beyond_its_promises_has_an_upper_bound() -> None:
    bounded = {
        requirement.name
        for requirement in (*RUNTIME, *OPTIONAL)
        if any(each.operator == "<" for each in requirement.specifier)
    }
    assert bounded == BOUNDED
