"""The one door to everything personal."""

import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from workbench.foundation.errors import AccessError, InputError, IntegrityError, ParameterError
from workbench.vault import Vault, check_vault
from workbench.vault.kept_kinds import KEPT_KINDS
from workbench.vault.keys import read_key, write_key
from workbench.vault.workspace_vault import key_path


def test_a_workspace_is_made_once_and_only_its_owner_may_enter(tmp_path: Path):
    vault = Vault.init(tmp_path / "w")
    assert stat.S_IMODE((tmp_path / "w").stat().st_mode) == 0o700
    assert Vault.open(tmp_path / "w") == vault
    with pytest.raises(ParameterError, match=r"there is a workspace at .* already: it is kept"):
        Vault.init(tmp_path / "w")


def test_an_init_that_was_cut_short_keeps_its_key(tmp_path: Path):
    key = write_key(key_path(tmp_path / "w"))
    assert Vault.init(tmp_path / "w").key_id == key.id
    assert read_key(key_path(tmp_path / "w")) == key


def test_no_workspace_is_told_with_what_to_do(tmp_path: Path):
    with pytest.raises(ParameterError, match=r"no workspace at .*: make one with `workbench init`"):
        Vault.open(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("99", "has format 99, this workbench reads format 2: install a newer one"),
        ("1", "has format 1, which this workbench no longer reads .* load the exports again"),
    ],
)
def test_a_workspace_of_another_layout_is_refused(vault: Vault, text: str, words: str):
    (vault.workspace / "format").write_text(text)
    with pytest.raises(ParameterError, match=words) as refusal:
        Vault.open(vault.workspace)
    assert str(vault.workspace) in str(refusal.value)


def test_a_damaged_format_is_told_with_what_to_do(vault: Vault):
    (vault.workspace / "format").write_bytes(b"\xff secret")
    with pytest.raises(IntegrityError, match=r"format is damaged.*write 2 into it") as refusal:
        Vault.open(vault.workspace)
    assert "secret" not in str(refusal.value)


def test_a_key_file_may_be_named_by_option_or_variable(vault: Vault, tmp_path: Path, monkeypatch):
    option, variable = write_key(tmp_path / "option.key"), write_key(tmp_path / "variable.key")
    monkeypatch.setenv("WORKBENCH_KEY", str(tmp_path / "variable.key"))
    assert Vault.open(vault.workspace).key_id == variable.id
    assert Vault.open(vault.workspace, key_file=tmp_path / "option.key").key_id == option.id


def test_a_kernel_with_a_sealed_view_cannot_open_the_vault(vault: Vault, monkeypatch):
    monkeypatch.setenv("WORKBENCH_SEALED_VIEW", "somewhere")
    with pytest.raises(AccessError, match=r"ask for data with wb\.view\(\)"):
        Vault.open(vault.workspace)


@pytest.mark.parametrize("name", ["shpo", "../datasets/shop", "", "Shop"])
def test_a_dataset_that_is_not_there_is_told_with_those_that_are(vault: Vault, dataset, name: str):
    with pytest.raises(ParameterError, match=r"no dataset .* Known: shop. Load it with"):
        vault.dataset(name)
    assert vault.datasets() == ["shop"]


@pytest.mark.parametrize("name", ["Shop", "a/b", "", ".hidden", "x" * 65])
def test_a_dataset_cannot_be_called_anything(vault: Vault, name: str):
    with (
        pytest.raises(ParameterError, match="use lower-case letters, digits"),
        vault.open_writer(name, buckets=2),
    ):
        pass


def test_a_folder_that_cannot_be_written_is_an_input_error(vault: Vault):
    (vault.workspace / "datasets").write_text("a file where a folder should be")
    with (
        pytest.raises(InputError, match="cannot make the folder"),
        vault.open_writer("shop", buckets=2),
    ):
        pass


def test_two_writers_of_one_dataset_take_turns_and_the_second_is_told(
    vault: Vault, customers, source, capsys
):
    started, order = threading.Event(), []

    def second() -> None:
        started.set()
        with vault.open_writer("shop", buckets=2) as (_, before):
            order.append(("second", before.version))

    with vault.open_writer("shop", buckets=2) as (writer, before):
        waiting = threading.Thread(target=second)
        waiting.start()
        started.wait()
        files = writer.write("customers", customers(1))
        made = writer.commit(before=before, files=files, sources=[source()])
        order.append(("first", made.version))
    waiting.join(timeout=10)
    assert order == [("first", 1), ("second", 1)]
    assert "dataset shop is being written by another process" in capsys.readouterr().err


def test_what_is_kept_opens_under_its_own_name_only(vault: Vault):
    path = vault.keep("runs", "one", b"an executed notebook")
    assert b"notebook" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert vault.open_kept("runs", "one") == b"an executed notebook"
    path.rename(path.with_name("two.sealed"))
    with pytest.raises(IntegrityError, match="runs two was swapped"):
        vault.open_kept("runs", "two")
    with pytest.raises(ParameterError, match="the vault keeps no runs one"):
        vault.open_kept("runs", "one")


@pytest.mark.parametrize("kind", KEPT_KINDS)
def test_the_check_opens_every_kind_of_content_that_the_vault_seals(vault: Vault, kind: str):
    def found() -> dict[str, tuple[int, int]]:
        return {
            check.what.partition(":")[0]: (check.objects, len(check.faults))
            for check in check_vault(vault)
            if check.objects
        }

    path = vault.keep(kind, "one", b"personal content")
    assert found() == {KEPT_KINDS[kind]: (1, 0)}
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert found() == {KEPT_KINDS[kind]: (1, 1)}


def test_the_vault_seals_no_kind_that_the_check_does_not_know(vault: Vault):
    with pytest.raises(ParameterError, match="no kind of kept content 'notebook'; did you mean"):
        vault.keep("notebook", "one", b"personal content")
    assert not (vault.workspace / "notebook").exists()


def test_an_opened_vault_may_open_as_many_files_as_the_system_allows(vault: Vault):
    code = """
import resource, sys
from pathlib import Path
from workbench.vault import Vault
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, min(hard, 2048)))
Vault.open(Path(sys.argv[1]))
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
print(soft == hard > 64)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(vault.workspace)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "True\n", done.stderr


def test_ids_of_two_datasets_cannot_be_joined(vault: Vault):
    assert vault.key_for("a") == vault.key_for("a")
    assert vault.key_for("a") != vault.key_for("b")
