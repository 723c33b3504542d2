"""A module or a public class of the package is known by its name alone."""

import ast
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.conftest import PROJECT

MODULES = sorted(
    path for path in (PROJECT / "workbench").rglob("*.py") if path.name != "__main__.py"
)


def module_name(path: Path) -> str:
    """Return the last part of a module's dotted name: of a package the name of its folder."""
    return path.parent.name if path.stem == "__init__" else path.stem


def public_classes(path: Path) -> list[str]:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    names = [node.name for node in body if isinstance(node, ast.ClassDef)]
    return [name for name in names if not name.startswith("_")]


def repeated(names: Iterable[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)


def test_no_two_modules_or_folders_share_a_name() -> None:
    assert repeated(map(module_name, MODULES)) == []


def test_no_two_public_classes_share_a_name() -> None:
    assert repeated(name for path in MODULES for name in public_classes(path)) == []


def test_a_shared_name_is_found(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("keys.py", "keys/__init__.py", "vault/locks.py")]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text("class Key:\n    class Inner: ...\n\nclass _Part: ...\n")
    assert repeated(map(module_name, paths)) == ["keys"]
    assert repeated(name for path in paths for name in public_classes(path)) == ["Key"]
