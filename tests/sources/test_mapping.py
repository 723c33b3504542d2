"""Mappings: what they may say, and all faults at once."""

from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.refusals import words_of
from workbench.foundation.errors import InputError, ParameterError
from workbench.schema.record_faults import FAULTS
from workbench.sources import SourceMapping, faults_of, find_mapping, open_source

SETTINGS = {
    "system": "shop",
    "zone": "UTC",
    "currency": "EUR",
    "data_until": "2024-07-01",
    "basis": "contract",
}
ORDERS = {
    "columns": {"no": "code", "who": "code", "on": "date", "paid": "money"},
    "record": {"id": "NULLIF(who, '0')", "observed_at": '"on"'},
    "identities": {"user_id": "NULLIF(who, '0')"},
    "tables": {
        "customers": {"first_seen_at": 'MIN("on")'},
        "orders": {
            "order_id": "no",
            "kind": "CASE WHEN paid < 0 THEN 'return' ELSE 'sale' END",
            "ordered_at": '"on"',
            "total_minor": "paid",
        },
    },
}


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text(text)
    return path


def test_rows_come_keyed_by_the_sources_own_record(tmp_path: Path):
    path = _file(tmp_path, "no,who,on,paid\n1,7,2024-05-02,10.00\n2,0,2024-05-03,-2.50\n")
    reading = open_source(path, mapping=SourceMapping.of(ORDERS, name="o"), settings=SETTINGS).read(
        0
    )
    assert_frame_equal(
        reading.tables["orders"].select(
            "order_id",
            "record_id",
            pl.col("kind").cast(pl.String),
            "currency",
            "total_minor",
            "source_row",
        ),
        pl.DataFrame(
            {
                "order_id": ["shop:1", "shop:2"],
                "record_id": ["shop:7", None],
                "kind": ["sale", "return"],
                "currency": ["EUR", "EUR"],
                "total_minor": [1000, -250],
                "source_row": [1, 2],
            }
        ),
    )
    assert reading.tables["customers"]["record_id"].to_list() == ["shop:7"]
    assert reading.tables["identities"]["identifier"].to_list() == ["shop:7"]


@pytest.mark.parametrize(
    ("more", "currency"),
    [
        ({}, "XXX"),
        ({"columns": {"who": "code", "paid": "money"}}, None),
        ({"attributes": {"value": {"coin": "currency"}}}, None),
    ],
)
def test_a_source_without_amounts_needs_no_currency(
    tmp_path: Path, more: dict[str, object], currency: str | None
):
    stated = {name: value for name, value in SETTINGS.items() if name != "currency"}
    content = {
        "columns": {"who": "code"},
        "record": {"id": "who"},
        "identities": {"user_id": "who"},
    }
    mapping = SourceMapping.of({**content, **more}, name="people")
    path = _file(tmp_path, "who,paid\n7,1\n")
    if currency is None:
        with pytest.raises(ParameterError, match=r"not declared: currency\."):
            open_source(path, mapping=mapping, settings=stated)
    else:
        assert open_source(path, mapping=mapping, settings=stated).currency == currency


def test_bad_cells_refuse_their_record_with_every_reason(tmp_path: Path):
    path = _file(tmp_path, "no,who,on,paid\n1,7,2024-05-02,1\n2,7,soon,much\n3,7,2024-02-30,2\n")
    reading = open_source(path, mapping=SourceMapping.of(ORDERS, name="o"), settings=SETTINGS).read(
        0
    )
    assert_frame_equal(
        faults_of(reading.refused),
        pl.DataFrame(
            {
                "source_row": [2, 2, 3],
                "table": [None, None, None],
                "column": ["on", "paid", "on"],
                "rule": ["date", "money", "date"],
                "parameters": ['{"example": "2024-03-31"}', "{}", '{"example": "2024-03-31"}'],
            },
            schema=FAULTS,
        ),
    )
    assert words_of(reading.refused) == [
        (2, "on: not a date, must look like 2024-03-31"),
        (2, "paid: not an amount of money"),
        (3, "on: not a date, must look like 2024-03-31"),
    ]
    assert reading.refused["raw"][0] == '{"no": "2", "who": "7", "on": "soon", "paid": "much"}'
    assert (reading.read, reading.accepted) == (3, 1)
    assert reading.tables["orders"].height == 1


def test_a_value_that_the_schema_cannot_hold_refuses_the_record_in_every_table(tmp_path: Path):
    path = _file(tmp_path, "no,who,on,paid\n1,7,2024-05-02,1\n,8,2024-05-02,1\n")
    reading = open_source(path, mapping=SourceMapping.of(ORDERS, name="o"), settings=SETTINGS).read(
        0
    )
    assert words_of(reading.refused) == [(2, "orders: order_id: missing")]
    assert reading.tables["customers"]["record_id"].to_list() == ["shop:7"]


