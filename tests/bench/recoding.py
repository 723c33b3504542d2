"""What recoding loses and costs on the Adult data, beside ARX on the same data and hierarchies.

Figures of ARX are quoted from its own run (master aacd487, OpenJDK 17): CPU seconds of a JVM that
is warm, without reading or writing a file and without its quality statistics. Ours are measured
here: CPU seconds of `recode`, which codes the table, recodes it, writes the labels and measures
criteria and losses. Both are judged by the same evaluator.
"""

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from timing import REPEATS, cpu_of

from workbench.privacy.recoding import (
    Closeness,
    Criterion,
    DistinctDiversity,
    Hierarchy,
    KAnonymity,
    RecodedTable,
    measure_table,
    read_hierarchy,
    recode,
)

PROJECT = Path(__file__).parents[2]

FIVE, TEN = KAnonymity(k=5), KAnonymity(k=10)
THREE = DistinctDiversity(column="occupation", l=3)
FIFTH, TWO_FIFTHS = (Closeness(column="occupation", t=t) for t in (0.2, 0.4))


class Peer(NamedTuple):
    """ARX's figures."""

    gcp: float
    loss: float
    class_size: float
    suppressed: int
    cpu: float


class Setting(NamedTuple):
    """Criteria, and ways to reach them that one run of ARX is held against.

    A way is the method, or for local recoding its labels.
    """

    criteria: tuple[Criterion, ...]
    limit: float
    ways: tuple[str, ...]
    arx: Peer


#: Rows of a file, labels, and ARX's figures: CPU time is to be linear in the rows.
FILES = (
    (30_000, "hierarchy", None),
    (300_000, "hierarchy", None),
    (1_000_000, "hierarchy", Peer(0.0042, 0, 15.3, 0, 16.9)),
    (1_000_000, "ranges", None),
    (3_000_000, "hierarchy", None),
)
LEVELS, LOCAL = ("levels",), ("hierarchy", "ranges")
SETTINGS = (
    Setting((FIVE,), 0.0, LEVELS, Peer(0.6355, 0.7613, 1256.8, 0, 0.26)),
    Setting((FIVE,), 0.02, LEVELS, Peer(0.3575, 0.5055, 133.6, 506, 2.34)),
    Setting((FIVE,), 1.0, LEVELS, Peer(0.2277, 0.3852, 45.9, 2553, 8.0)),
    Setting((FIVE,), 0.0, LOCAL, Peer(0.0591, 0.2372, 6.62, 0, 10.1 + 0.17)),
    Setting((TEN,), 0.0, LOCAL, Peer(0.0830, 0.2593, 13.1, 0, 12.6 + 0.21)),
    Setting((FIVE, THREE), 0.0, LEVELS, Peer(0.6250, 0.7656, 1160, 0, 0.21)),
    Setting((FIVE, THREE), 1.0, LEVELS, Peer(0.1736, 0.3504, 56.6, 2335, 2.5)),
    Setting((FIVE, THREE), 0.0, LOCAL, Peer(0.0367, 0.2300, 9.5, 0, 4.1 + 0.18)),
    Setting((FIVE, FIFTH), 0.0, LEVELS, Peer(0.9291, 0.9393, 15081, 0, 0.19)),
    Setting((FIVE, FIFTH), 1.0, LEVELS, Peer(0.6435, 0.6778, 957, 8156, 4.6)),
    Setting((FIVE, FIFTH), 0.147, LOCAL, Peer(0.4559, 0.5505, 187, 4424, 91 + 0.22)),
    Setting((FIVE, FIFTH), 0.0, LOCAL, Peer(0.4559, 0.5505, 187, 4424, 91 + 0.22)),
    Setting((FIVE, TWO_FIFTHS), 0.024, LOCAL, Peer(0.1842, 0.3520, 33.7, 709, 40 + 0.19)),
    Setting((FIVE, TWO_FIFTHS), 0.0, LOCAL, Peer(0.1842, 0.3520, 33.7, 709, 40 + 0.19)),
)
HEADER = (
    "| table | criteria | suppressed at most | method | GCP | loss | rows per class | suppressed "
    "| CPU s | ARX: GCP | loss | rows per class | suppressed | CPU s |"
)


def recoding() -> list[tuple[str, str, str, str]]:
    """Measure every setting and write tests/bench/recoding.md; return rows of the bench."""
    folder = Path(os.environ.get("WORKBENCH_REAL_DATA") or PROJECT.parent / "shared" / "data")
    adult = pl.read_csv(folder / "adult" / "adult.csv", separator=";")
    hierarchies = {
        name: read_hierarchy(folder / "adult" / f"adult_hierarchy_{name}.csv")
        for name in adult.columns
    }
    lines, rows = [], []
    for setting in SETTINGS:
        for way in setting.ways:
            line, row = _measured(adult, hierarchies, setting, way)
            lines.append(line)
            rows.append(row)
    for size, way, arx in FILES:
        line, row = _file_to_file(adult, hierarchies, size, way, arx)
        lines.append(line)
        rows.append(row)
    page = [
        "# Recoding beside ARX",
        "",
        "`python tests/bench/bench.py --only recoding`: Adult as ARX has it, with nine",
        f"quasi-identifiers (eight where occupation is sensitive), medians of {REPEATS}. GCP is 1",
        "minus ARX's granularity; loss is the arithmetic mean of ARX's loss. ARX's figures are",
        "quoted from its own run, ours are measured. Larger tables are drawn from Adult, with",
        "ages moved by up to 3 years, and taken from a CSV file to a Parquet file. ARX's were",
        "drawn likewise, and its CPU seconds there are those of recoding alone.",
        "",
        HEADER,
        "|" + "---|" * (HEADER.count("|") - 1),
        *lines,
        "",
    ]
    (PROJECT / "tests" / "bench" / "recoding.md").write_text("\n".join(page), encoding="utf-8")
    return rows


