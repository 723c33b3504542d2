"""A vault, two mappings and a hand-made world of three parts."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from workbench.intake import LoadReport, load
from workbench.schema import TABLES
from workbench.sources import SourceMapping
from workbench.vault import Dataset, Vault

SETTINGS = {
    "system": "shop",
    "zone": "UTC",
    "currency": "EUR",
    "data_until": "2024-02-01",
    "basis": "contract",
}

#: One line is one customer.
CONTACTS = SourceMapping.of(
    {
        **SETTINGS,
        "columns": {
            "number": {"type": "code", "required": True},
            "email": "text",
            "name": "text",
            "country": "code",
            "born": "integer",
            "joined": {"type": "date", "required": True},
        },
        "refuse": {"the e-mail address has no @": "email NOT LIKE '%@%'"},
        "record": {"id": "number"},
        "identities": {"user_id": "number", "email": "email", "full_name": "name"},
        "tables": {
            "customers": {"first_seen_at": "joined", "country": "country", "birth_year": "born"}
        },
    },
    name="contacts",
)

#: One line is one line of an order.
ORDERS = SourceMapping.of(
    {
        **SETTINGS,
        "columns": {
            "order": {"type": "code", "name": "order_number", "required": True},
            "line": {"type": "integer", "required": True},
            "customer": "code",
            "at": {"type": "instant", "required": True},
            "article": "code",
            "amount": {"type": "money", "required": True},
            "country": "code",
        },
        "record": {"id": "customer", "observed_at": '"at"'},
        "identities": {"user_id": "customer"},
        "tables": {
            "customers": {"first_seen_at": 'MIN("at")', "country": "LAST(country)"},
            "orders": {
                "per": ["order_number"],
                "order_id": "FIRST(order_number)",
                "kind": "'sale'",
                "ordered_at": 'MIN("at")',
                "total_minor": "SUM(amount)",
            },
            "order_items": {
                "order_id": "order_number",
                "line_number": "line",
                "product_id": "article",
                "quantity": "1",
                "amount_minor": "amount",
            },
        },
    },
    name="orders",
)

Loading = Callable[..., LoadReport]


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.init(tmp_path / "workspace")


@pytest.fixture
def loading(vault: Vault, tmp_path: Path) -> Loading:
    """Write texts to files and load them into dataset ``shop``."""

    def read(*texts: str, mapping: SourceMapping, **settings: str) -> LoadReport:
        paths = []
        for text in texts:
            paths.append(tmp_path / f"export-{abs(hash(text))}.csv")
            paths[-1].write_text(text, encoding="utf-8")
        return load(paths, vault=vault, dataset="shop", mapping=mapping, settings=settings)

    return read


@pytest.fixture
def contacts() -> SourceMapping:
    return CONTACTS


@pytest.fixture
def load_contacts(loading: Loading) -> Loading:
    head = "number,email,name,country,born,joined\n"
    return lambda *texts, **more: loading(*(head + t for t in texts), mapping=CONTACTS, **more)


@pytest.fixture
def load_orders(loading: Loading) -> Loading:
    head = "order,line,customer,at,article,amount,country\n"
    return lambda *texts, **more: loading(*(head + t for t in texts), mapping=ORDERS, **more)


@pytest.fixture
def contents() -> Callable[[Dataset], dict[str, list[dict[str, Any]]]]:
    """All rows of a dataset by table, in an order that does not depend on how they lie."""

    def read(dataset: Dataset) -> dict[str, list[dict[str, Any]]]:
        tables = {}
        for name, frame in dataset.data().tables.items():
            rows = frame.collect()
            if rows.height:
                tables[name] = rows.sort(list(TABLES[name].primary_key)).to_dicts()
        return tables

    return read


START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def make_world(tmp_path: Path) -> Callable[..., Path]:
    """Write a world of a few customers a part, each with one event, one order and its line."""

    def make(
        name: str,
        *,
        parts: int = 3,
        a_part: int = 4,
        amount: int = 100,
        change: Mapping[str, Any] | None = None,
    ) -> Path:
        folder = tmp_path / name
        for part in range(parts):
            people = range(part * a_part, (part + 1) * a_part)
            for table, rows in _tables(people, amount).items():
                if change and table in change:
                    change[table](rows)
                path = folder / table / f"part-{part:04d}.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                schema = {"record_id": pl.UInt64(), **TABLES[table].schema}
                for absent in ("customer_id", "source_id", "source_row"):
                    schema.pop(absent, None)
                if table == "customers":
                    schema.pop("observed_at")
                if "record_id" not in TABLES[table] and table != "customers":
                    schema.pop("record_id")
                pl.DataFrame(rows, schema=schema).write_parquet(path)
        manifest = {
            "format_version": 1, "name": name, "system": "tiny", "zone": "UTC", "currency": "EUR",
            "lawful_basis": "consent", "data_until": "2024-07-01", "parts": parts, "tables": {},
        }  # fmt: skip
        (folder / "world.json").write_text(json.dumps(manifest))
        return folder

    return make


def _tables(people: range, amount: int) -> dict[str, list[dict[str, Any]]]:
    return {
        "customers": [
            {"record_id": n + 1, "kind": "person", "first_seen_at": START, "country": "NL"}
            for n in people
        ],
        "events": [
            {
                "event_id": 1_000 + n, "record_id": n + 1, "occurred_at": START + timedelta(days=n),
                "event_name": "search", "channel": "web",
            }
            for n in people
        ],
        "orders": [
            {
                "order_id": f"tiny:{n}", "record_id": n + 1, "kind": "sale", "currency": "EUR",
                "ordered_at": START + timedelta(days=n), "total_minor": amount,
            }
            for n in people
        ],
        "order_items": [
            {
                "order_id": f"tiny:{n}", "line_number": 1, "record_id": n + 1, "quantity": 1,
                "amount_minor": amount,
            }
            for n in people
        ],
    }  # fmt: skip
