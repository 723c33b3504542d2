"""Progress that suits where it is seen: a bar in a terminal or notebook, lines in a log file."""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

#: Environment variable that names the folder of a run's sealed view; only a run's kernel has it.
SEALED_VIEW = "WORKBENCH_SEALED_VIEW"

_LOG_STEPS = 4  # lines a log file gets for one piece of work


def progress(items: Iterable[T], *, total: int, title: str) -> Iterator[T]:
    """Pass items on while showing how far the work is, on stderr.

    A log file gets a line at each quarter instead of thousands of redrawn bars. A run's kernel
    shows nothing (bars carry random ids and elapsed times, which would differ from run to run).
    """
    if SEALED_VIEW in os.environ:
        yield from items
        return
    if _in_notebook() or sys.stderr.isatty():
        # late: costs 60 ms that a command without work need not pay. Not tqdm.auto: in a notebook
        # it warns of widgets that nobody needs
        from tqdm import tqdm

        yield from tqdm(items, total=total, desc=title, leave=False, file=sys.stderr)
        return
    marks = {total * step // _LOG_STEPS for step in range(1, _LOG_STEPS + 1)}
    for done, item in enumerate(items, start=1):
        yield item
        if done in marks and total >= _LOG_STEPS:
            print(f"{title}: {done} of {total}", file=sys.stderr)


def say(text: str) -> None:
    """Tell the human at the terminal something, on stderr."""
    print(text, file=sys.stderr)


def _in_notebook() -> bool:
    return "ipykernel" in sys.modules and sys.stdout.__class__.__module__.startswith("ipykernel")
