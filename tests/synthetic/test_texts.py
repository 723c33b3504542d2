"""What people write: every span stands where it is said, families differ, hostile strings stay."""

import itertools

import numpy as np
import polars as pl
import pytest

from tests.conftest import PROJECT
from workbench.foundation.streams import mix
from workbench.synthetic import read_recipe
from workbench.synthetic.blocks import make
from workbench.synthetic.stock import texts
from workbench.synthetic.stock.texts.adversarial import hostile
from workbench.synthetic.stock.texts.banks import banks

N = 21_000


def people(n: int = N) -> dict[str, pl.Series]:
    return {
        "order_number": pl.Series([f"10{place:05d}-001" for place in range(n)]),
        "full_name": pl.Series(["Anna Müller-Weiß", "佐々木 明美", "José O'Neill"] * (n // 3)),
        "email": pl.Series([f"a{place}@example.com" for place in range(n)]),
        "phone": pl.Series(["+491401234567", None, "+12125550101"] * (n // 3)),
        "street_address": pl.Series(["Weg 1", "1-2-3 丁目", "12 High Street"] * (n // 3)),
        "city": pl.Series(["Köln", "千葉", None] * (n // 3)),
        "birth_date": pl.Series(["1980-01-01"] * n),
    }


def written() -> tuple[texts.Written, np.ndarray]:
    every = np.arange(N)
    language = every % len(texts.LANGUAGES)
    bits = mix(every.astype(np.uint64))
    found = texts.ticket(language, topic=every % 6, tone=every % 3, bits=bits, people=people())
    return found, language


def test_every_span_holds_the_identifier_it_names() -> None:
    found, _ = written()
    known = people() | {"given_name": banks().relatives.texts}
    spans = found.spans.with_columns(
        held=found.body.gather(found.spans["row"]).str.slice(0)
    ).with_columns(pl.col("held").str.slice(pl.col("start"), pl.col("length")))
    assert set(spans["kind"]) == set(known)
    for (kind,), part in spans.partition_by("kind", as_dict=True).items():
        if kind == "given_name":
            assert set(part["held"]) <= set(known[kind])
        else:
            assert part["held"].equals(known[str(kind)].gather(part["row"])), kind


def test_nothing_that_identifies_the_writer_stands_outside_a_span() -> None:
    found, _ = written()
    cut = found.body.to_list()
    for row, start, length, _ in found.spans.sort("start", descending=True).iter_rows():
        cut[row] = cut[row][:start] + cut[row][start + length :]
    known = people()
    for row, text in enumerate(cut):
        for kind in ("order_number", "email", "full_name"):
            assert known[kind][row] not in text


def test_identifiers_are_about_as_frequent_as_in_real_tickets() -> None:
    spans = written()[0].spans
    share = dict(spans.group_by("kind").agg(pl.len() / N).iter_rows())
    assert 0.3 < share["order_number"] < 0.6
    assert share["full_name"] == pytest.approx(0.20, abs=0.02)
    assert share["email"] == pytest.approx(0.10, abs=0.02)
    assert 0.001 < share["birth_date"] < 0.03


def test_families_share_no_sentence_and_the_held_out_one_is_a_tenth() -> None:
    found, language = written()
    held_out = texts.FAMILIES.index(texts.HELD_OUT)
    assert (found.family == held_out).mean() == pytest.approx(0.1, abs=0.02)
    subjects = found.body.str.split("\n\n").list.first()
    for code in range(len(texts.LANGUAGES)):
        by_family = [
            set(subjects.filter(pl.Series((language == code) & (found.family == family))))
            for family in range(len(texts.FAMILIES))
        ]
        for one, other in itertools.combinations(by_family, 2):
            assert not one & other


def test_texts_are_as_long_as_real_ones_and_in_the_writers_language() -> None:
    found, language = written()
    assert 80 < found.body.str.len_chars().median() < 170
    japanese = found.body.filter(pl.Series(language == texts.LANGUAGES.index("ja")))
    assert japanese.str.contains(r"[\p{Hiragana}]").all()


def test_who_has_no_value_does_not_write_it() -> None:
    one = np.zeros(500, dtype=np.int64)
    bits = mix(np.arange(500, dtype=np.uint64))
    nothing = {kind: pl.Series([None] * 500, dtype=pl.String) for kind in people()}
    for given in ({}, nothing):
        found = texts.question(one, topic=one, tone=one, bits=bits, people=given)
        assert set(found.spans["kind"]) <= {"given_name"}
        assert not found.body.str.contains("{", literal=True).any()
        assert not found.body.str.contains("  ", literal=True).any()


def test_reviews_fit_their_stars_and_reasons_their_score() -> None:
    five = np.full(50, 5)
    bits = mix(np.arange(50, dtype=np.uint64))
    english = np.zeros(50, dtype=np.int64)
    best = set(texts.review(english, stars=five, bits=bits))
    worst = set(texts.review(english, stars=five - 4, bits=bits))
    assert "Broke after a week." in worst
    assert not best & worst
    assert set(texts.reason(english, score=five * 2, bits=bits)) & {"Good service."}
    assert set(texts.reason(english, score=five - 5, bits=bits)) & {"Prices are too high."}


def test_hostile_strings_are_many_and_put_where_people_write() -> None:
    strings = hostile()
    assert len(strings) == len(set(strings)) >= 60
    assert max(map(len, strings)) == 5_000
    assert not any("\x00" in each for each in strings)
    recipe = read_recipe(PROJECT / "synthetic" / "adversarial.toml", {"customers": 400})
    made = make(recipe, 0, 400)
    cells = made.truth["faults"]
    assert set(cells["kind"]) == {"hostile"}
    assert set(cells["table"]) == {
        "identities", "attributes", "interactions", "events", "answers",
    }  # fmt: skip
    names = made.tables["identities"].filter(pl.col("kind").cast(pl.String) == "full_name")
    put = names["identifier"].is_in(list(strings))
    assert put.mean() == pytest.approx(0.3, abs=0.08)
    known = cells.filter((pl.col("table") == "identities") & (pl.col("key") == "full_name"))
    assert set(known["record_id"]) == set(names.filter(put)["record_id"])


def test_truth_has_topic_tone_family_and_spans_of_what_stands_in_the_tables() -> None:
    made = make(read_recipe(PROJECT / "synthetic" / "retail.toml", {"customers": 2_000}), 0, 2_000)
    said = made.tables["interactions"].filter(
        pl.col("channel").cast(pl.String).is_in(["ticket", "chat"]), pl.col("action") == "message",
        pl.col("direction") == "inbound",
    )  # fmt: skip
    told = made.truth["texts"]
    assert set(told["interaction_id"]) == set(said["interaction_id"])
    both = said.join(told, on="interaction_id", suffix="_true").drop_nulls("topic")
    assert (both["topic"] == both["topic_true"]).mean() == pytest.approx(0.95, abs=0.03)
    spans = made.truth["spans"].join(said, on="interaction_id")
    named = spans.filter(pl.col("kind") == "full_name").join(
        made.tables["identities"].filter(pl.col("kind").cast(pl.String) == "full_name"),
        on="record_id",
    )
    held = named.select(pl.col("body").str.slice(pl.col("start"), pl.col("length"))).to_series()
    assert named.height > 20
    assert held.equals(named["identifier"].alias("body"))
