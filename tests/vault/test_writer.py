"""Many versions: what they share, what a load costs, and what a crash leaves."""

import contextlib
import random
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from workbench.foundation.errors import InputError, IntegrityError
from workbench.foundation.files import write_whole
from workbench.vault import Dataset, Vault
from workbench.vault import datasets as reading_datasets
from workbench.vault.entries import FileEntry
from workbench.vault.merging import MOST_FILES, SMALL_ROWS, files_to_merge


@pytest.fixture
def add(vault: Vault, customers, source):
    """Make one more version, with one more row of a table."""

    def add(number: int, table: str = "customers") -> Dataset:
        rows = customers(number)
        if table == "sources":
            rows = pl.DataFrame({"source_id": [f"{number:032x}"]})
        with vault.open_writer("shop", buckets=2) as (writer, before):
            files = writer.write(table, rows)
            return writer.commit(before=before, files=files, sources=[source(f"{number % 10}")])

    return add


def _ids(dataset: Dataset) -> list[int]:
    return dataset.data()["customers"].collect()["customer_id"].sort().to_list()


def test_old_versions_stay_readable_and_share_the_lists_that_did_not_change(
    vault: Vault, dataset: Dataset, add
):
    two = add(41, "sources")
    three = add(42)
    assert two.lists["customers"] == dataset.lists["customers"]
    assert three.lists["sources"] == two.lists["sources"]
    assert three.lists["customers"] != two.lists["customers"]
    assert _ids(vault.dataset("shop", 1)) == list(range(1, 41))
    assert _ids(vault.dataset("shop")) == [*range(1, 41), 42]


def test_a_damaged_list_harms_the_versions_that_name_it_and_no_others(
    vault: Vault, dataset: Dataset, add
):
    add(41, "sources")
    three = add(42)
    listed = dataset.folder / "lists" / f"{dataset.lists['customers'].list}.sealed"
    whole = listed.read_bytes()
    other = listed.with_name(f"{three.lists['customers'].list}.sealed").read_bytes()
    for content in (whole[:-1], other, b"plain"):
        listed.write_bytes(content)
        for version in (1, 2):
            with pytest.raises(IntegrityError, match=f"version {version}.*list of customers"):
                vault.dataset("shop", version)
        assert len(_ids(vault.dataset("shop", 3))) == 41
        assert 50 in _ids(add(50))
    listed.unlink()
    with pytest.raises(IntegrityError, match="list of customers is missing"):
        vault.dataset("shop", 1)


def test_a_load_opens_the_newest_root_only(vault: Vault, dataset: Dataset, add, monkeypatch):
    for number in range(41, 49):
        add(number)
    opened: Counter[int] = Counter()
    read = reading_datasets.read_root

    def count(folder: Path, name: str, version: int, key):
        opened[version] += 1
        return read(folder, name, version, key)

    monkeypatch.setattr("workbench.vault.datasets.read_root", count)
    monkeypatch.setattr("workbench.vault.dataset_versions.read_root", count)
    made = add(49)
    assert set(opened) == {made.version - 1, made.version}


def test_a_root_stays_small(vault: Vault, dataset: Dataset, add):
    for number in range(100, 230):
        made = add(number, "sources")
    sizes = [len(path.read_bytes()) for path in sorted((dataset.folder / "versions").iterdir())]
    assert len(made.operations) == 131
    assert len(made.log) == 3
    assert sizes[-1] < sizes[0] + 3 * 200  # one more table, and two more lists of operations
    assert [each.version for each in made.operations] == list(range(1, 132))
    assert len(made.sources) == 131


def test_small_files_are_merged_where_there_are_many(
    vault: Vault, dataset: Dataset, add, monkeypatch
):
    monkeypatch.setattr(files_to_merge, "__kwdefaults__", {"most": 10})
    most = 0
    for number in range(41, 81):
        made = add(number)
        most = max(most, len(made.files))
    assert most <= 14
    assert _ids(made) == list(range(1, 81))
    assert made.damaged_files() == []
    for version in range(1, made.version, 7):
        assert _ids(vault.dataset("shop", version)) == list(range(1, 40 + version))
    assert len(list((dataset.folder / "files").iterdir())) > 40  # old versions keep theirs


@pytest.mark.parametrize("seed", range(5))
def test_files_stay_few_whatever_the_sizes_of_loads(dataset: Dataset, seed: int):
    """A load of one row in a bucket does not keep the later ones from being merged."""
    draws = random.Random(seed)  # noqa: S311 (no secret: how many rows a load has)
    (one, *_) = dataset.files
    files: list[FileEntry] = []
    rows = rewritten = 0
    for number in range(600):
        for bucket in range(8):
            size = 1 if number == 20 else max(1, round(draws.lognormvariate(2.5, 1)))
            files.append(replace(one, file=f"{number}-{bucket}", bucket=bucket, rows=size))
            rows += size
        for group in files_to_merge(files, most=60):
            merged = replace(group[0], rows=sum(entry.rows for entry in group))
            names = {entry.file for entry in group}
            files = [*(entry for entry in files if entry.file not in names), merged]
            rewritten += merged.rows
        assert len(files) <= 60 + 8
    assert sum(entry.rows for entry in files) == rows
    assert rewritten < 10 * rows


