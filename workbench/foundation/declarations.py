"""Read declarations (studies, mappings, recipes): TOML files that become checked models.

The refusal of a file lists all its faults, each with the key's path, the value found and the values
allowed, so that a user corrects the file once.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from workbench.foundation.errors import ParameterError

Model = TypeVar("Model", bound=BaseModel)


class Declaration(BaseModel):
    """Base of every model that is declared in a file: frozen, strict, without unknown keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


def read_toml(path: Path, kind: str) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises
    ------
    ParameterError
        The file cannot be read, or is not TOML; the message gives line and column.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        # Python's parser stops at the blank or umlaut of a bare name and does not say why.
        is_name = re.search("after a key in|for a key part", str(error)) is not None
        hint = ". A name with blanks, umlauts or other signs is written in double quotes" * is_name
        raise ParameterError(f"{kind} {path.name} cannot be read: {error}{hint}") from error


def validate_declaration(
    model: type[Model], content: Mapping[str, Any], *, source: str, further: Sequence[str] = ()
) -> Model:
    """Return the model of a file's content, or refuse the file with all its faults.

    Parameters
    ----------
    model : type
        A pydantic model.
    content : mapping
        Content of the file.
    source : str
        Name of the file in the refusal, for instance "study demo.toml".
    further : sequence of str
        Faults that the caller found, which are listed with the others.

    Raises
    ------
    ParameterError
        The content has a fault; the message has one line per fault.
    """
    faults = list(further)
    made: Model | None = None
    try:
        made = model.model_validate(content)
    except ValidationError as error:
        faults = [_describe_fault(model, each) for each in error.errors()] + faults
    if faults or made is None:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise ParameterError("\n  ".join([f"{source} has {count}:", *faults]))
    return made


def lists_as_tuples(value: Any) -> Any:
    """Return the content with its lists as tuples, because strict models refuse lists."""
    if isinstance(value, list):
        return tuple(lists_as_tuples(each) for each in value)
    if isinstance(value, dict):
        return {
            key: each if key == "parameters" else lists_as_tuples(each)
            for key, each in value.items()
        }
    return value


def _describe_fault(model: type[BaseModel], error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"]) or "the file"
    if error["type"] == "extra_forbidden":
        known = _allowed_keys(model, error["loc"][:-1])
        nearest = get_close_matches(str(error["loc"][-1]), known, n=1)
        guess = f"; did you mean {nearest[0]}?" if nearest else "."
        parts = [*map(str, error["loc"][-2:])]
        is_table = isinstance(error["input"], Mapping) and len(parts) == 2
        dot = f'. If the name has a dot, write "{".".join(parts)}" in double quotes' * is_table
        return f"{place}: no such key{guess} Known: {', '.join(sorted(known))}{dot}"
    if error["type"] == "missing":
        return f"{place}: missing, it has no default"
    message = error["msg"].removeprefix("Value error, ")
    found = error["input"]
    shown = f", found {found!r}" if isinstance(found, str | int | float | bool) else ""
    return f"{place}: {message[0].lower()}{message[1:]}{shown}"


def _allowed_keys(model: type[BaseModel], path: Sequence[Any]) -> list[str]:
    """Return the keys that the model allows at a path into the file."""
    fields = model.model_fields
    for part in path:
        if part not in fields:
            continue  # The part is a position in a list or a key that the file's author chose.
        inner = [
            each
            for each in (fields[part].annotation, *_type_arguments(fields[part].annotation))
            if isinstance(each, type) and issubclass(each, BaseModel)
        ]
        if not inner:
            return []
        fields = inner[0].model_fields
    return [field.alias or name for name, field in fields.items()]


def _type_arguments(annotation: Any) -> tuple[Any, ...]:
    """Return the types inside an annotation: ``int`` and ``None`` for ``int | None``."""
    found: list[Any] = []
    for each in getattr(annotation, "__args__", ()):
        found += [each, *_type_arguments(each)]
    return tuple(found)
