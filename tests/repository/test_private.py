"""The package uses no private part of another package, and leaves the list of modules alone."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import PROJECT

#: Names of Python's documentation that begin with an underscore all the same.
PUBLIC = frozenset({"_exit", "_replace"})  # os._exit; a method of every named tuple

#: Private attributes that are used because no public one exists, each with its reason.
EXEMPT: dict[str, str] = {}

ROOMS = sorted(
    path.name for path in (PROJECT / "workbench").iterdir() if (path / "__init__.py").is_file()
)


def own_names(tree: ast.Module) -> set[str]:
    """Return the private names that a module declares: functions, classes, fields, attributes."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name)
            and node.value.id in ("self", "cls")
        ):
            found.add(node.attr)
    return found


def foreign_names(path: Path) -> Iterator[str]:
    """Yield private attributes and imports that no module of this package declares there.

    ``self._x`` counts where the class does not set it: then a class of another package does.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = own_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            if node.attr not in own:
                yield node.attr
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in (*node.module.split("."), *(alias.name for alias in node.names)):
                if is_private(name):
                    yield f"{node.module} {name}"
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("getattr", "setattr", "hasattr")
            and len(node.args) > 1
            and isinstance(node.args[1], ast.Constant)
            and is_private(str(node.args[1].value))
        ):
            yield str(node.args[1].value)


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in PUBLIC


def uses() -> list[str]:
    package = PROJECT / "workbench"
    return sorted(
        f"{path.relative_to(package).as_posix()} {name}"
        for path in package.rglob("*.py")
        for name in foreign_names(path)
    )


def test_no_private_attribute_of_another_package_is_used() -> None:
    assert [use for use in uses() if use not in EXEMPT] == []


def test_every_exemption_is_still_needed() -> None:
    assert sorted(set(EXEMPT) - set(uses())) == []


def test_a_private_use_is_found(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "from polars._plr import PySeries\n"
        "class Own:\n"
        "    def __init__(self, pool):\n"
        "        self._pool = pool\n"
        "        self._pool._max_workers = 1\n"
        "        getattr(pool, '_width', 4)\n"
        "        self._send_signal()\n"
    )
    assert sorted(foreign_names(path)) == [
        "_max_workers", "_send_signal", "_width", "polars._plr _plr",
    ]  # fmt: skip


def test_importing_every_room_neither_blocks_nor_replaces_a_module() -> None:
    code = f"""
import importlib, sys
blocked = {{name for name, module in sys.modules.items() if module is None}}
finders = list(sys.meta_path)
import workbench
for room in {ROOMS!r}:
    importlib.import_module("workbench." + room)
assert {{name for name, module in sys.modules.items() if module is None}} == blocked
assert sys.meta_path[:1] == finders[:1]
for name, module in sys.modules.items():
    declared = getattr(getattr(module, "__spec__", None), "name", name)
    assert not name.startswith("workbench") or declared == name, name
from workbench.runs.notebooks import import_nbformat
import_nbformat()
assert {{name for name, module in sys.modules.items() if module is None}} == blocked
assert "rfc3987_syntax" not in sys.modules
assert sys.meta_path[:1] == finders[:1]
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_module_writes_to_the_list_of_modules() -> None:
    """Reading ``"IPython" in sys.modules`` is fine; setting, removing and replacing are not."""
    found = []
    for path in (PROJECT / "workbench").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
                continue
            target = node.func if isinstance(node, ast.Call) else node
            text = ast.unparse(target)
            if text.startswith("sys.modules.") or (
                text.startswith("sys.modules[") and not isinstance(node.ctx, ast.Load)
            ):
                found.append(f"{path.name}: {ast.unparse(node)}")
    assert found == []
