"""Customers are found in whatever form they are published: 2,900 planted variations."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.privacy.ordinary_words import frequent_words
from tests.privacy.people import ordinary, people
from tests.privacy.variations import CARRIERS, FAMILIES, Variation, planted
from tests.privacy.vocabulary import CUSTOMERS, NOBODY, vocabulary
from workbench.privacy import find_leaks

COUNT, RECALL, FAMILY_RECALL = 2_900, 0.99, 0.97
#: Kinds of identifier by which a variation of a family may be found.
KINDS = {
    "names": {"full_name"},
    "spelling of names": {"full_name"},
    "initials": {"full_name"},
    "initials with a second sign": {"full_name", "birth_date"},
    "ordinary words with a second sign": {
        "full_name", "birth_date", "email", "phone", "street_address", "user_id",
    },
    "columns side by side": {"full_name", "street_address", "birth_date"},
    "phones": {"phone"},
    "streets": {"street_address"},
    "e-mail addresses": {"email"},
    "encoded e-mail addresses": {"email", "full_name"},
    "hashes": {"email_digest", "phone_digest"},
    "birth dates beside a name": {"birth_date"},
    "ids": {"user_id", "cookie_id"},
}  # fmt: skip


@pytest.fixture(scope="module")
def variations() -> list[Variation]:
    """Return the planted variations."""
    everybody = people(CUSTOMERS)
    borne = Counter(person.family for person in everybody)
    frequent = frequent_words()
    rare = [
        person
        for person in everybody[:8_000]
        if person.locale != "ja_JP"
        and borne[person.family] <= 3
        and not all(word in frequent for word in re.split(r"[\s-]", person.family.lower()))
    ]
    made = planted(everybody[:4_000], rare=rare, ordinary=ordinary(CUSTOMERS), count=COUNT)
    return list(made)


def test_99_of_100_planted_variations_are_found(variations: list[Variation]) -> None:
    planted_of, found_of = Counter[str](), Counter[str]()
    missed = Counter[tuple[str, str]]()
    for each in variations:
        hits = find_leaks(each.content, known=vocabulary(), pseudonyms=NOBODY)
        planted_of[each.family] += 1
        if KINDS[each.family] & set(hits):
            found_of[each.family] += 1
        else:
            missed[each.family, f"{each.form} in {each.carrier}"] += 1
    recall = {family: found_of[family] / planted_of[family] for family in FAMILIES}
    total = found_of.total() / planted_of.total()
    lines = [f"{f:36}{planted_of[f]:8,}{found_of[f]:8,}{recall[f]:8.3f}" for f in FAMILIES]
    lines.append(f"{'all':36}{planted_of.total():8,}{found_of.total():8,}{total:8.3f}")
    table = "\n".join([f"{'family':36}{'planted':>8}{'found':>8}{'recall':>8}", *lines])
    print(f"\n{table}\nmissed: {dict(missed)}")  # noqa: T201  # the table that is asked for
    assert planted_of.total() == COUNT
    assert total >= RECALL, f"{table}\n{missed}"
    assert min(recall.values()) >= FAMILY_RECALL, f"{table}\n{missed}"


def test_every_form_is_planted_and_every_locale_and_carrier_is_there(
    variations: list[Variation],
) -> None:
    forms = {(each.family, each.form) for each in variations}
    assert forms == {(family, form) for family, of in FAMILIES.items() for form in of}
    assert len({each.person.locale for each in variations}) == 8
    assert {each.carrier for each in variations} >= set(CARRIERS)
    assert len({each.content for each in variations}) > 0.97 * COUNT


def test_carriers_alone_hold_nobody() -> None:
    for carrier in CARRIERS.values():
        content = carrier("nobody at all").encode()
        assert find_leaks(content, known=vocabulary(), pseudonyms=NOBODY) == {}


def test_the_variations_are_made_without_the_searchs_own_code() -> None:
    for name in ("people.py", "variations.py"):
        assert "workbench.privacy" not in Path(__file__).with_name(name).read_text("utf-8")
