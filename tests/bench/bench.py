"""Measure speed and memory, each figure beside a peer or a limit of the same run.

    python tests/bench/bench.py [--customers 1000000] [--out tests/bench/results.md]

Times are CPU seconds of all processes (user and system) and wall seconds; memory is the largest sum
of resident sizes of a command and its children, or the largest of one process where it says "a
worker", looked at every 0.1 s. Machines are shared and noisy: compare ratios.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import psutil
from confinement import confinement
from growth import growth
from linking import linking
from noise import costs
from preset_utility import presets
from profiles import profiles
from recoding import recoding
from risk import risk
from source_files import sources
from timing import REPEATS, cpu_of
from worlds import worlds

from workbench.schema import TABLES
from workbench.vault.keys import Key
from workbench.vault.parquet import FileKeys, Place, write_encrypted

PROJECT = Path(__file__).parents[2]
WORKBENCH = [sys.executable, "-m", "workbench"]
LIMIT_GB = 4.0
WORKER_GB = 0.6


class Row(NamedTuple):
    """One line of the table."""

    what: str
    measured: str
    beside: str
    ratio: str


class Used(NamedTuple):
    """What one command used."""

    wall: float
    cpu: float
    peak_gb: float
    process_gb: float


def main() -> None:
    """Measure everything and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--only", choices=list(PARTS), help="measure one part and print it")
    parser.add_argument("--out", type=Path, default=PROJECT / "tests" / "bench" / "results.md")
    options = parser.parse_args()
    rows = [
        row
        for name, measure in PARTS.items()
        if options.only in (None, name)
        for row in measure(options.customers)
    ]
    lines = [
        "# Measured",
        "",
        f"`make bench` on {os.cpu_count()} cores, Python {sys.version.split()[0]}, "
        f"polars {pl.__version__}; medians of {REPEATS} where a step repeats.",
        "",
        "| what | measured | beside it | ratio |",
        "|---|---|---|---|",
        *(f"| {row.what} | {row.measured} | {row.beside} | {row.ratio} |" for row in rows),
        "",
    ]
    if options.only is None:
        options.out.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


def stations(customers: int) -> list[Row]:
    """Take synthetic customers through generate, load and run."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        base = ["--workspace", str(place / "workspace")]
        subprocess.run([*WORKBENCH, "init", *base], check=True, capture_output=True)
        world = str(place / "world")
        steps = {
            "generate": ["generate", "retail", "--customers", str(customers), "--out", world],
            "load": ["load", world, "--dataset", "demo", *base],
            "run, three notebooks": [
                "run", str(_study_of_three(place)), *base, "--reports", str(place / "reports"),
            ],
        }  # fmt: skip
        for name, words in steps.items():
            used = command([*WORKBENCH, *words])
            rows.append(
                Row(
                    f"{name}, {customers:,} customers",
                    f"{used.wall:.0f} s wall, {used.cpu:.0f} CPU s, {used.peak_gb:.2f} GB",
                    f"limit {LIMIT_GB:.0f} GB",
                    f"{used.peak_gb / LIMIT_GB:.2f} of the limit",
                )
            )
            if name == "load":
                again = _written_again(Path(world), place / "again")
                rows.append(
                    Row(
                        f"load, {customers:,} customers",
                        f"{used.cpu:.0f} CPU s",
                        f"reading the world's files and writing them encrypted: {again:.0f} CPU s",
                        f"{used.cpu / again:.2f} (limit 2)",
                    )
                )
    return rows


def _study_of_three(folder: Path) -> Path:
    """Write the demo study without its fourth notebook and the limits that this one judges."""
    text = (PROJECT / "reports" / "studies" / "demo.toml").read_text(encoding="utf-8")
    head, _, rest = text.partition("[policy.limits]")
    columns = rest[rest.index("[columns]") :]
    path = folder / "three.toml"
    path.write_text(head + columns.partition('[[notebooks]]\nname = "privacy_risk"')[0], "utf-8")
    return path


def _written_again(world: Path, folder: Path) -> float:
    """Return the CPU seconds of reading a world's files and writing each encrypted."""
    folder.mkdir()
    key = Key.new()
    before = time.process_time()
    for table in TABLES:
        for part in sorted((world / table).glob("*.parquet")):
            rows = pl.read_parquet(part)
            path = folder / f"{table}-{part.name}"
            write_encrypted(
                rows,
                path,
                keys=FileKeys.derived(key, rows.columns),
                place=Place(holding="again", table=table, bucket=0, file=part.stem),
            )
            path.unlink()  # Three copies of a world of 3 million customers are 40 GB.
    return time.process_time() - before


