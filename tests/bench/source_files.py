"""Measure how fast files are loaded, beside polars that reads and writes the same file.

    python tests/bench/bench.py --only sources
    python tests/bench/source_files.py FILE.csv|FILE.ndjson LINES

The files are made up: order lines as CSV and JSON lines, an access log, and order lines in a
workbook. A CSV and JSON lines that are larger than 1 GiB must be loaded in less than that; the
second command writes such a file of any size. ``workbench load`` reads each of them in a project of
its own. The peer is a process that starts polars, reads the file with as many columns as it has,
all of them text as far as the format allows, and writes Parquet that is not encrypted; it parses no
access log, of which it reads lines.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import polars as pl

MAPPING = Path(__file__).with_name("order_lines.toml")
CSV_LINES, JSON_LINES, REQUESTS, SHEET_ROWS = 1_800_000, 900_000, 300_000, 100_000
LARGE_CSV_LINES, LARGE_JSON_LINES, LIMIT_GB = 9_500_000, 4_700_000, 1.0
_LINES_OF_ORDER = 3
_CUSTOMERS = 200_000
_LOG_OPTIONS = ("--format", "access_log", "--set", "data_until=2024-07-01")
_LOG_BASIS = ("--set", "basis=legitimate_interest")
_PEERS = {
    ".csv": "pl.scan_csv({path!r}, infer_schema=False).sink_parquet({out!r})",
    ".ndjson": "pl.scan_ndjson({path!r}).sink_parquet({out!r})",
    ".log": "pl.scan_csv({path!r}, has_header=False, separator='\\x01', quote_char=None)"
    ".sink_parquet({out!r})",
    ".xlsx": "pl.read_excel({path!r}, engine='openpyxl').write_parquet({out!r})",
}


def order_lines(start: int, count: int) -> pl.DataFrame:
    """Return made-up order lines from a number on, those of one order one after the other."""
    random = np.random.Generator(np.random.PCG64(start))
    number = pl.int_range(start, start + count, eager=True, dtype=pl.Int64)
    order = number // _LINES_OF_ORDER
    article = pl.Series(random.integers(0, 5_000, count))
    cents = pl.Series(random.integers(100, 50_000, count))
    moment = pl.datetime(2020, 1, 1) + pl.duration(seconds=pl.col("order_number") * 5)
    numbers = pl.DataFrame({"order_number": order, "article_number": article, "cents": cents})
    customer = pl.col("order_number") * 7_919 % _CUSTOMERS
    return numbers.select(
        order=pl.format("SO-{}", pl.col("order_number") + 100_000_000),
        placed_at=moment.dt.to_string("%Y-%m-%dT%H:%M:%SZ"),
        customer=pl.format("C{}", customer + 10_000_000),
        email=pl.format("customer{}@example.org", customer),
        line=pl.Series(number % _LINES_OF_ORDER + 1).cast(pl.String),
        article=pl.format("SKU-{}", "article_number"),
        title=pl.format("Article {}, in blue", "article_number"),
        quantity=pl.Series(random.integers(1, 9, count)).cast(pl.String),
        price=pl.format(
            "{}.{}", pl.col("cents") // 100, (pl.col("cents") % 100).cast(pl.String).str.zfill(2)
        ),
        currency=pl.lit("EUR"),
    )


def write_order_lines(path: Path, count: int) -> None:
    """Write made-up order lines as CSV or JSON lines, piece by piece, in little memory."""
    piece = 1_000_000 * _LINES_OF_ORDER
    with path.open("wb") as file:
        for start in range(0, count, piece):
            lines = order_lines(start, min(piece, count - start))
            is_csv = path.suffix == ".csv"
            text = lines.write_csv(include_header=start == 0) if is_csv else lines.write_ndjson()
            file.write(text.encode())


def sources(command: Callable[..., Any]) -> Iterator[tuple[str, str, str, str]]:
    """Yield what was measured, our figure, what it is held against, and the ratio.

    Parameters
    ----------
    command : callable
        Runs words as a command and returns wall and CPU seconds and peak GB.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for path, rows in _files(folder):
            used = _load(command, path)
            peer = _PEERS[path.suffix].format(path=str(path), out=str(folder / "out.parquet"))
            theirs = command([sys.executable, "-c", f"import polars as pl; {peer}"])
            megabytes = path.stat().st_size / 1e6
            yield (
                f"load {path.name}, {rows:,} records, {megabytes:,.0f} MB",
                f"{used.cpu:.1f} CPU s, {rows / used.cpu:,.0f} records and "
                f"{megabytes / used.cpu:.1f} MB a CPU s, {used.peak_gb:.2f} GB",
                f"polars reads and writes it: {theirs.cpu:.1f} CPU s, {theirs.peak_gb:.2f} GB",
                f"{theirs.cpu / used.cpu:.2f} of its speed",
            )
            path.unlink()
        for name, lines in (("large.csv", LARGE_CSV_LINES), ("large.ndjson", LARGE_JSON_LINES)):
            path = folder / name
            write_order_lines(path, lines)
            used = _load(command, path)
            yield (
                f"load {path.name}, {lines:,} records, {path.stat().st_size / 1e6:,.0f} MB",
                f"{used.cpu:.0f} CPU s, {used.peak_gb:.2f} GB",
                f"limit {LIMIT_GB:.0f} GB",
                f"{used.peak_gb / LIMIT_GB:.2f} of the limit",
            )
            path.unlink()


