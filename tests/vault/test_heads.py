"""The head of a dataset: older versions are not taken for the newest ones."""

import contextlib
import shutil
from pathlib import Path

import pytest

from workbench.foundation.errors import (
    AccessError,
    InputError,
    IntegrityError,
    ParameterError,
    WorkbenchError,
)
from workbench.vault import Dataset, Key, Vault
from workbench.vault.checking import check_vault


@pytest.fixture
def add(customers, source):
    """Make one more version of a vault's dataset."""

    def add(vault: Vault, number: int) -> Dataset:
        with vault.open_writer("shop", buckets=2) as (writer, before):
            files = writer.write("customers", customers(number))
            return writer.commit(before=before, files=files, sources=[source(f"{number % 10}")])

    return add


@pytest.fixture
def grown(vault: Vault, dataset: Dataset, add) -> Dataset:
    """Five versions; the last four could be withdrawals."""
    for number in range(41, 45):
        made = add(vault, number)
    return made


def _refusal(vault: Vault) -> WorkbenchError | None:
    """Return why a dataset is refused, however it is opened; None where it is not."""
    found = []
    for attempt in (lambda: vault.dataset("shop"), lambda: _write(vault)):
        try:
            attempt()
        except WorkbenchError as error:
            found.append(error)
    assert len(found) in (0, 2)  # readers and writers agree
    return found[0] if found else None


def _write(vault: Vault) -> None:
    with vault.open_writer("shop", buckets=2):
        pass


def _crash(*_: object) -> None:
    raise InputError("the disk is full")


