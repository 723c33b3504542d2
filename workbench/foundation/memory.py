"""Return freed memory to the operating system before other processes need it."""

import ctypes
import gc
import sys


def release_freed_memory() -> None:
    """Return memory that was freed to the operating system, where the C library can do it.

    After many arrays of different sizes, glibc keeps pages between the few that are left. What a
    run keeps of a million customers took 570 MB before and 420 MB after this call (measured by
    hand, as the resident size of the runner of three notebooks).
    """
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, musl does not.
        if trim is not None:
            trim(0)
