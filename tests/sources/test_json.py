"""JSON in every layout: each record is read right or refused with its reason."""

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.refusals import words_of
from workbench.foundation.errors import InputError
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.json_trees import JsonTrees, read_json_trees
from workbench.sources.formats.json_values import JsonNumber, to_json


def _trees(content: str | bytes) -> JsonTrees:
    data = content.encode() if isinstance(content, str) else content
    return read_json_trees(data, rule=FileRule(), name="a.json")


@pytest.mark.parametrize(
    ("content", "note"),
    [
        ('{"a": "1"}\n{"a": "2"}\n', None),
        ('{"a": "1"}\r\n\r\n{"a": "2"}', None),
        ('{"a": "1"}{"a": "2"}', "1 value after another one in the same line"),
        ('{"a": "1"}\r{"a": "2"}\r', "1 value after another one in the same line"),
        ('[{"a": "1"}, {"a": "2"}]', "the members of 1 array at the top level are the records"),
        ('[{"a": "1"}]\n[{"a": "2"}]', "the members of 2 arrays at the top level are the records"),
        ('[\n  {\n   "a": "1"\n  },\n  {"a": "2"}\n]\n', "1 value written over several lines"),
        ('{\n "a": "1"\n}\n{\n "a": "2"\n}\n', "2 values written over several lines"),
        ('window.YTD.part0 = [{"a": "1"},\n{"a": "2"}];\n', "the name before the JSON is passed"),
        ('\ufeff{"a": "1"}\n{"a": "2"}', "by its byte order mark"),
    ],
)
def test_every_layout_gives_the_same_records(content: str, note: str | None):
    found = _trees(content)
    assert [*found.records] == [{"a": "1"}, {"a": "2"}]
    assert ([*found.numbers], found.read) == ([1, 2], 2)
    assert note is None or note in "; ".join(found.assumptions)


def test_numbers_keep_their_digits_at_every_level():
    content = '{"id": 12345678901234567890, "paid": [1.10, {"x": 1e400}], "n": "007"}'
    (tree,) = _trees(content).records
    assert to_json(tree) == content
    assert isinstance(tree, dict)
    assert isinstance(tree["id"], JsonNumber)
    assert not isinstance(tree["n"], JsonNumber)


FAULTY = (
    ('{"a": "\\ud83d"}', "contains characters that its encoding does not define"),
    ('{"\\udc00": 1}', "contains characters that its encoding does not define"),
    ('{"a": 1, "b": 2, "a": 3}', "the same key twice in one object"),
    ('{"b": {"a": 1, "a": 1}}', "the same key twice in one object"),
    ('{"a": 1', "not a JSON object"),
    ('{"a": 1} and more', "not a JSON object"),
    ('{"a": [' + "[" * 100 + "]" * 100 + "]}", "nested deeper than 100 levels"),
    ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested deeper than 100 levels"),
    ("[" * 100_000, "nested deeper than 100 levels"),
)
LAYOUTS_OF_THREE = ("{}\n{}\n{}\n", "[{},\n{},\n{}]", "[{},{},{}]")


def _is_closed(line: str) -> bool:
    return line.count("{") == line.count("}") and line.count("[") == line.count("]")


@pytest.mark.parametrize(
    ("line", "words", "layout"),
    [
        (line, words, layout)
        for line, words in FAULTY
        for layout in LAYOUTS_OF_THREE
        if layout[0] == "{" or _is_closed(line)  # else the end of the member is unknown
    ],
)
def test_a_faulty_record_is_refused_alone(line: str, words: str, layout: str):
    good = '{"c": "x, [y\\" }"}'
    found = _trees(layout.format(good, line, good))
    assert [*found.records] == [{"c": 'x, [y" }'}] * 2
    assert [*found.numbers] == [1, 3]
    assert found.read == 3
    assert words_of(found.refused) == [(2, words)]
    assert json.loads(found.refused["raw"][0]) == {"line": line}


def test_an_undecodable_byte_refuses_its_line():
    found = _trees(b'{"a": "K\xc3\xb6ln"}\n{"a": "K\xf6ln"}\n')
    assert [*found.records] == [{"a": "Köln"}]
    assert words_of(found.refused) == [(2, "contains characters that its encoding does not define")]
    assert json.loads(found.refused["raw"][0]) == {"line": '{"a": "K\\xf6ln"}'}
    assert "1 of 2 lines beyond ASCII is valid UTF-8" in found.assumptions[0]


def test_a_pair_of_surrogates_is_one_character():
    assert _trees('{"a": "\\ud83d\\ude00", "b": "\\u0000"}').records[0] == {"a": "😀", "b": "\0"}


def test_half_a_character_refuses_one_record(see, cases: Path):
    seen = see(cases / "n-surrogate.jsonl", {"customer": "code", "name": "text"})
    assert seen.cells == {"customer": ["C2"], "name": ["Bo"]}
    assert (seen.reading.read, seen.reading.accepted) == (2, 1)


def test_not_a_number_is_reported():
    found = _trees('{"a": NaN}\n{"a": [-Infinity]}\n{"a": "NaN"}')
    assert "2 values written as NaN or Infinity" in found.assumptions[0]


