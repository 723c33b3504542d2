"""Access logs: lines are split by polars as they are one by one, whole and in batches."""

import gzip
import io
import re
import zipfile
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.foundation.errors import InputError
from workbench.sources.formats import web_logs
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.raw_cells import RawCells
from workbench.sources.formats.web_logs import read_access_log, read_log_batches
from workbench.sources.places import StoredFile, find_files, stored_files

AGENT = '"https://a.example/" "Mozilla/5.0 (X11; Linux)" "_ga=GA1.2.1.17"'
LINES = st.sampled_from(
    [
        f'192.0.2.1 - - [01/Jan/2024:10:00:00 +0000] "GET /a?b=c HTTP/1.1" 200 5 {AGENT}',
        '192.0.2.1 - ann [01/Jan/2024:10:00:00 +0000] "GET /a HTTP/1.1" 200 -',
        'a.example:443 192.0.2.1 - - [01/Jan/2024:10:00:00 +0000] "GET /a b HTTP/2" 304 0 "-" "-"',
        'a.example 192.0.2.1 - - [01/Jan/2024:10:00:00 +0000] "GET / HTTP/2" 304 0 "-" "-"',
        '192.0.2.1,192.0.2.2 - - [01/Jan/2024:10:00:00 +0000] "GET / HTTP/2" 304 0 "-" "-"',
        '- - - [x] "-" - - "" ""',
        'h:1 i u [x [y] "GET / HTTP/1.1" 200 5',
        '192.0.2.1 - - [x] "POST /caf\u00e9 HTTP/1.0" 200 5 "-" "a \\"b\\" \\x41"',
        '192.0.2.1 - - [x] "get / HTTP/1.1" 200 5 "-" "a" trailing "words',
        '192.0.2.1 - - [x] "GET  HTTP/1.1" 2000 5',
        "#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query sc-status cs(User-Agent)",
        "#Fields: c-ip cs-uri-stem c-ip",
        "#Remark",
        "2024-01-01 10:00:00 192.0.2.1 GET /a b=c 200 Mozilla/5.0+(X11)",
        "2024-01-01 10:00:00 192.0.2.1 GET /a - 200 -",
        "2024-01-01 10:00:00  GET  x 200 ",
        "192.0.2.1 /a 192.0.2.2",
        "",
        "  ",
        "no line of a log",
        "\x01 \x1f",
    ]
)


def read(content: bytes) -> RawCells:
    return read_access_log(content, rule=FileRule(), expected=(), name="a.log")


def batched(content: bytes, size: int) -> RawCells:
    found = list(read_log_batches(io.BytesIO(content), name="a.log", size=size))
    return RawCells(
        records=pl.concat([each.records for each in found]),
        refused=pl.concat([each.refused for each in found]),
        read=sum(each.read for each in found),
        is_plain=True,
        assumptions=found[-1].assumptions,
    )


def outcome(found: RawCells) -> tuple[object, ...]:
    return found.read, found.records.rows(), found.refused.to_dicts(), found.assumptions


@settings(deadline=None)  # Other work on the machine makes single inputs slow.
@given(lines=st.lists(LINES, min_size=1, max_size=12), end=st.sampled_from(["\n", "\r\n"]))
def test_polars_splits_as_the_parser_of_single_lines_does(lines: list[str], end: str):
    content = (end.join(lines) + end).encode()
    with patch.object(web_logs, "_ODD", ""):  # every line is odd
        try:
            expected = outcome(read(content))
        except InputError as error:
            with pytest.raises(InputError, match=re.escape(str(error))):
                read(content)
            return
    assert outcome(read(content)) == expected


@settings(deadline=None)  # Other work on the machine makes single inputs slow.
@given(lines=st.lists(LINES, min_size=1, max_size=12), size=st.integers(1, 300))
def test_batches_have_the_lines_of_the_whole_log(lines: list[str], size: int):
    content = ("\n".join(lines) + "\n").encode()
    try:
        expected = outcome(read(content))
    except InputError as error:
        with pytest.raises(InputError, match=re.escape(str(error))):
            batched(content, size)
    else:
        assert outcome(batched(content, size)) == expected