def _load(command: Callable[..., Any], path: Path) -> Any:
    """Load a file into a project of its own, and return what the command used."""
    project = path.parent / "project"
    for inner in ("notebooks", "reports/studies"):
        (project / inner).mkdir(parents=True)
    command([sys.executable, "-m", "workbench", "init", "--project", str(project)])
    words = [sys.executable, "-m", "workbench", "load", str(path), "--dataset", "bench"]
    is_log = path.suffix == ".log"
    words += [*_LOG_OPTIONS, *_LOG_BASIS] if is_log else ["--mapping", str(MAPPING)]
    used = command([*words, "--project", str(project)])
    shutil.rmtree(project)
    return used


def _files(folder: Path) -> Iterator[tuple[Path, int]]:
    """Make the files one by one, each with its number of records."""
    path = folder / "order_lines.csv"
    write_order_lines(path, CSV_LINES)
    yield path, CSV_LINES
    path = folder / "order_lines.ndjson"
    write_order_lines(path, JSON_LINES)
    yield path, JSON_LINES
    path = folder / "access.log"
    path.write_text("\n".join(_requests(REQUESTS)) + "\n")
    yield path, REQUESTS
    path = folder / "order_lines.xlsx"
    _write_workbook(path, order_lines(0, SHEET_ROWS))
    yield path, SHEET_ROWS


def _write_workbook(path: Path, rows: pl.DataFrame) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("lines")
    sheet.append(rows.columns)
    for row in rows.iter_rows():
        sheet.append(row)
    book.save(path)


def _requests(count: int) -> pl.Series:
    """Return made-up lines of an access log in the combined form."""
    number = pl.int_range(0, count, eager=True)
    visitor = number * 7_919 % 50_000
    moment = pl.datetime(2024, 1, 1) + pl.duration(seconds=pl.col("number") // 10)
    agent = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/120.0.0.0 Safari/537.36"
    )
    line = pl.format(
        '192.0.2.{} - - [{}] "GET /article/{} HTTP/1.1" 200 {} "https://shop.example/" "{}" '
        '"_ga=GA1.2.{}.1700000000"',
        pl.col("visitor") % 250,
        moment.dt.to_string("%d/%b/%Y:%H:%M:%S +0000"),
        pl.col("number") % 5_000,
        pl.col("number") % 90_000 + 500,
        pl.lit(agent),
        pl.col("visitor") + 100_000_000,
    )
    return pl.DataFrame({"number": number, "visitor": visitor}).select(line).to_series()


if __name__ == "__main__":
    write_order_lines(Path(sys.argv[1]), int(sys.argv[2]))
