"""Damaged exports of every vendor: no crash, and every record is accepted or refused.

Samples are mutated at random: bytes changed, cut, repeated, lines moved, cells exchanged for nasty
ones. Small files of every format are damaged in the same way and given to its reader alone, which
takes a tenth of the time. ``make test-slow`` tries 10,000 of each format, and 300 of each sample.
"""

import io
import random
from contextlib import suppress
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from tests.conftest import shared
from workbench.foundation.errors import InputError, ParameterError
from workbench.sources.mapped_file import MappedFile
from workbench.sources.mapping.part_rules import PartRules
from workbench.sources.mapping.source_mapping import SourceMapping, find_mapping, ready_mappings
from workbench.sources.opening import open_sources
from workbench.sources.part_members import read_members
from workbench.sources.places import StoredFile

SETTINGS = {"zone": "Europe/Berlin", "currency": "EUR", "data_until": "2027-01-01"}
FORMATS = shared("WORKBENCH_FORMATS", "formats")
NASTY = (
    b"", b"\x00", b"\xff\xfe", b'"', b"'", b"\\", b"{", b"]", b"null", b"NaN", b"-1e999", b"1e400",
    b"9" * 40, b"0000-00-00", b"9999-12-31T23:59:59Z", b"2024-02-30", b"=1+1", b"<script>",
    b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"a" * 5000, b"[" * 300, b"{}", b"[]", b"true", b",",
    b";", b"\t", b"%s", b"%00", b"../..", b" ", b"\r", b"\n\n", b'"""', b"\xe2\x80\xae",
)  # fmt: skip


def samples() -> list[tuple[str, str, Path]]:
    """Return each sample with the mapping and part that recognise it."""
    stated = {**SETTINGS, "basis": "contract", "system": "x"}
    found = []
    for path in sorted(FORMATS.glob("*/*")):
        for answers in ({}, {"page_id": "1001"}):  # a setting that a format does not ask is refused
            with suppress(InputError, ParameterError):
                sources = open_sources(path, settings={**stated, **answers})
                files = [each for each in sources if isinstance(each, MappedFile)]
                found += [(each.mapping.name, each.part_name, path) for each in files]
    return found


SAMPLES = samples()


def mutated(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        to = min(len(data), at + chance.randint(0, 60))
        match chance.randrange(7):
            case 0:
                data = data[:at] + chance.choice(NASTY) + data[to:]
            case 1:
                data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
            case 2:
                data = data[:at]
            case 3:
                data = data[:to] + data[at:]
            case 4:
                lines = data.split(b"\n")
                chance.shuffle(lines)
                data = b"\n".join(lines)
            case 5:
                lines = data.split(b"\n")
                lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
                data = b"\n".join(lines)
            case _:
                for mark in (b",", b'"', b":"):
                    parts = data.split(mark)
                    if len(parts) > 2:
                        where = chance.randrange(len(parts))
                        parts[where] = chance.choice(NASTY)
                        data = mark.join(parts)
                        break
    return data


def try_it(mapping: SourceMapping, part: str, path: Path) -> None:
    settings = {**SETTINGS, "basis": "contract", "system": "x"}
    settings |= dict.fromkeys(mapping.ask, "1001")
    source = MappedFile.open(StoredFile(path), mapping=mapping, part=part, settings=settings)
    reading = source.read(0)
    assert reading.accepted + reading.refused.height == reading.read
    assert reading.refused["source_row"].is_unique().all()
    assert reading.refused["raw"].null_count() == 0
    assert sum(reading.passed_over.values()) + reading.repeated <= reading.accepted


def fuzz(sample: tuple[str, str, Path], times: int, folder: Path, seed: int) -> None:
    name, part, path = sample
    mapping, data = find_mapping(name), path.read_bytes()
    target = folder / path.name
    for n in range(times):
        chance = random.Random(f"{seed} {name} {part} {path.name} {n}")  # noqa: S311 repeatable damage
        target.write_bytes(mutated(data, chance))
        try:
            try_it(mapping, part, target)
        except (InputError, ParameterError):
            continue
        except Exception as error:
            raise AssertionError(f"{name}/{part} {path.name}, seed {seed}, try {n}") from error


def test_every_mapping_with_a_recognition_is_tried():
    recognised = {name for name in ready_mappings() if find_mapping(name).is_recognised}
    assert {name for name, _, _ in SAMPLES} == recognised


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda each: f"{each[1]}-{each[2].name}")
def test_a_damaged_export_is_read_or_refused(sample: tuple[str, str, Path], tmp_path: Path):
    fuzz(sample, 12, tmp_path, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda each: f"{each[1]}-{each[2].name}")
