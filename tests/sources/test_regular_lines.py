"""The fast way of reading regular lines gives what the careful way gives, or nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.sources.formats.delimited_records import FaultyRecord, RecordSplitter
from workbench.sources.formats.record_style import RecordStyle
from workbench.sources.formats.regular_lines import read_regular_lines

PIECES = st.sampled_from([*'",; \t\\|é😀a1#', '""', '"a"', '","', "'", "\n", "\r\n", "\r", "null"])
LINES = st.lists(PIECES, max_size=30).map("".join)
REGULAR = st.lists(
    st.lists(
        st.sampled_from(["", "a", " é ", '"a,;b"', '""', '"x ""y"""', "#1", "'"]), min_size=2
    ).filter(lambda row: len(row) == 2),
    min_size=1,
    max_size=5,
).map(lambda rows: "".join(f"{row[0]},{row[1]}\n" for row in rows))
STYLES = st.builds(
    RecordStyle,
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)


def _compare(lines: str, style: RecordStyle, width: int) -> None:
    fast = read_regular_lines(lines, style, width=width)
    if fast is None:
        return
    splitter = RecordSplitter(lines, style, width=width)
    careful = list(splitter.records())
    assert not any(isinstance(record, FaultyRecord) for record in careful)
    assert [list(row) for row in fast.rows()] == careful
    counts = splitter.counts
    assert (counts.blank_lines, counts.odd_ends, counts.lookalikes) == (0, 0, 0)


@settings(max_examples=300, deadline=None)
@given(lines=LINES | REGULAR, style=STYLES, width=st.integers(1, 3))
def test_both_ways_agree(lines: str, style: RecordStyle, width: int):
    _compare(lines, style, width)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None)
@given(lines=LINES | REGULAR, style=STYLES, width=st.integers(1, 3))
def test_both_ways_agree_on_many_texts(lines: str, style: RecordStyle, width: int):
    _compare(lines, style, width)


@pytest.mark.parametrize(
    ("lines", "is_regular"),
    [
        ("a,b\nc,d\n", True),
        ("a,b\r\nc,d\r\n", True),
        ('"a, b","c ""d"""\n,\n', True),
        ("a,b", True),
        ("a\n", False),
        ("a,b,c\n", False),
        ("a,b\n\nc,d\n", False),
        ('a,5" disk\n', False),
        ('a,"b\nc,d"\n', False),
        ('"a"x,b\n', False),
        ("a,b\rc,d\n", False),
        ("a,\x00\n", False),
        ("a,\udc81\n", False),
    ],
)
def test_lines_are_regular_only_if_each_is_a_whole_record(lines: str, is_regular: bool):
    found = read_regular_lines(lines, RecordStyle(","), width=2)
    assert (found is not None) == is_regular
