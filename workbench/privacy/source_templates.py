"""The sources of this package, which contain the templates of its texts."""

from functools import cache
from importlib.resources import files
from pathlib import Path

_SOURCES = (".py", ".html", ".csv")
#: Subpackages with invented names and places in their sources, and no templates of reports.
_WITHOUT_TEMPLATES = ("synthetic", "exports")


@cache
def package_sources() -> tuple[str, ...]:
    """Return the text of each source file that can contain a template."""
    root = Path(str(files("workbench")))
    paths = sorted(path for path in root.rglob("*") if path.suffix in _SOURCES)
    return tuple(
        path.read_text(encoding="utf-8")
        for path in paths
        if path.relative_to(root).parts[0] not in _WITHOUT_TEMPLATES
    )
