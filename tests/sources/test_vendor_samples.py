"""Samples of eleven vendors' exports, recognised and read, against a table made by hand."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.conftest import shared
from workbench.foundation.errors import InputError, WorkbenchError
from workbench.sources import FileWithoutRecords, Source, open_sources

ANYWHERE = {"basis": "contract", "data_until": "2026-07-01"}
EXPECTED = tomllib.loads((Path(__file__).parent / "vendor_samples.toml").read_text())["source"]
#: Folders of the eleven formats, with the mapping of each.
FOLDERS = {
    "shopify_orders": "shopify_orders",
    "shopify_customers": "shopify_customers",
    "stripe_payments": "stripe",
    "ga4_bigquery_export": "ga4",
    "access_log": "access_log",
    "segment": "segment",
    "salesforce": "salesforce",
    "zendesk": "zendesk",
    "mailchimp": "mailchimp",
    "qualtrics": "qualtrics",
    "meta_graph_comments": "meta_comments",
    "consent_onetrust": "onetrust",
}
#: Files beside the samples that are no exports: tests of encodings, lists of fields, posts.
NO_EXPORTS = (
    "salesforce/csvtext_BOM_UTF16LE.csv",
    "salesforce/csvtext_BOM_UTF8.csv",
    "salesforce/dateWithTimeZone.csv",
    "salesforce/timeZoneFormatTesting.csv",
    "meta_graph_comments/business_suite_posts.csv",
)
#: A list of fields in one line, which is a header without records.
ONLY_A_HEADER = "zendesk/user_seed_columns.txt"
#: Notes, and kinds of files of which recognition reads every record.
SLOW_OR_NOTES = (".md", ".parquet", ".xlsx")
#: Settings that fit any mapping, to see which mapping takes a file.
ANY_ANSWER = {**ANYWHERE, "zone": "UTC", "currency": "EUR"}


@pytest.fixture(scope="module")
def formats() -> Path:
    """Return the folder of the vendors' samples."""
    return shared("WORKBENCH_FORMATS", "formats")


def _open(formats: Path, expected: dict[str, Any]) -> Source:
    settings = {**ANYWHERE, **expected.get("settings", {})}
    found = open_sources(formats / expected["file"], settings=settings)
    (source,) = (each for each in found if each.format == expected["format"])
    return source