@pytest.mark.parametrize("lost", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("how", ["removed", "moved away", "damaged head", "no head"])
def test_newest_versions_that_are_gone_are_noticed_in_all_tries(
    vault: Vault, grown: Dataset, lost: int, how: str, tmp_path: Path
):
    roots = sorted((grown.folder / "versions").iterdir())
    assert len(roots) == 5
    for path in roots[5 - lost :]:
        path.rename(tmp_path / path.name) if how == "moved away" else path.unlink()
    head = vault.workspace / "heads" / "shop.sealed"
    if how == "damaged head":
        head.write_bytes(head.read_bytes()[:-1])
    if how == "no head" and lost < 5:  # without both there is no dataset any more
        head.unlink()
    refused = _refusal(vault)
    assert isinstance(refused, IntegrityError)
    assert refused.exit_code == 6
    if how in ("removed", "moved away"):
        assert "version 5 was written" in str(refused)
        assert "workbench dataset accept-restore shop" in str(refused)
    assert vault.datasets() == ["shop"]
    assert any(check.faults for check in check_vault(vault) if check.what.startswith("heads"))
    if how == "moved away":
        for path in roots[5 - lost :]:
            (tmp_path / path.name).rename(path)
        assert vault.dataset("shop").version == 5


def test_a_head_and_root_of_an_earlier_day_do_not_go_with_newer_roots(
    vault: Vault, dataset: Dataset, add
):
    head = vault.workspace / "heads" / "shop.sealed"
    old = head.read_bytes()
    for number in (41, 42):
        add(vault, number)
    head.write_bytes(old)
    with pytest.raises(IntegrityError, match="version 3 does not follow version 1"):
        vault.dataset("shop")


def test_a_crash_between_root_and_head_leaves_the_new_version_and_the_next_writer_mends_the_head(
    vault: Vault, dataset: Dataset, customers, source, add, monkeypatch
):
    def commit() -> None:
        with vault.open_writer("shop", buckets=2) as (writer, before):
            files = writer.write("customers", customers(41))
            writer.commit(before=before, files=files, sources=[source("1")])

    head = vault.workspace / "heads" / "shop.sealed"
    old = head.read_bytes()
    monkeypatch.setattr("workbench.vault.heads.Heads.write", _crash)
    with pytest.raises(InputError, match="the disk is full"):
        commit()
    monkeypatch.undo()
    assert head.read_bytes() == old
    assert vault.dataset("shop").version == 2
    assert vault.dataset("shop").damaged_files() == []
    assert head.read_bytes() == old  # readers write nothing
    _write(vault)
    assert head.read_bytes() != old
    assert add(vault, 42).version == 3


def test_a_crash_before_the_first_version_leaves_no_dataset(vault: Vault, add, monkeypatch):
    with monkeypatch.context() as patched:  # nothing is removed after a crash
        patched.setattr("workbench.vault.heads.Heads.remove_first", _crash)
        with contextlib.suppress(InputError):
            _write(vault)
    assert (vault.workspace / "heads" / "shop.sealed").exists()
    assert vault.datasets() == []
    with pytest.raises(ParameterError, match="no dataset 'shop'"):
        vault.dataset("shop")
    assert add(vault, 1).version == 1


def test_the_first_version_without_its_head_is_refused(vault: Vault, grown: Dataset):
    for path in sorted((grown.folder / "versions").iterdir())[1:]:
        path.unlink()
    (vault.workspace / "heads" / "shop.sealed").unlink()
    with pytest.raises(IntegrityError, match="head of dataset shop is missing"):
        vault.dataset("shop")


def test_a_backup_is_accepted_by_name_and_no_number_is_used_again(
    vault: Vault, grown: Dataset, add, tmp_path: Path
):
    roots = sorted((grown.folder / "versions").iterdir())
    for path in roots[2:]:
        path.rename(tmp_path / path.name)
    assert vault.accept_restore("shop").dataset.version == 2
    assert vault.dataset("shop").version == 2
    assert add(vault, 50).version == 6
    assert vault.dataset("shop").damaged_files() == []
    for path in roots[2:]:  # the displaced versions are not the newest ones again
        (tmp_path / path.name).rename(path)
    assert vault.dataset("shop").version == 6
    assert vault.dataset("shop", 5).damaged_files() == []
    roots[2].with_name("00000006").unlink()
    assert isinstance(_refusal(vault), IntegrityError)


def test_without_a_head_to_show_the_highest_number_many_are_skipped(
    vault: Vault, grown: Dataset, add
):
    (vault.workspace / "heads" / "shop.sealed").unlink()
    vault.accept_restore("shop")
    assert add(vault, 50).version == 1_006


def test_an_older_copy_does_not_hide_how_many_numbers_were_used(
    vault: Vault, dataset: Dataset, add, tmp_path: Path
):
    (tmp_path / "disk").mkdir()
    kept = Vault.open(vault.workspace, head=tmp_path / "disk")
    kept.accept_restore("shop")  # the copy names version 1
    for number in range(41, 45):
        add(vault, number)
    for path in sorted((dataset.folder / "versions").iterdir())[2:]:
        path.unlink()
    (vault.workspace / "heads" / "shop.sealed").write_bytes(b"damaged")
    kept.accept_restore("shop")
    assert add(kept, 50).version > 5


def test_only_what_is_stored_and_whole_is_accepted(vault: Vault, grown: Dataset):
    with pytest.raises(ParameterError, match="restore its backup first"):
        vault.accept_restore("ship")
    for path in (grown.folder / "versions").iterdir():
        path.write_bytes(b"plain")
    with pytest.raises(IntegrityError, match=r"no stored version is whole.*version 5 is damaged"):
        vault.accept_restore("shop")


def test_a_head_of_another_dataset_or_key_is_refused(vault: Vault, grown: Dataset):
    heads = vault.workspace / "heads"
    (grown.folder).rename(grown.folder.with_name("other"))
    shutil.copy(heads / "shop.sealed", heads / "other.sealed")
    with pytest.raises(IntegrityError, match=r"swapped.*accept-restore"):
        vault.dataset("other")
    with pytest.raises(AccessError, match="sealed with key"):
        Vault(vault.workspace, Key.new()).dataset("shop")


def test_a_copy_elsewhere_notices_that_the_whole_workspace_was_restored(
    vault: Vault, dataset: Dataset, add, tmp_path: Path
):
    shutil.copytree(vault.workspace, tmp_path / "backup")
    elsewhere = tmp_path / "other disk"
    with pytest.raises(ParameterError, match=r"no folder .* for copies of heads"):
        Vault.open(vault.workspace, head=elsewhere)
    elsewhere.mkdir()
    kept = Vault.open(vault.workspace, head=elsewhere)
    with pytest.raises(IntegrityError, match=r"has no copy in .*accept-restore shop"):
        kept.dataset("shop")
    kept.accept_restore("shop")
    add(kept, 41)
    add(vault, 42)  # a command without the option: the copy is older, and still an ancestor
    assert kept.dataset("shop").version == 3
    add(kept, 43)
    shutil.rmtree(vault.workspace)
    shutil.copytree(tmp_path / "backup", vault.workspace)
    assert vault.dataset("shop").version == 1  # what the docstring says is not guarded against
    refused = _refusal(kept)
    assert isinstance(refused, IntegrityError)
    assert "by the copy of its head" in str(refused)
    kept.accept_restore("shop")
    assert add(kept, 44).version == 5


def test_a_new_dataset_gets_a_copy_and_the_variable_names_its_folder(
    vault: Vault, add, tmp_path: Path, monkeypatch
):
    monkeypatch.setenv("WORKBENCH_HEAD", str(tmp_path / "disk"))
    (tmp_path / "disk").mkdir(mode=0o700)
    kept = Vault.open(vault.workspace)
    add(kept, 1)
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["shop.sealed"]
    assert kept.dataset("shop").version == 1


def test_another_process_that_writes_meanwhile_is_no_rollback(
    vault: Vault, dataset: Dataset, add, monkeypatch
):
    from workbench.vault import dataset_versions as room

    numbers, calls = room.version_numbers, []

    def late(folder: Path) -> list[int]:
        calls.append(folder)
        if len(calls) == 1:  # after the head was read, before the roots are listed
            monkeypatch.setattr(room, "version_numbers", numbers)
            for number in (41, 42, 43):
                add(vault, number)
            monkeypatch.setattr(room, "version_numbers", late)
        return numbers(folder)

    monkeypatch.setattr(room, "version_numbers", late)
    assert vault.dataset("shop").version == 4
    assert len(calls) == 2


def test_a_version_that_was_given_up_does_not_come_back(
    vault: Vault, grown: Dataset, tmp_path: Path
):
    newest = grown.folder / "versions" / "00000005"
    newest.rename(tmp_path / "root")
    vault.accept_restore("shop")
    (tmp_path / "root").rename(newest)
    assert isinstance(_refusal(vault), IntegrityError)


def test_a_dataset_that_is_gone_as_a_whole_is_noticed_by_the_copy(
    vault: Vault, add, tmp_path: Path
):
    (tmp_path / "disk").mkdir()
    kept = Vault.open(vault.workspace, head=tmp_path / "disk")
    made = add(kept, 1)
    shutil.rmtree(made.folder)
    (vault.workspace / "heads" / "shop.sealed").unlink()
    assert kept.datasets() == ["shop"]
    assert isinstance(kept.head_fault("shop"), IntegrityError)


def test_a_copy_that_cannot_be_written_leaves_the_version_and_says_so(
    vault: Vault, add, tmp_path: Path, monkeypatch
):
    from workbench.vault import heads as room

    (tmp_path / "disk").mkdir()
    kept = Vault.open(vault.workspace, head=tmp_path / "disk")
    add(kept, 1)
    write = room.write_whole

    def full(path: Path, content: bytes, *, mode: int) -> None:
        if path.is_relative_to(tmp_path / "disk"):
            raise InputError(f"cannot write {path.name}: No space left on device")
        write(path, content, mode=mode)

    monkeypatch.setattr(room, "write_whole", full)
    with pytest.raises(
        InputError, match=r"is at version 2: .* the copy of the head of dataset shop was not"
    ):
        add(kept, 2)
    monkeypatch.undo()
    assert kept.dataset("shop").version == 2
    assert add(kept, 3).version == 3
    own = (vault.workspace / "heads" / "shop.sealed").stat()
    assert (tmp_path / "disk" / "shop.sealed").stat().st_mtime_ns >= own.st_mtime_ns
