"""The one tree of errors, cut by whose turn it is to act.

    WorkbenchError            exit 1   a fault of ours
    ├── ParameterError        exit 2   a name, option, parameter, study, recipe or policy is wrong
    ├── InputError            exit 3   the input is missing or cannot be used
    ├── PrivacyError          exit 4   privacy forbids it
    ├── AccessError           exit 5   the key or the grant is missing, or another one is needed
    ├── IntegrityError        exit 6   something stored was changed, damaged or swapped
    └── RunError              exit 7   a notebook failed or ended before its last cell and verdicts

A message says what is wrong with the name of the thing, what was found and what to do. It never
holds a cell value of customer data: counts, column names and row numbers only.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar


class WorkbenchError(Exception):
    """The root: whatever the package raises on purpose."""

    exit_code: ClassVar[int] = 1


class ParameterError(WorkbenchError, ValueError):
    """What the user named or set is wrong."""

    exit_code = 2


class InputError(WorkbenchError, ValueError):
    """What the user brought cannot be used."""

    exit_code = 3


class PrivacyError(WorkbenchError):
    """Showing it would say too much about too few."""

    exit_code = 4


class AccessError(WorkbenchError):
    """The key at hand does not open it."""

    exit_code = 5


class IntegrityError(WorkbenchError):
    """What was stored is not what lies there now."""

    exit_code = 6


class RunError(WorkbenchError):
    """A notebook did not reach its end."""

    exit_code = 7


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """Say that a name is not known, which ones are, and which was probably meant.

    Examples
    --------
    >>> unknown_name("parameter", "horizon_dyas", ["horizon_days", "seed"])
    "no parameter 'horizon_dyas'; did you mean 'horizon_days'? Known: horizon_days, seed"
    """
    names = sorted(known)
    nearest = get_close_matches(name, names, n=1)
    guess = f"; did you mean {nearest[0]!r}?" if nearest else "."
    return f"no {kind} {name!r}{guess} Known: {', '.join(names) or 'none'}"
