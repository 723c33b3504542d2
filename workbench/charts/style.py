"""The one look of all figures: a theme for Vega-Lite that works on light and dark ground.

Data colours reach a contrast of 3:1 on both grounds (measured against white and #15171b); neutral
colours are replaced by the page's own variables after drawing. The font is the one that vl-convert
carries inside, so that the same figure has the same bytes on every machine.
"""

from typing import Any

FONT = "Liberation Sans"

#: Series colours, in order; never the only mark of a difference.
COLOURS = ("#4c78a8", "#d1495b", "#3f8f5f", "#a05fb4")

#: With the colours they make eight series that can be told apart in grey.
DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3), (12, 4), (4, 4), (2, 5), (10, 2, 2, 2))

#: Neutral colour in the drawing -> variable of the page.
NEUTRALS = {
    "#101010": "var(--ink)",
    "#707070": "var(--muted)",
    "#c8c8c8": "var(--rule)",
    "#fefefe": "var(--ground)",
}
INK, MUTED, RULE, GROUND = NEUTRALS

WIDTH = 440  # pixels: fits a phone held upright without its labels shrinking away

CONFIG: dict[str, Any] = {
    "aria": False,
    "background": None,
    "font": FONT,
    "view": {"stroke": None},
    "range": {"category": list(COLOURS)},
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "gridColor": RULE,
        "domainColor": MUTED,
        "tickColor": MUTED,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelLimit": 200,
    },
    "legend": {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "orient": "top",
        "titleFontWeight": "normal",
    },
    "rule": {"color": INK},
    "tick": {"color": INK, "opacity": 1},
    "point": {"filled": True, "size": 60, "color": COLOURS[0], "opacity": 1},
    "bar": {"color": COLOURS[0]},
    "line": {"color": COLOURS[0], "strokeWidth": 2},
    "text": {"color": INK, "fontSize": 12},
}
