"""What is published of a run that failed: words of the runner, none chosen in the kernel.

A cell chooses the class, the message and the traceback of what it raises. So a page prints the kind
of the error only where it is one of a fixed list, and the number of the cell. For all else it
points to the executed notebook in the vault. The operator, who has the key, also reads the message
of an error of this package, after it was searched for persons.
"""

import builtins

import polars as pl

from workbench.foundation import errors
from workbench.foundation.errors import PrivacyError, WorkbenchError

_LONGEST = 300  # characters of a message that a terminal shows


def _names(module: object) -> set[str]:
    return {
        name
        for name, each in vars(module).items()
        if isinstance(each, type) and issubclass(each, BaseException)
    }


#: Classes of Python, of polars and of this package; every other one is "an exception".
KINDS = frozenset(_names(builtins) | _names(errors) | _names(pl.exceptions))


def kind_of_error(name: str) -> str:
    """Return the name of an error's class where it is a public one.

    Examples
    --------
    >>> kind_of_error("ValueError"), kind_of_error("Anna_Visser")
    ('ValueError', 'an exception')
    """
    return name if name in KINDS else "an exception"


def refusal_of_exhibits(error: WorkbenchError) -> str:
    """Return why what a notebook shows makes no page, without the names that it gave."""
    if isinstance(error, PrivacyError):
        return "it ran to its end but shows too much about too few persons"
    return "it ran to its end but something it shows cannot be drawn"


def one_line(message: str) -> str:
    """Return a message of the kernel as a terminal shows it: one line, cut off, nothing unseen."""
    words = " ".join("".join(c if c.isprintable() else " " for c in message).split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"
