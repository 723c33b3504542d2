"""A newer export of a system updates what it holds, and an older one never undoes it."""

from itertools import permutations
from pathlib import Path

import polars as pl
import pytest

from tests.intake.conftest import SETTINGS
from workbench.intake import LoadReport, load
from workbench.sources import SourceMapping
from workbench.vault import Vault

MAPPING = SourceMapping.of(
    {
        **SETTINGS,
        "columns": {
            "order": {"type": "code", "name": "number"},
            "line": "integer",
            "who": "code",
            "on": {"type": "date", "name": "day"},
            "code": {"type": "code", "name": "coupon"},
            "amount": "money",
        },
        "record": {"id": "who", "together": "number"},
        "identities": {"user_id": "who"},
        "tables": {
            "customers": {"first_seen_at": "MIN(day)"},
            "orders": {
                "per": ["number"], "order_id": "number", "kind": "'sale'", "ordered_at": "day",
                "campaign_id": "coupon", "total_minor": "SUM(amount)",
            },
            "order_items": {
                "order_id": "number", "line_number": "line", "quantity": "1",
                "amount_minor": "amount",
            },
        },
    },
    name="shop",
)  # fmt: skip
HEADER = "order,line,who,on,code,amount\n"
#: Exports of three months: the second changes the total and loses a line, the third adds a code.
JANUARY = ("2024-02-01", "7,1,c,2024-01-05,,10\n7,2,c,2024-01-05,,5\n8,1,c,2024-01-06,,3\n")
FEBRUARY = ("2024-03-01", "7,1,c,2024-01-05,,12\n")
MARCH = ("2024-04-01", "7,1,c,2024-01-05,MAY,12\n9,1,c,2024-03-02,,1\n")


def export(vault: Vault, folder: Path, months: tuple[str, str], **more: float) -> LoadReport:
    until, lines = months
    path = folder / f"{abs(hash(months))}.csv"
    path.write_text(HEADER + lines)
    settings = {"data_until": until}
    return load([path], vault=vault, dataset="shop", mapping=MAPPING, settings=settings, **more)


def orders(vault: Vault) -> list[tuple[str, int, str | None, int, int]]:
    data = vault.dataset("shop").data()
    lines = (
        data["order_items"]
        .group_by("order_id")
        .agg(lines=pl.len(), sum=pl.col("amount_minor").sum())
    )
    held = data["orders"].join(lines, on="order_id").sort("order_id")
    return list(
        held.select("order_id", "total_minor", "campaign_id", "lines", "sum").collect().iter_rows()
    )


CURRENT = [
    ("shop:7", 1200, "shop:MAY", 1, 1200),
    ("shop:8", 300, None, 1, 300),
    ("shop:9", 100, None, 1, 100),
]


@pytest.mark.parametrize("months", list(permutations([JANUARY, FEBRUARY, MARCH])))
def test_the_newest_export_counts_in_whatever_order_they_come(
    vault: Vault, tmp_path: Path, months: tuple[tuple[str, str], ...]
):
    for each in months:
        assert export(vault, tmp_path, each).refused == 0
    system = MAPPING.system
    assert orders(vault) == [
        (order.replace("shop:", f"{system}:"), total, code and code.replace("shop:", ""), n, of)
        for order, total, code, n, of in CURRENT
    ]


def test_the_same_file_twice_changes_nothing(vault: Vault, tmp_path: Path):
    export(vault, tmp_path, FEBRUARY)
    again = export(vault, tmp_path, FEBRUARY)
    assert (again.made_version, again.accepted, again.refused) == (False, 1, 0)
    held = orders(vault)
    older = export(vault, tmp_path, ("2024-02-01", "7,1,c,2024-01-05,,99\n"))
    assert (older.accepted, older.refused) == (1, 0)
    assert orders(vault) == held


def test_exports_of_the_same_time_that_differ_are_refused(vault: Vault, tmp_path: Path):
    export(vault, tmp_path, FEBRUARY)
    other = export(vault, tmp_path, ("2024-03-01", "7,1,c,2024-01-05,,11\n9,1,c,2024-02-02,,1\n"))
    assert (other.accepted, other.refused) == (1, 1)
    assert orders(vault)[0][1] == 1200


def test_another_system_never_updates(vault: Vault, tmp_path: Path):
    export(vault, tmp_path, FEBRUARY)
    path = tmp_path / "other.csv"
    path.write_text(HEADER + MARCH[1])
    settings = {"data_until": "2024-04-01", "system": "other"}
    load([path], vault=vault, dataset="shop", mapping=MAPPING, settings=settings)
    assert [(order, total) for order, total, *_ in orders(vault)] == [
        ("other:7", 1200), ("other:9", 100), (f"{MAPPING.system}:7", 1200),
    ]  # fmt: skip


def test_an_import_without_a_time_lowers_consent_and_never_raises_it(vault: Vault, tmp_path: Path):
    def state(until: str, decision: str, at: str = "") -> None:
        content = {
            **SETTINGS,
            "columns": {"who": "code", "decision": "category", "at": "date"},
            "record": {"id": "who"},
            "identities": {"user_id": "who"},
            "tables": {
                "customers": {"first_seen_at": "MIN(data_until_at)"},
                "consents": {
                    "purpose": "'analytics'", "decision": "decision", "basis": "'consent'",
                    "decided_at": '"at"',
                },
            },
        }  # fmt: skip
        path = tmp_path / f"{until}{decision}.csv"
        path.write_text(f"who,decision,at\nc,{decision},{at}\n")
        mapping = SourceMapping.of(content, name="consents")
        load([path], vault=vault, dataset="shop", mapping=mapping, settings={"data_until": until})

    def latest() -> str:
        held = vault.dataset("shop").data()["consents"].sort("decided_at").collect()
        return str(held["decision"][-1])

    state("2024-02-01", "given")
    assert latest() == "given"
    state("2024-03-01", "refused")
    assert latest() == "refused"
    state("2024-04-01", "given")  # says nothing of when, so it is no newer evidence
    assert latest() == "refused"
    state("2024-05-01", "given", "2024-04-20")
    assert latest() == "given"
    state("2024-06-01", "withdrawn")
    assert latest() == "withdrawn"