@pytest.mark.parametrize(
    "start",
    [
        "203.0.113.7 - -",
        "shop.example:443 203.0.113.7 - -",
        "shop.example 203.0.113.7 - -",
        "_ 203.0.113.7 - -",
        "203.0.113.7, 10.0.0.1 - -",
        "203.0.113.7,10.0.0.1, 10.0.0.2 - -",
        "shop.example 203.0.113.7, 10.0.0.1 - -",
    ],
)
def test_the_client_is_found_after_a_virtual_host_and_before_proxies(start: str):
    line = f'{start} [01/Jan/2024:10:00:00 +0000] "GET /a HTTP/1.1" 200 5 "-" "Mozilla" 0.012\n'
    assert read(line.encode()).records.select("host", "request.url").rows() == [
        ("203.0.113.7", "/a")
    ]


def test_two_addresses_whose_roles_are_unknown_are_refused():
    lines = "".join(
        f'{start} [01/Jan/2024:10:00:00 +0000] "GET / HTTP/1.1" 200 5\n'
        for start in ("192.0.2.1 - -", "192.0.2.1 203.0.113.7 - -")
    )
    found = read(lines.encode())
    assert (found.read, found.records.height, found.refused.height) == (2, 1, 1)


CONTENT = b"1,2\n" * 500_000


def packed(folder: Path) -> dict[str, Path]:
    paths = {name: folder / name for name in ("a.csv", "a.csv.gz", "a.zip", "b.zip", "c.zip")}
    paths["a.csv"].write_bytes(CONTENT)
    paths["a.csv.gz"].write_bytes(gzip.compress(CONTENT))
    for name, member in (("a.zip", "a.csv"), ("b.zip", "a.csv.gz"), ("c.zip", "a.zip")):
        with zipfile.ZipFile(paths[name], "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(paths[member], member)
    return paths


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.zip", "b.zip", "c.zip"])
def test_packed_files_are_read_as_they_were(name: str, tmp_path: Path):
    [file] = find_files(packed(tmp_path)[name])
    assert (file.read(), file.read_start(6)[:6], file.name) == (CONTENT, CONTENT[:6], "a.csv")
    assert file.hash() == StoredFile(tmp_path / "a.csv").hash()
    with file.open_stream() as stream:
        assert b"".join(iter(lambda: stream.read(7_777), b"")) == CONTENT


def test_a_large_archive_in_an_archive_is_read_as_it_was(tmp_path: Path):
    content = b"".join(sha256(str(n).encode()).digest() for n in range(10_000))
    with patch("tests.sources.test_web_logs.CONTENT", content):
        path = packed(tmp_path)["c.zip"]
    with patch.object(stored_files, "_ALWAYS", 100):  # Larger ones are not unpacked into memory.
        [file] = find_files(path)
        assert file.read() == content
        assert file.size() == len(content)
        assert file.hash() == StoredFile(tmp_path / "a.csv").hash()


@pytest.mark.parametrize("name", ["a.csv.gz", "a.zip", "b.zip", "c.zip"])
def test_what_unpacks_to_far_more_than_its_size_is_refused(name: str, tmp_path: Path):
    with patch("tests.sources.test_web_logs.CONTENT", bytes(80_000_000)):
        path = packed(tmp_path)[name]
    with pytest.raises(InputError, match="unpacks to more than 200 times its size"):
        [file.read() for file in find_files(path)]


@pytest.mark.parametrize(("name", "kind"), [("a.csv.gz", "gzip file"), ("a.zip", "archive")])
def test_a_damaged_packed_file_is_named(name: str, kind: str, tmp_path: Path):
    path = packed(tmp_path)[name]
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(content[:middle] + bytes(40) + content[middle + 40 :])
    with pytest.raises(InputError, match=f"is a damaged {kind}: fetch it again"):
        [file.read() for file in find_files(path)]
