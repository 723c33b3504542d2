"""Parameters of a notebook: read from its own declaration, checked before a kernel starts.

papermill only warns about a name it does not know and guesses types from the text (``007`` becomes
7, ``no`` becomes false). Here the cell tagged ``parameters`` is read as Python source, and every
value is checked against the declared type. The command line gives text and a study file gives
values; both give the same result for the same meaning.
"""

import ast
import json
import math
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from workbench.foundation.errors import ParameterError, unknown_name
from workbench.runs.notebooks import Notebook

_NAMES: Mapping[str, Any] = {
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    "list": list,
    "Literal": Literal,
    "None": None,
}
_LONGEST = 80  # characters of a value that a refusal repeats
#: A range at the end of a declaration's comment; one of its ends may be open.
_NUMBER = r"-?\d+(?:\.\d+)?"
_RANGE = re.compile(rf"(?:^|[\s,])(?P<low>{_NUMBER})?\.\.(?P<high>{_NUMBER})?\s*$")
_TRUE, _FALSE = ("true", "yes", "on"), ("false", "no", "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One declared parameter: ``name: type = default  # meaning, unit, 1..730``.

    Attributes
    ----------
    name, type, default, meaning
        Parts of the declaration.
    low, high : float or None
        Smallest and largest value, where the comment ends with a range; either can be absent.
    """

    name: str
    type: Any
    default: Any
    meaning: str
    low: float | None = None
    high: float | None = None

    def require_within(self, value: Any) -> None:
        """Refuse numbers outside the declared range.

        Raises
        ------
        ParameterError
            The value, or a value of the list, is too small or too large.
        """
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, bool) or not isinstance(each, int | float):
                continue
            low, high = self.low, self.high
            if (low is not None and each < low) or (high is not None and each > high):
                limits = " and ".join(
                    words
                    for words in (
                        "" if low is None else f"at least {low:g}",
                        "" if high is None else f"at most {high:g}",
                    )
                    if words
                )
                raise ParameterError(f"{self.name} is {each}, it must be {limits}")


def declared_parameters(notebook: Notebook) -> dict[str, Parameter]:
    """Read a notebook's declarations.

    Raises
    ------
    ParameterError
        A line of the cell is not ``name: type = literal``, or a default does not fit its type.
    """
    cell = notebook.cell_with_tag("parameters")
    if cell is None:
        return {}
    lines = cell.source.splitlines()
    found = {}
    try:
        statements = ast.parse(cell.source).body
    except SyntaxError as error:
        raise ParameterError(
            f"notebook {notebook.name}: line {error.lineno} of the parameters cell is no Python"
        ) from error
    for statement in statements:
        if not (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and statement.value is not None
        ):
            raise ParameterError(
                f"notebook {notebook.name}: line {statement.lineno} of the parameters cell: "
                "write only `name: type = literal  # meaning, unit`"
            )
        name = statement.target.id
        comment = lines[(statement.end_lineno or statement.lineno) - 1].partition("  # ")[2]
        kind = _declared_type(statement.annotation, notebook.name, name)
        try:
            default = ast.literal_eval(statement.value)
        except ValueError as error:
            raise ParameterError(
                f"notebook {notebook.name}: the default of {name} is no literal"
            ) from error
        try:
            default = _fit_type(default, kind, name)
        except ParameterError as fault:
            raise ParameterError(f"notebook {notebook.name}: the default of {fault}") from fault
        parameter = Parameter(
            name=name, type=kind, default=default, meaning=comment.strip(), **_parse_range(comment)
        )
        try:
            parameter.require_within(default)
        except ParameterError as fault:
            raise ParameterError(f"notebook {notebook.name}: the default of {fault}") from fault
        found[name] = parameter
    return found


def _parse_range(comment: str) -> dict[str, float]:
    """Return the limits at the end of a comment such as ``days, 1..730``."""
    limits = _RANGE.search(comment)
    if limits is None:
        return {}
    return {name: float(text) for name, text in limits.groupdict().items() if text}


def choose_values(
    declared: Mapping[str, Parameter], given: Mapping[str, Any], *, where: str
) -> dict[str, Any]:
    """Return the value of every declared parameter: the given value, checked, or the default.

    Parameters
    ----------
    declared : mapping
        Declarations of the notebook.
    given : mapping of str to object
        Values by name; ``TypedText`` is parsed by the declared type, other values are checked.
    where : str
        Words with which the refusal begins: "notebook churn".

    Raises
    ------
    ParameterError
        A name is not declared, or a value does not fit; the message has a line for each.
    """
    values = {name: parameter.default for name, parameter in declared.items()}
    faults = []
    for name, value in given.items():
        if name not in declared:
            faults.append(unknown_name("parameter", name, declared))
            continue
        try:
            values[name] = _fit_type(value, declared[name].type, name)
            declared[name].require_within(values[name])
        except ParameterError as fault:
            faults.append(str(fault))
    if faults:
        raise ParameterError("\n".join(f"{where}: {fault}" for fault in faults))
    return values


def parse_date(text: str | None) -> date | None:
    """Return the date that a text stands for; None where there is no text.

    Raises
    ------
    ParameterError
        The text is no date in the form of ISO 8601.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ParameterError(f"as_of is {text!r}: write a date as 2024-12-31") from error


@dataclass(frozen=True, slots=True)
class TypedText:
    """A value as it was typed on the command line, before it is parsed."""

    text: str


def _declared_type(node: ast.expr, notebook: str, name: str) -> Any:
    try:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            # quoted where the notebook has not imported the name: `"Literal['a', 'b']"`
            node = ast.parse(node.value, mode="eval").body
        # an annotation can use the names above only: no other code of it is executed
        code = compile(ast.fix_missing_locations(ast.Expression(node)), notebook, "eval")
        kind = eval(code, {"__builtins__": {}}, dict(_NAMES))  # noqa: S307 - names restricted above
    except Exception as error:
        raise ParameterError(_unknown_type(notebook, name)) from error
    if not _is_supported(kind):
        raise ParameterError(_unknown_type(notebook, name))
    return kind


def _unknown_type(notebook: str, name: str) -> str:
    return (
        f"notebook {notebook}: the type of {name} is not understood: use bool, int, float, "
        "str, list[…], Literal[…] or one of them or None"
    )


def _is_supported(kind: Any) -> bool:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        inner = [each for each in args if each is not type(None)]
        return len(inner) == 1 and _is_supported(inner[0])
    if origin is list:
        return _is_supported(args[0])
    return origin is Literal or kind in (bool, int, float, str)


def _fit_type(value: Any, kind: Any, name: str) -> Any:
    try:
        return _parse(value.text, kind) if isinstance(value, TypedText) else _check(value, kind)
    except (ValueError, TypeError) as error:
        shown = repr(value.text if isinstance(value, TypedText) else value)
        if len(shown) > _LONGEST:
            shown = f"{shown[:_LONGEST]}…"
        wanted = kind.__name__ if isinstance(kind, type) and not typing.get_args(kind) else kind
        text = str(wanted).replace("typing.", "")
        raise ParameterError(
            f"{name} is {shown}, it must be {text}{_list_example(kind)}"
        ) from error


def _list_example(kind: Any) -> str:
    """Return how a list is written on the command line, which is JSON."""
    if typing.get_origin(kind) is not list:
        return ""
    return """, written as '["a", "b"]'""" if kind == list[str] else ", written as '[1, 2]'"


def _parse(text: str, kind: Any) -> Any:
    """Parse text as a value of the declared type; no other type is tried."""
    text.encode()  # refuses surrogates, which stand for bytes that are no text
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        if text in ("", "none", "None", "null"):
            return None
        (inner,) = [each for each in args if each is not type(None)]
        return _parse(text, inner)
    if origin is Literal:
        return (
            next(each for each in args if str(each) == text)
            if text in map(str, args)
            else _refuse_value()
        )
    if kind is str:
        return text
    if kind is bool:
        lowered = text.lower()
        return True if lowered in _TRUE else False if lowered in _FALSE else _refuse_value()
    if kind is int:
        return int(text)
    if kind is float:
        return _check(float(text), float)
    return _check(json.loads(text), kind)


def _check(value: Any, kind: Any) -> Any:
    """Return a value of the declared type.

    Raises
    ------
    ValueError
        The value has another type.
    """
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        (inner,) = [each for each in args if each is not type(None)]
        return _check(value, inner)
    if origin is Literal:
        # 1, 1.0 and True are equal in Python, but would be different runs
        return (
            value if any(value == a and type(value) is type(a) for a in args) else _refuse_value()
        )
    if origin is list:
        if not isinstance(value, list | tuple):
            return _refuse_value()
        return [_check(each, args[0]) for each in value]
    if kind is float and type(value) in (int, float):
        # nan and inf are refused, and -0.0 becomes 0.0: it would be a different run
        return float(value) + 0.0 if math.isfinite(float(value)) else _refuse_value()
    return value if type(value) is kind else _refuse_value()


def _refuse_value() -> Any:
    raise ValueError
