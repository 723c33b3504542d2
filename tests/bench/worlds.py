"""Measure how fast worlds are made: rows, CPU time beside writing the same frames again, growth.

    python tests/bench/bench.py --only worlds

A world is made by the command with one worker, whose memory is looked at. The peer reads the
world's files back and writes the same frames once more, with one thread as the worker has; only the
writing counts, of tables and truth, as the generator writes both, and of the tables alone.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
MONTHS = 24
SIZES = (10_000, 100_000, 1_000_000, 3_000_000)

_REWRITE = """
import sys, time
from pathlib import Path
import polars as pl
from workbench.schema.customer_data import write_parquet
world, target = Path(sys.argv[1]), Path(sys.argv[2])
for files in ("*/part-*.parquet", "truth/*/part-*.parquet"):
    spent = 0.0
    for path in sorted(world.glob(files)):
        rows = pl.read_parquet(path)
        started = time.process_time()
        write_parquet(rows, target)
        spent += time.process_time() - started
    print(spent)
"""


def worlds(
    command: Callable[[list[str], dict[str, str]], Any],
    limit_gb: float,
    sizes: tuple[int, ...] = SIZES,
) -> list[tuple[str, str, str, str]]:
    """Return what was measured, our figure, what it is held against, and the ratio.

    Parameters
    ----------
    command : callable
        Runs words as a command and returns wall and CPU seconds and peak GB.
    limit_gb : float
        Of a worker.
    sizes : tuple of int
        Customers.
    """
    rows, per_million = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for customers in sizes:
            world = Path(folder) / "world"
            used = command(
                [
                    *(sys.executable, "-m", "workbench", "generate", "retail", "--json"),
                    *("--customers", str(customers), "--months", str(MONTHS), "--out", str(world)),
                ],
                {"WORKBENCH_WORKERS": "1"},
            )
            made = json.loads((world / "world.json").read_bytes())["tables"]
            total = sum(made.values())
            per_million[customers] = used.cpu / customers * 1e6
            what = (
                f"make retail, {customers:,} customers, {MONTHS} months, {total / 1e6:,.1f} M rows"
            )
            rows.append(
                (
                    what,
                    f"{used.cpu:.1f} CPU s, {used.process_gb:.2f} GB",
                    f"limit {limit_gb:.1f} GB a worker",
                    f"{used.process_gb / limit_gb:.2f} of the limit",
                )
            )
            if customers == 1_000_000:
                tables, truth = _rewriting(world, Path(folder) / "again.parquet")
                for again, writing in (("", tables + truth), (" (tables without truth)", tables)):
                    rows.append(
                        (
                            f"the same world, {total / 1e6:,.1f} M rows and its truth",
                            f"{used.cpu:.1f} CPU s",
                            f"writing the same frames again{again}: {writing:.1f} CPU s",
                            f"{used.cpu / writing:.2f}",
                        )
                    )
            shutil.rmtree(world)
    small, large = sizes[1], sizes[-1]  # in the smallest, starting up weighs more than making
    rows.append(
        (
            f"growth, {large:,} customers",
            f"{per_million[large]:.0f} CPU s a million",
            f"{small:,} customers: {per_million[small]:.0f} CPU s a million",
            f"{per_million[large] / per_million[small]:.2f}",
        )
    )
    return rows


def _rewriting(world: Path, target: Path) -> tuple[float, float]:
    """Return the CPU seconds of writing the world's tables again, and its truth."""
    done = subprocess.run(
        [sys.executable, "-c", _REWRITE, str(world), str(target)],
        check=True,
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env={**os.environ, "POLARS_MAX_THREADS": "1"},
    )
    tables, truth = map(float, done.stdout.split())
    return tables, truth
