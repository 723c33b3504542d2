"""Files whose name does not show their format, and files that no user made."""

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from workbench.foundation.errors import InputError
from workbench.sources.places import find_files

TABLE = b"id,n\nx,1\n"
LINES = b'{"id": "x", "n": 1}\n'
LIST = b'\n [ {"id": "x", "n": 1} ]'


def _workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(("id", "n"))
    book.active.append(("x", 1))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("orders", TABLE),
        ("orders.csv.1", TABLE),
        ("orders.export", TABLE),
        ("orders.json", TABLE),
        ("orders.xlsx", TABLE),
        ("orders.parquet", TABLE),
        ("orders.xls", TABLE),
        ("orders.csv", _workbook()),
        ("orders", _workbook()),
        ("events", LINES),
        ("events.log", LINES),
        ("events.log-20240601", LINES),
        ("events.csv", LINES),
        ("events.txt", LIST),
        ("events.json.2", LIST),
        ("events.json", b"window.events = " + LIST),
        ("events.json", "\ufeff".encode() + LIST),
        ("events.json", LIST.decode().encode("utf-16")),
    ],
)
def test_a_file_is_read_whatever_its_name(see, tmp_path: Path, name: str, content: bytes):
    path = tmp_path / name
    path.write_bytes(content)
    assert see(path, {"id": "text", "n": "integer"}).cells == {"id": ["x"], "n": ["1"]}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xls", b"<html><table><tr><td>id</td></tr></table></html>", "a web page or XML, which"),
        ("a.csv", b'\n<?xml version="1.0"?><rows/>', "a web page or XML, which is not read"),
        ("a.pdf", b"%PDF-1.7", "a PDF document, which is not read: export it as .csv"),
        ("a.tar", b"\0" * 257 + b"ustar", "a tar archive, which is not read: unpack it first"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c", "a 7z archive, which is not read: unpack it first"),
        ("a.arrow", b"ARROW1\0\0", "an Arrow file, which is not read: export it"),
        ("a.bin", b"\1\2\3", "a file of an unknown kind; known are .csv"),
        ("a.xlsx", b"\1\2\3", "is not a readable .xlsx workbook"),
        ("a.json", b"no JSON\n", "has no JSON object in any of its 1 lines or documents"),
    ],
)
def test_what_is_not_read_is_named(see, tmp_path: Path, name: str, content: bytes, message: str):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        see(path, {"id": "text"})


MADE = ("a.csv", "2024/b.csv", "2024/May/c.csv")
NOT_MADE = (
    ".DS_Store", "Thumbs.db", "desktop.ini", "~$a.xlsx", "2024/.DS_Store", "__MACOSX/._a.csv",
    ".git/config",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_folders_in_a_delivery_are_read_and_files_that_no_user_made_are_not(
    tmp_path: Path, kind: str
):
    place = tmp_path / "delivery"
    for name in (*MADE, *NOT_MADE):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(TABLE)
    if kind == "archive":
        with zipfile.ZipFile(tmp_path / "delivery.zip", "w") as archive:
            for name in (*MADE, *NOT_MADE):
                archive.write(place / name, name)
        place = tmp_path / "delivery.zip"
    found = [file.label.removeprefix(f"{place}/") for file in find_files(place)]
    assert sorted(found) == sorted(MADE)
