"""Small datasets in a vault of their own, and one real synthetic world."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from workbench.intake import load
from workbench.schema import TABLES
from workbench.studies import Study
from workbench.synthetic import generate
from workbench.vault import Dataset, SourceEntry, Vault

PROJECT = Path(__file__).parent.parent.parent

Rows = Sequence[Mapping[str, Any]]
MakeDataset = Callable[..., Dataset]


def at(text: str) -> datetime:
    """Return an instant, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def table(name: str, rows: Rows) -> pl.DataFrame:
    """Return stored rows of a table; columns that are not named are null.

    A customer of these tests is one record, and is called by its number.
    """
    schema = TABLES[name].stored
    own = [{"record_id": row.get("customer_id"), "source_id": "s", **row} for row in rows]
    if name == "customers":
        own = [{"observed_at": row["first_seen_at"], **row} for row in own]
    return pl.DataFrame([{c: row.get(c) for c in schema} for row in own], schema=schema)


def opened(name: str, rows: Rows) -> pl.DataFrame:
    """Return rows of a table as an opened dataset has them: with whose they are."""
    return table(name, rows).with_columns(
        pl.Series("customer_id", [row["customer_id"] for row in rows], dtype=pl.UInt64)
    )


def study(**changes: Any) -> Study:
    """Return a study on basis consent, changed as named."""
    content: dict[str, Any] = {
        "name": "shop",
        "question": "Who stops buying?",
        "decision": "Whom to write to",
        "purpose": "analytics",
        "basis": "consent",
        "owner": "Analytics team",
        "contact": "analytics@company.example",
        "dataset": "shop",
        "currency": "EUR",
        "columns": {"customers": ("first_seen_at",)},
        "policy": {"k": 2},
        "min_group": 3,
        "notebooks": ({"name": "churn"},),
    }
    return Study.model_validate({**content, **changes}, strict=False)


def source(source_id: str, until: str, *, system: str = "shop", form: str = "csv") -> SourceEntry:
    """Return one load that is complete up to an instant."""
    return SourceEntry(
        source_id=source_id, system=system, format=form, currency="EUR", zone="UTC",
        basis="contract", data_until_at=at(until).isoformat(), is_synthetic=True, read=0, refused=0,
    )  # fmt: skip


@pytest.fixture
def dataset(tmp_path: Path) -> MakeDataset:
    """Return a function that writes a small dataset, in place of an earlier one."""
    vault = Vault.init(tmp_path / "workspace")

    def make(
        *,
        name: str = "shop",
        sources: Sequence[SourceEntry] = (source("s", "2024-07-01"),),
        **tables: Rows,
    ) -> Dataset:
        said = [
            {
                "source_id": s.source_id, "system": s.system, "format": s.format,
                "data_until_at": datetime.fromisoformat(s.data_until_at), "rows_read": 0,
                "rows_refused": 0, "lawful_basis": s.basis, "is_synthetic": True,
            }
            for s in sources
        ]  # fmt: skip
        with vault.open_writer(name, buckets=2) as (writer, _):
            files = []
            for each, rows in {**tables, "sources": said}.items():
                files += writer.write(each, table(each, rows))
            return writer.commit(before=None, files=files, sources=sources)

    return make


def customer(number: int, **changes: Any) -> dict[str, Any]:
    """Return one customer; all are alike unless changed."""
    return {
        "customer_id": number, "kind": "person", "first_seen_at": at("2024-01-05"), **changes,
    }  # fmt: skip


def consent(number: int, decision: str, when: str | None, **changes: Any) -> dict[str, Any]:
    """Return one decision on analytics for every channel."""
    return {
        "consent_id": f"{number}-{decision}-{when}-{changes.get('channel')}",
        "customer_id": number,
        "purpose": "analytics",
        "decision": decision,
        "basis": "consent",
        "method": "banner",
        "decided_at": None if when is None else at(when),
        "source_id": "s",
        **changes,
    }


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Return a synthetic shop of 1,500 customers, loaded."""
    folder = tmp_path_factory.mktemp("world")
    made = generate(
        PROJECT / "synthetic" / "retail.toml", out=folder / "world", customers=1500, months=12
    )
    vault = Vault.init(folder / "workspace")
    load([made.out], vault=vault, dataset="shop", settings={})
    return vault.dataset("shop")
