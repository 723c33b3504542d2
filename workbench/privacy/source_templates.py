"""The sources of this package, in which the templates of its texts stand."""

from functools import cache
from importlib.resources import files
from pathlib import Path

_SOURCES = (".py", ".html", ".csv")
#: Rooms whose sources hold invented names and places: no template of a report stands there.
_WITHOUT_TEMPLATES = ("synthetic", "exports")


@cache
def package_sources() -> tuple[str, ...]:
    """Return the text of each source file that can hold a template."""
    root = Path(str(files("workbench")))
    paths = sorted(path for path in root.rglob("*") if path.suffix in _SOURCES)
    return tuple(
        path.read_text(encoding="utf-8")
        for path in paths
        if path.relative_to(root).parts[0] not in _WITHOUT_TEMPLATES
    )
