"""Measure what the two hundredth small load of a dataset costs beside the first ones.

    python tests/bench/bench.py --only growth

Each load reads a file of 100 order lines of customers old and new, as a shop sends it every day.
CPU seconds are those of the load alone, without the start of Python. Hashes of files that were
read before are forgotten between two loads, as each load is a process of its own.
"""

import contextlib
import io
import random
import statistics
import tempfile
import time
from pathlib import Path

LOADS, ROWS = 200, 100
FIRST, LAST = slice(1, 21), slice(180, 200)  # loads 2 to 21, and 181 to 200
LIMIT = 1.5

_MAPPING = {
    "system": "shop",
    "zone": "UTC",
    "currency": "EUR",
    "data_until": "2024-12-31",
    "basis": "contract",
    "columns": {
        "order": {"type": "code", "name": "order_number", "required": True},
        "customer": "code",
        "email": "text",
        "at": {"type": "instant", "required": True},
        "article": "code",
        "amount": {"type": "money", "required": True},
    },
    "record": {"id": "customer", "observed_at": '"at"'},
    "identities": {"user_id": "customer", "email": "email"},
    "tables": {
        "customers": {"first_seen_at": 'MIN("at")'},
        "orders": {
            "order_id": "order_number",
            "kind": "'sale'",
            "ordered_at": '"at"',
            "total_minor": "amount",
        },
        "order_items": {
            "order_id": "order_number",
            "line_number": "1",
            "product_id": "article",
            "quantity": "1",
            "amount_minor": "amount",
        },
    },
}


def growth() -> list[tuple[str, str, str, str]]:
    """Return what was measured, our figure, what it is held against, and the ratio."""
    from workbench.intake import load
    from workbench.sources import SourceMapping
    from workbench.vault import Vault, parquet

    mapping = SourceMapping.of(_MAPPING, name="orders")
    draws = random.Random(1)  # noqa: S311 (no secret: which customer orders)
    spent, files = [], 0
    with tempfile.TemporaryDirectory() as folder:
        vault = Vault.init(Path(folder) / "workspace")
        for number in range(LOADS):
            path = Path(folder) / f"{number}.csv"
            path.write_text(_export(number, draws))
            parquet._hashed.clear()
            started = time.process_time()
            with contextlib.redirect_stderr(io.StringIO()):
                load([path], vault=vault, dataset="shop", mapping=mapping, settings={})
            spent.append(time.process_time() - started)
            files = max(files, len(vault.dataset("shop").files))
        stored = sum(1 for _ in (vault.workspace / "datasets" / "shop" / "files").iterdir())
    first, last = statistics.median(spent[FIRST]), statistics.median(spent[LAST])
    return [
        (
            f"load {ROWS} rows, median of loads {LAST.start + 1} to {LAST.stop} of one dataset",
            f"{last:.3f} CPU s, at most {files} files a version, {stored:,} stored",
            f"loads {FIRST.start + 1} to {FIRST.stop}: {first:.3f} CPU s",
            f"{last / first:.2f} (limit {LIMIT})",
        ),
        (
            f"the same, mean of loads {LAST.start + 1} to {LAST.stop}: merging counts",
            f"{statistics.mean(spent[LAST]):.3f} CPU s, most {max(spent[LAST]):.3f}",
            f"loads {FIRST.start + 1} to {FIRST.stop}: {statistics.mean(spent[FIRST]):.3f} CPU s",
            f"{statistics.mean(spent[LAST]) / statistics.mean(spent[FIRST]):.2f}",
        ),
    ]


def _export(number: int, draws: random.Random) -> str:
    lines = ["order,customer,email,at,article,amount"]
    for row in range(ROWS):
        order = number * ROWS + row
        customer = draws.randrange(200 + order // 2)
        lines.append(
            f"{order},C{customer},c{customer}@mail.example,2024-{1 + number % 12:02d}-"
            f"{1 + row % 28:02d} 10:00,A{order % 500},{5 + order % 90}.95"
        )
    return "\n".join(lines) + "\n"
