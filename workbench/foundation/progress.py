"""Progress as suits a terminal (a bar), a notebook (a line that changes) or a log file (lines)."""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

#: Environment variable that names the folder of a run's sealed view; only a run's kernel has it.
SEALED_VIEW = "WORKBENCH_SEALED_VIEW"

_LOG_STEPS = 4  # lines a log file gets for one piece of work
_NOTEBOOK_STEPS = 50  # changes of a notebook's line at most


def progress(items: Iterable[T], *, total: int, title: str) -> Iterator[T]:
    """Pass items on while showing how far the work is, on stderr.

    In a notebook the line is an output that is empty again at the end. A log file gets a line at
    each quarter instead of thousands of redrawn bars. A run's kernel shows nothing (bars carry
    random ids and elapsed times, which would differ from run to run).
    """
    if SEALED_VIEW in os.environ:
        yield from items
        return
    if _in_notebook():
        yield from _shown(items, total, title)
        return
    if sys.stderr.isatty():
        from tqdm import tqdm  # late: costs 60 ms that a command without work need not pay

        yield from tqdm(items, total=total, desc=title, leave=False, file=sys.stderr)
        return
    marks = {total * step // _LOG_STEPS for step in range(1, _LOG_STEPS + 1)}
    for done, item in enumerate(items, start=1):
        yield item
        if done in marks and total >= _LOG_STEPS:
            print(f"{title}: {done} of {total}", file=sys.stderr)


def _shown(items: Iterable[T], total: int, title: str) -> Iterator[T]:
    """Show progress as one output of a cell that changes, and is empty in the end."""
    from IPython.display import display  # late: only where there is a notebook

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
    """Tell the human at the terminal something, on stderr."""
    print(text, file=sys.stderr)


def _in_notebook() -> bool:
    return "ipykernel" in sys.modules and sys.stdout.__class__.__module__.startswith("ipykernel")
