"""Places name values in records of any shape."""

import pytest

from workbench.sources.mapping.field_places import FieldPlace, fields_of

RECORD = {
    "id": "7",
    "geo.country": "NL",
    "geo": {"country": "DE", "city": None},
    "params": [
        {"key": "page", "value": {"text": "/p/42", "number": None}},
        {"key": "session", "value": {"text": None, "number": "99"}},
    ],
    "choices": {"ads": False, "analytics": True},
    "tags": ["b", "a"],
    "note": "",
    "Created (UTC)": "2024-03-01",
    "field [shop.size]": "L",
}


@pytest.mark.parametrize(
    ("place", "values"),
    [
        ("id", ["7"]),
        ("geo.country", ["NL"]),
        ("geo.city", []),
        ("params[2].key", ["session"]),
        ("params[3].key", []),
        ("params[key=session].value.number", ["99"]),
        ("params[key=session].value.*", ["99"]),
        ("params[key=/^pa/].value.text", ["/p/42"]),
        ("params[key=none].value.*", []),
        ("params[].key", ["page", "session"]),
        ("choices[]", [False, True]),
        ("choices./^an/", [True]),
        ("tags[]", ["b", "a"]),
        ("id[]", ["7"]),
        ("none | id", ["7"]),
        ("/^Created( date)? \\(UTC\\)$/", ["2024-03-01"]),
        ("Created (UTC)", ["2024-03-01"]),
        ("field [shop.size]", ["L"]),
        ("id.below", []),
    ],
)
def test_a_place_finds_its_values(place: str, values: list[object]):
    assert FieldPlace.read(place).find(RECORD) == values


def test_a_record_is_found_at_a_point():
    assert FieldPlace.read(".").find(RECORD) == [RECORD]


@pytest.mark.parametrize(
    ("place", "is_there"),
    [("geo.city?", True), ("geo.street?", False), ("note?", True), ("none | note?", True)],
)
def test_presence_counts_null_and_empty(place: str, is_there: bool):
    assert FieldPlace.read(place).is_in(RECORD) is is_there


def test_a_pattern_gives_its_named_groups():
    [path] = FieldPlace.read("/^(?P<kind>geo)\\./").paths
    assert [(found.key, found.groups) for found in path.find(RECORD)] == [
        ("geo.country", {"kind": "geo"})
    ]


@pytest.mark.parametrize("place", ["", " ", "/(/"])
def test_what_is_no_place_is_refused(place: str):
    with pytest.raises(ValueError, match=r"place|regular expression"):
        FieldPlace.read(place)


def test_fields_are_named_by_their_places():
    assert list(dict.fromkeys(fields_of(RECORD)))[:7] == [
        "id",
        "geo.country",
        "geo.city",
        "params[].key",
        "params[].value.text",
        "params[].value.number",
        "choices.ads",
    ]


@pytest.mark.parametrize(
    ("place", "field", "covers"),
    [
        ("params[].key", "params[].key", True),
        ("params[key=page].value.*", "params[].value.text", True),
        ("params", "params[].key", True),
        ("par", "params[].key", False),
        ("/^params/", "params[].key", True),
        ("tags[]", "tags[]", True),
        ("geo.*", "geo.city", True),
    ],
)
def test_a_place_covers_the_fields_it_reads(place: str, field: str, covers: bool):
    [path] = FieldPlace.read(place).paths
    assert path.covers(field) is covers
