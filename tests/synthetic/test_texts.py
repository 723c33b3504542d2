"""What people write: every span stands where it is said, families differ, hostile strings stay."""

import numpy as np
import polars as pl
import pytest

from tests.conftest import PROJECT
from workbench.foundation.streams import mix
from workbench.synthetic import read_recipe
from workbench.synthetic.blocks import make_block
from workbench.synthetic.stock import texts
from workbench.synthetic.stock.texts.adversarial import hostile_strings
from workbench.synthetic.stock.texts.banks import NAMED, banks
from workbench.synthetic.stock.texts.opinions import EMOJI

N = 21_000
CODES = np.arange(N)
LANGUAGE = CODES % len(texts.LANGUAGES)
TOPIC = CODES // 7 % len(texts.TOPICS)
TONE = CODES // 56 % len(texts.TONES)
BITS = mix(CODES.astype(np.uint64))


def people() -> dict[str, pl.Series]:
    return {
        "order_number": pl.Series([f"10{place:05d}-001" for place in range(N)]),
        "full_name": pl.Series(["Anna Müller-Weiß", "佐々木 明美", "José O'Neill"] * (N // 3)),
        "given_name": pl.Series(["Anna", "明美", None] * (N // 3)),
        "email": pl.Series([f"a{place}@example.com" for place in range(N)]),
        "phone": pl.Series(["+491401234567", None, "+12125550101"] * (N // 3)),
        "street_address": pl.Series(["Weg 1", "1-2-3 丁目", "12 High Street"] * (N // 3)),
        "city": pl.Series(["Köln", "千葉", None] * (N // 3)),
        "birth_date": pl.Series(["1980-01-01"] * N),
    }


def tickets(**options: object) -> texts.ComposedTexts:
    return texts.write_tickets(
        LANGUAGE, topic=TOPIC, tone=TONE, bits=BITS, people=people(), **options
    )  # type: ignore[arg-type]  # of mixed options mypy sees objects


@pytest.fixture(scope="module")
def every() -> dict[str, texts.ComposedTexts]:
    """Return texts of every sort, most of writers who let slip more than usual."""
    loud = dict.fromkeys([*NAMED, "given_name", "friend"], 0.4)
    shared = {"language": LANGUAGE, "bits": BITS, "people": people()}
    letters = shared | {"topic": TOPIC, "tone": TONE}
    goods = {"stars": CODES % 5 + 1, "category": CODES % 5}
    found = {
        "ticket": texts.write_tickets(**letters),
        "loud ticket": texts.write_tickets(**letters, rates=loud),
        "reply": texts.write_replies(**shared, topic=TOPIC),
        "review": texts.write_reviews(**shared, **goods, rates=loud),
        "comment": texts.write_comments(**shared, tone=TONE, rates=loud),
    }
    turns = texts.write_chats(**letters, rates=loud)
    return found | {f"turn {place}": turn for place, turn in enumerate(turns)}


def test_every_span_holds_the_identifier_it_names(every: dict[str, texts.ComposedTexts]) -> None:
    known, relatives = people(), set(banks().relatives.texts)
    for sort, found in every.items():
        rows = found.spans["row"]
        spans = found.spans.with_columns(body=found.body.gather(rows)).with_columns(
            held=pl.col("body").str.slice(pl.col("start"), pl.col("length"))
        )
        assert (spans["length"] > 0).all()
        for (kind,), part in spans.partition_by("kind", as_dict=True).items():
            said = part.with_columns(own=known[str(kind)].gather(part["row"]))
            if kind == "given_name":
                own = (pl.col("held") == pl.col("own")).fill_null(False)
                either = own | pl.col("held").is_in(list(relatives))
                assert said.select(either.all()).item(), sort
            else:
                assert said["held"].equals(said["own"].alias("held")), (sort, kind)


def test_all_kinds_are_named_somewhere(every: dict[str, texts.ComposedTexts]) -> None:
    assert set(every["loud ticket"].spans["kind"]) == set(people())
    assert set(every["ticket"].spans["kind"]) == set(people())
    assert set(every["turn 2"].spans["kind"]) == {"order_number"}
    assert set(every["reply"].spans["kind"]) == {"full_name"}
    assert every["turn 1"].spans.is_empty() and every["turn 3"].spans.is_empty()


def test_spans_of_a_text_stand_in_order_and_do_not_overlap(
    every: dict[str, texts.ComposedTexts],
) -> None:
    for sort, found in every.items():
        spans = found.spans.with_columns(end=pl.col("start") + pl.col("length"))
        gap = spans.select(pl.col("start") - pl.col("end").shift().over("row")).to_series()
        assert (gap.drop_nulls() >= 0).all(), sort
        assert spans["row"].is_sorted()


def test_nothing_that_identifies_the_writer_stands_outside_a_span(
    every: dict[str, texts.ComposedTexts],
) -> None:
    known = people()
    for sort, found in every.items():
        cut = found.body.to_list()
        for row, start, length, _ in found.spans.sort("start", descending=True).iter_rows():
            cut[row] = cut[row][:start] + cut[row][start + length :]
        for row, text in enumerate(cut):
            for kind in ("order_number", "email", "full_name", "birth_date"):
                assert known[kind][row] not in text, (sort, kind)


def test_identifiers_are_about_as_frequent_as_in_real_tickets() -> None:
    spans = tickets().spans
    share = dict(spans.group_by("kind").agg(pl.len() / N).iter_rows())
    assert 0.3 < share["order_number"] < 0.6
    assert share["full_name"] == pytest.approx(0.20, abs=0.015)
    assert share["email"] == pytest.approx(0.10, abs=0.01)
    assert share["phone"] == pytest.approx(0.05 * 2 / 3, abs=0.01)  # a third have none
    assert share["street_address"] == pytest.approx(0.03, abs=0.01)
    assert 0.005 < share["birth_date"] < 0.015


def test_rates_are_parameters_and_nobody_says_what_is_not_asked() -> None:
    assert tickets(rates={}).spans.is_empty()
    only = tickets(rates={"email": 1.0}).spans
    assert only["kind"].unique().to_list() == ["email"]
    assert only.height == N


def test_public_texts_seldom_name_anybody() -> None:
    one = texts.write_comments(LANGUAGE, tone=TONE, bits=BITS, people=people())
    other = texts.write_reviews(LANGUAGE, stars=CODES % 5 + 1, bits=BITS, people=people())
    assert 0 < one.spans.height / N < 0.04
    assert one.spans.height < other.spans.height < 0.1 * N


def test_what_only_looks_like_an_identifier_is_there_and_in_no_span() -> None:
    found = tickets(rates={"friend": 1.0})
    assert found.spans.is_empty()
    assert found.body.str.contains(r"@\w+\.example").mean() > 0.05  # the company's own address
    assert found.body.str.contains(r"\d{3}[- ]\d{2,}").mean() > 0.2  # products, carriers, lines
    assert found.body.str.contains("Lincoln|Washington|Mannheim|Essen|千葉|Torunia").any()
    share = (tickets(rates={"friend": 0.12}).body != tickets(rates={}).body).mean()
    assert share == pytest.approx(0.12, abs=0.01)


def test_families_share_no_sentence() -> None:
    found = tickets(rates={})
    lines = found.body.str.replace_all(r"([.!?。！？]+)\s*", "$1\n").str.split("\n")
    said = pl.DataFrame({"language": LANGUAGE, "family": found.family, "line": lines})
    every = said.explode("line").unique().filter(pl.col("line") != "")
    assert every.group_by("language", "family").len()["len"].min() > 50
    assert every.group_by("language", "line").len()["len"].max() == 1


def test_the_share_of_a_family_is_a_parameter() -> None:
    even = np.bincount(tickets().family, minlength=4) / N
    assert even == pytest.approx([0.25] * 4, abs=0.02)
    without = dict.fromkeys(texts.FAMILIES, 1.0) | {texts.HELD_OUT: 0.0}
    assert set(tickets(shares=without).family) == {0, 1, 2}
    assert set(tickets(shares={texts.HELD_OUT: 1.0}).family) == {3}
    with pytest.raises(ValueError, match=r"no families of texts: \['e'\]; known are"):
        texts.choose_families(BITS, {"e": 1.0})


def test_a_text_is_that_of_its_own_bits_whoever_writes_beside_it() -> None:
    whole, rows = tickets(), CODES[1_000:1_600]
    part = texts.write_tickets(
        LANGUAGE[rows], topic=TOPIC[rows], tone=TONE[rows], bits=BITS[rows],
        people={kind: values[1_000:1_600] for kind, values in people().items()},
    )  # fmt: skip
    assert part.body.equals(whole.body[1_000:1_600].alias(part.body.name))
    assert (part.family == texts.choose_families(BITS[rows])).all()


def test_texts_are_as_long_as_real_ones_and_in_the_writers_language() -> None:
    found = tickets()
    assert 110 < found.body.str.len_chars().median() < 160
    japanese = found.body.filter(pl.Series(texts.LANGUAGES.index("ja") == LANGUAGE))
    assert japanese.str.contains(r"[\p{Hiragana}\p{Katakana}\p{Han}]").all()
    assert found.body.str.contains("?", literal=True).mean() > 0.1
    assert found.body.str.contains("!", literal=True).mean() > 0.1


def test_a_ticket_is_a_subject_a_blank_line_and_a_message() -> None:
    for body in tickets().body[:2_000]:
        subject, _, message = body.partition("\n\n")
        assert subject and "\n" not in subject
        assert message and "\n\n" not in message
        assert body == body.strip()


def test_who_has_no_value_does_not_write_it() -> None:
    nothing = {kind: pl.Series([None] * N, dtype=pl.String) for kind in people()}
    for given in ({}, nothing):
        shared = {"topic": TOPIC, "tone": TONE, "bits": BITS, "people": given}
        asked = texts.write_tickets(LANGUAGE, **shared)  # type: ignore[arg-type]  # a mapping of mixed values
        assert set(asked.spans["kind"]) <= {"given_name"}  # of relatives
        turns = texts.write_chats(LANGUAGE, rates={}, **shared)  # type: ignore[arg-type]  # likewise
        for written in (asked, *turns):
            assert not written.body.str.contains(r"[{}\[\]]|  ").any()
        assert all(turn.spans.is_empty() for turn in turns)
        assert (turns[2].body.str.len_chars() > 0).all()


def test_a_chat_is_of_one_family_and_customer_and_agent_take_turns() -> None:
    turns = texts.write_chats(LANGUAGE, topic=TOPIC, tone=TONE, bits=BITS, people=people())
    assert len(turns) == len(texts.TURNS)
    assert texts.TURNS[0] == texts.TURNS[-1] == "customer"
    assert all((turn.family == turns[0].family).all() for turn in turns)
    known = people()["order_number"]
    assert all(number in body for number, body in zip(known, turns[2].body, strict=True))


def test_every_language_has_every_family_topic_and_kind_in_its_number() -> None:
    every = banks()
    shape = (len(texts.LANGUAGES), len(texts.FAMILIES), len(texts.TOPICS))
    problems = every.questions.plain.sizes.reshape(shape)
    assert (problems[:2] >= 3).all() and (problems >= 2).all()
    openings = every.letters.plain.sizes.reshape(shape)
    assert (openings[:2] >= 27).all() and (openings >= 8).all()  # subjects, greetings, problems
    endings = every.endings.sizes
    assert len(endings) == np.prod(shape) * len(texts.TONES) and (endings >= 8).all()
    assert len(texts.fingerprint()) == 64


def test_reviews_fit_their_stars_and_category_and_reasons_their_score() -> None:
    english = np.zeros(N, dtype=np.int64)

    def said(stars: int, category: int | None = None) -> set[str]:
        codes = None if category is None else np.full(N, category)
        every = np.full(N, stars)
        return set(
            texts.write_reviews(english, stars=every, bits=BITS, category=codes, rates={}).body
        )

    plain = [said(stars) for stars in range(1, 6)]
    assert any(text.startswith("Broke after a week.") for text in plain[0])
    assert sum(map(len, plain)) == len(set().union(*plain))
    beauty = said(1, texts.CATEGORIES.index("beauty"))
    assert any("The cream gave me a rash." in text for text in beauty)
    assert not any("My skin feels soft" in text for text in beauty)
    low = set(texts.write_reasons(english, score=np.full(N, 3), bits=BITS))
    assert "Prices are too high." in low
    assert not low & set(texts.write_reasons(english, score=np.full(N, 10), bits=BITS))
    assert not low & set(texts.write_reasons(english, score=np.full(N, 8), bits=BITS))


def test_few_public_texts_have_an_emoji_that_fits_the_tone() -> None:
    found = texts.write_comments(LANGUAGE, tone=TONE, bits=BITS, rates={}).body
    for code, tone in enumerate(texts.TONES):
        own = found.filter(pl.Series(code == TONE))
        share = own.str.contains_any(EMOJI[tone]).mean()
        assert share == pytest.approx(0.03, abs=0.01)
        others = [sign for name, signs in EMOJI.items() if name != tone for sign in signs]
        assert not own.str.contains_any(others).any()


def test_reviews_comments_and_replies_of_whom_nothing_is_known_name_nobody() -> None:
    relatives = banks().relatives.texts.to_list()[:-1]
    bare = [
        texts.write_reviews(LANGUAGE, stars=CODES % 5 + 1, bits=BITS, rates={}).body,
        texts.write_comments(LANGUAGE, tone=TONE, bits=BITS, rates={}).body,
        texts.write_replies(LANGUAGE, topic=TOPIC, bits=BITS).body,
    ]
    names = "|".join(rf"\b{name}\b" for name in relatives if name.isascii())
    for each in bare:
        assert not each.str.contains(names).any()


def test_hostile_strings_are_many_and_put_where_people_write() -> None:
    strings = hostile_strings()
    assert len(strings) == len(set(strings)) >= 60
    assert max(map(len, strings)) == 10_000
    assert not any("\x00" in each for each in strings)
    assert set(texts.draw_hostile_strings(BITS)) == set(strings)
    recipe = read_recipe(PROJECT / "synthetic" / "adversarial.toml", {"customers": 400})
    made = make_block(recipe, 0, 400)
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
    made = make_block(
        read_recipe(PROJECT / "synthetic" / "retail.toml", {"customers": 2_000}), 0, 2_000
    )
    said = made.tables["interactions"].filter(
        pl.col("channel").cast(pl.String).is_in(["ticket", "chat"]), pl.col("action") == "message",
        pl.col("direction") == "inbound",
    )  # fmt: skip
    told = made.truth["texts"]
    both = said.join(told, on="interaction_id", suffix="_true")
    assert both.height == said.height
    both = both.drop_nulls("topic")
    assert (both["topic"] == both["topic_true"]).mean() == pytest.approx(0.95, abs=0.03)
    spans = made.truth["spans"].join(said, on="interaction_id")
    named = spans.filter(pl.col("kind") == "full_name").join(
        made.tables["identities"].filter(pl.col("kind").cast(pl.String) == "full_name"),
        on="record_id",
    )
    held = named.select(pl.col("body").str.slice(pl.col("start"), pl.col("length"))).to_series()
    assert named.height > 20
    assert held.equals(named["identifier"].alias("body"))


def test_truth_tells_the_family_of_every_text_so_that_one_can_be_held_out() -> None:
    made = make_block(
        read_recipe(PROJECT / "synthetic" / "retail.toml", {"customers": 2_000}), 0, 2_000
    )
    told = made.truth["texts"]
    assert told["interaction_id"].is_unique().all()
    written = made.tables["interactions"].filter(pl.col("body").is_not_null())["interaction_id"]
    reasons = made.tables["answers"].filter(
        pl.col("question_id") == "reason", pl.col("answer").is_not_null()
    )["interaction_id"]
    assert set(told["interaction_id"]) == {*written, *reasons}
    assert told["family"].null_count() == 0
    # by their ratings and scores: blame in anger, praise in pleasure
    rated = made.tables["interactions"].filter(pl.col("channel").cast(pl.String) == "review")
    tones = rated.join(told, on="interaction_id").group_by("tone").agg(pl.col("rating").unique())
    assert {tone: sorted(stars) for tone, stars in tones.iter_rows()} == {
        "angry": [1, 2], "neutral": [3], "pleased": [4, 5],
    }  # fmt: skip
    scored = made.tables["answers"].filter(pl.col("question_id") == "nps")
    both = scored.join(told, on="interaction_id").select("answer_number", "tone")
    assert both.filter(pl.col("answer_number") >= 9)["tone"].unique().to_list() == ["pleased"]


def test_reviews_now_and_then_name_their_writer_and_every_span_is_the_writers_own() -> None:
    made = make_block(
        read_recipe(PROJECT / "synthetic" / "retail.toml", {"customers": 6_000}), 0, 6_000
    )
    said = made.tables["interactions"].filter(pl.col("channel").cast(pl.String) == "review")
    spans = made.truth["spans"].join(said, on="interaction_id")
    held = pl.col("body").str.slice(pl.col("start"), pl.col("length"))
    known = made.tables["identities"].select(
        "record_id", pl.col("kind").cast(pl.String), "identifier"
    )
    named = spans.filter(pl.col("kind") == "full_name").with_columns(held=held)
    both = named.join(known, on=["record_id", "kind"])
    assert both.height == named.height > 0
    assert (both["held"] == both["identifier"]).all()


@pytest.mark.parametrize("name", ["messy", "adversarial"])
def test_spans_are_told_only_of_bodies_that_no_fault_rewrote(name: str) -> None:
    recipe = read_recipe(PROJECT / "synthetic" / f"{name}.toml", {"customers": 4_000})
    made = make_block(recipe, 0, 4_000)
    cells = made.truth["faults"].filter(pl.col("column") == "body")
    spans = made.truth["spans"]
    assert cells.height > 0
    assert not set(spans["interaction_id"].cast(pl.String)) & set(cells["key"])
    said = spans.join(made.tables["interactions"], on="interaction_id")
    held = said.filter(pl.col("kind") == "order_number").select(
        "record_id", held=pl.col("body").str.slice(pl.col("start"), pl.col("length"))
    )
    numbers = made.tables["orders"]["order_id"].str.replace("^shop:", "")
    assert held.height > 20
    assert held["held"].is_in(numbers.implode()).all()
