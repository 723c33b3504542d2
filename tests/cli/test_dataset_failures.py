"""What the commands say where a write fails after a version was stored, or a dataset is damaged."""

from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.foundation.errors import InputError
from workbench.vault import Vault

from .conftest import Command

_MAPPING = (
    'system = "crm"\ncurrency = "EUR"\nzone = "UTC"\nbasis = "contract"\n'
    '[columns]\nno = "integer"\nday = "date"\n[record]\nid = "no"\n[identities]\nuser_id = "no"\n'
    '[tables.customers]\nfirst_seen_at = "day"\n'
)


@pytest.fixture
def load(workbench: Command, home: Path) -> Callable[[str], list[str]]:
    """Return the words that load a small file; each file brings two customers and a refused one."""
    assert workbench("init").code == 0

    def words(day: str) -> list[str]:
        number = int(day)
        (home / "m.toml").write_text(_MAPPING)
        (home / f"{day}.csv").write_text(
            f"no,day\n{number}1,2024-01-02\n{number}2,2024-01-03\nnone,\n"
        )
        until = f"data_until=2025-01-{day}"
        return ["load", f"{day}.csv", "--dataset", "d", "--mapping", "m.toml", "--set", until]

    return words


@pytest.fixture
def two(workbench: Command, load: Callable[[str], list[str]]) -> Command:
    """Return the command in a project with two versions of ``d``."""
    for day in ("01", "02"):
        done = workbench(*load(day))
        assert done.code == 0, done.err
    return workbench


def _full_head(path: Path, content: bytes, *, mode: int) -> None:
    raise InputError(f"cannot write {path.name} in {path.parent}: No space left on device")


@pytest.mark.parametrize("command", ["load", "undo", "dismiss"])
def test_a_full_disk_at_the_head_is_said_with_the_version_that_exists(
    two: Command,
    load: Callable[[str], list[str]],
    command: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = two("quarantine", "list", "d", "--json").json
    words = {
        "load": load("03"),
        "undo": ["dataset", "undo", "d"],
        "dismiss": ["quarantine", "dismiss", "d", "--load", shown["loads"][0]["load"]],
    }[command]
    with monkeypatch.context() as patched:
        patched.setattr("workbench.vault.heads.write_whole", _full_head)
        failed = two(*words)
    said = " ".join(failed.err.split())
    assert failed.code == 3
    assert "dataset d is at version 3: the change is stored, so do not repeat it" in said
    assert "the head of dataset d was not written: cannot write d.sealed" in said
    assert "The next command that changes the dataset completes the step" in said
    assert two("status", "--json").json["datasets"][0]["version"] == 3
    assert two("status", "--check").code == 0
    after = two(*load("04"), "--json")
    assert (after.code, after.json["version"]) == (0, 4)
    assert two("status", "--check").code == 0


def test_a_leftover_that_cannot_be_removed_is_said_with_the_version_that_exists(
    two: Command, load: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = Path.unlink

    def refuse(path: Path, *, missing_ok: bool = False) -> None:
        if path.name == "journal.sealed":
            raise OSError(30, "Read-only file system")
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        failed = two(*load("03"))
    assert failed.code == 3
    assert "dataset d is at version 3" in failed.err
    assert "Read-only file system" in failed.err
    assert two(*load("04"), "--json").json["version"] == 4


def test_a_full_disk_before_the_version_is_stored_changes_nothing(
    two: Command, load: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("workbench.vault.writer.write_whole", _full_head)
        failed = two(*load("03"))
    assert (failed.code, "is at version" in failed.err) == (3, False)
    assert two("status", "--json").json["datasets"][0]["version"] == 2


def _flip(path: Path) -> None:
    """Change one byte of a stored file; the form of an encrypted file stays."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _data_files(home: Path, version: int, table: str) -> list[Path]:
    dataset = Vault.open(home / ".workbench").dataset("d", version)
    return [dataset.path_of(entry) for entry in dataset.files if entry.table == table]


def test_an_undo_is_said_although_the_customers_cannot_be_counted(two: Command, home: Path) -> None:
    for path in _data_files(home, 1, "customers"):
        _flip(path)
    undone = two("dataset", "undo", "d")
    assert undone.code == 6
    assert "dataset d is now at version 3" in undone.err
    assert Vault.open(home / ".workbench").dataset("d").version == 3


def _replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _replace_by_link(path: Path) -> None:
    path.symlink_to(path.rename(path.parent.parent / "aside"))


@pytest.mark.parametrize("damage", [_flip, _replace_by_folder, _replace_by_link])
def test_a_damaged_newest_root_is_refused_with_a_way_out(
    two: Command,
    load: Callable[[str], list[str]],
    home: Path,
    damage: Callable[[Path], None],
) -> None:
    damage(home / ".workbench" / "datasets" / "d" / "versions" / "00000002")
    for words in (load("03"), ["dataset", "undo", "d"], ["status"], ["status", "--check"]):
        refused = two(*words)
        assert refused.code == 6, words
        assert "dataset d, version 2" in refused.err
        assert "versions/00000002" in refused.err
        assert "run `workbench dataset accept-restore d`, which gives up" in refused.err
    accepted = two("dataset", "accept-restore", "d", "--json")
    assert accepted.code == 0, accepted.err
    assert (accepted.json["version"], accepted.json["given_up"]) == (1, [2])
    said = " ".join(accepted.err.split())
    assert "Version 1 of dataset d is the newest from now on." in said
    assert "Given up because of damage: version 2." in said
    assert f"is kept in {home / '.workbench' / 'datasets' / 'd' / 'given-up'}." in said
    assert "Load the later exports again, withdrawals of consent first." in said
    assert two("status", "--check").code == 0
    again = two(*load("02"), "--json")
    assert (again.code, again.json["version"]) == (0, 3)
