"""Whatever is read is encrypted and is the file that its manifest names.

Every attack counts its attempts and prints how many were refused: ``pytest -s`` shows the counts.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import polars as pl
import pytest

from workbench.foundation.errors import IntegrityError, WorkbenchError
from workbench.schema import TABLES
from workbench.vault import Dataset, Key, UnorderedTables, Vault, open_sealed_view, seal_view
from workbench.vault.entries import QUARANTINE_SCHEMA
from workbench.vault.parquet import FileKeys, Place, translate_read_errors, write_encrypted

from .conftest import SEEN

Read = Callable[[], pl.DataFrame]
_STEP = 41  # bytes between two attempts on one file


@pytest.fixture
def dataset(vault: Vault, customers, source) -> Dataset:
    """Three tables and a quarantine, in two buckets where rows have a customer."""
    people = range(1, 41)
    consents = [
        {"consent_id": f"c{n}", "record_id": n, "decision": "refused", "decided_at": SEEN}
        for n in people
    ]
    identities = [
        {"record_id": n, "kind": "email", "identifier": f"p{n}@mail.example"} for n in people
    ]
    fault = {"fault": 0, "rule": "missing", "parameters": "{}", "raw": "{}"}
    refused = pl.DataFrame([{"source_id": "s", "source_row": 1, **fault}], schema=QUARANTINE_SCHEMA)
    with vault.open_writer("shop", buckets=2) as (writer, before):
        files = [
            *writer.write("customers", customers(*people)),
            *writer.write("consents", _rows("consents", consents)),
            *writer.write("identities", _rows("identities", identities)),
            *writer.write("quarantine", refused),
        ]
        return writer.commit(before=before, files=files, sources=[source()])


def _rows(table: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    schema = TABLES[table].schema
    return pl.DataFrame([{c: row.get(c) for c in schema} for row in rows], schema=schema)


def _table(vault: Vault, name: str) -> pl.DataFrame:
    """Read one table of the newest version as a view or a load does."""
    held = vault.dataset("shop")
    with translate_read_errors(held.label):
        frame = held.quarantine() if name == "quarantine" else held.data()[name]
        return frame.collect()


def _files(dataset: Dataset) -> Iterator[tuple[str, Path, Read]]:
    """Return the table, the path and the honest rows of every file of a dataset."""
    for entry in dataset.files:
        path = dataset.folder / "files" / f"{entry.file}.parquet"
        yield entry.table, path, dataset.rows_of(entry).collect


def _is_refused(read: Read) -> bool:
    try:
        read()
    except IntegrityError:  # exit code 6
        return True
    return False


def _count(what: str, outcomes: list[bool]) -> tuple[int, int]:
    print(f"{what}: {sum(outcomes)} of {len(outcomes)} refused")
    return sum(outcomes), len(outcomes)


def test_a_plain_file_in_the_place_of_any_file_is_refused(vault: Vault, dataset: Dataset):
    outcomes = []
    for table, path, honest in _files(dataset):
        whole, rows = path.read_bytes(), honest()
        for forged in (rows, rows.clear(), rows.head(1)):
            forged.write_parquet(path)
            outcomes.append(_is_refused(lambda table=table: _table(vault, table)))
        path.write_bytes(whole)
        assert _table(vault, table).height > 0
    assert _count("plain files", outcomes) == (21, 21)


def test_a_file_encrypted_by_somebody_with_the_keys_is_refused(vault: Vault, dataset: Dataset):
    outcomes = []
    for entry in dataset.files:
        path = dataset.folder / "files" / f"{entry.file}.parquet"
        whole, rows = path.read_bytes(), dataset.rows_of(entry).collect()
        for forged in (rows, rows.clear()):
            path.unlink()
            place = Place(
                holding="dataset shop", table=entry.table, bucket=entry.bucket, file=entry.file
            )
            write_encrypted(forged, path, keys=dataset.keys.keys_of(entry, place), place=place)
            outcomes.append(_is_refused(lambda table=entry.table: _table(vault, table)))
        path.write_bytes(whole)
    assert _count("files under the right keys", outcomes) == (14, 14)


def test_a_file_of_another_place_is_refused(vault: Vault, dataset: Dataset):
    outcomes = []
    held = list(_files(dataset))
    for table, path, _ in held:
        whole = path.read_bytes()
        for _, other, _ in held:
            if other != path:
                shutil.copy(other, path)
                outcomes.append(_is_refused(lambda table=table: _table(vault, table)))
                path.write_bytes(whole)
    assert _count("files of another place", outcomes) == (42, 42)


def test_a_changed_byte_anywhere_is_refused(vault: Vault, dataset: Dataset):
    outcomes = []
    for table, path, _ in _files(dataset):
        whole = path.read_bytes()
        for position in range(0, len(whole), _STEP):
            changed = bytearray(whole)
            changed[position] ^= 1 << position % 8
            path.write_bytes(changed)
            outcomes.append(_is_refused(lambda table=table: _table(vault, table)))
        path.write_bytes(whole)
    refused, all_of_them = _count("changed bytes", outcomes)
    assert refused == all_of_them > 300


def test_a_file_cut_off_anywhere_is_refused(vault: Vault, dataset: Dataset):
    outcomes = []
    for table, path, _ in _files(dataset):
        whole = path.read_bytes()
        for length in range(0, len(whole) - 4, _STEP):  # PARE after it never makes it whole
            path.write_bytes(whole[:length])
            outcomes.append(_is_refused(lambda table=table: _table(vault, table)))
            path.write_bytes(whole[:length] + b"PARE")
            outcomes.append(_is_refused(lambda table=table: _table(vault, table)))
        path.write_bytes(whole)
    refused, all_of_them = _count("cut off", outcomes)
    assert refused == all_of_them > 600


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_regular_file_is_refused(vault: Vault, dataset: Dataset, kind: str):
    for table, path, _ in _files(dataset):
        aside = path.with_suffix(".aside")
        path.rename(aside)
        if kind == "link":
            path.symlink_to(aside)
        elif kind == "pipe":
            os.mkfifo(path)
        else:
            path.mkdir()
        with pytest.raises(IntegrityError, match="cannot be read"):
            _table(vault, table)
        path.rmdir() if kind == "folder" else path.unlink()
        aside.rename(path)


def test_a_file_swapped_between_check_and_scan_is_never_read(vault: Vault, dataset: Dataset):
    swapped = []
    for table, path, honest in _files(dataset):
        whole, rows = path.read_bytes(), honest()
        frame = vault.dataset("shop").data()[table] if table != "quarantine" else None
        frame = vault.dataset("shop").quarantine() if frame is None else frame
        before = frame.collect()
        forged = path.with_suffix(".forged")
        rows.clear().write_parquet(forged)
        forged.replace(path)
        swapped.append(frame.collect().equals(before))
        swapped.append(_is_refused(lambda table=table: _table(vault, table)))
        path.write_bytes(whole)
    assert _count("swapped while open, or after", swapped) == (14, 14)


def test_a_file_that_is_removed_while_it_is_open_is_read_to_its_end(vault: Vault, dataset: Dataset):
    frame = vault.dataset("shop").data()["customers"]
    for _, path, _ in _files(dataset):
        path.unlink()
    assert frame.select("customer_id").collect().height == 40
    with pytest.raises(IntegrityError, match=r"(?s)stored files are not .*: missing"):
        vault.dataset("shop").data()["customers"]


def test_a_file_cut_off_while_it_is_open_is_an_error_and_no_crash(vault: Vault, dataset: Dataset):
    frame = vault.dataset("shop").data()["customers"]
    for _, path, _ in _files(dataset):
        os.truncate(path, 300)
    with (
        pytest.raises(IntegrityError, match="changed or damaged since"),
        translate_read_errors("dataset shop"),
    ):
        frame.collect()


def test_descriptors_close_with_the_frames_that_use_them(vault: Vault, dataset: Dataset):
    def opened() -> int:
        return len(os.listdir("/proc/self/fd"))

    _table(vault, "customers")
    before = opened()
    for _ in range(50):
        _table(vault, "customers")
    assert opened() == before
    kept = vault.dataset("shop").data()["customers"].select("customer_id")
    assert opened() > before
    assert kept.collect().height == 40
    del kept
    assert opened() == before


def test_a_table_that_is_not_asked_for_is_not_read(vault: Vault, dataset: Dataset):
    for table, path, _ in _files(dataset):
        if table == "consents":
            path.write_bytes(b"")
    assert _table(vault, "customers").height == 40
    with pytest.raises(IntegrityError, match="table consents"):
        _table(vault, "consents")


def test_no_version_is_made_on_files_that_are_missing_or_plain(
    vault: Vault, dataset: Dataset, customers, source
):
    outcomes = []
    for _, path, honest in _files(dataset):
        whole, rows = path.read_bytes(), honest()
        for forge in (lambda path=path: path.unlink(), lambda p=path, r=rows: r.write_parquet(p)):
            forge()
            try:
                with vault.open_writer("shop", buckets=2) as (writer, before):
                    files = writer.write("customers", customers(99))
                    writer.commit(before=before, files=files, sources=[source("1")])
            except IntegrityError:
                outcomes.append(True)
            path.write_bytes(whole)
    assert _count("loads on such files", outcomes) == (14, 14)
    assert vault.dataset("shop").version == 1


def test_a_damaged_old_version_blocks_nothing_and_nothing_of_it_is_removed(
    vault: Vault, dataset: Dataset, customers, source
):
    with vault.open_writer("shop", buckets=2) as (writer, before):
        files = writer.write("customers", customers(99))
        dropped = {entry.file for entry in before.files if entry.table == "customers"}
        writer.commit(before=before, files=files, sources=[source("1")], dropped=dropped)
    root = dataset.folder / "versions" / "00000001"
    whole = root.read_bytes()
    root.write_bytes(whole[:-1])
    with vault.open_writer("shop", buckets=2) as (writer, before):
        files = writer.write("customers", customers(100))
        made = writer.commit(before=before, files=files, sources=[source("2")])
    assert (made.version, made.data()["customers"].collect().height) == (3, 2)
    root.write_bytes(whole)
    assert vault.dataset("shop", 1).data()["customers"].collect().height == 40


def test_a_sealed_view_is_refused_where_any_file_was_exchanged(tmp_path: Path, customers):
    folder = tmp_path / "view"
    orders = _rows("orders", [{"order_id": "s:1", "customer_id": 1, "kind": "sale"}])
    data = {"customers": customers(1, 2).lazy(), "orders": orders.lazy()}
    environ = seal_view(folder, UnorderedTables(data), describe=lambda _: {"study": "demo"})
    key = Key.of_text(environ["WORKBENCH_SEALED_VIEW_KEY"])
    files = sorted(folder.iterdir())
    assert len(files) == 3
    outcomes = []

    def attempt(path: Path, content: bytes) -> None:
        whole = path.read_bytes()
        path.write_bytes(content)
        try:
            outcomes.append(_is_refused(lambda: _opened(environ)))
        finally:
            path.write_bytes(whole)

    for path in files:
        whole = path.read_bytes()
        attempt(path, whole[:-1])
        attempt(path, whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
        attempt(path, b'{"tables": {}, "description": {}}')
        attempt(path, files[0 if path != files[0] else 1].read_bytes())
        table = path.name.partition("-")[0]
        if path.suffix == ".parquet":
            forged = tmp_path / "forged.parquet"
            data[table].collect().clear().write_parquet(forged)
            attempt(path, forged.read_bytes())
            forged.unlink()
            place = Place(holding="sealed view", table=table, bucket=0, file="view")
            rows = data[table].collect()
            write_encrypted(rows, forged, keys=FileKeys.derived(key, rows.columns), place=place)
            attempt(path, forged.read_bytes())
            forged.unlink()
    assert _count("exchanged parts of a sealed view", outcomes) == (16, 16)
    assert _opened(environ).height == 2


def _opened(environ: Mapping[str, str]) -> pl.DataFrame:
    with translate_read_errors("sealed view"):
        view = open_sealed_view(environ)
        assert view is not None
        return [view.data[name].collect() for name in ("orders", "customers")][1]


def test_nothing_plain_is_accepted_in_the_place_of_what_is_sealed(vault: Vault, dataset: Dataset):
    vault.keep("notebooks", "one", b'{"cells": []}')
    vault.keep("notebooks", "two", b'{"cells": [1]}')
    kept = vault.workspace / "notebooks" / "one.sealed"
    reads: list[tuple[Path, Callable[[], object]]] = [
        (kept, lambda: vault.open_kept("notebooks", "one")),
        (dataset.folder / "versions" / "00000001", lambda: vault.dataset("shop")),
        (vault.workspace / "heads" / "shop.sealed", lambda: vault.dataset("shop")),
        *((path, lambda: vault.dataset("shop")) for path in (dataset.folder / "lists").iterdir()),
    ]
    outcomes = []
    for path, read in reads:
        whole = path.read_bytes()
        other = (vault.workspace / "notebooks" / "two.sealed").read_bytes()
        cut = [whole[:length] for length in range(0, len(whole), _STEP)]
        for content in (b'{"cells": []}', b"PAR1", other, whole + b"\0", *cut):
            path.write_bytes(content)
            try:
                read()
            except WorkbenchError as error:
                outcomes.append(error.exit_code == 6)
            else:
                outcomes.append(False)
        path.write_bytes(whole)
        read()
    refused, all_of_them = _count("in the place of sealed things", outcomes)
    assert refused == all_of_them > 20