def test_a_column_of_which_no_cell_can_be_read_stops_the_load(tmp_path: Path):
    path = _file(tmp_path, "no,who,on,paid\n1,7,02.05.2024,1\n2,7,03.05.2024,1\n")
    source = open_source(path, mapping=SourceMapping.of(ORDERS, name="o"), settings=SETTINGS)
    with pytest.raises(
        InputError, match=r"no cell of column 'on' can be read as date \(2 records\)"
    ):
        source.read(0)


def test_a_renamed_column_is_named_with_the_header_found(tmp_path: Path):
    path = _file(tmp_path, "no,who,on,pald\n1,7,2024-05-02,1\n")
    source = open_source(path, mapping=SourceMapping.of(ORDERS, name="o"), settings=SETTINGS)
    with pytest.raises(
        InputError,
        match=r"lacks column 'paid' \(did you mean 'pald'\?\)\. Its header: no, who, on, pald",
    ):
        source.read(0)


@pytest.mark.parametrize(
    ("line", "needed", "printed"),
    [
        ("1,geheim@x.example,email", "contact email", "email and 2 other names, which may be"),
        ("1,geheim@x.example,emaill", "email", "emaill and 2 other names, which may be values"),
        ("geheim,Email,phone", "contact email phone", "email, phone and 1 other name, which may"),
        ("no,contact,email,phone", "contact email phone fax", "no, contact, email, phone. Correct"),
    ],
)
def test_values_beside_a_few_names_in_the_first_line_are_counted(
    tmp_path: Path, line: str, needed: str, printed: str
):
    path = _file(tmp_path, f"{line}\n2{',x' * line.count(',')}\n")
    content = {**ORDERS, "columns": {key: {"type": "text"} for key in needed.split()}}
    content |= {"record": {"id": "email"}, "identities": {"email": "email"}, "tables": {}}
    source = open_source(path, mapping=SourceMapping.of(content, name="o"), settings=SETTINGS)
    with pytest.raises(InputError) as error:
        source.read(0)
    assert f"Its header: {printed}" in str(error.value)
    assert "geheim" not in str(error.value)


def test_a_first_line_that_is_no_header_is_not_printed(tmp_path: Path):
    path = _file(tmp_path, "1,ann@example.com,2024-05-02,1\n2,bo@example.com,2024-05-02,1\n")
    source = open_source(path, mapping=SourceMapping.of(ORDERS, name="o"), settings=SETTINGS)
    with pytest.raises(InputError, match="whether the first line is a header") as error:
        source.read(0)
    assert "ann@example.com" not in str(error.value)


def test_all_faults_of_a_mapping_are_told_at_once():
    content = {
        "columns": {"no": "number", "on": "date"},
        "tables": {"orders": {"order_id": "nr"}},
    }
    with pytest.raises(ParameterError, match=r"mapping o has 1 fault:\n  columns\.no\.type"):
        SourceMapping.of(content, name="o")
    content["columns"] = {"no": "code"}
    content["attributes"] = {"hobby": {"x": "no) AND ("}}
    with pytest.raises(ParameterError) as error:
        SourceMapping.of(content, name="o")
    for part in (
        "mapping o has 4 faults",
        "tables.orders.order_id: no column 'nr'.",
        "attributes.hobby.x: ",
        "no namespace of attributes 'hobby'",
        "tables.orders: every row needs kind, ordered_at, total_minor",
    ):
        assert part in str(error.value)


def test_settings_that_nobody_declared_are_named_in_one_refusal(tmp_path: Path):
    path = _file(tmp_path, "no,who,on,paid\n1,7,2024-05-02,1\n")
    mapping = SourceMapping.of(ORDERS, name="o")
    with pytest.raises(
        ParameterError, match=r"not declared: currency, basis\. Set --set currency=… --set basis=…"
    ):
        open_source(
            path,
            mapping=mapping,
            settings={"system": "shop", "zone": "UTC", "data_until": "2024-07-01"},
        )
    with pytest.raises(
        ParameterError,
        match=r"no setting 'zones'; did you mean 'zone'.*basis is 'consensus', expected",
    ):
        open_source(
            path, mapping=mapping, settings={**SETTINGS, "zones": "UTC", "basis": "consensus"}
        )