def command(words: list[str], settings: dict[str, str] | None = None) -> Used:
    """Run a command to its end, watching it and its children."""
    before = os.times()
    started = time.perf_counter()
    process = subprocess.Popen(
        words,
        cwd=PROJECT,
        env={**os.environ, **(settings or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    peak = [0, 0]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.1):
            sizes = _resident(process.pid)
            peak[:] = max(peak[0], sum(sizes)), max(peak[1], *sizes, 0)

    thread = threading.Thread(target=watch)
    thread.start()
    _, said = process.communicate()
    ended.set()
    thread.join()
    wall = time.perf_counter() - started
    after = os.times()
    if process.returncode:
        sys.exit(f"{' '.join(words)} ended with {process.returncode}:\n{said.decode()[-2000:]}")
    cpu = (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )
    return Used(wall, cpu, *(each / 2**30 for each in peak))


def storage() -> list[Row]:
    """Write and read one table encrypted, and plain beside it; check the hash of its file."""
    import hashlib

    from workbench.schema.customer_data import write_parquet
    from workbench.vault.keys import Key
    from workbench.vault.parquet import FileKeys, Place, fault_of, scan_encrypted, write_encrypted

    random = np.random.Generator(np.random.PCG64(1))
    n = 2_000_000
    table = pl.DataFrame(
        {
            "customer_id": random.integers(0, 2**63, n).astype(np.uint64),
            "amount_minor": random.integers(100, 50_000, n),
            "kind": random.choice(["sale", "return"], n),
            "product_id": [f"shop:{value}" for value in random.integers(0, 5_000, n)],
        }
    )
    keys = FileKeys.derived(Key.new(), table.columns)
    place = Place(holding="bench", table="orders", bucket=0, file="one")
    with tempfile.TemporaryDirectory() as folder:
        plain, closed = Path(folder) / "plain.parquet", Path(folder) / "closed.parquet"
        write_plain = cpu_of(lambda: write_parquet(table, plain))
        write_closed = cpu_of(lambda: write_encrypted(table, closed, keys=keys, place=place))
        read_plain = cpu_of(lambda: pl.scan_parquet(plain).collect())
        sha256 = hashlib.sha256(closed.read_bytes()).hexdigest()
        held = {"keys": keys, "place": place, "sha256": sha256}
        read_closed = cpu_of(lambda: scan_encrypted(closed, **held).collect())
        check = cpu_of(lambda: fault_of(closed, sha256, places={}))
        size_gb = closed.stat().st_size / 1e9
    return [
        _against(
            "write 2 M rows encrypted, and hash the file",
            write_closed,
            "plain Parquet",
            write_plain,
        ),
        _against(
            "read 2 M rows encrypted, the file's hash checked before",
            read_closed,
            "plain Parquet",
            read_plain,
        ),
        _against(
            f"check the file's hash, once a process: {check / size_gb:.2f} CPU s per GB",
            check,
            "plain Parquet, read",
            read_plain,
        ),
    ]


def pseudonyms() -> list[Row]:
    """Make pseudonyms of distinct ids, and by a Python loop beside it."""
    import hashlib
    import hmac

    from workbench.identity import keyed_hash

    n = 500_000
    ids = pl.Series("id", [f"shop:{number}" for number in range(n)])
    ours = cpu_of(lambda: keyed_hash(ids, secret="bench"))
    secret = b"bench"
    loop = cpu_of(lambda: [hmac.digest(secret, each.encode(), hashlib.sha256) for each in ids])
    return [_against("500,000 pseudonyms", ours, "hmac in a Python loop", loop)]


def audit_intervals() -> list[Row]:
    """Audit 40 groups of a million persons with intervals; fairlearn's bootstrap beside it."""
    from fairlearn.metrics import MetricFrame, selection_rate, true_positive_rate

    from workbench import fairness

    random = np.random.Generator(np.random.PCG64(2))
    n = 1_000_000
    rows = pl.DataFrame(
        {
            "group": random.integers(0, 40, n).astype(str),
            "selected": random.random(n) < 0.2,
            "outcome": random.random(n) < 0.3,
        }
    )
    question = fairness.Question(attributes=("group",), most_values=40)
    ours = cpu_of(
        lambda: fairness.audit(rows, question, decision="selected", outcome="outcome", seed=1)
    )
    small = rows.head(20_000)
    replicates = 2

    def theirs() -> object:
        return MetricFrame(
            metrics={"selection_rate": selection_rate, "tpr": true_positive_rate},
            y_true=small["outcome"].to_numpy(),
            y_pred=small["selected"].to_numpy(),
            sensitive_features={"group": small["group"].to_numpy()},
            n_boot=replicates,
            ci_quantiles=[0.025, 0.975],
            random_state=1,
        )

    per_replicate = cpu_of(theirs) / (replicates + 1) * (n / small.height)
    return [
        _against(
            "audit, 40 groups, 1 M persons, every metric with intervals",
            ours,
            "fairlearn MetricFrame, 2 metrics, 2,000 bootstrap replicates (extrapolated from 2 on "
            "20,000 persons)",
            per_replicate * 2_000,
        )
    ]


def _against(what: str, ours: float, peer: str, theirs: float) -> Row:
    return Row(what, f"{ours:.2f} CPU s", f"{peer}: {theirs:,.2f} CPU s", f"{ours / theirs:.3g}")


def _resident(pid: int) -> list[int]:
    """Return the resident sizes of a process and its children."""
    try:
        process = psutil.Process(pid)
        return [each.memory_info().rss for each in (process, *process.children(recursive=True))]
    except psutil.Error:
        return []  # it ended between two looks


def noise() -> list[Row]:
    """Compare published figures with exact ones in groups of three sizes."""
    rows = []
    for cost in costs():
        group = f"noise in a group of {cost.persons:,}"
        rows += [
            Row(f"{group}: count", f"sd {cost.count:.2g} %", "", ""),
            Row(
                f"{group}: share of .2",
                f"sd {cost.share_noise:.2g}, interval covers {cost.share_covered:.3f}",
                f"sampling: sd {cost.share_sampling:.2g}",
                f"{cost.share_noise / cost.share_sampling:.2g}",
            ),
            Row(
                f"{group}: mean spending, not given in {cost.not_given:.0%}",
                f"sd {cost.mean_noise:.2g} %, interval covers {cost.mean_covered:.3f}",
                f"sampling: sd {cost.mean_sampling:.2g} %",
                f"{cost.mean_noise / cost.mean_sampling:.2g}",
            ),
        ]
    return rows


PARTS: dict[str, Callable[[int], list[Row]]] = {
    "linking": lambda customers: [Row(*each) for each in linking(customers)],
    "storage": lambda _: storage(),
    "growth": lambda _: [Row(*each) for each in growth()],
    "pseudonyms": lambda _: pseudonyms(),
    "audit": lambda _: audit_intervals(),
    "risk": lambda _: [Row(*each) for each in risk()],
    "noise": lambda _: noise(),
    "presets": lambda _: [Row(*each) for each in presets()],
    "recoding": lambda _: [Row(*each) for each in recoding()],
    "profiles": lambda _: [Row(*each) for each in profiles()],
    "sources": lambda _: [Row(*each) for each in sources(command)],
    "confinement": lambda _: [Row(*each) for each in confinement(command)],
    "worlds": lambda _: [Row(*each) for each in worlds(command, WORKER_GB)],
    "stations": stations,
}

if __name__ == "__main__":
    main()
