"""Expressions in which a date that is joined with an instant begins its day in the source's zone.

polars takes a date for midnight UTC where an expression joins it with an instant, as in
``COALESCE(day, undated_at)`` or ``shipped_at < day``. That is another local day west of Greenwich.
So every such date is replaced by the first moment of its day in the zone of the instant, and a time
without a zone by the instant at which it was the local time. Dates that are joined or compared with
dates remain dates. Conversely, the cast of an instant to a date or to a time without a zone is its
local day or time, where polars would take that of UTC.

>>> at = pl.Series("at", ["2024-10-01T12:00:00Z"]).str.to_datetime()
>>> at = at.dt.convert_time_zone("America/Los_Angeles")
>>> rows = pl.DataFrame([at, pl.Series("day", ["2024-10-01"]).str.to_date()])
>>> rows.select(read_expression("LEAST(day, at)", rows)).item().isoformat()
'2024-10-01T00:00:00-07:00'
"""

import json
from io import StringIO
from typing import Any

import polars as pl
from polars.exceptions import PolarsError


def read_expression(sql: str, rows: pl.DataFrame) -> pl.Expr:
    """Return the expression of an SQL text over rows whose instants are in the source's zone.

    Parameters
    ----------
    sql : str
        Expression of a mapping.
    rows : DataFrame
        Rows with the columns that the expression uses.
    """
    expression = pl.sql_expr(sql)
    kinds = [rows.schema.get(name) for name in expression.meta.root_names()]
    if not any(_zone_of(kind) for kind in kinds):
        return expression
    tree = _tree_of(expression)
    joined = _join(tree, rows)
    return expression if joined == tree else _expression_of(joined)


def first_moment_of(day: pl.Expr, zone: str) -> pl.Expr:
    """Return the first moment of dates in a zone, as ``timeline.first_moment`` does of one date.

    Where the clock is set forward at midnight, that is the moment at which it is set.
    """
    local = day.cast(pl.Datetime("us"))
    hour = pl.duration(hours=1)
    return pl.coalesce(in_zone(local, zone), in_zone(local - hour, zone) + hour)


def in_zone(local: pl.Expr, zone: str) -> pl.Expr:
    """Return local times of a zone as instants; a time that does not exist is null."""
    return local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")


def _join(tree: Any, rows: pl.DataFrame) -> Any:
    """Return an expression, as JSON, in which dates that are joined with instants are instants."""
    if isinstance(tree, list):
        return [_join(member, rows) for member in tree]
    if not isinstance(tree, dict):
        return tree
    made = {name: _join(member, rows) for name, member in tree.items()}
    match made:
        case {"BinaryExpr": {"left": left, "right": right, "op": op}}:
            one, other = _alike([left, right], rows)
            return {"BinaryExpr": {"left": one, "op": op, "right": other}}
        case {"Ternary": {"predicate": predicate, "truthy": truthy, "falsy": falsy}}:
            one, other = _alike([truthy, falsy], rows)
            return {"Ternary": {"predicate": predicate, "truthy": one, "falsy": other}}
        case {"Cast": {"expr": value, "dtype": {"Literal": kind}}} if _lacks_zone(kind):
            return {"Cast": {**made["Cast"], "expr": _local_time(value, rows)}}
        case {"Function": {"input": [value, options], "function": {"Sql": {"IsIn": _}}}}:
            inputs = [value, _members_alike(options, value, rows)]
            return {"Function": {**made["Function"], "input": inputs}}
        case {"Function": {"input": inputs, "function": function}} if len(inputs) > 1:
            joined = {"Function": {"input": _alike(inputs, rows), "function": function}}
            # Other functions only list their inputs, as CONCAT does.
            is_comparison = isinstance(function, dict) and "Boolean" in function
            return joined if is_comparison or _zone_of(_kind_of(joined, rows)) else made
    return made


def _alike(trees: list[Any], rows: pl.DataFrame) -> list[Any]:
    """Return expressions that are joined, with instants in place of dates if one is an instant."""
    kinds = [_kind_of(tree, rows) for tree in trees]
    zone = next(filter(None, map(_zone_of, kinds)), None)
    if zone is None:
        return trees
    return [_instant_of(tree, kind, zone) for tree, kind in zip(trees, kinds, strict=True)]


def _instant_of(tree: Any, kind: pl.DataType | None, zone: str) -> Any:
    instant = _as_instant(_expression_of(tree), kind, zone)
    return tree if instant is None else _tree_of(instant)


def _as_instant(value: pl.Expr, kind: pl.DataType | None, zone: str) -> pl.Expr | None:
    """Return dates, or times without a zone, as instants; None if values have another type."""
    if kind == pl.Date:
        return first_moment_of(value, zone)
    if isinstance(kind, pl.Datetime) and kind.time_zone is None:
        return in_zone(value.cast(pl.Datetime("us")), zone)
    return None


def _lacks_zone(kind: Any) -> bool:
    """Return whether the type of a cast, as JSON, is a date or a time without a zone."""
    match kind:
        case "Date" | "Time" | {"Datetime": [_, None]}:
            return True
    return False


def _local_time(tree: Any, rows: pl.DataFrame) -> Any:
    """Return an expression that is cast, with the local time without a zone if it is an instant."""
    if _zone_of(_kind_of(tree, rows)) is None:
        return tree
    return _tree_of(_expression_of(tree).dt.replace_time_zone(None))


def _members_alike(options: Any, value: Any, rows: pl.DataFrame) -> Any:
    """Return the list of ``value IN (...)``: instants in place of dates if the value is one."""
    zone = _zone_of(_kind_of(value, rows))
    if zone is None:
        return options
    members = _expression_of(options)
    instant = _as_instant(pl.element(), _kind_of(_tree_of(members.explode()), rows), zone)
    return options if instant is None else _tree_of(members.list.eval(instant))


def _zone_of(kind: pl.DataType | None) -> str | None:
    return kind.time_zone if isinstance(kind, pl.Datetime) else None


def _kind_of(tree: Any, rows: pl.DataFrame) -> pl.DataType | None:
    """Return the type of an expression; None if polars cannot join what it joins."""
    try:
        return rows.lazy().select(_expression_of(tree)).collect_schema().dtypes()[0]
    except PolarsError:
        return None


def _tree_of(expression: pl.Expr) -> Any:
    return json.loads(expression.meta.serialize(format="json"))


def _expression_of(tree: Any) -> pl.Expr:
    return pl.Expr.deserialize(StringIO(json.dumps(tree)), format="json")
