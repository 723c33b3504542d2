"""Keys and key files."""

import stat
from pathlib import Path

import pytest

from workbench.foundation.errors import AccessError, ParameterError
from workbench.vault import Key
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
