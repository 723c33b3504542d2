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
import re
from io import StringIO
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from workbench.foundation.errors import ParameterError

#: Words by which an expression makes dates or times without a zone.
_LOCAL_WORD = re.compile(r"\b(DATE|TIME|DATETIME|TIMESTAMP|STRPTIME)\b", re.IGNORECASE)
#: Number of characters of a refused expression that its message contains.
_SHOWN = 60


def read_expression(sql: str, rows: pl.DataFrame) -> pl.Expr:
    """Return the expression of an SQL text over rows whose instants are in the source's zone.

    Parameters
    ----------
    sql : str
        Expression of a mapping.
    rows : DataFrame
        Rows with the columns that the expression uses.

    Raises
    ------
    ParameterError
        The expression may join dates with instants, and is nested too deeply to replace them.
    """
    expression = pl.sql_expr(sql)
    kinds = [rows.schema.get(name) for name in expression.meta.root_names()]
    if not any(_zone_of(kind) for kind in kinds):
        return expression
    try:
        tree = _tree_of(expression)
        joined = _join(tree, rows)
        return expression if joined == tree else _expression_of(joined)
    except (PolarsError, RecursionError):
        # polars writes JSON of any depth, but reads only 128 levels.
        if not any(map(_is_local, kinds)) and _LOCAL_WORD.search(sql) is None:
            return expression
    start = sql if len(sql) <= _SHOWN else f"{sql[:_SHOWN]}..."
    raise ParameterError(
        f"an expression of the mapping is nested too deeply to take its dates in the zone of the "
        f"source: {start!r}. State parts of it, as a CASE or a COALESCE, as columns of [derive]"
    )


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
    match tree:
        case {"BinaryExpr": {"op": "And" | "Or" as op}}:
            return _balanced([_join(term, rows) for term in _terms_of(tree, op)], op)
        case {"Ternary": _}:
            return _join_case(tree, rows)
    return _join_inputs({name: _join(member, rows) for name, member in tree.items()}, rows)


def _join_case(tree: Any, rows: pl.DataFrame) -> Any:
    """Return a CASE whose values are instants if one of them is."""
    branches, otherwise = _branches_of(tree)
    values = [*(value for _, value in branches), otherwise]
    *values, made = _alike([_join(value, rows) for value in values], rows)
    for (condition, _), value in zip(reversed(branches), reversed(values), strict=True):
        branch = {"predicate": _join(condition, rows), "truthy": value, "falsy": made}
        made = {"Ternary": branch}
    return made


def _join_inputs(made: dict[str, Any], rows: pl.DataFrame) -> Any:
    """Return a node, whose inputs are joined already, with inputs that are alike if it joins."""
    match made:
        case {"BinaryExpr": {"left": left, "right": right, "op": op}}:
            one, other = _alike([left, right], rows)
            return {"BinaryExpr": {"left": one, "op": op, "right": other}}
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


def _is_local(kind: pl.DataType | None) -> bool:
    return kind == pl.Date or (isinstance(kind, pl.Datetime) and kind.time_zone is None)


def _kind_of(tree: Any, rows: pl.DataFrame) -> pl.DataType | None:
    """Return the type of an expression; None if polars cannot join what it joins."""
    expression = _expression_of(tree)
    try:
        return rows.lazy().select(expression).collect_schema().dtypes()[0]
    except PolarsError:
        return None


def _terms_of(tree: Any, op: str) -> list[Any]:
    """Return the terms of a chain of ANDs or ORs in their order."""
    terms = []
    while "BinaryExpr" in tree and tree["BinaryExpr"]["op"] == op:
        terms.append(tree["BinaryExpr"]["right"])
        tree = tree["BinaryExpr"]["left"]
    return [tree, *reversed(terms)]


def _balanced(terms: list[Any], op: str) -> Any:
    """Return a chain that is nested as little as possible, as ``(a OR b) OR (c OR d)``."""
    if len(terms) == 1:
        return terms[0]
    half = (len(terms) + 1) // 2
    left, right = _balanced(terms[:half], op), _balanced(terms[half:], op)
    return {"BinaryExpr": {"left": left, "op": op, "right": right}}


def _branches_of(tree: Any) -> tuple[list[tuple[Any, Any]], Any]:
    """Return the conditions and values of a CASE, and the value where no condition is met."""
    branches = []
    while "Ternary" in tree:
        branch = tree["Ternary"]
        branches.append((branch["predicate"], branch["truthy"]))
        tree = branch["falsy"]
    return branches, tree


def _tree_of(expression: pl.Expr) -> Any:
    return json.loads(expression.meta.serialize(format="json"))


def _expression_of(tree: Any) -> pl.Expr:
    """Return an expression from JSON: a CASE branch by branch, as it may have many branches."""
    branches, otherwise = _branches_of(tree)
    made = pl.Expr.deserialize(StringIO(json.dumps(otherwise)), format="json")
    for condition, value in reversed(branches):
        made = pl.when(_expression_of(condition)).then(_expression_of(value)).otherwise(made)
    return made
