"""What records apart from customers cost: links applied at opening beside ids on the rows.

One world is loaded and linked so that every three records are one customer, as in three systems.
Beside it the same customers are stored with their ids on the rows, one row in the customer table
for each. A view of both is opened and sealed in turn.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from unittest import mock

import polars as pl

from workbench.intake import load
from workbench.privacy import open_view
from workbench.schema.customer_ranges import equal_ranges
from workbench.schema.links import LINKS
from workbench.studies import read_study
from workbench.synthetic import generate
from workbench.vault import Dataset, Vault

PROJECT = Path(__file__).parents[2]
PAIRS = 3
#: Rows that are in memory while they are written with ids: 4 GB of events.
_ROWS_A_PIECE = 20_000_000


def linking(customers: int) -> list[tuple[str, str, str, str]]:
    """Return the row: CPU seconds with links, without, and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = generate(
            PROJECT / "synthetic" / "retail.toml", out=folder / "world", customers=customers
        )
        vault = Vault.init(folder / "workspace")
        load([made.out], vault=vault, dataset="demo", settings={})
        dataset = vault.dataset("demo")
        links = three_in_one(dataset)
        stored = _with_ids_on_rows(vault, dataset, links)
        with_links, without = [], []
        for _ in range(PAIRS):
            without.append(_opened_and_sealed(stored, stored.links(), folder))
            with_links.append(_opened_and_sealed(dataset, links, folder))
    linked, plain = median(with_links), median(without)
    return [
        (
            f"view of {customers:,} records opened and sealed, three records a customer",
            f"{linked:.1f} CPU s",
            f"ids on the rows: {plain:.1f} CPU s",
            f"{linked / plain:.2f} (at most 1.15)",
        )
    ]


def _with_ids_on_rows(vault: Vault, dataset: Dataset, links: pl.DataFrame) -> Dataset:
    with vault.open_writer("stored", buckets=dataset.buckets) as (writer, before):
        files = []
        for name, frame in dataset.data(links=links, with_guests=False).tables.items():
            for rows in _pieces(frame):
                files += writer.write(name, rows)
        return writer.commit(before=before, files=files, sources=dataset.sources)


def _pieces(frame: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """Yield the rows of one range of customers after the other, with ids in place of records."""
    if "customer_id" not in frame.collect_schema():
        yield frame.collect()
        return
    owned = frame.with_columns(record_id="customer_id")
    height = int(owned.select(pl.len()).collect(engine="streaming").item())
    for place, customers in enumerate(equal_ranges(max(1, -(-height // _ROWS_A_PIECE)))):
        inside = customers.contains.fill_null(place == 0)
        yield owned.filter(inside).collect(engine="streaming")


def three_in_one(dataset: Dataset) -> pl.DataFrame:
    """Return links that give the records of every three, in the order of their ids, to one."""
    records = (
        dataset.stored_rows("customers").select("record_id").unique().collect().to_series().sort()
    )
    rows = pl.DataFrame({"record_id": records}).with_row_index("_place")
    owners = rows.select(_group=pl.col("_place") // 3, customer_id="record_id").unique(
        "_group", keep="first", maintain_order=True
    )
    return (
        rows.with_columns(_group=pl.col("_place") // 3)
        .join(owners, on="_group")
        .filter(pl.col("record_id") != pl.col("customer_id"))
        .select(
            "record_id",
            "customer_id",
            rule=pl.lit("same e-mail address"),
            weight=pl.lit(None, dtype=pl.Float64),
            since_version=pl.lit(1, dtype=pl.Int64),
            decided_by=pl.lit("rule"),
        )
        .cast(LINKS)
    )


def _opened_and_sealed(dataset: Dataset, links: pl.DataFrame, folder: Path) -> float:
    study = read_study(
        PROJECT / "reports" / "studies" / "demo.toml", notebooks=PROJECT / "notebooks"
    )
    begun = time.process_time()
    with mock.patch.object(Dataset, "links", return_value=links):
        view = open_view(study, dataset)
        view.seal(folder / "view")
    spent = time.process_time() - begun
    shutil.rmtree(folder / "view")
    return spent
