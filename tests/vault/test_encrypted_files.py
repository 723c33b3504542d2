"""Parquet's own encryption, without its traps (case Q03)."""

import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from workbench.foundation.errors import InputError, IntegrityError
from workbench.vault import Key
from workbench.vault.parquet import FileKeys, Place, translate_read_errors, write_encrypted
from workbench.vault.parquet import scan_encrypted as scan_checked

ROWS = pl.DataFrame({"number": range(300), "name": [f"name {n}" for n in range(300)]})
COLUMNS = tuple(ROWS.columns)
KEY = Key(bytes(range(32)))
KEYS = FileKeys.derived(KEY, COLUMNS)
PLACE = Place(holding="dataset a", table="customers", bucket=1, file="f")


def scan_encrypted(path: Path, **held) -> pl.LazyFrame:
    """Scan a file by the hash that it has now, so that only its own encryption is tested."""
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
    return scan_checked(path, **held, sha256=sha256)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "f.parquet"
    write_encrypted(ROWS, path, keys=KEYS, place=PLACE)
    return path


def test_rows_come_back_and_no_column_name_or_value_stands_in_the_file(file: Path):
    assert scan_encrypted(file, keys=KEYS, place=PLACE).collect().equals(ROWS)
    content = file.read_bytes()
    assert content.startswith(b"PARE")  # encrypted footer
    for word in (b"number", b"name", b"dataset a", b"customers"):
        assert word not in content
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "place",
    [
        Place(holding="dataset b", table="customers", bucket=1, file="f"),
        Place(holding="dataset a", table="orders", bucket=1, file="f"),
        Place(holding="dataset a", table="customers", bucket=2, file="f"),
        Place(holding="dataset a", table="customers", bucket=1, file="g"),
    ],
    ids=["dataset", "table", "bucket", "file"],
)
def test_a_file_opens_in_its_own_place_only(file: Path, place: Place):
    with pytest.raises(IntegrityError, match="swapped, changed or damaged") as refusal:
        scan_encrypted(file, keys=KEYS, place=place)
    assert str(refusal.value).startswith(str(place))


def test_flipped_bits_are_found_or_harmless_and_never_give_other_rows(file: Path):
    whole = file.read_bytes()
    found = harmless = 0
    for position in range(0, len(whole), 5):
        changed = bytearray(whole)
        changed[position] ^= 1 << position % 8
        file.write_bytes(changed)
        try:
            with translate_read_errors("dataset a, version 1"):
                rows = scan_encrypted(file, keys=KEYS, place=PLACE).collect()
        except IntegrityError:
            found += 1
        else:
            assert rows.equals(ROWS)
            harmless += 1
    assert found > 5 * harmless


def test_a_changed_page_is_told_when_it_is_read(file: Path):
    changed = bytearray(file.read_bytes())
    changed[100] ^= 0x10
    file.write_bytes(changed)
    frame = scan_encrypted(file, keys=KEYS, place=PLACE)
    with (
        pytest.raises(IntegrityError, match="dataset a: a page was changed or damaged"),
        translate_read_errors("dataset a"),
    ):
        frame.collect()


def test_what_is_no_damage_is_not_called_so():
    with (
        pytest.raises(pl.exceptions.ComputeError, match="integer parsing failed"),
        translate_read_errors("dataset a"),
    ):
        pl.LazyFrame({"a": ["x"]}).select(pl.col("a").str.to_integer()).collect()


def test_a_truncated_or_missing_file_is_found(file: Path):
    whole = file.read_bytes()
    for length in (*range(0, len(whole), 97), len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(IntegrityError, match="swapped, changed or damaged"):
            scan_encrypted(file, keys=KEYS, place=PLACE)
    file.unlink()
    with pytest.raises(IntegrityError, match="bucket 01, file f: the file is missing"):
        scan_encrypted(file, keys=KEYS, place=PLACE)


def test_a_full_disk_is_an_input_error_and_leaves_nothing(tmp_path: Path, monkeypatch):
    def fail(handle: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("workbench.vault.parquet.os.fsync", fail)
    with pytest.raises(InputError, match=r"cannot write to .*: No space left on device; make room"):
        write_encrypted(ROWS, tmp_path / "g.parquet", keys=KEYS, place=PLACE)
    assert list(tmp_path.iterdir()) == []


def test_swapped_files_of_case_q03_are_told_apart_from_a_wrong_key(cases: Path):
    """The case's own files have one key and no column keys: polars' words are what we build on."""
    for bucket, other in (("00", "01"), ("01", "00")):
        file = cases / f"q03-bucket-{bucket}.parquet"
        keys = {"footer_key": KEY.secret}
        right = pl.ParquetDecryptionProperties(
            **keys, aad_prefix=f"customers/v1/bucket-{bucket}".encode()
        )
        assert pl.scan_parquet(file, decryption=right).collect().height > 0
        swapped = pl.ParquetDecryptionProperties(
            **keys, aad_prefix=f"customers/v1/bucket-{other}".encode()
        )
        with pytest.raises(pl.exceptions.ComputeError):
            pl.scan_parquet(file, decryption=swapped).collect()


_MANY = """
import resource, sys
from pathlib import Path
import polars as pl
from workbench.vault import Key
from workbench.vault.parquet import (
    FileKeys, Place, scan_encrypted, translate_read_errors, write_encrypted,
)

folder, hard = Path(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
keys = FileKeys.derived(Key.new(), ["n"])
rows, path = pl.DataFrame({"n": [1, 2]}), folder / "one.parquet"
place = Place(holding="a", table="t", bucket=0, file="f")
sha256 = write_encrypted(rows, path, keys=keys, place=place)
held = {"keys": keys, "place": place, "sha256": sha256}
frames = [scan_encrypted(path, **held) for _ in range(200)]
with translate_read_errors("dataset a"):
    print(pl.concat(frames).collect().height)
"""


@pytest.mark.parametrize(("hard", "code"), [(1_024, 0), (150, 3)])
def test_the_soft_limit_of_open_files_is_raised_and_the_hard_one_is_told(
    tmp_path: Path, hard: int, code: int
):
    done = subprocess.run(
        [sys.executable, "-c", _EXIT + _MANY, str(tmp_path), str(hard)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    if code == 0:
        assert done.stdout == "400\n"
    else:
        assert "too many open files for one process: raise the limit" in done.stderr


_EXIT = """
import sys
def leave(kind, error, traceback):
    print(error, file=sys.stderr)
    sys.stderr.flush()
    import os
    os._exit(getattr(error, "exit_code", 1))
sys.excepthook = leave
"""
