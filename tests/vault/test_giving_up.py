"""Damaged newest versions: every refusal names a way out, and the way out leads to a whole one."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.foundation.errors import InputError, IntegrityError
from workbench.vault import Dataset, Vault
from workbench.vault.checking import check_vault


@pytest.fixture
def add(vault: Vault, customers, source):
    def add(number: int) -> Dataset:
        with vault.open_writer("shop", buckets=2) as (writer, before):
            files = writer.write("customers", customers(number))
            return writer.commit(before=before, files=files, sources=[source(f"{number % 10}")])

    return add


@pytest.fixture
def grown(dataset: Dataset, add) -> Dataset:
    """Three versions, each with one more customer."""
    add(41)
    return add(42)


def _root(dataset: Dataset, version: int | None = None) -> Path:
    return dataset.folder / "versions" / f"{version or dataset.version:08d}"


def _list(dataset: Dataset) -> Path:
    return dataset.folder / "lists" / f"{dataset.lists['customers'].list}.sealed"


def _newest_file(dataset: Dataset) -> Path:
    return dataset.path_of(dataset.files[-1])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _replace_by_link(path: Path) -> None:
    aside = path.parent.parent / "aside"
    path.rename(aside)
    path.symlink_to(aside)


def _replace_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


_DAMAGE: list[Callable[[Path], None]] = [
    _flip,
    _replace_by_folder,
    _replace_by_link,
    _replace_by_pipe,
]


def _refusals(vault: Vault) -> list[IntegrityError]:
    """Return why the newest version cannot be read, and why nothing can be built on it."""
    found = []
    for attempt in (
        lambda: vault.dataset("shop").data()["customers"],
        lambda: _write(vault),
    ):
        try:
            attempt()
        except IntegrityError as error:
            found.append(error)
    return found


def _write(vault: Vault) -> None:
    with vault.open_writer("shop", buckets=2):
        pass


def _faults(vault: Vault) -> list[str]:
    return [fault for check in check_vault(vault) for fault in check.faults]


@pytest.mark.parametrize(
    ("place", "damage"),
    [
        *((place, damage) for place in (_root, _list, _newest_file) for damage in _DAMAGE),
        # A root that is missing is no version: see test_heads.
        *((place, Path.unlink) for place in (_list, _newest_file)),
    ],
)
def test_every_damage_is_refused_with_a_way_out_that_leads_to_the_version_before(
    vault: Vault,
    grown: Dataset,
    add,
    place: Callable[[Dataset], Path],
    damage: Callable[[Path], None],
):
    damage(place(grown))
    refusals = _refusals(vault)
    is_found_by_content_only = place is _newest_file and damage is _flip
    assert len(refusals) == (1 if is_found_by_content_only else 2)
    for refusal in refusals:
        assert "dataset shop, version 3" in str(refusal)
        assert "put back what is damaged or missing from a backup" in str(refusal)
        assert "`workbench dataset accept-restore shop`" in str(refusal)
    accepted = vault.accept_restore("shop")
    assert (accepted.dataset.version, accepted.given_up) == (2, (3,))
    assert accepted.moved_to == grown.folder / "given-up"
    assert [path.name for path in accepted.moved_to.iterdir()] == ["00000003"]
    assert vault.dataset("shop").data()["customers"].collect().height == 41
    assert _faults(vault) == []
    assert add(50).version == 4


def test_several_damaged_versions_are_given_up_together(vault: Vault, grown: Dataset, add):
    _flip(_list(add(43)))
    _flip(_root(grown))
    accepted = vault.accept_restore("shop")
    assert (accepted.dataset.version, accepted.given_up) == (2, (3, 4))
    assert add(50).version == 5


def test_a_version_that_was_given_up_comes_back_by_the_command_only(
    vault: Vault, grown: Dataset, add
):
    whole = _root(grown).read_bytes()
    _flip(_root(grown))
    vault.accept_restore("shop")
    _root(grown).write_bytes(whole)
    assert len(_refusals(vault)) == 2
    assert vault.accept_restore("shop").dataset.version == 3
    assert vault.dataset("shop").data()["customers"].collect().height == 42
    assert add(50).version == 4


def test_what_was_given_up_before_is_not_overwritten(vault: Vault, grown: Dataset):
    for content in (b"one", b"two", b"three"):
        _root(grown).write_bytes(content)
        moved_to = vault.accept_restore("shop").moved_to
    assert moved_to is not None
    assert {path.name: path.read_bytes() for path in moved_to.iterdir()} == {
        "00000003": b"one",
        "00000003-2": b"two",
        "00000003-3": b"three",
    }


@pytest.mark.parametrize("renames", [0, 1, 2])
@pytest.mark.parametrize("place", [_root, _list])
def test_a_crash_while_versions_are_given_up_leaves_a_refusal_and_the_command_completes_it(
    vault: Vault,
    grown: Dataset,
    add,
    monkeypatch: pytest.MonkeyPatch,
    renames: int,
    place: Callable[[Dataset], Path],
):
    """The head is written, then two roots are moved; each step is the last one once."""
    four = add(43)
    for each in (grown, four):
        _flip(place(each))
    rename, done = Path.rename, []

    def crash(path: Path, target: Path) -> None:
        if len(done) == renames:
            raise OSError(5, "Input/output error")
        done.append(rename(path, target))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", crash)
        if renames < 2:
            with pytest.raises(InputError, match="run the same command again"):
                vault.accept_restore("shop")
        else:
            vault.accept_restore("shop")
    if renames < 2:
        refusals = _refusals(vault)
        assert len(refusals) == 2
        assert all("accept-restore shop" in str(refusal) for refusal in refusals)
        assert vault.accept_restore("shop").dataset.version == 2
    assert vault.dataset("shop").version == 2
    assert _faults(vault) == []
    assert add(50).version == 5


def test_a_full_disk_at_the_head_gives_up_nothing(
    vault: Vault, grown: Dataset, monkeypatch: pytest.MonkeyPatch
):
    def fail(path: Path, content: bytes, *, mode: int) -> None:
        raise InputError("the disk is full")

    _flip(_root(grown))
    monkeypatch.setattr("workbench.vault.heads.write_whole", fail)
    with pytest.raises(InputError, match=r"not accepted completely: .*the disk is full"):
        vault.accept_restore("shop")
    assert _root(grown).exists()
    assert len(_refusals(vault)) == 2


def test_an_older_root_in_place_of_the_damaged_one_is_refused(vault: Vault, grown: Dataset):
    shutil.copy(_root(grown, 2), _root(grown))
    assert all("was swapped" in str(refusal) for refusal in _refusals(vault))
    assert len(_refusals(vault)) == 2


def test_other_names_in_the_folder_of_roots_are_no_versions(vault: Vault, grown: Dataset, add):
    for name in ("4", "000000004", "0000000a", "00000004.old", "\u0660" * 7 + "\u0664", ".x"):
        (grown.folder / "versions" / name).write_bytes(b"anything")
    assert vault.dataset("shop").version == 3
    assert add(50).version == 4
    assert _faults(vault) == []


def test_a_made_up_number_does_not_use_up_all_numbers(vault: Vault, grown: Dataset, add):
    _root(grown, 99_999_999).mkdir()
    assert len(_refusals(vault)) == 2
    assert vault.accept_restore("shop").given_up == (99_999_999,)
    assert vault.dataset("shop").version == 3
    assert add(50).version == 4


def test_a_made_up_root_after_the_newest_loses_nothing(vault: Vault, grown: Dataset):
    made_up = _root(grown, grown.version + 1)
    made_up.write_bytes(bytes(300))
    accepted = vault.accept_restore("shop")
    assert (accepted.dataset.version, accepted.given_up) == (grown.version, (grown.version + 1,))
    assert accepted.is_as_before
    made_up.write_bytes(bytes(300))
    _flip(_root(grown))
    assert not vault.accept_restore("shop").is_as_before


def test_a_link_in_place_of_the_folder_for_roots_is_refused(
    vault: Vault, grown: Dataset, tmp_path: Path
):
    (grown.folder / "given-up").symlink_to(tmp_path)
    _flip(_root(grown))
    with pytest.raises(InputError, match="given-up is a link instead of a folder"):
        vault.accept_restore("shop")
    assert list(tmp_path.glob("0*")) == []
    (grown.folder / "given-up").unlink()
    assert vault.accept_restore("shop").given_up == (grown.version,)


def test_a_version_that_a_crash_left_without_a_head_does_not_lose_its_number(
    vault: Vault, grown: Dataset, add, monkeypatch: pytest.MonkeyPatch
):
    def crash(*_: object) -> None:
        raise InputError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("workbench.vault.heads.Heads.write", crash)
        with pytest.raises(InputError):
            add(43)
    _flip(_root(grown, 4))
    assert vault.accept_restore("shop").given_up == (4,)
    assert add(50).version == 5


def test_the_files_of_a_version_that_is_given_up_are_kept(
    vault: Vault, grown: Dataset, add, monkeypatch: pytest.MonkeyPatch
):
    """A crash left its journal, which would remove the files of a version without a root."""
    with monkeypatch.context() as patched:
        patched.setattr("workbench.vault.dataset_versions.recover", lambda *_, **__: None)
        four = add(43)
    _flip(_root(four))
    assert (four.folder / "journal.sealed").exists()
    vault.accept_restore("shop")
    add(50)
    assert four.damaged_files() == []


def test_a_file_that_all_versions_need_leaves_everything_as_it_is(
    vault: Vault, grown: Dataset, add
):
    _flip(grown.path_of(vault.dataset("shop", 1).files[0]))
    with pytest.raises(IntegrityError, match="no stored version is whole") as refusal:
        vault.accept_restore("shop")
    assert "of the newest version: dataset shop, table customers, bucket 00" in str(refusal.value)
    assert not (grown.folder / "given-up").exists()
    assert add(50).version == 4


def test_a_damaged_copy_of_the_head_is_written_again(vault: Vault, grown: Dataset, tmp_path: Path):
    (tmp_path / "disk").mkdir()
    kept = Vault.open(vault.workspace, head=tmp_path / "disk")
    assert kept.accept_restore("shop").has_new_copy
    assert kept.accept_restore("shop").is_as_before
    (tmp_path / "disk" / "shop.sealed").write_bytes(b"plain")
    with pytest.raises(IntegrityError, match=r"head of dataset shop is damaged.*accept-restore"):
        kept.dataset("shop")
    assert kept.accept_restore("shop").given_up == ()
    assert kept.dataset("shop").version == 3


def test_an_older_version_that_is_damaged_is_to_be_put_back(vault: Vault, grown: Dataset):
    _flip(_root(grown, 2))
    with pytest.raises(IntegrityError, match=r"versions/00000002; put back what") as refusal:
        vault.dataset("shop", 2)
    assert "accept-restore" not in str(refusal.value)
    with (
        pytest.raises(IntegrityError, match="the load cannot be taken back: put back the version"),
        vault.open_writer("shop", buckets=2) as (writer, before),
    ):
        writer.before_newest_load(before)
    accepted = vault.accept_restore("shop")
    assert (accepted.dataset.version, accepted.is_as_before) == (3, True)


@pytest.mark.parametrize("place", [_root, _list, _newest_file])
def test_a_file_that_this_user_may_not_read_is_not_taken_for_damaged(
    vault: Vault,
    grown: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    place: Callable[[Dataset], Path],
):
    """The tests may run as a user who may read everything, so the system's answer is replaced."""
    open_file, may_access = os.open, os.access

    def refuse(path: Path, flags: int, mode: int = 0o777) -> int:
        if path == place(grown):
            raise PermissionError(13, "Permission denied")
        return open_file(path, flags, mode)

    def deny(path: Path, mode: int) -> bool:
        return path != place(grown) and may_access(path, mode)

    with monkeypatch.context() as patched:
        patched.setattr("workbench.vault.regular_files.os.open", refuse)
        patched.setattr("workbench.vault.regular_files.os.access", deny)
        with pytest.raises(InputError, match=r"cannot read .*: Permission denied; run the command"):
            vault.accept_restore("shop")
    assert vault.dataset("shop").version == 3
    assert not (grown.folder / "given-up").exists()


@pytest.mark.parametrize("damage", _DAMAGE)
def test_a_damaged_head_is_written_again_unless_a_folder_has_its_name(
    vault: Vault, grown: Dataset, damage: Callable[[Path], None]
):
    head = vault.workspace / "heads" / "shop.sealed"
    damage(head)
    refusals = _refusals(vault)
    assert len(refusals) == 2
    assert all(f"put back {head} from a backup" in str(refusal) for refusal in refusals)
    if damage is _replace_by_folder:
        with pytest.raises(InputError, match=r"shop\.sealed is a folder, remove it; then run"):
            vault.accept_restore("shop")
        head.rmdir()
    assert vault.accept_restore("shop").given_up == ()
    assert vault.dataset("shop").version == 3
