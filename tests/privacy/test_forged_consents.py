"""Consents and identities that were emptied let nobody into a view and no leak past the search."""

import shutil
from pathlib import Path

import polars as pl
import pytest

from workbench.foundation.errors import IntegrityError
from workbench.intake import load
from workbench.privacy import open_view
from workbench.privacy.leaks import known_identifiers
from workbench.schema import TABLES
from workbench.sources import SourceMapping
from workbench.vault import Dataset, Vault
from workbench.vault.parquet import translate_read_errors

from .conftest import at, study

EMPTIED = ("consents", "identities")

#: Small exports that have to do with neither consents nor orders; one states an identifier.
_NOTES = {
    "system": "notes",
    "zone": "UTC",
    "currency": "EUR",
    "data_until": "2026-01-01",
    "basis": "contract",
    "columns": {"number": "code", "note": "text"},
    "record": {"id": "number"},
    "attributes": {"profile": {"note": "note"}},
    "tables": {"customers": {"first_seen_at": "data_until_at"}},
}
MAPPINGS = [
    SourceMapping.of({**_NOTES, "identities": {"user_id": "number"}}, name="with_identities"),
    SourceMapping.of(_NOTES, name="without_identities"),
]


@pytest.fixture
def vault(world: Dataset, tmp_path: Path) -> Vault:
    """Return a vault of one's own with the synthetic shop of 1,500 customers."""
    shutil.copytree(world.folder.parents[1], tmp_path / "workspace")
    return Vault.open(tmp_path / "workspace")


def _empty(vault: Vault) -> int:
    """Put plain files without rows in the places of consents and identities."""
    dataset = vault.dataset("shop")
    forged = 0
    for entry in dataset.files:
        if entry.table in EMPTIED:
            path = dataset.folder / "files" / f"{entry.file}.parquet"
            schema = {name: TABLES[entry.table].schema[name] for name in entry.columns}
            pl.DataFrame(schema=schema).write_parquet(path)
            forged += 1
    return forged


def _objecting(vault: Vault) -> int:
    asked = study(basis="legitimate_interest", columns={"customers": ("country",)})
    view = open_view(asked, vault.dataset("shop"))
    return int(view.data["customers"].select(pl.len()).collect().item())


def test_people_who_refused_stay_out_of_the_view(vault: Vault) -> None:
    honest = _objecting(vault)
    forged = _empty(vault)
    try:
        let_in = _objecting(vault) - honest
    except IntegrityError:
        let_in = 0
    print(f"{let_in} people who refused were let in by {forged} emptied files")
    assert let_in == 0
    with pytest.raises(IntegrityError, match="table consents") as refusal:
        _objecting(vault)
    assert refusal.value.exit_code == 6
    assert str(refusal.value).count("\n") == forged  # all are named


@pytest.mark.parametrize("how", ["roots", "roots and head", "roots and lists"])
def test_deleted_versions_bring_nobody_back_who_withdrew(vault: Vault, how: str) -> None:
    honest = _objecting(vault)
    dataset = vault.dataset("shop")
    people = dataset.data()["customers"].collect()["customer_id"].sort()
    before = set(dataset.folder.rglob("*"))
    for number in range(5):  # five loads of ten objections each
        rows = pl.DataFrame(
            [
                {
                    "consent_id": f"w{customer}", "record_id": customer, "decision": "objected",
                    "purpose": "analytics", "basis": "legitimate_interest", "method": "form",
                    "decided_at": at("2025-01-01"), "source_id": "0" * 32, "source_row": 1,
                }
                for customer in people[10 * number : 10 * number + 10]
            ]
        )  # fmt: skip
        schema = TABLES["consents"].schema
        rows = rows.select(
            (pl.col(c) if c in rows.columns else pl.lit(None)).cast(kind).alias(c)
            for c, kind in schema.items()
        )
        with vault.open_writer("shop", buckets=8) as (writer, newest):
            files = writer.write("consents", rows)
            writer.commit(before=newest, files=files, sources=())
    objected = honest - _objecting(vault)
    assert objected > 0
    for path in set(dataset.folder.rglob("*")) - before:
        if path.parent.name == "versions" or "lists" in how:
            path.unlink()
    if "head" in how:
        (vault.workspace / "heads" / "shop.sealed").unlink()
    with pytest.raises(IntegrityError) as refusal:
        _objecting(vault)
    assert refusal.value.exit_code == 6
    print(f"none of {objected} people who objected was brought back by deleting {how}")


def test_the_search_for_persons_cannot_be_switched_off(vault: Vault) -> None:
    known = known_identifiers(vault.dataset("shop").data()["identities"])
    honest = sum(keys.keys.size for keys in known.alone.values())
    _empty(vault)
    with (
        pytest.raises(IntegrityError, match="table identities"),
        translate_read_errors("dataset shop"),
    ):
        known_identifiers(vault.dataset("shop").data()["identities"])
    print(f"{honest} identifiers are searched for, or nothing is published")
    assert honest > 1_000


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda mapping: mapping.name)
def test_the_next_load_neither_builds_on_the_forgery_nor_encrypts_it(
    vault: Vault, tmp_path: Path, mapping: SourceMapping
) -> None:
    _empty(vault)
    files = vault.dataset("shop").folder / "files"
    before = {path.name: path.read_bytes() for path in files.iterdir()}
    path = tmp_path / "notes.csv"
    path.write_text("number,note\n1,a\n2,b\n")
    with pytest.raises(
        IntegrityError, match="stored files are not the files that were written"
    ) as refusal:
        load([path], vault=vault, dataset="shop", mapping=mapping, settings={})
    assert refusal.value.exit_code == 6
    assert vault.dataset("shop").version == 1
    assert {path.name: path.read_bytes() for path in files.iterdir()} == before
    assert len(vault.dataset("shop").damaged_files()) == sum(
        entry.table in EMPTIED for entry in vault.dataset("shop").files
    )
