"""Versions of a dataset, and what was done to its files."""

import os
import pickle
import shutil
from pathlib import Path

import polars as pl
import pytest

from workbench.foundation.errors import AccessError, InputError, IntegrityError, ParameterError
from workbench.foundation.files import canonical_json
from workbench.schema import TABLES
from workbench.vault import Dataset, Key, Vault, seal
from workbench.vault.keys import read_key, write_key
from workbench.vault.workspace_vault import key_path

_IDS = {"record_id": pl.UInt64, "customer_id": pl.UInt64}


def _files(dataset: Dataset) -> list[Path]:
    return [dataset.folder / "files" / f"{entry.file}.parquet" for entry in dataset.files]


def test_a_version_is_read_again_as_it_was_written(vault: Vault, dataset: Dataset, customers):
    again = Vault.open(vault.workspace).dataset("shop")
    assert (again.version, again.buckets, again.is_synthetic) == (1, 2, False)
    assert again.fingerprint == dataset.fingerprint
    assert again.data()["customers"].collect().sort("customer_id").equals(customers(*range(1, 41)))
    assert again.data()["orders"].collect().is_empty()
    assert again.quarantine().collect().is_empty()
    assert again.damaged_files() == []


def test_the_next_version_keeps_what_is_not_dropped_and_the_old_one_stays(
    vault: Vault, dataset: Dataset, customers, source
):
    first = dataset.files[0].file
    with vault.open_writer("shop", buckets=64) as (writer, before):
        assert writer.buckets == 2
        files = writer.write("customers", customers(99))
        made = writer.commit(before=before, files=files, sources=[source("1")], dropped={first})
    assert made.version == 2
    assert [entry.file for entry in made.files] == [
        *(entry.file for entry in dataset.files[1:]),
        *(entry.file for entry in files),
    ]
    assert made.fingerprint != dataset.fingerprint
    assert vault.dataset("shop", 1).files == dataset.files
    with pytest.raises(ParameterError, match=r"dataset shop has no version 3\. Known: 1, 2"):
        vault.dataset("shop", 3)


def test_rows_of_guests_are_left_out_except_where_their_parts_may_be_a_customers(
    vault: Vault, dataset: Dataset, source
):
    rows = {
        name: pl.DataFrame(
            [{"record_id": record, key: id_} for record, id_ in zip((1, None), ids, strict=True)],
            schema=TABLES[name].stored,
        )
        for name, key, ids in (("events", "event_id", (7, 8)), ("orders", "order_id", ("a", "b")))
    }
    with vault.open_writer("shop", buckets=2) as (writer, before):
        files = [file for name, each in rows.items() for file in writer.write(name, each)]
        made = writer.commit(before=before, files=files, sources=[source("1")])
    everybody, known = made.data(), made.data(with_guests=False)
    for name, count in (("events", 1), ("orders", 2)):
        assert everybody[name].select(pl.len()).collect().item() == 2
        assert known[name].select(pl.len()).collect().item() == count
    assert known["events"].collect()["customer_id"].to_list() == [1]


def test_swapped_files_are_named_both_with_their_buckets(vault: Vault, dataset: Dataset):
    one, two = _files(dataset)
    held = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(held)
    with pytest.raises(
        IntegrityError, match="stored files are not the files that were written"
    ) as refusal:
        vault.dataset("shop").data()["customers"]
    told = str(refusal.value).splitlines()[1:]
    place = "dataset shop, table customers, bucket {bucket:02d}, file {file}"
    names = [place.format(bucket=entry.bucket, file=entry.file) for entry in dataset.files]
    assert told == [
        f"  {names[0]}: swapped with {names[1]}",
        f"  {names[1]}: swapped with {names[0]}",
    ]
    assert refusal.value.exit_code == 6


def test_an_older_file_put_back_is_found(vault: Vault, dataset: Dataset, customers, source):
    old = {entry.bucket: path for entry, path in zip(dataset.files, _files(dataset), strict=True)}
    with vault.open_writer("shop", buckets=2) as (writer, before):
        files = writer.write("customers", customers(*range(1, 42)))
        dropped = {entry.file for entry in before.files}
        made = writer.commit(before=before, files=files, sources=[source("1")], dropped=dropped)
    for entry, path in zip(made.files, _files(made), strict=True):
        shutil.copy(old[entry.bucket], path)
    with pytest.raises(
        IntegrityError, match="stored files are not the files that were written"
    ) as refusal:
        made.data()["customers"]
    assert str(refusal.value).count(": changed, damaged or older") == 2
    assert "bucket 00" in str(refusal.value)
    assert "bucket 01" in str(refusal.value)


def test_a_missing_and_a_truncated_file_are_told_together(dataset: Dataset):
    one, two = _files(dataset)
    one.unlink()
    two.write_bytes(two.read_bytes()[:-1])
    with pytest.raises(
        IntegrityError, match="stored files are not the files that were written"
    ) as refusal:
        dataset.data()["customers"]
    assert ": missing\n" in str(refusal.value)
    assert ": not encrypted, or cut off" in str(refusal.value)


def test_another_key_is_refused_with_both_ids(vault: Vault, dataset: Dataset, tmp_path: Path):
    other = write_key(tmp_path / "other.key")
    opened = Vault.open(vault.workspace, key_file=tmp_path / "other.key")
    with pytest.raises(AccessError) as refusal:
        opened.dataset("shop")
    assert f"sealed with key {vault.key_id}" in str(refusal.value)
    assert f"the key at hand is {other.id}" in str(refusal.value)
    with pytest.raises(AccessError, match="sealed with key"), opened.open_writer("shop", buckets=2):
        pass


