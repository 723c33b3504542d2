"""The folder of a dataset: what a writer without a version leaves, and how others wait for it."""

import threading
from pathlib import Path

import pytest

from workbench.foundation.errors import InputError
from workbench.vault import Dataset, Vault


def _all_files(vault: Vault) -> set[Path]:
    return {path for path in vault.workspace.rglob("*") if path.is_file()}


def _write_nothing(vault: Vault, customers) -> None:
    with vault.open_writer("shop", buckets=2) as (writer, _):
        writer.write("customers", customers(1))


def test_a_writer_without_a_version_leaves_nothing_of_a_new_dataset(
    vault: Vault, customers, tmp_path: Path
):
    (tmp_path / "disk").mkdir()
    before = _all_files(vault)
    kept = Vault.open(vault.workspace, head=tmp_path / "disk")
    _write_nothing(kept, customers)
    assert _all_files(vault) == before
    assert not (vault.workspace / "datasets" / "shop").exists()
    assert list((tmp_path / "disk").iterdir()) == []
    assert vault.datasets() == []


def test_a_refused_first_load_leaves_nothing(vault: Vault, customers):
    def refuse() -> None:
        with vault.open_writer("shop", buckets=2) as (writer, _):
            writer.write("customers", customers(1))
            raise InputError("the file has no record")

    before = _all_files(vault)
    with pytest.raises(InputError, match="the file has no record"):
        refuse()
    assert _all_files(vault) == before


def test_a_writer_without_a_version_leaves_a_dataset_as_it_was(
    vault: Vault, dataset: Dataset, customers
):
    before = {path: path.read_bytes() for path in _all_files(vault)}
    _write_nothing(vault, customers)
    assert {path: path.read_bytes() for path in _all_files(vault)} == before


def test_what_somebody_else_put_in_the_folder_is_kept(vault: Vault, customers):
    folder = vault.workspace / "datasets" / "shop"
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "notes.txt").write_text("mine")
    _write_nothing(vault, customers)
    assert (folder / "files" / "notes.txt").read_text() == "mine"
    assert vault.datasets() == []


def test_a_writer_that_waited_for_a_folder_that_is_removed_makes_it_again(
    vault: Vault, customers, source
):
    """Three writers wait while the first one leaves nothing; each makes a version of its own."""
    done: list[int] = []

    def add(number: int) -> None:
        with vault.open_writer("shop", buckets=2) as (writer, before):
            files = writer.write("customers", customers(number))
            made = writer.commit(before=before, files=files, sources=[source(str(number))])
            done.append(made.version)

    waiting = [threading.Thread(target=add, args=(number,)) for number in (1, 2, 3)]
    with vault.open_writer("shop", buckets=2):
        for thread in waiting:
            thread.start()
        for thread in waiting:
            thread.join(timeout=0.3)
        assert done == []
    for thread in waiting:
        thread.join(timeout=60)
    assert sorted(done) == [1, 2, 3]
    newest = vault.dataset("shop")
    assert newest.data()["customers"].collect()["customer_id"].sort().to_list() == [1, 2, 3]
    assert (newest.folder.stat().st_mode & 0o777) == 0o700


def test_partial_files_of_killed_writers_are_removed_by_the_next_writer(
    vault: Vault, dataset: Dataset, customers, tmp_path: Path
):
    """Those of another dataset, and those of copies of heads, may belong to a living writer."""
    (tmp_path / "disk").mkdir()
    kept = Vault.open(vault.workspace, head=tmp_path / "disk")
    kept.accept_restore("shop")
    heads = vault.workspace / "heads"
    left = [
        dataset.folder / ".journal.sealed.0123abcd.partial",
        dataset.folder / "versions" / ".00000002.0123abcd.partial",
        dataset.folder / "lists" / ".0011223344556677.sealed.0123abcd.partial",
        heads / ".shop.sealed.0123abcd.partial",
    ]
    others = [
        heads / ".shop-2.sealed.0123abcd.partial",
        heads / ".workshop.sealed.0123abcd.partial",
        tmp_path / "disk" / ".shop.sealed.0123abcd.partial",
    ]
    for path in (*left, *others):
        path.write_bytes(b"cut off")
    (heads / ".shop.sealed.89abcdef.partial").mkdir()  # no writer makes a folder
    with kept.open_writer("shop", buckets=2):
        assert [path.exists() for path in left] == [False] * 4
    assert [path.exists() for path in others] == [True] * 3


def test_partial_files_of_a_first_load_that_was_killed_are_removed(vault: Vault, customers):
    for folder, name in (("heads", ".shop.sealed"), ("datasets/shop", ".journal.sealed")):
        (vault.workspace / folder).mkdir(parents=True)
        (vault.workspace / folder / f"{name}.0123abcd.partial").write_bytes(b"cut off")
    _write_nothing(vault, customers)
    assert not (vault.workspace / "datasets" / "shop").exists()
    assert list((vault.workspace / "heads").iterdir()) == []
