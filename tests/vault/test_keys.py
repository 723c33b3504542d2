"""Keys and key files."""

import stat
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from workbench.foundation.errors import AccessError, ParameterError
from workbench.vault import Key, Vault
from workbench.vault.keys import read_key, write_key

KEY = Key(bytes(range(32)))


def test_a_key_never_shows_itself():
    for text in (repr(KEY), str(KEY), f"{KEY}", f"{[KEY]}"):
        assert text.strip("[]") == f"Key({KEY.id}…)"
        assert KEY.text not in text
        assert KEY.secret.hex() not in text


def test_derived_keys_agree_with_rfc_5869():
    # HKDF-Expand, first block: HMAC(key, info | 0x01)
    import hashlib
    import hmac

    expected = hmac.new(KEY.secret, b"purpose\x01", hashlib.sha256).digest()
    assert KEY.derive("purpose") == Key(expected)
    assert KEY.derive("other") != KEY.derive("purpose")


def test_a_key_of_another_length_is_none():
    with pytest.raises(ValueError, match="a key has 32 bytes"):
        Key(b"short")
    with pytest.raises(ValueError, match="a key has 32 bytes"):
        Key.of_text("c2hvcnQ=")


def test_only_the_owner_can_read_the_file(tmp_path: Path):
    file = tmp_path / "keys" / "workspace.key"
    key = write_key(file)
    assert read_key(file) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert list(file.parent.iterdir()) == [file]


def test_a_key_is_never_overwritten(tmp_path: Path):
    file = tmp_path / "workspace.key"
    key = write_key(file)
    with pytest.raises(ParameterError, match=r"there is a key at .* already: it is kept"):
        write_key(file)
    assert read_key(file) == key


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int):
    file = tmp_path / "workspace.key"
    write_key(file)
    file.chmod(mode)
    with pytest.raises(AccessError, match=rf"can be read by others \(mode {mode:o}\): run chmod"):
        read_key(file)


@pytest.mark.parametrize(
    "content",
    ["", "workbench-key-1\n", "workbench-key-1\nnot base64!\n", "workbench-key-1\nYQ==\n"],
)
def test_a_file_that_holds_no_key_is_refused_without_its_content(tmp_path: Path, content: str):
    file = tmp_path / "workspace.key"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(AccessError, match="is no workbench key file") as refusal:
        read_key(file)
    assert "base64" not in str(refusal.value)


def test_a_missing_file_is_refused(tmp_path: Path):
    with pytest.raises(
        AccessError, match=r"no key file at .* that can be read .*--key or WORKBENCH_KEY"
    ):
        read_key(tmp_path / "none.key")
    with pytest.raises(AccessError, match="that can be read"):
        read_key(tmp_path)


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o711, 0o770, 0o1777])
def test_a_workspace_whose_key_folder_is_open_to_others_is_refused(tmp_path: Path, mode: int):
    vault = Vault.init(tmp_path / "w")
    folder = vault.workspace / "keys"
    folder.chmod(mode)
    with pytest.raises(AccessError, match=rf"key folder .* open to others \(mode {mode:o}\): run"):
        Vault.open(vault.workspace)
    folder.chmod(0o700)
    assert Vault.open(vault.workspace) == vault


@pytest.mark.parametrize(
    ("mode", "is_open"),
    [(0o755, True), (0o1777, True), (0o775, False), (0o757, False), (0o777, False)],
)
def test_a_named_key_file_may_be_stored_where_nobody_else_can_exchange_it(
    tmp_path: Path, mode: int, is_open: bool
):
    file = tmp_path / "elsewhere" / "named.key"
    key = write_key(file)
    file.parent.chmod(mode)
    if is_open:
        assert read_key(file) == key
        return
    with pytest.raises(AccessError, match="open to others"):
        read_key(file)


def test_a_link_to_a_key_is_as_safe_as_both_its_folders(tmp_path: Path):
    file = tmp_path / "real" / "workspace.key"
    key = write_key(file)
    link = tmp_path / "links" / "workspace.key"
    link.parent.mkdir(mode=0o700)
    link.symlink_to(file)
    assert read_key(link) == key
    for folder in (file.parent, link.parent):
        folder.chmod(0o777)
        with pytest.raises(AccessError, match=f"key folder {folder} is open to others"):
            read_key(link)
        folder.chmod(0o700)


def test_a_key_or_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch):
    file = tmp_path / "keys" / "workspace.key"
    write_key(file)
    owner = file.stat().st_uid
    monkeypatch.setattr("workbench.vault.keys._owners", lambda: (owner + 1,))
    with pytest.raises(AccessError, match=r"key folder .* belongs to another user"):
        read_key(file)


def test_no_key_at_hand_is_told_from_an_unsafe_one(tmp_path: Path):
    assert Vault.open_if_present(tmp_path / "w") is None
    vault = Vault.init(tmp_path / "w")
    assert Vault.open_if_present(vault.workspace) == vault
    key = vault.workspace / "keys" / "workspace.key"
    key.chmod(0o644)
    with pytest.raises(AccessError, match="can be read by others"):
        Vault.open_if_present(vault.workspace)
    key.unlink()
    assert Vault.open_if_present(vault.workspace) is None
    with pytest.raises(AccessError, match="no key file at"):
        Vault.open_if_present(vault.workspace, key_file=key)


def test_numbers_get_the_half_of_an_aes_block_as_their_hash():
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    numbers = pl.Series("id", [7, None, 2**64 - 1, 7], dtype=pl.UInt64)
    mode = modes.ECB()  # noqa: S305  # each number on its own
    cipher = Cipher(algorithms.AES(KEY.derive("numbers").secret), mode)
    expected = [
        int.from_bytes(cipher.encryptor().update(n.to_bytes(16, "little"))[:8], "little")
        for n in (7, 2**64 - 1)
    ]
    hashed = KEY.hash_ids(numbers)
    assert hashed.to_list() == [expected[0], None, expected[1], expected[0]]
    assert (hashed.name, hashed.dtype) == ("id", pl.UInt64)
    assert KEY.derive("other").hash_ids(numbers)[0] != expected[0]
    assert KEY.hash_ids(numbers.clear()).to_list() == []


def test_texts_get_equal_hashes_if_they_are_equal_and_the_key_is():
    texts = pl.Series("id", ["s:1", None, "s:2", "s:1"])
    hashed = KEY.hash_ids(texts)
    assert hashed[0] == hashed[3] != hashed[2]
    assert (hashed[1], hashed.dtype) == (None, pl.UInt64)
    assert not set(KEY.derive("other").hash_ids(texts).drop_nulls()) & set(hashed.drop_nulls())
    many = pl.Series([f"s:{number}" for number in range(100_000)])
    assert KEY.hash_ids(many).n_unique() == 100_000
    ones = KEY.hash_ids(many).to_numpy()[:, None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)
    assert np.abs(ones.mean(axis=0) - 0.5).max() < 0.01  # 6 standard errors
