"""From a figure to an SVG that stands in a page: both themes, alternative text, the same bytes.

Vega's own per-mark labels are taken out (they would hold the data of each mark, and none of them
reaches a reader's ear as a sentence); the figure's computed description stands instead.
"""

import html
import json
import re

from workbench.charts.exhibits import Figure
from workbench.charts.style import CONFIG, FONT, NEUTRALS

_ARIA = re.compile(r' (?:aria-[a-z]+|role)="[^"]*"')
_ID = re.compile(r'(id="|url\(#|href="#)([A-Za-z][\w-]*)')
_FACES = f"font-family=\"'{FONT}', Arimo, Arial, Helvetica, sans-serif\""


def svg(figure: Figure) -> str:
    """Return the figure as one ``<svg>`` element.

    Colours of ink, rules and ground are variables of the page (``--ink``, ``--muted``, ``--rule``,
    ``--ground``); ids begin with the figure's name, so that several figures share a page.
    """
    import vl_convert  # late: starts a JavaScript engine, which only drawing needs

    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "config": CONFIG,
        "data": {"values": figure.table.rows.to_dicts()},
        **figure.spec,
    }
    drawn = vl_convert.vegalite_to_svg(json.dumps(spec, default=str))
    drawn = _ARIA.sub("", drawn)
    for colour, variable in NEUTRALS.items():
        drawn = drawn.replace(f'"{colour}"', f'"{variable}"')
    drawn = re.sub(r'font-family="[^"]*"', _FACES, drawn)
    name = figure.table.name
    drawn = _ID.sub(lambda m: f"{m[1]}{name}-{m[2]}", drawn)
    return _named(drawn, name, figure.table.title, figure.description)


def _named(drawn: str, name: str, title: str, description: str) -> str:
    start = drawn.index("<svg")
    end = drawn.index(">", start)
    head = (
        f'<svg role="img" aria-labelledby="{name}-title {name}-desc" '
        f"{drawn[start + len('<svg') : end].strip()}>"
        f'<title id="{name}-title">{html.escape(title)}</title>'
        f'<desc id="{name}-desc">{html.escape(description)}</desc>'
    )
    return head + drawn[end + 1 :].strip()