@pytest.mark.parametrize(
    "content",
    [
        '[{"a": 1},\n{"a": 2},\n{"a":',
        '[\n{"a": "x},\n{"a": 2}\n]',
        '[{"a": "x},{"a": 2},\n{"a": 3}]',
    ],
)
def test_a_document_that_is_not_closed_is_refused(content: str):
    with pytest.raises(InputError, match=r"begins in line \d is not closed"):
        _trees(content)


@pytest.mark.parametrize("content", ['{\n"a": 1\n}\nand more', '[{"a": 1}\n]\n]'])
def test_text_after_a_document_is_a_refused_record(content: str):
    found = _trees(content)
    assert ([*found.records], found.read) == ([{"a": "1"}], 2)
    assert words_of(found.refused) == [(2, "not a JSON object")]


def test_lines_whose_first_is_cut_off_are_still_lines():
    found = _trees('"a": 1}\n{"a": 2}\n{"a": 3}\n')
    assert ([*found.numbers], found.refused.height) == ([2, 3], 1)
    found = _trees('{"a": {"b": 1\n{"a": 2}\n{"a": 3}\n')
    assert ([*found.numbers], found.refused.height) == ([2, 3], 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "is empty"), (" \n ", "is empty")],
)
def test_a_blank_document_is_refused(content: str, message: str):
    with pytest.raises(InputError, match=message):
        _trees(content)


def test_an_empty_array_has_no_record():
    assert (_trees("[]").read, len(_trees("[]").records)) == (0, 0)


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
RECORDS = st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), min_size=1, max_size=5)
LAYOUTS = ("lines", "escaped lines", "array", "document", "documents", "one line")


def _write(records: list[dict[str, object]], layout: str) -> str:
    if layout in ("array", "document"):
        return json.dumps(records, indent=2 if layout == "document" else None, ensure_ascii=False)
    indent = 1 if layout == "documents" else None
    texts = [json.dumps(r, indent=indent, ensure_ascii=layout[:2] == "es") for r in records]
    return ("" if layout == "one line" else "\n").join(texts)


@settings(max_examples=200, deadline=None)
@given(records=RECORDS, layout=st.sampled_from(LAYOUTS))
@example(records=[{}], layout="document")
def test_what_was_written_is_read(records: list[dict[str, object]], layout: str):
    found = _trees(_write(records, layout))
    assert [json.loads(to_json(tree)) for tree in found.records] == records
    assert found.refused.is_empty()


def _check_mutated(data: bytes, position: int, change: bytes) -> None:
    at = position % (len(data) + 1)
    mutated = data[:at] + change + data[at + len(change) // 2 :]
    try:
        found = _trees(mutated)
    except InputError:
        return
    assert sorted([*found.numbers, *found.refused["source_row"]]) == [*range(1, found.read + 1)]


MUTATIONS = {
    "records": RECORDS,
    "layout": st.sampled_from(LAYOUTS),
    "position": st.integers(0, 400),
    "change": st.binary(max_size=6)
    | st.sampled_from([b"[", b"]", b"{", b"}", b'"', b"\\", b",", b"\n", b"\\ud800", b"NaN"]),
}


@settings(max_examples=200, deadline=None)
@given(**MUTATIONS)
def test_mutated_bytes_lose_no_record(records, layout: str, position: int, change: bytes):
    _check_mutated(_write(records, layout).encode(), position, change)


@pytest.mark.slow
@settings(max_examples=5000, deadline=None)
@given(**MUTATIONS)
def test_many_mutated_bytes_lose_no_record(records, layout: str, position: int, change: bytes):
    _check_mutated(_write(records, layout).encode(), position, change)


LISTED = '{"count": 2, "data": [{"id": "a", "n": 1}, {"id": "b", "n": 2}]}'


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        (LISTED, {"id": "text"}, r"no record has id \(1 record read\).* records = \"NAME\[\]\""),
        ('{"ID": "a", "m": 1}', {"m": "text", "id": {"type": "code", "required": True}}, "'ID'"),
        ('[["id"], ["a"]]', {"id": "text"}, r"no record has id \(2 records read\)\. Correct"),
    ],
)
def test_places_that_no_record_has_are_named_with_what_may_be_meant(
    see, tmp_path: Path, content: str, columns: dict[str, object], message: str
):
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        see(path, columns)


def test_keys_that_may_be_values_are_not_named(see, tmp_path: Path):
    path = tmp_path / "a.json"
    path.write_text('{"ann@example.org": [{"action": "open"}]}')
    with pytest.raises(InputError, match="no record has id") as error:
        see(path, {"id": "text"})
    assert "ann" not in str(error.value)


def test_a_list_taken_for_one_member_is_named_with_its_path(see, tmp_path: Path):
    path = tmp_path / "a.json"
    path.write_text('{"id": "a", "answers": [{"q": "x"}]}')
    each = {"answer": {"path": "answers", "columns": {"q": "text"}}}
    with pytest.raises(InputError, match=r'no member of answers has q .* the path "answers\[\]"'):
        see(path, {"id": "text"}, each=each)