def test_a_manifest_under_another_name_or_number_is_found(vault: Vault, dataset: Dataset):
    manifest = dataset.folder / "versions" / "00000001"
    shutil.copy(manifest, manifest.with_name("00000002"))
    with pytest.raises(IntegrityError, match="dataset shop, version 2 was swapped"):
        vault.dataset("shop")
    other = vault.workspace / "datasets" / "other" / "versions"
    other.mkdir(parents=True)
    shutil.copy(manifest, other / "00000001")
    with pytest.raises(IntegrityError, match="dataset other, version 1 was swapped"):
        vault.dataset("other")


def test_a_newer_format_is_refused_by_its_number(vault: Vault, dataset: Dataset):
    content = seal(
        canonical_json({"format": 99}),
        key=dataset.keys.manifests,
        context="dataset shop, version 2",
    )
    (dataset.folder / "versions" / "00000002").write_bytes(content)
    with pytest.raises(ParameterError, match="has format 99, this workbench reads format 2"):
        vault.dataset("shop")


def test_a_dataset_of_format_1_is_refused_by_its_number(vault: Vault, dataset: Dataset):
    key, place = read_key(key_path(vault.workspace)), "dataset shop, version 1"
    content = seal(canonical_json({"format": 1}), key=key, context=place)
    (dataset.folder / "versions" / "00000001").write_bytes(content)
    with pytest.raises(
        ParameterError, match=r"dataset shop, version 1 has format 1, .* load the exports again"
    ) as refusal:
        vault.dataset("shop")
    assert refusal.value.exit_code == 2
    with pytest.raises(ParameterError, match="format 1"), vault.open_writer("shop", buckets=2):
        pass


def test_keys_show_in_no_text_of_what_holds_them(vault: Vault, dataset: Dataset):
    with vault.open_writer("shop", buckets=2) as (writer, before):
        held = [vault, dataset, dataset.keys, writer, before, *dataset.files, writer.heads]
    keys = [read_key(key_path(vault.workspace)), vault.key_for("shop"), dataset.keys.manifests]
    secrets = [*(key.text for key in (*keys, *dataset.keys.groups.values()))]
    secrets += [e.footer for e in dataset.files]
    wrapped = [text for e in dataset.files for text in e.keys.values()]
    secrets += [*wrapped, *(repr(Key.of_text(secret).secret) for secret in secrets)]
    for thing in held:
        for text in (repr(thing), str(thing), f"{thing}", f"{(thing,)}"):
            assert not any(secret in text for secret in secrets), type(thing)


def test_a_writer_can_be_handed_to_another_process(vault: Vault, customers):
    with vault.open_writer("shop", buckets=2) as (writer, _):
        copy = pickle.loads(pickle.dumps(writer))  # our own bytes
        entries = copy.write("customers", customers(1))
    assert [entry.rows for entry in entries] == [1]


def test_a_fault_while_writing_leaves_no_file_behind(vault: Vault, dataset: Dataset, customers):
    def fail() -> None:
        with vault.open_writer("shop", buckets=2) as (writer, _):
            writer.write("customers", customers(*range(100, 120)))
            raise InputError("the second file is damaged")

    with pytest.raises(InputError, match="the second file is damaged"):
        fail()
    assert sorted((dataset.folder / "files").iterdir()) == sorted(_files(dataset))
    assert vault.dataset("shop").version == 1


def test_a_full_disk_at_the_manifest_leaves_the_version_before(
    vault: Vault, dataset: Dataset, customers, source, monkeypatch
):
    def commit() -> None:
        with vault.open_writer("shop", buckets=2) as (writer, before):
            files = writer.write("customers", customers(99))
            monkeypatch.setattr("workbench.foundation.files.os.fsync", fail)
            writer.commit(before=before, files=files, sources=[source("1")])

    def fail(handle: int) -> None:
        raise OSError(28, os.strerror(28))

    with pytest.raises(InputError, match="No space left on device"):
        commit()
    monkeypatch.undo()
    assert vault.dataset("shop").data()["customers"].select(pl.len()).collect().item() == 40


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"record_id": ["1"], "customer_id": ["2"]}, "record_id of type String, customer_id of"),
        ({"record_id": [1], "customer_id": [2]}, "record_id of type Int64, customer_id of"),
        ({"record_id": pl.Series([1], dtype=pl.UInt64)}, "found: no customer_id"),
        (
            {
                "record_id": pl.Series([1, 2], dtype=pl.UInt64),
                "customer_id": pl.Series([None, 3], dtype=pl.UInt64),
            },
            "found: customer_id with 1 null",
        ),
        (
            {
                "record_id": pl.Series([None, None], dtype=pl.UInt64),
                "customer_id": pl.Series([4, 3], dtype=pl.UInt64),
            },
            "found: record_id with 2 nulls",
        ),
    ],
)
def test_links_of_other_types_or_with_nulls_are_refused_with_what_is_needed(
    dataset: Dataset, columns: dict[str, list[object]], found: str
):
    with pytest.raises(ParameterError) as refusal:
        dataset.data(links=pl.DataFrame(columns))
    assert "links need the columns record_id and customer_id of type UInt64" in str(refusal.value)
    assert found in str(refusal.value)


def test_links_of_the_needed_types_decide_whose_rows_they_are(dataset: Dataset):
    links = pl.DataFrame({"record_id": [2], "customer_id": [1]}, schema_overrides=_IDS)
    customers = dataset.data(links=links)["customers"].collect()
    assert customers["customer_id"].sort().to_list() == [1, *range(3, 41)]
