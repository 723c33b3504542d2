"""A file without records is counted as 0 read and said; the other files of its folder load."""

import io
import zipfile
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from tests.intake.conftest import SETTINGS
from workbench.foundation.errors import InputError
from workbench.intake import LoadReport, load
from workbench.sources import SourceMapping
from workbench.vault import Vault

COLUMNS = {"number": {"type": "code", "required": True}, "joined": "date"}
PEOPLE = {
    **SETTINGS,
    "columns": COLUMNS,
    "record": {"id": "number"},
    "identities": {"user_id": "number"},
    "tables": {"customers": {"first_seen_at": "joined"}},
}
LOG = '192.0.2.1 - - [01/Jan/2024:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "x" "_ga=GA1.2.1.17"\n'
SEGMENT = (
    '{"type": "track", "anonymousId": "a1", "timestamp": "2024-01-01T10:00:00Z", "context": {}, '
    '"event": "Opened", "messageId": "m1"}\n'
)


def workbook(*rows: tuple[str, ...]) -> bytes:
    book, content = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(content)
    return content.getvalue()


def parquet(*numbers: str) -> bytes:
    content = io.BytesIO()
    rows = {"number": numbers, "joined": ["2024-01-01"] * len(numbers)}
    pl.DataFrame(rows, schema=dict.fromkeys(rows, pl.String)).write_parquet(content)
    return content.getvalue()


#: By suffix: a file with one record, and one of the same format without any.
FILES = {
    "csv": (b"number,joined\n1,2024-01-01\n", b"number,joined\n"),
    "tsv": (b"number\tjoined\n1\t2024-01-01\n", b"number\tjoined\n"),
    "json": (b'[{"number": "1", "joined": "2024-01-01"}]', b"[]"),
    "ndjson": (b'{"number": "1", "joined": "2024-01-01"}\n', b""),
    "xlsx": (workbook(("number", "joined"), ("1", "2024-01-01")), workbook(("number", "joined"))),
    "parquet": (parquet("1"), parquet()),
}


@pytest.fixture(params=FILES)
def pair(request: pytest.FixtureRequest) -> tuple[str, bytes, bytes]:
    return (request.param, *FILES[request.param])


def load_people(path: Path, vault: Vault) -> LoadReport:
    mapping = SourceMapping.of(PEOPLE, name="people")
    return load([path], vault=vault, dataset="shop", mapping=mapping, settings={})


def read_and_said(report: LoadReport) -> list[tuple[str, int, bool]]:
    return [(Path(f.path).name, f.read, f.assumptions == ("no records",)) for f in report.files]


def test_the_rest_of_a_folder_loads(pair, vault: Vault, tmp_path: Path):
    suffix, full, empty = pair
    folder = tmp_path / "delivery"
    folder.mkdir()
    (folder / f"a.{suffix}").write_bytes(empty)
    (folder / f"b.{suffix}").write_bytes(full)
    report = load_people(folder, vault)
    assert read_and_said(report) == [(f"a.{suffix}", 0, True), (f"b.{suffix}", 1, False)]
    assert (report.version, report.tables["customers"]) == (1, 1)
    assert [source.read for source in vault.dataset("shop").sources] == [1]


def test_the_rest_of_an_archive_loads(pair, vault: Vault, tmp_path: Path):
    suffix, full, empty = pair
    with zipfile.ZipFile(tmp_path / "delivery.zip", "w") as archive:
        archive.writestr(f"a.{suffix}", empty)
        archive.writestr(f"b.{suffix}", full)
    report = load_people(tmp_path / "delivery.zip", vault)
    assert read_and_said(report) == [(f"a.{suffix}", 0, True), (f"b.{suffix}", 1, False)]


def test_a_load_without_any_record_makes_no_version(pair, vault: Vault, tmp_path: Path):
    suffix, _, empty = pair
    (tmp_path / f"a.{suffix}").write_bytes(empty)
    with pytest.raises(InputError, match=rf"a.{suffix} has no record: nothing was loaded") as error:
        load_people(tmp_path / f"a.{suffix}", vault)
    assert error.value.exit_code == 3
    assert vault.datasets() == []


def test_a_header_that_lacks_a_column_is_refused_without_records_too(vault: Vault, tmp_path: Path):
    (tmp_path / "a.csv").write_bytes(b"number,born\n")
    with pytest.raises(InputError, match="lacks column 'joined'"):
        load_people(tmp_path / "a.csv", vault)


@pytest.mark.parametrize(
    ("name", "empty"),
    [
        ("a.csv", b"id,email\n"),
        ("a.ndjson", b""),
        ("a.json", b"[]"),
        ("a.log", b"#Software: Internet Information Services\n#Fields: date time c-ip\n"),
        ("a.log", b""),
        ("a.parquet", parquet()),
        ("a.xlsx", workbook(("id", "email"))),
    ],
)
def test_no_mapping_is_needed_to_see_that_there_is_no_record(
    name: str, empty: bytes, vault: Vault, tmp_path: Path
):
    folder = tmp_path / "delivery"
    folder.mkdir()
    (folder / name).write_bytes(empty)
    (folder / "b.ndjson").write_text(SEGMENT)
    settings = {**SETTINGS, "system": "web"}
    report = load([folder], vault=vault, dataset="shop", settings=settings)
    assert read_and_said(report) == [(name, 0, True), ("b.ndjson", 1, False)]


def test_a_log_with_remarks_only_has_no_record(vault: Vault, tmp_path: Path):
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "monday.log").write_text("#Fields: date time c-ip\n")
    (folder / "tuesday.log").write_text(LOG)
    report = load(
        [folder],
        vault=vault,
        dataset="shop",
        settings={"data_until": "2024-02-01", "basis": "contract"},
    )
    assert read_and_said(report) == [("monday.log", 0, True), ("tuesday.log", 1, False)]


def test_a_record_that_no_mapping_knows_is_still_refused(vault: Vault, tmp_path: Path):
    (tmp_path / "a.csv").write_bytes(b"id,born\n1,1980\n")
    with pytest.raises(ValueError, match="was not recognised and needs a mapping"):
        load([tmp_path / "a.csv"], vault=vault, dataset="shop", settings=SETTINGS)


def test_a_file_of_zero_bytes_that_should_have_a_header_is_refused(vault: Vault, tmp_path: Path):
    (tmp_path / "a.csv").write_bytes(b"")
    with pytest.raises(InputError, match="is empty: nothing to read"):
        load_people(tmp_path / "a.csv", vault)
