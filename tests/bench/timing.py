"""CPU time of a piece of work, as every measurement takes it."""

import statistics
import time
from collections.abc import Callable

REPEATS = 3


def cpu_of(work: Callable[[], object]) -> float:
    """Return the median CPU seconds of a piece of work."""
    taken = []
    for _ in range(REPEATS):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return statistics.median(taken)
