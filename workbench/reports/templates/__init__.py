"""The pages' templates, escaped by default."""

import re
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from workbench.statistics.verdicts import Outcome

_MINUS = re.compile(r"(?<![\w-])-(?=\.?\d)")


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
    environment.filters["typeset"] = typeset
    environment.filters["mark"] = _mark
    return environment


def typeset(text: str) -> str:
    r"""Set the numbers of a sentence as tables do: with a real minus, beside their percent sign.

    Examples
    --------
    >>> typeset("95 % interval -1.8% to -0.2%, 2025-01-01")
    '95\xa0% interval \u22121.8% to \u22120.2%, 2025-01-01'
    """
    return _MINUS.sub("\u2212", text).replace(" %", "\xa0%")


def _mark(verdict: Any) -> str:
    """Return the class of a verdict, which decides the form and the colour of its edge.

    Only "shown" looks like success, and only a concern like alarm: "shown not" is as good an answer
    as "shown", and which of the two is welcome depends on the question.
    """
    if verdict.concern:
        return "concern"
    if verdict.outcome.is_open:
        return "open"
    return "shown" if verdict.outcome == Outcome.SHOWN else "denied"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."


@cache
def _style() -> Markup:
    return Markup(files(__package__).joinpath("style.css").read_text(encoding="utf-8"))
