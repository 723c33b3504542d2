"""Measure which share of the CPU time of a load its steps have.

    python tests/bench/load_shares.py FILE [OPTIONS OF workbench load]

The file is loaded into a project of its own while Python's profiler runs with the clock of the
process's CPU time, which polars' threads count in. Each share is that of one function with all that
it calls; the profiler itself makes steps of many small calls seem longer.
"""

import cProfile
import pstats
import shutil
import sys
import tempfile
import time
from pathlib import Path

#: The steps of a load in their order, each with the module and the function that does it.
STEPS = {
    "hash of the content": ("stored_files.py", "hash"),
    "records found and split into cells": ("part_members.py", "read_batches"),
    "records kept together": ("record_batches.py", "_wholes_of"),
    "cells parsed": ("typed_sets.py", "type_set"),
    "rows made by expressions": ("table_rows.py", "make_rows"),
    "ids hashed": ("ids.py", "keyed_hashes"),
    "rows checked": ("validation.py", "validate_rows"),
    "statements of batches joined": ("batch_loading.py", "add"),
    "control totals": ("control_totals.py", "of"),
    "rows cut into buckets, encrypted and written": ("writer.py", "write"),
    "records linked": ("linkage.py", "link_records"),
}


def shares_of(path: Path, options: list[str]) -> tuple[float, dict[str, float]]:
    """Return the CPU seconds of a load, and the share of each step, 0 to 1."""
    from workbench.cli import main

    with tempfile.TemporaryDirectory() as temporary:
        project = Path(temporary)
        for inner in ("notebooks", "reports/studies"):
            (project / inner).mkdir(parents=True)
        main(["init", "--project", str(project)])
        profile = cProfile.Profile(timer=time.process_time)
        words = ["load", str(path), "--dataset", "bench", "--project", str(project), *options]
        code = profile.runcall(main, words)
        shutil.rmtree(project / ".workbench")
    if code:
        sys.exit(code)
    found = pstats.Stats(profile).stats  # type: ignore[attr-defined]  # made by __init__
    total = max(times[3] for times in found.values())
    seconds = dict.fromkeys(STEPS, 0.0)
    for (file, _, function), times in found.items():
        place = Path(file)
        for step, (module, name) in STEPS.items():
            if function == name and place.name == module and "workbench" in place.parts:
                seconds[step] += times[3]
    return total, {step: each / total for step, each in seconds.items()}


if __name__ == "__main__":
    used, shares = shares_of(Path(sys.argv[1]), sys.argv[2:])
    print(f"{used:.1f} CPU s under the profiler")
    for step, share in shares.items():
        print(f"{share:6.1%}  {step}")
