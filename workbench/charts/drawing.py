"""Draw a figure as SVG for a page: for both themes, with alternative text, always the same bytes.

Vega can label every mark for screen readers, but such labels are lists of numbers and not
sentences. They are left out, and the computed description of the figure is its alternative text.

Drawing fetches nothing: the engine is allowed no address. It would draw an empty figure for a
``file:`` address without an error, so a specification with any address is refused before.
"""

import html
import json
import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from workbench.charts.exhibits import Figure
from workbench.charts.formatting import remove_control_characters
from workbench.charts.specification import refuse_foreign_parts
from workbench.charts.style import CONFIG, FONT, LINE, NARROW, NEUTRALS

#: A tag. Texts are escaped and attributes contain no brackets, so labels are never matched.
_TAG = re.compile(r"<[^<>]*>")
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


def draw_pictures(figure: Figure) -> dict[str, str]:
    """Return all drawings of a figure by their path in a run's folder."""
    name = figure.table.name
    drawn = {f"figures/{name}.svg": draw_svg(figure)}
    if figure.narrow is not None:
        drawn[narrow_path(name)] = draw_svg(figure, is_narrow=True)
    return drawn


def narrow_path(name: str) -> str:
    """Return the path of a figure's drawing for a phone within the folder of a run."""
    return f"figures/narrow/{name}.svg"


def draw_svg(figure: Figure, *, is_narrow: bool = False) -> str:
    """Return the figure as one ``<svg>`` element, of class ``wide`` or ``narrow``.

    Colours of ink, rules and ground are variables of the page (``--ink``, ``--muted``, ``--rule``,
    ``--ground``). Ids begin with the name of the figure, so that one page can contain several.

    Raises
    ------
    ParameterError
        The specification fetches or contains data other than the figure's table.
    """
    import vl_convert  # The import starts a JavaScript engine, which only drawing needs.

    spec = full_spec(figure, is_narrow=is_narrow)
    drawn = vl_convert.vegalite_to_svg(json.dumps(spec), allowed_base_urls=[])
    # The point makes the name unique on the page, because names of exhibits contain no point.
    name = f"{figure.table.name}.narrow" if is_narrow else figure.table.name
    numbers: dict[str, str] = {}

    def rewrite(tag: re.Match[str]) -> str:
        text = _FACE.sub("", _ARIA.sub("", tag[0]))  # The outer tag has both, for all tags inside.
        for colour, variable in NEUTRALS.items():
            text = text.replace(f'"{colour}"', f'"{variable}"')
        return _ID.sub(
            lambda m: f"{m[1]}{numbers.setdefault(m[2], f'{name}-{len(numbers) + 1}')}", text
        )

    drawn = _CLASS.sub(f' class="{"narrow" if is_narrow else "wide"}"', drawn, count=1)
    return _add_title(_TAG.sub(rewrite, drawn), name, figure.table.title, figure.description)


def full_spec(figure: Figure, *, is_narrow: bool = False) -> dict[str, object]:
    """Return the specification with style and data, or a short notice if there are no rows."""
    chosen = figure.narrow if is_narrow and figure.narrow is not None else figure.spec
    refuse_foreign_parts(chosen, figure=figure.table.name)
    is_empty = figure.table.rows.is_empty()  # Vega cannot compute a scale without values.
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "config": CONFIG,
        "data": {"values": [{}] if is_empty else _rows_as_json(figure.table.rows)},
        **(_EMPTY if is_empty else chosen),
    }
    return dict(_remove_controls(spec))


def _remove_controls(content: Any) -> Any:
    """Remove control characters from every text of a specification, on which drawing fails."""
    if isinstance(content, str):
        return remove_control_characters(content)
    if isinstance(content, Mapping):
        return {
            remove_control_characters(str(name)): _remove_controls(each)
            for name, each in content.items()
        }
    if isinstance(content, list | tuple):
        return [_remove_controls(each) for each in content]
    return content


def _rows_as_json(rows: pl.DataFrame) -> list[dict[str, object]]:
    """Return rows that can be written as JSON: no NaN or infinity, dates and names as text."""
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


def _add_title(drawn: str, name: str, title: str, description: str) -> str:
    start = drawn.index("<svg")
    end = drawn.index(">", start)
    head = (
        f'<svg role="img" aria-labelledby="{name}-title {name}-desc" {_FACES} '
        f"{drawn[start + len('<svg') : end].strip()}>"
        f'<title id="{name}-title">{html.escape(remove_control_characters(title))}</title>'
        f'<desc id="{name}-desc">{html.escape(remove_control_characters(description))}</desc>'
    )
    return head + drawn[end + 1 :].strip()
