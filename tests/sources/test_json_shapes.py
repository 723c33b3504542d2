"""Lines of one shape are read as they are one by one: the same records, leaves and refusals."""

import json
import re
from collections.abc import Sequence
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.sources.formats import shaped_trees
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.json_shapes import JsonShape, find_shaped_lines
from workbench.sources.formats.json_trees import JsonTrees, read_json_trees
from workbench.sources.formats.json_values import to_json
from workbench.sources.mapping.members import Members


def read(lines: Sequence[str]) -> JsonTrees:
    return read_json_trees("\n".join(lines).encode(), rule=FileRule(), name="a.ndjson")


def read_one_by_one(lines: Sequence[str]) -> JsonTrees:
    with patch.object(shaped_trees, "find_shaped_lines", lambda lines: ()):
        return read(lines)


def outcome(found: JsonTrees) -> tuple[object, ...]:
    texts = [to_json(tree) for tree in found.records]
    return found.read, texts, [*found.numbers], found.refused.to_dicts(), found.assumptions


LEAVES = st.sampled_from(
    ["1", "-0", "1.10", "1e5", "12345678901234567890", "true", "null", '""', '"ä"', '"a\\/b"',
     '"q\\""', '"\\\\"', '"\\u00e4"', '"\\ud800"', '"null"', "[]", "{}", "007", "NaN", '"tab\t"',
     '"a: 1, b"', "[1]", '"]"', ""]
)  # fmt: skip
LINES = st.one_of(
    st.builds('{{"a": {}, "b": {{"c": {}}}}}'.format, LEAVES, LEAVES),
    st.builds('{{"a":{},"b":[{},2]}}'.format, LEAVES, LEAVES),
    st.builds('{{"a": {}, "a": 1}}'.format, LEAVES),
    st.sampled_from(["", "  ", "[", "{", '{"a": 1', '{"x": 1} {"x": 2}', "]", '  {"x": 1}', "}"]),
)


@settings(deadline=None)
@given(lines=st.lists(LINES, max_size=12))
def test_shapes_change_nothing(lines: list[str]):
    try:
        expected = outcome(read_one_by_one(["{}", *lines]))
    except ValueError as error:
        with pytest.raises(type(error), match=re.escape(str(error))):
            read(["{}", *lines])
    else:
        assert outcome(read(["{}", *lines])) == expected


@settings(deadline=None)
@given(lines=st.lists(LINES, max_size=12), place=st.sampled_from(["a", "b", "b.c", "x", "b[]"]))
def test_places_in_shapes_are_those_in_trees(lines: list[str], place: str):
    try:
        found = read(['{"a": 1}', *lines])
    except ValueError:
        return
    shaped, plain = (
        Members(numbers=found.numbers, cells=found.refused.select(), trees=trees)
        for trees in (found.records, [*found.records])
    )
    one, other = shaped.read(place), plain.read(place)
    assert one.cells.to_list() == other.cells.to_list()
    assert one.is_found == other.is_found
    faults = [[(rule.name, at.to_list()) for rule, at in each.faults] for each in (one, other)]
    assert faults[0] == faults[1]


def test_a_few_shapes_take_most_lines_of_a_file():
    kinds = ['{{"n": {}}}', '{{"n": {}, "m": {{"o": [1, 2]}}}}', '{{"n":{}}}']
    lines = [kinds[n % 3].format(n) for n in range(300)]
    found = read(lines).records
    assert ([len(group.positions) for group in found.groups], found.others) == ([100] * 3, [])
    assert [json.loads(to_json(tree)) for tree in found] == [json.loads(line) for line in lines]
    assert [tree["n"] for tree in found[10:13]] == ["10", "11", "12"]


@pytest.mark.parametrize(
    "line", ['{"a": 1, "a": 2}', '{"a": NaN}', "{}", "[1]", '{"a": 1} {"a": 2}', '{"\\u0061": 1}']
)
def test_a_line_that_no_pattern_describes_has_no_shape(line: str):
    assert JsonShape.of(line) is None


def test_lines_of_many_shapes_are_left_to_the_parser():
    lines = pl.Series([f'{{"field {n}": 1}}' for n in range(1_000)])
    assert sum(len(group.positions) for group in find_shaped_lines(lines)) == 32
