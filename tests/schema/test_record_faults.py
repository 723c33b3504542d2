"""Faults: one row each, words made of the rule."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from workbench.foundation.errors import ParameterError
from workbench.schema.record_faults import (
    FAULTS,
    MISSING,
    Rule,
    count_faults,
    describe_faults,
    join_faults,
    make_faults,
)

ROWS = pl.DataFrame({"source_row": [4, 2]})
RATING = Rule("below", {"low": 1, "high": 5})


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (MISSING, "missing"),
        (RATING, "below the allowed range, 1 to 5"),
        (Rule("above", {"high": 2100}), "above the allowed range, 2100 or less"),
        (Rule("below", {"low": 0.5}), "below the allowed range, 0.5 or more"),
        (Rule.choice(("web", "app", "store")), "not one of web, app, store"),
        (
            Rule.choice([f"c{n}" for n in range(15)]),
            "not one of c0, c1, c2, c3, c4, c5, c6, c7 and 7 more",
        ),
        (
            Rule.choice(("Ja", "Nein"), name="listed"),
            "not one of the values that the mapping lists: Ja, Nein",
        ),
        (Rule("field_count", {"found": 1, "expected": 3}), "1 field where the header has 3"),
        (Rule("whole_refused", {"part_of": "orders"}), "its order was refused"),
        (Rule("refund", {"says": "more {went} back"}), "more {went} back"),
        (Rule("a_rule_of_a_later_version"), "a rule of a later version"),
    ],
)  # fmt: skip
def test_words_name_the_kind_and_what_is_allowed(rule: Rule, words: str):
    assert rule.words == words
    assert Rule.from_json(rule.name, rule.json).words == words


def test_a_rule_that_lacks_what_its_words_need_is_refused_when_it_is_made():
    with pytest.raises(ParameterError, match="rule date needs the parameter 'example'"):
        Rule("date")


def test_equal_rules_have_equal_parameters_whatever_their_order():
    assert Rule("below", {"high": 5, "low": 1}).json == RATING.json == '{"high": 5, "low": 1}'


def test_faults_are_rows_with_a_declared_schema():
    assert_frame_equal(
        make_faults(ROWS, RATING, table="interactions", column="rating"),
        pl.DataFrame(
            {
                "source_row": [4, 2],
                "table": ["interactions"] * 2,
                "column": ["rating"] * 2,
                "rule": ["below"] * 2,
                "parameters": ['{"high": 5, "low": 1}'] * 2,
            },
            schema=FAULTS,
        ),
    )
    assert make_faults(ROWS.clear(), MISSING).schema == FAULTS


def test_a_fault_that_two_places_find_is_one_and_a_record_keeps_their_order():
    one = make_faults(ROWS, MISSING, column="b")
    two = make_faults(ROWS, MISSING, column="a")
    found = join_faults([one, two, one])
    assert found.select("source_row", "column").rows() == [(2, "b"), (2, "a"), (4, "b"), (4, "a")]
    assert join_faults([]).schema == FAULTS


def test_records_are_counted_by_fault_without_reading_words():
    found = join_faults(
        [
            make_faults(ROWS, MISSING, table="orders", column="order_id"),
            make_faults(ROWS[:1], RATING, table="interactions", column="rating"),
            make_faults(ROWS[:1], Rule("json_object")),
        ]
    )
    assert found.group_by("rule").len().sort("rule").rows() == [
        ("below", 1), ("json_object", 1), ("missing", 2)
    ]  # fmt: skip
    assert count_faults(found).select("words", "records").rows() == [
        ("orders: order_id: missing", 2),
        ("interactions: rating: below the allowed range, 1 to 5", 1),
        ("not a JSON object", 1),
    ]
    assert describe_faults(found).to_list()[1:3] == [
        "orders: order_id: missing",
        "interactions: rating: below the allowed range, 1 to 5",
    ]
