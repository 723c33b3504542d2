"""The text of a figure: the same digits in an answer, in a table and in the list of key figures.

A figure has no more digits than its interval supports. A share is written as 57.5%, a difference of
shares as 3.1 points, and an amount with its currency.
"""

import math
import re
from collections.abc import Iterable

from workbench.statistics.estimates import Estimate

#: Largest number of decimals of a figure.
MOST_DECIMALS = 4
#: A half-width that begins with less than this is printed with a second digit.
_TWO_DIGITS = 3.55

#: Number formats by unit; any other unit is the name of a measure, shown with three decimals.
_FORMS = {
    "share": ".1%",
    "points": ".1%",
    "times": ".2f",
    **dict.fromkeys(("persons", "orders", "days", "count", "segments", "groups"), ",.0f"),
}
_CURRENCY = re.compile("(?!AUC)[A-Z]{3}")


def format_beside_interval(form: str, half_widths: Iterable[float]) -> str:
    """Return a number format without digits that the uncertainty beside it does not support.

    The last printed digit is the first digit of the median half-width, or its second digit if the
    half-width begins with 1, 2 or 3 (the rule of the Particle Data Group). A coarser ``form`` stays
    coarse, but the first digit of the half-width is always printed, so that an interval is never
    "0 to 0". A percentage keeps the decimals of its ``form``: answers, tables and charts quote the
    same shares, and beside 23.4% another group's wide interval would make 23% of it.

    Parameters
    ----------
    form : str
        Format of a column's values: ``.1%``, ``,.2f``.
    half_widths : iterable of float
        Half-widths of the intervals, in the unit of the values.

    Examples
    --------
    >>> format_beside_interval(",.2f", [38.0, 45.0, 51.0])
    ',.0f'
    >>> format_beside_interval(".1%", [0.0004])
    '.2%'
    """
    known = sorted(each for each in half_widths if math.isfinite(each) and each > 0)
    head, point, tail = form.rpartition(".")
    if not known or not point or tail[-1:] not in ("%", "f") or not tail[:-1].isdecimal():
        return form
    usual = known[len(known) // 2] * (100 if tail[-1] == "%" else 1)
    first = -math.floor(math.log10(usual) + 1e-9)
    last = first + (usual * 10.0**first < _TWO_DIGITS)
    wanted = int(tail[:-1])
    decimals = max(0, first, wanted if tail[-1] == "%" else min(wanted, last))
    return f"{head}.{min(decimals, MOST_DECIMALS)}{tail[-1]}"


def value_text(estimate: Estimate) -> str:
    """Return the value of an estimate with its unit; empty where it has none.

    Examples
    --------
    >>> share = Estimate(name="app", value=0.3, low=0.27, high=0.33, n=900, unit="share", label="")
    >>> value_text(share), interval_text(share)
    ('30.0%', '27.0% to 33.0%')
    """
    unit, form = estimate.unit, _form(estimate)
    if estimate.value is None:
        return ""
    text = format(estimate.value, form)
    if unit == "points":  # a difference of shares: 3.1 points, where a share has 3.1%
        return f"{text.removesuffix('%')} points"
    if unit == "share" or not (unit in _FORMS or _CURRENCY.fullmatch(unit)):
        return text
    return f"{text} {_singular(unit) if text == '1' else unit}"


def interval_text(estimate: Estimate) -> str:
    """Return the limits of an estimate's interval without unit; empty where it has none."""
    if estimate.low is None or estimate.high is None:
        return ""
    form = _form(estimate)
    text = f"{format(estimate.low, form)} to {format(estimate.high, form)}"
    return text.replace("%", "") if estimate.unit == "points" else text


def _form(estimate: Estimate) -> str:
    unit = estimate.unit
    form = _FORMS.get(unit, ",.2f" if _CURRENCY.fullmatch(unit) else ".3f")
    if estimate.low is not None and estimate.high is not None:
        form = format_beside_interval(form, [(estimate.high - estimate.low) / 2])
    return f"z{form}"


def _singular(unit: str) -> str:
    return unit.removesuffix("s") if unit != "times" else "time"
