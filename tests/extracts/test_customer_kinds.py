"""Companies among persons: k persons of one kind share their characteristics."""

from pathlib import Path

import polars as pl

from tests.extracts.conftest import shop_policy
from tests.privacy.conftest import at, source, table
from workbench.extracts import anonymise_dataset
from workbench.vault import Vault


def test_the_only_company_is_not_told_by_its_kind(tmp_path: Path) -> None:
    customers = [
        {
            "customer_id": number,
            "kind": "company" if number == 1 else "person",
            "first_seen_at": at("2024-01-05"),
            "gender": "female" if number % 2 else "male",
        }
        for number in range(1, 61)
    ]
    with Vault.init(tmp_path / "workspace").open_writer("shop", buckets=2) as (writer, _):
        files = writer.write("customers", table("customers", customers))
        dataset = writer.commit(before=None, files=files, sources=[source("s", "2024-07-01")])
    policy = shop_policy(basis="contract", tables={"customers": ["gender"]})
    made = anonymise_dataset(dataset, policy)
    shown = made.tables["customers"]
    sizes = shown.group_by(pl.exclude("customer_id")).len()["len"].to_list()
    assert min(sizes) >= policy.k
    assert "company" not in shown["kind"].to_list()
    assert shown.height + made.suppressed == 60
