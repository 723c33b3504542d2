"""The pages' templates, escaped by default."""

from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup


def render(template: str, **values: Any) -> str:
    """Fill a template; everything that is not marked as markup is escaped."""
    return _environment().get_template(template).render(style=_style(), **values)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("workbench.reports", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["sentence"] = _sentence
    return environment


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."


@cache
def _style() -> Markup:
    return Markup(files(__package__).joinpath("style.css").read_text(encoding="utf-8"))
