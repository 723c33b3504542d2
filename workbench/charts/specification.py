"""Check the specification of a figure: it may draw the rows of its table and nothing else.

Vega-Lite can fetch data and pictures from an address, link to one, and contain rows of its own. A
figure draws the rows of its table, which disclosure control has checked; rows in the specification
would reach a page unchecked. The one exception is a reference line or point, which needs rows of
its own: at most two, which contain numbers only.
"""

from collections.abc import Mapping
from typing import Any

from workbench.foundation.errors import ParameterError

#: Keys of Vega-Lite that fetch data, link to an address or contain rows.
_FOREIGN = ("url", "href", "datasets", "lookup", "usermeta")
_MOST_ROWS = 2


def refuse_foreign_parts(spec: Any, *, figure: str) -> None:
    """Refuse a specification that fetches, links to or contains other data than its table.

    Parameters
    ----------
    spec : mapping
        A specification of Vega-Lite, or any part of one.
    figure : str
        Name of the figure, for the message.

    Raises
    ------
    ParameterError
        At any depth the specification has one of the keys ``url``, ``href``, ``datasets``,
        ``lookup`` and ``usermeta``, the mark ``image``, or ``data`` other than two rows of numbers.

    Examples
    --------
    >>> refuse_foreign_parts({"mark": "bar", "data": {"values": [{"e": 0.5}]}}, figure="sizes")
    >>> refuse_foreign_parts({"layer": [{"data": {"url": "rows.csv"}}]}, figure="sizes")
    Traceback (most recent call last):
    ...
    workbench.foundation.errors.ParameterError: figure sizes: its specification has 'data', ...
    """
    if isinstance(spec, Mapping):
        for key, part in spec.items():
            if key in _FOREIGN:
                raise _refusal(figure, str(key))
            if key == "data":
                if not _is_numbers(part):
                    raise _refusal(figure, "data")
                continue
            if key == "mark" and _mark_type(part) == "image":
                raise _refusal(figure, "mark: image")
            refuse_foreign_parts(part, figure=figure)
    elif isinstance(spec, list | tuple):
        for part in spec:
            refuse_foreign_parts(part, figure=figure)


def _is_numbers(data: Any) -> bool:
    if not isinstance(data, Mapping) or set(data) != {"values"}:
        return False
    rows = data["values"]
    return (
        isinstance(rows, list | tuple)
        and len(rows) <= _MOST_ROWS
        and all(isinstance(row, Mapping) for row in rows)
        and all(isinstance(each, int | float) for row in rows for each in row.values())
    )


def _mark_type(mark: Any) -> Any:
    return mark.get("type") if isinstance(mark, Mapping) else mark


def _refusal(figure: str, part: str) -> ParameterError:
    return ParameterError(
        f"figure {figure}: its specification has {part!r}, but a figure draws the rows of its own "
        "table and fetches nothing: put the data into the table"
    )
