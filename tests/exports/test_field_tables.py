"""Field tables say which cell a source becomes, and name only formats and sources there are."""

import json

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.conftest import PROJECT
from workbench.exports import objects
from workbench.exports.field_tables import FORMATS, Field, column_headers, format_cells, read_fields

TABLES = sorted(path.stem for path in (PROJECT / "workbench/exports/fields").glob("*.csv"))
_CODE = "\n".join(path.read_text("utf-8") for path in (PROJECT / "workbench/exports").glob("*.py"))


@pytest.mark.parametrize("table", TABLES)
def test_a_table_names_its_columns_once_and_only_formats_there_are(table: str) -> None:
    assert len(set(column_headers(table))) == len(column_headers(table))
    known = {*FORMATS, *objects.FORMATS, "constant", "word", "local", "utc"}
    kinds = {
        field.format.removesuffix(" or null").partition(" ")[0] for field in read_fields(table)
    }
    assert kinds <= known


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_used_by_a_writer(table: str) -> None:
    assert f'"{table}"' in _CODE


@pytest.mark.parametrize("table", TABLES)
def test_values_of_an_object_within_an_object_follow_each_other(table: str) -> None:
    heads = [
        column.partition(".")[0] for column in column_headers(table) if not column.endswith(")")
    ]
    runs = [head for place, head in enumerate(heads) if heads[place - 1 : place] != [head]]
    assert len(set(runs)) == len(runs)


def test_a_cell_is_its_source_in_the_format_of_the_field() -> None:
    rows = pl.DataFrame({"total": [1250, None], "currency": ["EUR", "JPY"], "is_out": [True, None]})
    made = rows.select(
        Field(column="Total", source="total", format="amount").cell(),
        Field(column="Out", source="is_out", format="true_false").cell(),
        Field(column="Risk", source="Low", format="constant").cell(),
        Field(column="Employee", source="", format="").cell(),
    )
    expected = {
        "Total": ["12.50", None],
        "Out": ["true", "false"],
        "Risk": ["Low", "Low"],
        "Employee": [None, None],
    }
    assert_frame_equal(made, pl.DataFrame(expected, schema=dict.fromkeys(expected, pl.String)))


def test_rows_keep_what_is_known_about_them_and_further_columns() -> None:
    rows = pl.DataFrame(
        {
            **{key: ["x"] for key in ("ip", "invited_email", "custom")},
            **{key: ["y"] for key in ("invited_given_name", "invited_family_name")},
            "answer nps": ["9"],
            "native_id": ["31"],
            "record_id": [7],
        }
    ).with_columns(
        pl.datetime(2024, 7, 5, 7, 1, 26, time_zone="UTC").alias(name)
        for name in ("started_at", "occurred_at")
    )
    made = format_cells(rows, "surveymonkey", further=["answer nps"])
    assert made.columns == [*column_headers("surveymonkey"), "answer nps", "native_id", "record_id"]
    assert made["Start Date"].to_list() == ["07/05/2024 09:01:26 AM"]


def test_an_object_leaves_out_a_null_unless_its_field_writes_it() -> None:
    rows = pl.DataFrame(
        {"comment": ["17"], "occurred_at": [None], "username_text": [None], "message": ['"Hi"']},
        schema_overrides={"occurred_at": pl.Datetime("us", "UTC"), "username_text": pl.String},
    ).with_columns(likes=3, parent=pl.lit(None, pl.String), writer=pl.lit(None, pl.String))
    (line,) = rows.select(objects.json_object("instagram_comments")).to_series()
    assert json.loads(line) == {
        "id": "17", "username": None, "text": '"Hi"', "like_count": 3, "parent_id": None,
        "hidden": False,
    }  # fmt: skip


def test_a_dot_leads_into_an_object_within_the_object() -> None:
    rows = pl.DataFrame(
        {"named": ["1_2"], "parent": ["1_1"], "message": ["Yes!"], "occurred_at": [None]},
        schema_overrides={"occurred_at": pl.Datetime("us", "UTC")},
    )
    (line,) = rows.select(objects.json_object("facebook_answers")).to_series()
    assert json.loads(line)["parent"] == {"id": "1_1"}