def test_other_content_mapping_or_settings_are_another_source(tmp_path: Path):
    path = _file(tmp_path, "no,who,on,paid\n1,7,2024-05-02,1\n")
    mapping = SourceMapping.of(ORDERS, name="o")
    first = open_source(path, mapping=mapping, settings=SETTINGS).content_hash
    assert open_source(path, mapping=mapping, settings=SETTINGS).content_hash == first
    moved = path.rename(tmp_path / "moved.csv")
    assert open_source(moved, mapping=mapping, settings=SETTINGS).content_hash == first
    other = {**SETTINGS, "zone": "Asia/Tokyo"}
    same_file = open_source(moved, mapping=mapping, settings=other)
    assert same_file.content_hash != first
    moved.write_text("no,who,on,paid\n1,7,2024-05-02,2\n")
    changed = open_source(moved, mapping=mapping, settings=SETTINGS)
    assert changed.content_hash != first
    assert changed.file_hash != same_file.file_hash
    assert open_source(moved, mapping=mapping, settings=other).file_hash == changed.file_hash


def test_an_unknown_mapping_is_refused_with_the_names_there_are():
    with pytest.raises(
        ParameterError, match="no mapping 'online_retial'; did you mean 'online_retail'"
    ):
        find_mapping("online_retial")


def test_a_missing_file_and_a_missing_mapping_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match="does not exist"):
        open_source(tmp_path / "none.csv")
    path = _file(tmp_path, "a\n1\n")
    with pytest.raises(ParameterError, match=r"needs a mapping .* Ready mappings: access_log"):
        open_source(path)


def test_an_expression_that_does_not_suit_its_columns_is_named_without_a_cell(tmp_path: Path):
    path = _file(tmp_path, "no,who,on,paid\nSECRET,7,2024-05-02,1\n")
    content = {**ORDERS, "derive": {"number": "CAST(no AS BIGINT)"}}
    source = open_source(path, mapping=SourceMapping.of(content, name="o"), settings=SETTINGS)
    with pytest.raises(
        ParameterError, match=r"mapping o: derive\.number cannot be computed"
    ) as error:
        source.read(0)
    assert "SECRET" not in str(error.value)


def test_other_words_for_yes_and_no_are_listed_and_the_refusal_names_how(see, tmp_path: Path):
    path = _file(tmp_path, "vip;club;n\noui;yes;1\nnon;oui;2\n")
    listed = {"type": "boolean", "values": {"oui": "yes", "non": "no"}}
    seen = see(path, {"vip": listed, "club": "boolean"})
    assert seen.cells["vip"] == ["yes"]
    assert words_of(seen.reading.refused) == [
        (
            2,
            "club: not yes or no, allowed are true, yes, y, t, 1, false, no, n, f, 0; the mapping "
            'can list other words as values = { word = "yes" }',
        )
    ]


def test_a_file_may_lack_an_optional_column(see, tmp_path: Path):
    columns = {
        "no": "code", "note": {"type": "text", "optional": True},
        "paid": {"type": "money", "optional": True, "currency": "cur"},
        "cur": {"type": "code", "optional": True},
    }  # fmt: skip
    seen = see(_file(tmp_path, "no;who\n1;7\n"), columns)
    assert seen.cells == {"no": ["1"], "note": [None], "paid": [None], "cur": [None]}
    with pytest.raises(InputError, match=r"lacks column 'no'"):
        see(_file(tmp_path, "nr;note\n1;x\n"), columns)


def test_a_list_of_values_may_say_what_any_other_cell_stands_for(see, tmp_path: Path):
    path = _file(tmp_path, "no,sex\n1,m\n2,w\n3,x\n4,\n")
    rule = {"type": "category", "values": {"m": "male", "w": "female", "*": ""}}
    seen = see(path, {"no": "code", "sex": rule})
    assert seen.cells["sex"] == ["male", "female", None, None]
    assert "sex: 1 cell with other values than the mapping lists, taken as empty" in seen.said
    named = see(path, {"no": "code", "sex": rule | {"values": {"m": "male", "*": "other"}}})
    assert named.cells["sex"] == ["male", "other", "other", None]