def test_many_damaged_exports_are_read_or_refused(sample: tuple[str, str, Path], tmp_path: Path):
    fuzz(sample, 300, tmp_path, seed=2)


ROWS = pl.DataFrame(
    {
        "id": [f"C{n}" for n in range(20)],
        "n": [*range(20)],
        "at": ["2024-01-01T10:00:00Z", None] * 10,
        "note": ['a "b", c', "two\nlines", "", "ä"] * 5,
    }
)


def workbook() -> bytes:
    book, content = openpyxl.Workbook(), io.BytesIO()
    for row in (ROWS.columns, *ROWS.iter_rows()):
        book.active.append(row)
    book.save(content)
    return content.getvalue()


def parquet(compression: str) -> bytes:
    content = io.BytesIO()
    ROWS.write_parquet(content, compression=compression)
    return content.getvalue()


LOG_LINE = '192.0.2.1 - - [01/Jan/2024:10:00:00 +0000] "GET /a?b=c HTTP/1.1" 200 5 "-" "x" "s=1"\n'
#: By format: the name of a small file, its content, and the format that its part declares.
SMALL = {
    "comma": ("a.csv", ROWS.write_csv().encode(), None),
    "semicolon": ("a.csv", ROWS.write_csv(separator=";", line_terminator="\r\n").encode(), None),
    "utf-16": ("a.csv", ROWS.write_csv(separator="\t").encode("utf-16"), None),
    "lines": ("a.ndjson", ROWS.write_ndjson().encode(), None),
    "document": ("a.json", ROWS.write_json().encode(), None),
    "workbook": ("a.xlsx", workbook(), None),
    "parquet": ("a.parquet", parquet("zstd"), None),
    "plain parquet": ("a.parquet", parquet("uncompressed"), None),
    "log": ("a.log", (LOG_LINE * 9 + "#Fields: c-ip cs-uri-stem\n1 /a\n").encode(), "access_log"),
    "pairs": ("a.txt", b"version=6\ngroups=C1%3A1%2CC2%3A0\nat=2024-01-01\n", "pairs"),
}


def fuzz_reader(kind: str, times: int, seed: int) -> None:
    name, data, stated = SMALL[kind]
    rules = {"columns": {"id": "text"}, "record": {"id": "id"}}
    part = PartRules.model_validate({**rules, "file": {"format": stated} if stated else {}})
    read = 0
    for n in range(times):
        chance = random.Random(f"{seed} {kind} {n}")  # noqa: S311 repeatable damage
        try:
            found = read_members(mutated(data, chance), part, name)
        except (InputError, ParameterError):
            continue
        except Exception as error:
            raise AssertionError(f"{kind}, seed {seed}, try {n}") from error
        numbers = [*found.members.numbers, *found.refused["source_row"]]
        assert sorted(numbers) == [*range(1, found.read + 1)], f"{kind}, seed {seed}, try {n}"
        read += 1
    assert read, f"no damaged file of format {kind} was read"


@pytest.mark.parametrize("kind", SMALL)
def test_a_damaged_file_of_any_format_is_read_or_refused(kind: str):
    fuzz_reader(kind, 60, seed=3)


@pytest.mark.slow
@pytest.mark.parametrize("kind", SMALL)
def test_many_damaged_files_of_any_format_are_read_or_refused(kind: str):
    fuzz_reader(kind, 10_000, seed=4)


def test_a_pair_with_undecodable_bytes_is_refused_alone():
    part = PartRules.model_validate(
        {"columns": {"a": "text"}, "record": {"id": "a"}, "file": {"format": "pairs"}}
    )
    found = read_members(b"a=1\nb=\x81\xfc\nc=\xc3\xa4\nd=\xc3\xb6\nsource_row=2\n", part, "a.txt")
    assert (found.read, found.refused.height) == (2, 1)
    assert found.members.cells["a"].to_list() == ["1"]
