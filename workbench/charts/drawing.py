"""From a figure to an SVG that stands in a page: both themes, alternative text, the same bytes.

Vega's own per-mark labels are not made (they would hold the data of each mark, and none of them
reaches a reader's ear as a sentence); the figure's computed description stands instead.

Drawing fetches nothing: the engine may ask no address, and as it would draw an empty figure for a
``file:`` address without an error, a specification that names any address is refused before.
"""

import html
import json
import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from workbench.charts.exhibits import Figure
from workbench.charts.specification import refuse_foreign_parts
from workbench.charts.style import CONFIG, FONT, LINE, NARROW, NEUTRALS
from workbench.charts.wording import printable

_TAG = re.compile(r"<[^<>]*>")  # texts are escaped and attributes hold none: labels stay untouched
_ARIA = re.compile(r' (?:aria-[a-z]+|role)="[^"]*"')
_ID = re.compile(r'(\bid="|url\(#|href="#)([^")]+)')
_FACE = re.compile(r' font-family="[^"]*"')
_FACES = f"font-family=\"'{FONT}', Arimo, Arial, Helvetica, sans-serif\""
_CLASS = re.compile(r' class="marks"')
_EMPTY = {
    "width": NARROW.width,
    "height": LINE,
    "mark": {"type": "text", "text": "Nothing can be shown."},
}


def pictures(figure: Figure) -> dict[str, str]:
    """Return all drawings of a figure by their path in a run's folder."""
    name = figure.table.name
    drawn = {f"figures/{name}.svg": svg(figure)}
    if figure.narrow is not None:
        drawn[narrow_path(name)] = svg(figure, is_narrow=True)
    return drawn


def narrow_path(name: str) -> str:
    """Return where a figure's drawing for a phone is stored in a run's folder."""
    return f"figures/narrow/{name}.svg"


def svg(figure: Figure, *, is_narrow: bool = False) -> str:
    """Return the figure as one ``<svg>`` element, of class ``wide`` or ``narrow``.

    Colours of ink, rules and ground are variables of the page (``--ink``, ``--muted``, ``--rule``,
    ``--ground``); ids begin with the figure's name, so that several figures share a page.

    Raises
    ------
    ParameterError
        The specification would fetch or bring along what is not in the figure's table.
    """
    import vl_convert  # late: starts a JavaScript engine, which only drawing needs

    spec = full_spec(figure, is_narrow=is_narrow)
    drawn = vl_convert.vegalite_to_svg(json.dumps(spec), allowed_base_urls=[])
    # no exhibit's name has a point: the two drawings stand in one page
    name = f"{figure.table.name}.narrow" if is_narrow else figure.table.name
    numbers: dict[str, str] = {}

    def own(tag: re.Match[str]) -> str:
        text = _FACE.sub("", _ARIA.sub("", tag[0]))  # it is said once, for the whole drawing
        for colour, variable in NEUTRALS.items():
            text = text.replace(f'"{colour}"', f'"{variable}"')
        return _ID.sub(
            lambda m: f"{m[1]}{numbers.setdefault(m[2], f'{name}-{len(numbers) + 1}')}", text
        )

    drawn = _CLASS.sub(f' class="{"narrow" if is_narrow else "wide"}"', drawn, count=1)
    return _named(_TAG.sub(own, drawn), name, figure.table.title, figure.description)


def full_spec(figure: Figure, *, is_narrow: bool = False) -> dict[str, object]:
    """Return the figure's specification with its look and its data, or one that says nothing."""
    chosen = figure.narrow if is_narrow and figure.narrow is not None else figure.spec
    refuse_foreign_parts(chosen, figure=figure.table.name)
    is_empty = figure.table.rows.is_empty()  # no scale has ends then, and some make no size of it
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "config": CONFIG,
        "data": {"values": [{}] if is_empty else _values(figure.table.rows)},
        **(_EMPTY if is_empty else chosen),
    }
    return dict(_printable(spec))


def _printable(content: Any) -> Any:
    """Take control characters out of every text of a specification: drawing would stop at them."""
    if isinstance(content, str):
        return printable(content)
    if isinstance(content, Mapping):
        return {printable(str(name)): _printable(each) for name, each in content.items()}
    if isinstance(content, list | tuple):
        return [_printable(each) for each in content]
    return content


def _values(rows: pl.DataFrame) -> list[dict[str, object]]:
    """Rows as JSON holds them: no NaN or infinity, dates and names as text."""
    columns = []
    for name, kind in rows.schema.items():
        column = pl.col(name)
        if kind.is_decimal():
            column = column.cast(pl.Float64)
        if kind.is_float():
            column = pl.when(column.is_finite()).then(column)
        elif not (kind.is_numeric() or kind == pl.Boolean):
            column = column.dt.to_string("iso:strict") if kind.is_temporal() else column
            column = column.cast(pl.String)
        columns.append(column.alias(name))
    return rows.select(columns).to_dicts()


def _named(drawn: str, name: str, title: str, description: str) -> str:
    start = drawn.index("<svg")
    end = drawn.index(">", start)
    head = (
        f'<svg role="img" aria-labelledby="{name}-title {name}-desc" {_FACES} '
        f"{drawn[start + len('<svg') : end].strip()}>"
        f'<title id="{name}-title">{html.escape(printable(title))}</title>'
        f'<desc id="{name}-desc">{html.escape(printable(description))}</desc>'
    )
    return head + drawn[end + 1 :].strip()
