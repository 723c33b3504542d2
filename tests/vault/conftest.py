"""A vault and a small dataset."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from workbench.schema import TABLES
from workbench.vault import Dataset, SourceEntry, Vault

SEEN = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.init(tmp_path / "work [space]")


@pytest.fixture
def customers() -> Callable[..., pl.DataFrame]:
    def make(*ids: int) -> pl.DataFrame:
        rows = [
            {
                "customer_id": n, "record_id": n, "kind": "person", "first_seen_at": SEEN,
                "observed_at": SEEN, "source_id": "0" * 32, "source_row": n,
            }
            for n in ids
        ]  # fmt: skip
        return pl.DataFrame(rows, schema=TABLES["customers"].schema)

    return make


@pytest.fixture
def source() -> Callable[..., SourceEntry]:
    def make(digit: str = "0") -> SourceEntry:
        return SourceEntry(
            source_id=digit * 32, system="shop", format="shop_csv", currency="EUR", zone="UTC",
            basis="contract", data_until_at="2024-02-01T00:00:00+00:00", is_synthetic=False,
            read=2, refused=0, reasons={},
        )  # fmt: skip

    return make


@pytest.fixture
def dataset(vault: Vault, customers, source) -> Dataset:
    """Forty customers in two buckets, one version."""
    with vault.open_writer("shop", buckets=2) as (writer, before):
        files = writer.write("customers", customers(*range(1, 41)))
        return writer.commit(before=before, files=files, sources=[source()])
