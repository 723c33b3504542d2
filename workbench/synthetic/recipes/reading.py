"""Read a recipe; it may extend another recipe, and the command line may replace values.

``extends = "retail"`` takes another recipe of the same folder as the base. Tables are merged key by
key. Some tables are replaced as a whole: those with shares that add up to 1 (``locales``,
``segments``, ``mix``, ``genders``), and those with members of the recipe's own (``bias``,
``campaigns``, ``changes``, ``groups``).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.foundation.declarations import read_toml, validate_declaration
from workbench.foundation.errors import ParameterError
from workbench.foundation.settings import find_file
from workbench.synthetic.recipes.recipe import Recipe

_REPLACED = ("locales", "segments", "mix", "genders", "bias", "campaigns", "changes", "groups")


def read_recipe(path: Path, changes: Mapping[str, Any] | None = None) -> Recipe:
    """Read and check a recipe.

    Parameters
    ----------
    path : Path
        TOML file.
    changes : mapping, optional
        Values in place of the file's, with the same nesting of keys.

    Raises
    ------
    ParameterError
        The file cannot be read, or it or ``changes`` has faults; the message lists all faults.
    """
    content = _merged(_content(path, ()), changes or {})
    return validate_declaration(Recipe, content, source=f"recipe {path.name}")


def _content(path: Path, below: tuple[str, ...]) -> dict[str, Any]:
    content = read_toml(path, "recipe")
    base = content.pop("extends", None)
    if base is None:
        return content
    if not isinstance(base, str) or base in (*below, path.stem):
        raise ParameterError(
            f"recipe {path.name}: extends is {base!r}; "
            "give the name of another recipe that does not extend this one"
        )
    parent = find_file("recipe", base, folder=path.parent, suffix=".toml")
    return _merged(_content(parent, (*below, path.stem)), content)


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value) if both and key not in _REPLACED else value
    return merged