def _stated(row: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a row that are not null, without the reader's number of a consent."""
    return {
        name: int(value) if isinstance(value, Decimal) else value
        for name, value in row.items()
        if value is not None and name != "consent_id"
    }


def _name(expected: dict[str, Any]) -> str:
    orders = expected.get("settings", {}).get("orders", "")
    return " ".join([expected["format"], expected["file"].rpartition("/")[2], orders]).strip()


@pytest.mark.parametrize("expected", EXPECTED, ids=_name)
def test_a_sample_is_recognised_and_means_what_it_says(
    expected: dict[str, Any], formats: Path
) -> None:
    source = _open(formats, expected)
    result = source.read(0)
    refused = {
        str(row): sorted(f"{each['column']} {each['rule']}" for each in faults)
        for row, faults in result.refused.select("source_row", "faults").iter_rows()
    }
    assert result.read == expected["read"]
    assert refused == expected.get("refused", {})
    assert result.accepted == expected["read"] - len(refused)
    assert result.passed_over == expected.get("passed_over", {})
    assert {table: rows.height for table, rows in result.tables.items()} == expected["rows"]
    for said in expected.get("assumed", []):
        assert any(each.startswith(said) for each in result.assumptions), said


@pytest.mark.parametrize("expected", [each for each in EXPECTED if "identities" in each], ids=_name)
def test_a_sample_identifies_exactly_these(expected: dict[str, Any], formats: Path) -> None:
    found = _open(formats, expected).read(0).tables["identities"]
    assert sorted(found.select("record_id", "kind", "identifier").rows()) == sorted(
        (record, kind, identifier)
        for record, identifiers in expected["identities"].items()
        for kind, identifier in identifiers.items()
    )


@pytest.mark.parametrize("expected", [each for each in EXPECTED if "table" in each], ids=_name)
def test_the_rows_of_a_sample_are_value_by_value(expected: dict[str, Any], formats: Path) -> None:
    tables = _open(formats, expected).read(0).tables
    for table, rows in expected["table"].items():
        found = [_stated(row) for row in tables[table].iter_rows(named=True)]
        for row in rows:
            alike = [each for each in found if each["source_row"] == row["source_row"]]
            assert row in found, (table, alike)


def test_every_sample_of_the_eleven_formats_is_expected(formats: Path) -> None:
    files = {
        f"{folder}/{path.name}"
        for folder in FOLDERS
        for path in (formats / folder).iterdir()
        if path.name != "NOTES.md"
    }
    assert files == {each["file"] for each in EXPECTED} | set(NO_EXPORTS) | {ONLY_A_HEADER}


@pytest.mark.parametrize("file", NO_EXPORTS)
def test_a_file_that_is_no_export_is_not_recognised(file: str, formats: Path) -> None:
    with pytest.raises(WorkbenchError, match="was not recognised"):
        open_sources(formats / file, settings=ANY_ANSWER)


def test_a_file_without_a_needed_column_is_told_what_it_is_like(
    formats: Path, tmp_path: Path
) -> None:
    sample = formats / "stripe_payments" / "unified_payments.csv"
    renamed = sample.read_text().replace(",Amount Refunded,", ",Montant rembours\u00e9,", 1)
    (tmp_path / "payments.csv").write_text(renamed)
    words = r"not recognised \(it is like stripe without 'Amount Refunded'\) and needs a mapping"
    with pytest.raises(WorkbenchError, match=words):
        open_sources(tmp_path / "payments.csv", settings=ANY_ANSWER)


def test_salesforce_names_its_fields_in_capitals_or_not(formats: Path, tmp_path: Path) -> None:
    sample = formats / "salesforce" / "Contact_dataloader.csv"
    header, _, records = sample.read_text(encoding="utf-8-sig").partition("\n")
    renamed = header.title().replace("__C", "__c")
    (tmp_path / "Contact.csv").write_text(f"{renamed}\n{records}", encoding="utf-8")
    [capitals], [others] = (
        open_sources(path, settings=ANYWHERE) for path in (sample, tmp_path / "Contact.csv")
    )
    expected, found = capitals.read(0), others.read(0)
    assert "Loyalty_Tier__c" in renamed
    assert any("in another letter case: Id for ID, " in said for said in found.assumptions)
    assert found.tables.keys() == expected.tables.keys()
    for table, rows in expected.tables.items():
        if table != "attributes":  # Its names are those of the header.
            assert found.tables[table].equals(rows)


def test_a_header_alone_has_no_records(formats: Path) -> None:
    [found] = open_sources(formats / ONLY_A_HEADER, settings=ANY_ANSWER)
    assert isinstance(found, FileWithoutRecords)


def test_a_renamed_file_of_mailchimp_is_refused_since_it_has_no_state(
    formats: Path, tmp_path: Path
) -> None:
    sample = formats / "mailchimp" / "subscribed_members_export_ab12cd.csv"
    (tmp_path / "members.csv").write_bytes(sample.read_bytes())
    (source,) = open_sources(tmp_path / "members.csv", settings=ANYWHERE)
    with pytest.raises(InputError, match="reads state from the name of the file, which lacks it"):
        source.read(0)


@pytest.mark.parametrize(
    "folder", ["formats", pytest.param("data", marks=pytest.mark.slow), "cases"]
)
def test_nothing_else_is_taken_for_one_of_the_eleven(
    folder: str, formats: Path, tmp_path: Path
) -> None:
    files = sorted(path for path in (formats.parent / folder).rglob("*") if path.is_file())
    taken = {
        str(path.relative_to(formats.parent)): found
        for path in files
        if path.suffix not in SLOW_OR_NOTES and (found := _mappings_that_take(path, tmp_path))
    }
    samples = {
        f"formats/{each['file']}": {FOLDERS[each["file"].partition("/")[0]]} for each in EXPECTED
    }
    others = {
        "data/survey_qualtrics/sample_3header.csv": {"qualtrics"},
        "data/survey_qualtrics/sample_legacy_2header.csv": {"qualtrics"},
        "cases/v01.csv": {"shopify_orders"},
        "cases/v03.csv": {"stripe"},
        "cases/v06.ndjson": {"ga4"},
        "cases/v08-cases.csv": {"salesforce"},
        "cases/v08-contacts.csv": {"salesforce"},
        "cases/v10-legacy.csv": {"qualtrics"},
        "cases/v10-new.csv": {"qualtrics"},
        "cases/v15.log": {"access_log"},
    }
    expected = {k: v for k, v in (samples | others).items() if k.startswith(f"{folder}/")}
    assert taken == expected


def test_a_parquet_file_of_numbers_is_no_export_with_header_rows(tmp_path: Path) -> None:
    pl.DataFrame({"StartDate": [1, 2, 3], "ResponseId": [4, 5, 6]}).write_parquet(
        tmp_path / "numbers.parquet"
    )
    with pytest.raises(WorkbenchError, match="was not recognised"):
        open_sources(tmp_path / "numbers.parquet", settings=ANY_ANSWER)


def _mappings_that_take(path: Path, folder: Path) -> set[str]:
    """Return the mappings whose parts recognise a file; none if it is no file of a known kind."""
    head = path.read_bytes()
    if path.suffix in (".csv", ".txt"):  # Recognition needs a hundred records.
        head = b"".join(head.splitlines(keepends=True)[:200])
    copy = folder / path.name
    copy.write_bytes(head)
    try:
        found = open_sources(copy, settings=ANY_ANSWER)
        known = [each for each in found if not isinstance(each, FileWithoutRecords)]
        return {each.format.partition("/")[0] for each in known}
    except WorkbenchError as error:
        if "page_id" in str(error):  # Only this mapping asks for it.
            return {"meta_comments"}
        return {"several"} if "may be" in str(error) else set()
