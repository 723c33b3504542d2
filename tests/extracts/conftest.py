"""A shop of the synthetic world, loaded once for all tests of this folder, and policies for it."""

from typing import Any

import pytest

from tests.worlds import Place
from workbench.studies import ExtractPolicy
from workbench.studies.extract_policy import extract_policy
from workbench.vault import Dataset, Vault

TABLES = {
    "customers": ["first_seen_at", "age_band", "gender", "country", "income_band"],
    "orders": ["order_id", "kind", "ordered_at", "channel", "currency", "total_minor"],
    "order_items": ["order_id", "product_id", "product_category", "quantity", "amount_minor"],
    "attributes": ["namespace", "attribute", "value", "observed_at"],
}


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A workspace in which the dataset ``shop`` is a synthetic world of 1,500 customers."""
    place = Place(tmp_path_factory.mktemp("extracts"))
    place.do("init")
    place.world("retail", "shop", customers=1500)
    return place


@pytest.fixture(scope="package")
def dataset(shop: Place) -> Dataset:
    return Vault.open(shop.workspace).dataset("shop")


def shop_policy(**changes: Any) -> ExtractPolicy:
    """Return a policy for the shop, changed as named."""
    content: dict[str, Any] = {
        "preset": "research",
        "purpose": "analytics",
        "basis": "consent",
        "recipient": "University",
        "owner": "Data steward",
        "contact": "steward@company.example",
        "tables": TABLES,
    }
    return extract_policy({**content, **changes}, name="university", source="policy")
