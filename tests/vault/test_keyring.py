"""Keys of one dataset: each for one purpose, data keys by sensitivity group."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest

from tests.conftest import PROJECT
from workbench.foundation.errors import AccessError
from workbench.schema import TABLES
from workbench.vault import Dataset, Key, Vault
from workbench.vault.keyring import Keyring, group_of
from workbench.vault.parquet import translate_read_errors

ADDRESS = "ann@mail.example"


@pytest.fixture
def identities(vault: Vault, source) -> Dataset:
    """One file with columns of the plain group, and one direct column."""
    row = {
        "customer_id": 1, "record_id": 1, "kind": "email", "identifier": ADDRESS,
        "last_seen_at": datetime(2024, 1, 1, tzinfo=UTC), "source_id": "0" * 32, "source_row": 1,
    }  # fmt: skip
    rows = pl.DataFrame([row], schema=TABLES["identities"].schema)
    with vault.open_writer("shop", buckets=1) as (writer, before):
        files = writer.write("identities", rows)
        return writer.commit(before=before, files=files, sources=[source()])


@pytest.mark.parametrize(
    ("table", "column", "group"),
    [
        ("identities", "identifier", "direct"),
        ("customers", "birth_year", "plain"),
        ("orders", "order_id", "plain"),
        ("orders", "source_row", "plain"),
        ("customers", "income_band", "sensitive"),
        ("interactions", "body", "sensitive"),
        ("quarantine", "reason", "plain"),
        ("quarantine", "raw", "direct"),
        ("links", "customer_id", "plain"),
        ("a table to come", "column", "direct"),
        ("a table to come", "source_id", "plain"),
    ],
)
def test_the_group_of_a_column_follows_its_sensitivity(table: str, column: str, group: str):
    assert group_of(table, column) == group


def test_the_plain_key_alone_reads_plain_columns_and_no_direct_one(identities: Dataset):
    (entry,) = identities.files
    place, path = identities.place_of(entry), identities.path_of(entry)
    plain = replace(identities.keys, groups={"plain": identities.keys.groups["plain"]})
    keys = plain.keys_of(entry, place)
    # polars itself, with everything that the holder of the plain key has
    frame = pl.scan_parquet(
        path,
        glob=False,
        decryption=pl.ParquetDecryptionProperties(
            footer_key=keys.footer.secret,
            column_keys={name: key.secret for name, key in keys.columns.items()},
            aad_prefix=place.prefix,
        ),
    )
    assert frame.select("kind", "source_row").collect().rows() == [("email", 1)]
    assert frame.filter(pl.col("kind") == "email").select(pl.len()).collect().item() == 1
    with pytest.raises(pl.exceptions.ComputeError, match="No column decryption key set"):
        frame.select("identifier").collect()
    for key in (*keys.columns.values(), keys.footer):  # nor does any other key that is at hand
        guess = {name: held.secret for name, held in keys.columns.items()}
        wrong = pl.ParquetDecryptionProperties(
            footer_key=keys.footer.secret,
            column_keys={**guess, "identifier": key.secret},
            aad_prefix=place.prefix,
        )
        with pytest.raises(pl.exceptions.ComputeError, match="Encryption error"):
            pl.scan_parquet(path, glob=False, decryption=wrong).select("identifier").collect()


def test_a_dataset_opened_without_a_group_says_whose_key_is_missing(identities: Dataset):
    plain = replace(identities.keys, groups={"plain": identities.keys.groups["plain"]})
    frame = replace(identities, keys=plain).data()["identities"]
    assert frame.select("kind").collect().item() == "email"
    with (
        pytest.raises(AccessError, match="does not open column identifier") as refusal,
        translate_read_errors("dataset shop"),
    ):
        frame.collect()
    assert refusal.value.exit_code == 5


def test_another_group_key_is_refused_before_anything_is_read(identities: Dataset):
    (entry,) = identities.files
    other = replace(identities.keys, groups={"plain": Key.new()})
    with pytest.raises(AccessError, match="the key of the plain columns is another one"):
        other.keys_of(entry, identities.place_of(entry))
    elsewhere = replace(identities.place_of(entry), file="elsewhere")
    with pytest.raises(AccessError, match="another one"):
        identities.keys.keys_of(entry, elsewhere)


def test_no_data_key_is_in_clear_in_what_the_manifest_key_opens(identities: Dataset):
    (entry,) = identities.files
    keys = identities.keys.keys_of(entry, identities.place_of(entry))
    assert set(entry.keys) == {"direct", "plain"}
    for key in keys.columns.values():
        assert key.text not in (entry.footer, *entry.keys.values())
    assert keys.columns["identifier"] != keys.columns["kind"]
    assert keys.columns["kind"] == keys.columns["source_row"]


def test_a_file_has_keys_of_its_own(vault: Vault, dataset: Dataset):
    one, two = (dataset.keys.keys_of(e, dataset.place_of(e)) for e in dataset.files)
    assert one.footer != two.footer
    assert not set(one.columns.values()) & set(two.columns.values())


def test_keys_are_derived_for_one_dataset_and_one_purpose():
    root = Key.new()
    one, two = Keyring.of(root, "a"), Keyring.of(root, "b")
    held = [
        key
        for ring in (one, two)
        for key in (ring.manifests, ring.ids, ring.pseudonyms, ring.figures, *ring.groups.values())
    ]
    assert len({root, *held}) == 15
    assert {key.origin for key in held} == {root.id}


def test_studies_get_keys_of_their_own(dataset: Dataset):
    keys = [dataset.pseudonym_key("a"), dataset.pseudonym_key("b"), dataset.figure_key("a")]
    assert len(set(keys)) == 3


def test_no_other_room_mentions_the_keys_of_a_vault_or_a_dataset():
    held = re.compile(r"\b(vault|dataset|writer|before)\.(_key|keys|key)\b(?!\()")
    rooms = (PROJECT / "workbench").rglob("*.py")
    found = [
        str(path.relative_to(PROJECT))
        for path in rooms
        if path.parent.name != "vault" and held.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []
