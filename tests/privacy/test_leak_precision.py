"""No page is refused for words that everybody uses."""

import html
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import PROJECT
from tests.privacy.innocent import COUNT, documents
from tests.privacy.ordinary_words import TARGET, collect, lines
from tests.privacy.people import identities, ordinary
from tests.privacy.variations import CARRIERS
from tests.privacy.vocabulary import CUSTOMERS, NOBODY, vocabulary
from tests.worlds import Place
from workbench.privacy import find_leaks, known_identifiers


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return what the demo study writes of a small world."""
    made = Place(tmp_path_factory.mktemp("innocent"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(PROJECT)
        assert made.do("init") == 0
        made.world("retail", "innocent", customers=1_500)
        assert made.run(made.study("demo", "innocent")) == 0
        yield made.reports


def test_at_most_one_of_120_innocent_documents_raises_an_alarm(reports: Path) -> None:
    found = documents(reports)
    assert len(found) == COUNT
    assert sum(name.startswith("run: ") for name in found) > 20
    alarms = {
        name: dict(hits)
        for name, content in found.items()
        if (hits := find_leaks(content, known=vocabulary(), pseudonyms=NOBODY))
    }
    letters = sum(map(len, found.values()))
    print(f"\n{len(alarms)} of {len(found)} documents ({letters:,} bytes) raise an alarm: {alarms}")  # noqa: T201  # the table that is asked for
    assert len(alarms) <= 1, alarms


@pytest.mark.parametrize("carrier", CARRIERS)
def test_names_of_ordinary_words_alone_are_nobody(carrier: str) -> None:
    for person in ordinary(CUSTOMERS):
        for text in (person.full, person.full.lower(), f"{person.family}, {person.given}"):
            content = CARRIERS[carrier](text).encode()
            assert find_leaks(content, known=vocabulary(), pseudonyms=NOBODY) == {}, text


def test_a_second_sign_of_somebody_else_makes_no_person() -> None:
    one, other = ordinary(CUSTOMERS)[:2]
    signs = (other.postcode, other.birth_on, f"born {other.birth_on[:4]}")
    for sign in signs:
        text = f"<p>{html.escape(one.full)}, {sign}</p>"
        assert find_leaks(text.encode(), known=vocabulary(), pseudonyms=NOBODY) == {}, sign


def test_a_second_sign_far_away_makes_no_person() -> None:
    one = ordinary(CUSTOMERS)[0]
    for words, hits in ((20, {"full_name": 1}), (30, {})):
        text = f"{one.full} {'and so on ' * (words // 3)}{'x ' * (words % 3)}{one.postcode}"
        assert find_leaks(text.encode(), known=vocabulary(), pseudonyms=NOBODY) == hits


def test_an_empty_dataset_and_empty_content_hold_nobody() -> None:
    nobody = known_identifiers(identities(()).lazy())
    assert find_leaks(b"Annelise Okonkwo, 1990-04-03", known=nobody, pseudonyms=NOBODY) == {}
    assert find_leaks(b"", known=vocabulary(), pseudonyms=pl.Series(dtype=pl.UInt64)) == {}


def test_the_list_of_ordinary_words_is_what_its_sources_give() -> None:
    """To make it anew: ``python -m tests.privacy.ordinary_words``."""
    assert TARGET.read_text(encoding="utf-8") == lines(collect())


def test_names_of_people_are_no_ordinary_words() -> None:
    words = set(collect())
    assert not words & {
        "john",
        "mary",
        "anna",
        "peter",
        "smith",
        "johnson",
        "garcia",
        "nowak",
        "okonkwo",
    }
    assert words >= {
        "high",
        "value",
        "mark",
        "price",
        "grace",
        "field",
        "rose",
        "gold",
        "net",
        "amount",
    }
