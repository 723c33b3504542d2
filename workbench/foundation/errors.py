"""The errors that the package raises, divided by the person who can mend the cause.

    WorkbenchError            exit 1   a fault of ours
    ├── ParameterError        exit 2   a name, option, parameter, study, recipe or policy is wrong
    ├── InputError            exit 3   the input is missing or cannot be used
    ├── PrivacyError          exit 4   privacy forbids it
    ├── AccessError           exit 5   the key or the grant is missing, or another one is needed
    ├── IntegrityError        exit 6   something stored was changed, damaged or swapped
    └── RunError              exit 7   a notebook failed or ended before its last cell and verdicts

A message names the object that is wrong, the value found and the action that helps. It never
contains a cell value of customer data, only counts, column names and row numbers.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar


class WorkbenchError(Exception):
    """Base of every error that the package raises on purpose."""

    exit_code: ClassVar[int] = 1


class ParameterError(WorkbenchError, ValueError):
    """A name or setting that the user gave is wrong."""

    exit_code = 2


class InputError(WorkbenchError, ValueError):
    """A file or folder that the user gave is missing or cannot be used."""

    exit_code = 3


class PrivacyError(WorkbenchError):
    """The result would reveal too much about too few persons."""

    exit_code = 4


class AccessError(WorkbenchError):
    """The key is missing or is not the one that opens the holding."""

    exit_code = 5


class IntegrityError(WorkbenchError):
    """A stored object was changed, damaged or swapped since it was written."""

    exit_code = 6


class RunError(WorkbenchError):
    """A notebook failed or ended before its last cell."""

    exit_code = 7


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """Describe a name that does not exist, with the nearest name and all names that do.

    Examples
    --------
    >>> unknown_name("parameter", "horizon_dyas", ["horizon_days", "seed"])
    "no parameter 'horizon_dyas'; did you mean 'horizon_days'? Known: horizon_days, seed"
    """
    names = sorted(known)
    nearest = get_close_matches(name, names, n=1)
    guess = f"; did you mean {nearest[0]!r}?" if nearest else "."
    return f"no {kind} {name!r}{guess} Known: {', '.join(names) or 'none'}"
