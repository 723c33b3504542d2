"""What is published about a run that failed: words of the runner, none of the kernel.

A cell chooses the class, the message and the traceback of what it raises. So a page prints the kind
of the error only where it is one of a fixed list, and the number of the cell. For everything else
the page points to the executed notebook in the vault. The operator, who has the key, also reads the
message of an error of this package, after the message was searched for persons.
"""

import builtins

import polars as pl

from workbench.foundation import errors
from workbench.foundation.errors import PrivacyError, WorkbenchError

_LONGEST = 300  # characters of a message that a terminal shows


def _names_of_errors(module: object) -> set[str]:
    return {
        name
        for name, each in vars(module).items()
        if isinstance(each, type) and issubclass(each, BaseException)
    }


#: Names of the errors of Python, of polars and of this package; others are "an exception".
KINDS = frozenset(
    _names_of_errors(builtins) | _names_of_errors(errors) | _names_of_errors(pl.exceptions)
)


def kind_of_error(name: str) -> str:
    """Return the name of an error's class where it is in ``KINDS``.

    Examples
    --------
    >>> kind_of_error("ValueError"), kind_of_error("Anna_Visser")
    ('ValueError', 'an exception')
    """
    return name if name in KINDS else "an exception"


class ExhibitError(PrivacyError):
    """A table, figure or text that a notebook shows may not be shown.

    Attributes
    ----------
    cell : int or None
        Number of the cell that shows it.
    fault : str
        What is wrong with it, without a name from the notebook; empty where the message alone
        says it.
    """

    def __init__(self, message: str, *, cell: int | None = None, fault: str = "") -> None:
        super().__init__(message)
        self.cell = cell
        self.fault = fault


def refusal_of_exhibits(error: WorkbenchError) -> str:
    """Return why a notebook's tables and figures make no page, without names from the notebook."""
    if isinstance(error, ExhibitError) and error.fault:
        return f"it ran to its end but {error.fault}"
    if isinstance(error, PrivacyError):
        return "it ran to its end but a table or figure that it shows may not be shown"
    return "it ran to its end but something it shows cannot be drawn"


def one_line(message: str) -> str:
    """Return a message as one line of printable characters, cut off where it is long."""
    words = " ".join("".join(c if c.isprintable() else " " for c in message).split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"