def test_large_files_and_other_buckets_are_not_merged(dataset: Dataset):
    one, two = dataset.files
    sizes = [12, SMALL_ROWS, 12, 12, 9_000, 12]
    files = [replace(one, file=f"a{n}", rows=rows) for n, rows in enumerate(sizes)]
    assert files_to_merge([*files, two], most=7) == []
    assert files_to_merge([*files, two], most=6) == [[files[0], files[2], files[3], files[5]]]
    assert files_to_merge([*files[:-1], two], most=3) == []  # three small ones are left alone
    assert files_to_merge([replace(one, file=f"{n}") for n in range(MOST_FILES)]) == []


def test_recovery_removes_what_the_journal_names_and_nothing_else(
    vault: Vault, dataset: Dataset, customers
):
    folder = dataset.folder
    held = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    stranger = folder / "files" / ("0" * 32 + ".parquet")
    stranger.write_bytes(b"named by no journal")
    with vault.open_writer("shop", buckets=2) as (writer, _):
        shutil.copy(folder / "journal.sealed", folder / "kept")
        writer.write("customers", customers(99))
        left = [p for p in (folder / "files").iterdir() if p not in held and p != stranger]
        copies = {path: path.read_bytes() for path in left}
    assert left
    assert not any(path.exists() for path in left)  # nothing was committed
    assert not (folder / "journal.sealed").exists()
    for path, content in copies.items():  # as a crash would leave them
        path.write_bytes(content)
    (folder / "kept").rename(folder / "journal.sealed")
    partials = [
        folder / "versions" / ".00000002.ab.partial",
        folder / "lists" / f".{writer.token}00.sealed.ab.partial",
    ]
    for partial in partials:
        partial.write_bytes(b"left by a crash")
    with vault.open_writer("shop", buckets=2):
        assert not any(path.exists() for path in (*left, *partials))
        assert stranger.exists()
    assert {path: path.read_bytes() for path in held} == held


def test_an_old_journal_that_is_put_back_removes_nothing(vault: Vault, dataset: Dataset, customers):
    journal = dataset.folder / "journal.sealed"
    with vault.open_writer("shop", buckets=2) as (writer, before):
        content = journal.read_bytes()
        files = writer.write("customers", customers(99))
        writer.commit(before=before, files=files, sources=[])
    journal.write_bytes(content)
    with vault.open_writer("shop", buckets=2):
        pass
    assert vault.dataset("shop").damaged_files() == []


def test_a_damaged_journal_is_said_and_removes_nothing(vault: Vault, dataset: Dataset, capsys):
    (dataset.folder / "journal.sealed").write_bytes(b"plain")
    with vault.open_writer("shop", buckets=2):
        pass
    assert "journal of dataset shop is damaged" in capsys.readouterr().err
    assert vault.dataset("shop").damaged_files() == []


def test_every_operation_changes_the_fingerprint_and_equal_ones_give_equal_ones(
    vault: Vault, dataset: Dataset, source, tmp_path: Path
):
    shutil.copytree(vault.workspace, tmp_path / "same")
    same = Vault.open(tmp_path / "same")

    def change(where: Vault, kind: str, details: dict[str, str]) -> str:
        with where.open_writer("shop", buckets=2) as (writer, before):
            made = writer.commit(before=before, files=(), sources=(), kind=kind, details=details)
        assert made.data()["customers"].collect().height == 40
        return made.fingerprint

    steps = [("links", {"hash": "1"}), ("links", {"hash": "2"}), ("erasure", {"hash": "2"})]
    found = [change(vault, *step) for step in steps]
    assert len({dataset.fingerprint, *found}) == 4
    assert [change(same, *step) for step in steps] == found
    shutil.copytree(tmp_path / "same", tmp_path / "other")
    assert change(Vault.open(tmp_path / "other"), "links", {}) != change(same, "erasure", {})


@pytest.mark.parametrize("is_killed", [True, False])
def test_a_fault_at_any_write_leaves_the_old_version_or_the_new_one(
    vault: Vault, dataset: Dataset, add, monkeypatch, is_killed: bool
):
    """Journal, lists, root and head are written whole or not at all; each is cut off once."""
    names = ["journal", "sealed_lists", "writer", "heads"]
    outcomes = []
    for nth in range(8):
        before = vault.dataset("shop").version
        calls = 0

        def write(path: Path, content: bytes, *, mode: int, nth: int = nth) -> None:
            nonlocal calls
            calls += 1
            if calls > nth:
                raise InputError("the disk is full")
            write_whole(path, content, mode=mode)

        with monkeypatch.context() as patched:
            for name in names:
                patched.setattr(f"workbench.vault.{name}.write_whole", write)
            if is_killed:  # nothing runs after the fault
                patched.setattr("workbench.vault.dataset_versions.recover", lambda *_, **__: None)
            with contextlib.suppress(InputError):
                add(100 + nth)
        now = vault.dataset("shop")
        assert now.damaged_files() == []
        assert now.version in (before, before + 1)
        outcomes.append(now.version - before)
        with vault.open_writer("shop", buckets=2):
            pass
        named = {e.file for v in vault.versions("shop")[0] for e in v.files}
        assert {path.stem for path in (dataset.folder / "files").iterdir()} == named
    assert outcomes == [0, 0, 0, 0, 1, 1, 1, 1]  # journal, two lists, root; then it counts


def test_a_fault_at_the_head_is_told_and_the_version_counts(
    vault: Vault, dataset: Dataset, add, monkeypatch
):
    def fail(*_: object) -> None:
        raise InputError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("workbench.vault.heads.Heads.write", fail)
        with pytest.raises(InputError, match="the disk is full"):
            add(99)
    assert vault.dataset("shop").version == 2
    assert add(100).version == 3