def _measured(
    adult: pl.DataFrame, hierarchies: dict[str, Hierarchy], setting: Setting, way: str
) -> tuple[str, tuple[str, str, str, str]]:
    sensitive = {each.sensitive for each in setting.criteria}
    chosen = {name: each for name, each in hierarchies.items() if name not in sensitive}
    made: list[RecodedTable] = []
    cpu = cpu_of(lambda: made.append(_recoded(adult, chosen, setting.criteria, setting.limit, way)))
    what = ", ".join(f"{each.name}={each.limit:g}" for each in setting.criteria)
    line = _line("Adult", what, setting.limit, way, made[-1], cpu, setting.arx)
    return line, _row(f"recoding, {what}, at most {setting.limit:.1%} suppressed, {_method(way)}",
                      made[-1], cpu, setting.arx)  # fmt: skip


def _recoded(
    rows: pl.DataFrame,
    hierarchies: dict[str, Hierarchy],
    criteria: Sequence[Criterion],
    limit: float,
    way: str,
) -> RecodedTable:
    method = "levels" if way == "levels" else "local"
    made = recode(
        rows,
        hierarchies=hierarchies,
        criteria=criteria,
        suppression_limit=limit,
        method=method,
        labels="ranges" if way == "ranges" else "hierarchy",
    )
    if not made.measured.is_reached:
        raise AssertionError(f"{method} does not reach {criteria}")
    return made


def _file_to_file(
    adult: pl.DataFrame,
    hierarchies: dict[str, Hierarchy],
    size: int,
    way: str,
    arx: Peer | None,
) -> tuple[str, tuple[str, str, str, str]]:
    """Recode so many rows from a CSV file to a Parquet file, and check k in that file."""
    random = np.random.Generator(np.random.PCG64(1))
    many = adult[random.integers(0, adult.height, size)].with_columns(
        age=(pl.col("age") + pl.Series(random.integers(-3, 4, size))).clip(1, 100)
    )
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name) / "rows.csv", Path(name) / "rows.parquet"
        many.write_csv(source)
        before = time.process_time()
        made = _recoded(pl.read_csv(source), hierarchies, [FIVE], 0.0, way)
        made.rows.filter(~made.is_suppressed).write_parquet(target)
        found = measure_table(
            pl.read_parquet(target), quasi_identifiers=adult.columns, criteria=[FIVE]
        )
        cpu = time.process_time() - before
    if not found.is_reached or found.rows != size:
        raise AssertionError("the written file does not reach k")
    line = _line(f"{size:,} rows, file to file", "k=5", 0.0, way, made, cpu, arx)
    return line, _row(f"recoding, {size:,} rows, k=5, file to file, {_method(way)}",
                      made, cpu, arx)  # fmt: skip


def _line(
    table: str,
    what: str,
    limit: float,
    way: str,
    made: RecodedTable,
    cpu: float,
    arx: Peer | None,
) -> str:
    used = made.utility
    theirs = ["", "", "", "", ""]
    if arx is not None:
        loss = f"{arx.loss:.4f}" if arx.loss else ""
        theirs = [
            f"{arx.gcp:.4f}", loss, f"{arx.class_size:,.1f}",
            f"{arx.suppressed:,}", f"{arx.cpu:.2f}",
        ]  # fmt: skip
    cells = [
        table, what, f"{limit:.1%}", _method(way), f"{used.gcp:.4f}", f"{used.loss:.4f}",
        f"{used.average_class_size:,.1f}", f"{made.suppressed:,}", f"{cpu:.2f}", *theirs,
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _row(what: str, made: RecodedTable, cpu: float, arx: Peer | None) -> tuple[str, str, str, str]:
    ours = f"GCP {made.utility.gcp:.4f}, {made.suppressed:,} suppressed, {cpu:.2f} CPU s"
    if arx is None:
        return what, ours, "", ""
    theirs = f"ARX: GCP {arx.gcp:.4f}, {arx.suppressed:,} suppressed, {arx.cpu:.2f} CPU s"
    ratio = f"GCP {made.utility.gcp / arx.gcp:.2f}, CPU {cpu / arx.cpu:.2f}"
    return what, ours, theirs, ratio


def _method(way: str) -> str:
    return way if way == "levels" else f"local, {way}"
