"""Names of fields that may be values are counted, wherever a message names what a file has."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.conftest import see as read_cells
from workbench.foundation.errors import InputError
from workbench.sources.mapping.found_names import FoundNames

UNUSED = "columns that the mapping does not use"


def _lines(path: Path, records: list[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_keys_that_are_values_are_counted(see, tmp_path: Path):
    scores = {f"geheim{n}@x.example": n for n in range(400)}
    path = _lines(tmp_path / "a.ndjson", [{"id": "k", "m": scores}])
    seen = see(path, {"id": "text"})
    assert f"{UNUSED}: 400 names, which may be values and are not printed" in seen.said
    assert "geheim" not in seen.said


def test_keys_in_most_of_many_records_are_names(see, tmp_path: Path):
    records = [
        {"id": str(n), "city": {"name": "x"}, "lines": [{"sku": "a"}], "m": {f"Geheim {n}": n}}
        for n in range(20)
    ]
    columns = {"id": "text"}
    many = see(_lines(tmp_path / "a.ndjson", records), columns).said
    assert f"{UNUSED}: city.name, lines[].sku and 20 other names, which" in many
    few = see(_lines(tmp_path / "b.ndjson", records[:19]), columns).said
    assert f"{UNUSED}: 21 names, which may be values and are not printed" in few


@pytest.mark.parametrize(
    "key", ["geheim@x.example", "Geheim Person", "geheim 49170", "g4917012345", "49170",
     "geheim-1234-5678", "geheim4917", "g1-2-3-4"],
)  # fmt: skip
def test_a_key_without_the_form_of_a_name_is_counted_even_in_all_records(
    see, tmp_path: Path, key: str
):
    path = _lines(tmp_path / "a.ndjson", [{"id": str(n), "m": {key: n}} for n in range(50)])
    assert (
        f"{UNUSED}: 1 name, which may be a value and is not printed"
        in see(path, {"id": "text"}).said
    )


def test_a_stated_name_below_a_key_that_may_be_a_value_is_not_printed(see, tmp_path: Path):
    path = _lines(tmp_path / "a.ndjson", [{"a": "1", "scores": {"Geheim Person": {"a": 1}}}])
    seen = see(path, {"a": "text"})
    assert f"{UNUSED}: 1 name, which" in seen.said
    assert "Geheim" not in seen.said


def test_the_unused_columns_of_a_header_are_printed(see, tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("id,first name,E-Mail\n1,x,y\n")
    assert f"{UNUSED}: first name, E-Mail" in see(path, {"id": "text"}).said.splitlines()


def test_the_unused_cells_of_a_first_line_that_may_be_a_record_are_counted(see, tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("geheim,geheim@x.example,id\n2,x,id\n")
    columns = {"id": "text", "contact": {"type": "text", "optional": True}}
    seen = see(path, columns)
    assert f"{UNUSED}: 2 names, which may be values and are not printed" in seen.said
    assert "geheim" not in seen.said


def test_the_unused_columns_of_nested_parquet_are_printed(see, tmp_path: Path):
    path = tmp_path / "a.parquet"
    pl.DataFrame({"id": ["1"], "address": [{"town_part": "x", "zip5": "y"}]}).write_parquet(path)
    assert f"{UNUSED}: address.town_part, address.zip5" in see(path, {"id": "text"}).said


def test_fields_of_a_struct_that_may_be_values_are_counted(see, tmp_path: Path):
    path = tmp_path / "a.parquet"
    scores = {"geheim@x.example": 1, "Geheim Person": 2, "geheim-1234-5678": 3, "total": 4}
    rows = {"id": ["1"], "m": [scores], "Some Person": [{"x": 1}], "first column": [2]}
    pl.DataFrame(rows).write_parquet(path)
    seen = see(path, {"id": "text"})
    expected = "m.total, Some Person.x, first column and 3 other names, which may be values"
    assert f"{UNUSED}: {expected}" in seen.said.replace("\n", " ")


def test_names_of_cookies_are_counted(see, tmp_path: Path):
    path = tmp_path / "cookies.txt"
    path.write_text("id=1\ngeheim_at_x.example=3\n")
    seen = see(path, {"id": "text"}, file={"format": "pairs"})
    assert f"{UNUSED}: 1 name, which" in seen.said
    assert "geheim" not in seen.said


@pytest.mark.parametrize(
    ("record", "hint"),
    [
        ({"person": {"e_mail": "x"}}, r"Did you mean 'person\.e_mail'\?"),
        ({"person": {"geheim_email": "x"}}, None),
        ({"geheim": {"e_mail": "x"}}, None),
        ({"geheim": [{"email": "x"}]}, r'declare records = "NAME\[\]"'),
    ],
)
def test_a_missing_place_is_compared_with_names_alone(
    see, tmp_path: Path, record: Mapping[str, Any], hint: str | None
):
    path = _lines(tmp_path / "a.ndjson", [record])
    with pytest.raises(InputError, match=hint or r"no record has person\.email") as error:
        see(path, {"person.email": "text"})
    assert "geheim" not in str(error.value)
    assert ("Did you mean" in str(error.value)) == (hint is not None and "mean" in hint)


def test_a_pattern_of_several_columns_is_refused_with_their_numbers(see, tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("id,geheim a,geheim b\n1,x,y\n")
    with pytest.raises(InputError, match=r"2 columns match /geheim/.*\(columns 2, 3\)"):
        see(path, {"id": "text", "/geheim/": {"type": "text", "name": "note"}})


def test_names_are_listed_with_the_number_of_the_others():
    assert FoundNames(printable=("a",), others=("b", "c")).as_text().startswith("a and 2 other")
    assert FoundNames(printable=("a", "b")).as_text() == "a, b"
    assert FoundNames(printable=(), others=("b",)).nearest("bb") is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["id", "m"]),
            st.recursive(
                st.just("1"),
                lambda below: (
                    st.lists(below, max_size=2)
                    | st.dictionaries(st.integers(0, 10**6).map("SECRET{}@x.example".format), below)
                ),
                max_leaves=8,
            ),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_no_message_prints_a_key_of_a_person(tmp_path_factory, records):
    path = _lines(tmp_path_factory.mktemp("a") / "a.ndjson", records)
    try:
        told = read_cells(path, {"id": "text", "m.x": "text"}).said
    except InputError as error:
        told = str(error)
    assert "SECRET" not in told
