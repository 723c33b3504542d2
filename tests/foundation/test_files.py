"""Files that are whole or not there."""

import stat
from pathlib import Path

import pytest

from workbench.foundation.errors import InputError
from workbench.foundation.files import canonical_json, write_whole


def test_a_file_is_written_with_its_folder_and_mode(tmp_path: Path):
    file = tmp_path / "new" / "a.bin"
    write_whole(file, b"one", mode=0o600)
    write_whole(file, b"two", mode=0o600)
    assert file.read_bytes() == b"two"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_a_crash_while_writing_leaves_the_old_content_and_no_rest(tmp_path: Path, monkeypatch):
    file = tmp_path / "a.bin"
    write_whole(file, b"old")

    def fail(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("workbench.foundation.files.os.fsync", fail)
    with pytest.raises(InputError, match=r"cannot write a\.bin in .*: No space left on device"):
        write_whole(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_is_a_file_is_an_input_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot write a\.bin"):
        write_whole(tmp_path / "file" / "a.bin", b"x")


def test_equal_content_gives_equal_bytes():
    assert canonical_json({"b": 1, "a": "é"}) == canonical_json({"a": "é", "b": 1})
    assert canonical_json({"a": "é"}) == '{\n "a": "é"\n}\n'.encode()
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": float("nan")})
