"""Show progress: a bar in a terminal, a changing line in a notebook, a few lines in a log file."""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

#: Environment variable that names the folder of a run's sealed view; only a run's kernel has it.
SEALED_VIEW = "WORKBENCH_SEALED_VIEW"

_LOG_STEPS = 4  # number of lines in a log file for one loop
_NOTEBOOK_STEPS = 50  # largest number of times that the line in a notebook changes


def progress(items: Iterable[T], *, total: int, title: str) -> Iterator[T]:
    """Yield the items and show on stderr how many are done.

    In a notebook the line is an output of the cell that is empty again at the end. A log file
    contains a line for each quarter instead of thousands of redrawn bars. The kernel of a run shows
    nothing, because bars contain random ids and elapsed times, which would differ between runs.

    Parameters
    ----------
    items : iterable
        Items to work on.
    total : int
        Number of items.
    title : str
        Name of the work, shown before the count.
    """
    if SEALED_VIEW in os.environ:
        yield from items
        return
    if _in_notebook():
        yield from _show_in_notebook(items, total, title)
        return
    if sys.stderr.isatty():
        # The import takes 60 ms, which a command without a long loop does not have to wait.
        from tqdm import tqdm

        yield from tqdm(items, total=total, desc=title, leave=False, file=sys.stderr)
        return
    marks = {total * step // _LOG_STEPS for step in range(1, _LOG_STEPS + 1)}
    for done, item in enumerate(items, start=1):
        yield item
        if done in marks and total >= _LOG_STEPS:
            print(f"{title}: {done} of {total}", file=sys.stderr)


def _show_in_notebook(items: Iterable[T], total: int, title: str) -> Iterator[T]:
    """Yield the items and show progress as one changing output of the cell, empty at the end."""
    from IPython.display import display  # IPython is slow to import and needed in notebooks only.

    def line(text: str) -> dict[str, str]:
        return {"text/plain": text}

    shown = display(line(""), raw=True, display_id=True)  # type: ignore[no-untyped-call]  # IPython has no hints
    step = max(1, total // _NOTEBOOK_STEPS)
    try:
        for done, item in enumerate(items, start=1):
            yield item
            if done % step == 0:
                shown.update(line(f"{title}: {done} of {total}"), raw=True)
    finally:
        shown.update(line(""), raw=True)


def say(text: str) -> None:
    """Print a message for the user on stderr, because stdout carries a command's result."""
    print(text, file=sys.stderr)


def _in_notebook() -> bool:
    return "ipykernel" in sys.modules and sys.stdout.__class__.__module__.startswith("ipykernel")