def test_a_column_whose_name_ends_in_a_question_mark_is_read_and_known(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(
        'system = "crm"\nzone = "UTC"\ncurrency = "EUR"\ndata_until = "2024-07-01"\n'
        'basis = "contract"\n[columns]\nid = "code"\n'
        '"Newsletter?" = { type = "boolean", name = "letter" }\n[record]\nid = "id"\n'
        "[attributes.preference]\nletter = \"CASE WHEN letter THEN 'yes' ELSE 'no' END\"\n"
    )
    (tmp_path / "a.csv").write_text("id,Newsletter?\n1,yes\n2,no\n")
    source = open_source(tmp_path / "a.csv", mapping=find_mapping(str(tmp_path / "m.toml")))
    result = source.read(0)
    assert result.tables["attributes"].sort("source_row")["value"].to_list() == ["yes", "no"]
    assert not any("does not use" in each for each in result.assumptions)


def test_a_name_with_blanks_in_an_expression_is_told_to_be_quoted() -> None:
    content = {"columns": {"Order No": "code"}, "tables": {}, "identities": {"user_id": "Order No"}}
    with pytest.raises(ParameterError, match=r"""column name 'Order No' .* write '"Order No"'"""):
        SourceMapping.of(content, name="orders")
    content["identities"] = {"user_id": '"Order No"'}
    assert SourceMapping.of(content, name="orders").part


@pytest.mark.parametrize("name", ["Order No", "Währung"])
def test_a_bare_name_that_toml_does_not_allow_is_explained(tmp_path: Path, name: str) -> None:
    (tmp_path / "m.toml").write_text(f'[columns]\n{name} = "code"\n')
    with pytest.raises(ParameterError, match="is written in double quotes"):
        find_mapping(str(tmp_path / "m.toml"))


def test_years_of_two_digits_in_a_column_of_four_are_explained(tmp_path: Path) -> None:
    content = {
        **ORDERS,
        "columns": {**ORDERS["columns"], "on": {"type": "date", "format": "%d.%m.%Y"}},
    }
    source = open_source(
        _file(tmp_path, "no,who,on,paid\n1,a,05.03.24,2.00\n"),
        mapping=SourceMapping.of({**SETTINGS, **content}, name="orders"),
    )
    with pytest.raises(InputError, match=r"1900 to 2199.*two digits are read with %y"):
        source.read(0)


def test_amounts_with_a_currency_of_their_own_do_not_get_that_of_the_source(tmp_path: Path) -> None:
    columns = {**ORDERS["columns"], "paid": {"type": "money", "currency": "coin"}}
    rows = ORDERS["tables"]["orders"]
    for sql in ("paid", "half"):
        content = {
            **SETTINGS, **ORDERS, "columns": columns, "derive": {"half": "paid / 2"},
            "tables": {"orders": {**rows, "total_minor": sql}},
        }  # fmt: skip
        with pytest.raises(
            ParameterError, match=r'tables.orders: .* add currency = .*"paid_currency"'
        ):
            SourceMapping.of(content, name="orders")
    content["tables"]["orders"]["currency"] = '"paid_currency"'
    content["tables"]["orders"]["total_minor"] = "paid"
    path = _file(
        tmp_path, "no,who,on,paid,coin\n1,a,2024-03-05,2.00,CHF\n2,b,2024-03-05,3.00,EUR\n"
    )
    read = open_source(path, mapping=SourceMapping.of(content, name="orders")).read(0)
    orders = read.tables["orders"].sort("source_row")
    assert orders["currency"].to_list() == ["CHF", "EUR"]


def test_a_cell_that_one_of_two_decoders_cannot_read_refuses_its_record(see, tmp_path: Path):
    path = _file(tmp_path, 'no,cell\n1,"{""a"": ""b""}"\n2,plain\n')
    decode = {"tree": {"json": "cell"}, "owner": {"salesforce_id": "cell"}}
    seen = see(path, {"no": "code", "tree.a": "text"}, decode=decode)
    assert seen.reading.refused.height == 2
    rules = faults_of(seen.reading.refused).select("source_row", "parameters").rows()
    assert [row for row, told in rules if "json" in told] == [2]
    assert [row for row, told in rules if "salesforce_id" in told] == [1, 2]


@pytest.mark.parametrize("rows", [*permutations([("2", "A"), ("1", "B"), ("", "C"), ("3", "D")])])
@pytest.mark.parametrize("order_by", [[], ["on DESC"], ["paid"]])
def test_a_plain_expression_gives_the_value_that_the_schema_keeps(
    tmp_path: Path, rows: list[tuple[str, str]], order_by: list[str]
):
    lines = [f"{no},7,{f'2024-05-0{day}' if day else ''},1.00\n" for day, no in rows]
    path = _file(tmp_path, "no,who,on,paid\n" + "".join(lines))
    customers = {
        "first_seen_at": '"on"', "observed_at": '"on"', "region": "no", "order_by": order_by,
    }  # fmt: skip
    content = {**ORDERS, "record": {"id": "who"}, "tables": {"customers": customers}}
    [row] = (
        open_source(path, mapping=SourceMapping.of(content, name="o"), settings=SETTINGS)
        .read(0)
        .tables["customers"]
        .iter_rows(named=True)
    )
    assert row["first_seen_at"] == datetime(2024, 5, 1, tzinfo=UTC)
    assert row["observed_at"] == datetime(2024, 5, 3, tzinfo=UTC)
    assert row["region"] == ("D" if order_by == ["on DESC"] else rows[0][1])
