"""The style of all figures: a theme for Vega-Lite that works on light and dark ground.

Every figure is drawn twice: as wide as the text column of a page, and for a phone held upright.
In both the type has the size of the page's text and is never scaled down by more than a seventh.
Data colours have a contrast of at least 3:1 on both grounds (measured against white and #15171b);
neutral colours are replaced by the page's own variables after drawing. The font is part of
vl-convert, so that the same figure has the same bytes on every machine.
"""

from dataclasses import dataclass
from typing import Any

FONT = "Liberation Sans"

#: Colours of series, in order; series also differ in dashes, so colour is never the only sign.
COLOURS = ("#4c78a8", "#d1495b", "#3f8f5f", "#a05fb4")

#: Dashes of series, in order; they distinguish eight series even in grey.
DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3), (12, 4), (4, 4), (2, 5), (10, 2, 2, 2))

#: Variables of the page that replace the neutral colours of a drawing.
NEUTRALS = {
    "#101010": "var(--ink)",
    "#707070": "var(--muted)",
    "#c8c8c8": "var(--rule)",
    "#fefefe": "var(--ground)",
}
INK, MUTED, RULE, GROUND = NEUTRALS

#: Size of names and values, and size of ticks, titles of axes and remarks, pixels.
TYPE, SMALL = 16, 14
#: Height of a line of names.
LINE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Size of a drawing, and the position of the names in it.

    Attributes
    ----------
    width : int
        Width of the whole drawing, pixels.
    is_stacked : bool
        Whether the name and the values of a group are above its marks instead of beside them.
    height : int
        Height of a plot with two scales, pixels.
    """

    width: int
    is_stacked: bool
    height: int


#: Layouts for the text column of a page (``style.css``: 44rem) and for a phone.
WIDE = Layout(width=704, is_stacked=False, height=400)
NARROW = Layout(width=340, is_stacked=True, height=280)

CONFIG: dict[str, Any] = {
    "aria": False,
    "background": None,
    "font": FONT,
    "padding": 0,
    "view": {"stroke": None},
    "range": {"category": list(COLOURS)},
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "gridColor": RULE,
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
        "labelFontSize": SMALL,
        "titleFontSize": SMALL,
        "titleFontWeight": "normal",
        "titleAnchor": "middle",  # below the middle of the scale that it names
        "titlePadding": 8,
        "labelLimit": 0,
        "labelOverlap": "greedy",
    },
    "legend": {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": SMALL,
        "titleFontSize": SMALL,
        "orient": "top",
        "titleFontWeight": "normal",
    },
    "rule": {"color": COLOURS[0]},
    "tick": {"color": COLOURS[0], "opacity": 1},
    "point": {"filled": True, "size": 90, "color": COLOURS[0], "opacity": 1},
    "bar": {"color": COLOURS[0]},
    "line": {"color": COLOURS[0], "strokeWidth": 2},
    "text": {"color": INK, "fontSize": TYPE},
}

#: Length of the ends of an interval, pixels.
CAP = 8
