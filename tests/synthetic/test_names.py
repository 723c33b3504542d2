"""Names and contact data look like their country's, reach nobody, and are pinned."""

from dataclasses import fields
from math import gcd
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from workbench.synthetic import read_recipe
from workbench.synthetic.draws import CELLS
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.households import household_heads
from workbench.synthetic.people.personal_details import make_personal_details
from workbench.synthetic.people.profiles import customers, identities
from workbench.synthetic.recipes import MOST_CUSTOMERS, Recipe
from workbench.synthetic.recipes.fault_shares import MISSABLE
from workbench.synthetic.stock import phones
from workbench.synthetic.stock.names import (
    COUNTRIES,
    FINGERPRINT,
    LOCALES,
    fingerprint,
    latin,
    locale,
)


@pytest.fixture(scope="module")
def recipe(retail: Path) -> Recipe:
    return read_recipe(retail)


@pytest.fixture(scope="module")
def profiles(recipe: Recipe) -> pl.DataFrame:
    return profiles_of(Block(recipe, 0, 4_000))


def profiles_of(block: Block) -> pl.DataFrame:
    """Return what is written of each customer, with locale, gender of the name and household."""
    home = make_personal_details(block)
    return pl.DataFrame({field.name: getattr(home, field.name) for field in fields(home)}).select(
        pl.all(),
        locale=pl.Series([*block.recipe.locales]).gather(block.locale),
        is_female=pl.Series(block.bears_female_name),
        head=pl.Series(household_heads(block)),
        number=pl.Series(block.numbers),
    )


def only(recipe: Recipe, name: str) -> Recipe:
    return recipe.model_copy(update={"locales": {name: 1.0}})


def test_the_lists_are_those_that_are_pinned() -> None:
    found = fingerprint()
    assert found == FINGERPRINT, (
        "the lists of names are others, and so is every world: where that is meant (another Faker "
        f"in the lock file, a list edited), set names.FINGERPRINT to {found}; else restore them"
    )


@pytest.mark.parametrize("name", LOCALES)
def test_every_list_has_names_once_and_a_place_in_e_mail(name: str) -> None:
    lists = locale(name)
    for pairs, kind in (
        (lists.female, "female"),
        (lists.male, "male"),
        (lists.family_male, "family"),
    ):
        assert len({written_name for written_name, _ in pairs}) == len(pairs)
        assert all(roman.isascii() and roman.isalnum() for _, roman in pairs)
        assert len(lists.cells[kind]) == len(pairs)
        assert sum(lists.cells[kind]) == CELLS
        assert min(lists.cells[kind]) > 0
    assert len(lists.family_female) == len(lists.family_male)


@pytest.mark.parametrize("name", LOCALES)
def test_few_of_a_million_customers_have_the_same_name(name: str) -> None:
    female, male, family = (
        np.array(locale(name).cells[kind]) / CELLS for kind in ("female", "male", "family")
    )
    of_given = (np.square(female).sum() + np.square(male).sum()) / 4
    assert 5 < 1_000_000 * of_given * np.square(family).sum() < 100


@pytest.mark.parametrize(
    ("written_name", "roman"),
    [("Weiß", "weiss"), ("Wałęsa", "walesa"), ("O'Neil", "oneil"), ("Le Goff", "legoff")],
)
def test_a_name_becomes_plain_letters_in_an_e_mail_address(written_name: str, roman: str) -> None:
    assert latin(written_name) == roman
    assert latin("Müller", "de_DE") == "mueller"


def test_given_names_are_of_their_gender_and_country(profiles: pl.DataFrame) -> None:
    for (name, is_female), rows in profiles.group_by("locale", "is_female"):
        lists = locale(str(name))
        known = {each for each, _ in (lists.female if is_female else lists.male)}
        assert set(rows["given"]) <= known


def test_women_in_poland_bear_the_feminine_form(recipe: Recipe) -> None:
    rows = profiles_of(Block(only(recipe, "pl_PL"), 0, 2_000))
    women, men = rows.filter("is_female")["family"], rows.filter(~pl.col("is_female"))["family"]
    assert not women.str.contains(r"(ski|cki|dzki)(-|$)").any()
    assert not men.str.contains(r"owska(-|$)").any()
    assert women.str.contains(r"owska(-|$)").sum() > 10


def test_two_family_names_in_spain_and_the_family_first_in_japan(profiles: pl.DataFrame) -> None:
    spain = profiles.filter(locale="es_ES")
    firsts = {each for each, _ in locale("es_ES").family_male}
    assert all(any(name.startswith(f"{first} ") for first in firsts) for name in spain["family"])
    japan = profiles.filter(locale="ja_JP")
    assert (japan["full"] == japan["family"] + " " + japan["given"]).all()
    britain = profiles.filter(locale="en_GB")
    assert (britain["full"] == britain["given"] + " " + britain["family"]).all()
    assert 0 < britain["family"].str.contains("-").mean() < 0.15


def test_e_mail_is_the_customers_own_in_a_reserved_domain(profiles: pl.DataFrame) -> None:
    assert profiles["email"].is_unique().all()
    pattern = r"^[a-z0-9._-]+@(example\.(com|net|org)|[a-z]+\.example)$"
    assert profiles["email"].str.contains(pattern).all()
    assert profiles["email"].str.extract("@(.*)").n_unique() >= 6


def test_phones_are_fictional_ones_of_the_country(profiles: pl.DataFrame) -> None:
    assert profiles["phone"].str.contains(r"^\+[1-9][0-9]{7,14}$").all()
    for (name,), rows in profiles.group_by("locale"):
        prefixes = phones.ranges()[COUNTRIES[str(name)]].prefixes
        assert all(number.startswith(prefixes) for number in rows["phone"])


@pytest.mark.parametrize("name", LOCALES)
def test_only_who_lives_together_shares_a_phone_in_a_small_world(recipe: Recipe, name: str) -> None:
    rows = profiles_of(Block(only(recipe, name), 0, 4_000))
    shared = rows.group_by("phone").agg(homes=pl.col("head").n_unique(), customers=pl.len())
    assert (shared["homes"] == 1).all()
    assert 100 < shared.filter(pl.col("customers") > 1).height < 400


def test_phone_numbers_repeat_from_as_many_customers_on_as_there_are() -> None:
    size = {country: len(each.heads) * len(each.tails) for country, each in phones.ranges().items()}
    stated = {"DE": 5_000, "GB": 17_000, "US": 27_300, "FR": 60_000}
    assert size == stated | dict.fromkeys(("ES", "JP", "NL", "PL"), MOST_CUSTOMERS)
    assert all(gcd(each, 7_368_787) == 1 for each in size.values())
    numbers = (np.arange(5_001) * 7_368_787 + 1_234_567) % size["DE"]
    assert len(set(numbers[:5_000].tolist())) == 5_000
    assert numbers[5_000] == numbers[0]


def test_a_quarter_of_the_customers_lives_with_another(recipe: Recipe) -> None:
    block = Block(recipe, 0, 50_000)
    _, home, count = np.unique(household_heads(block), return_inverse=True, return_counts=True)
    assert (count[home] > 1).mean() == pytest.approx(0.25, abs=0.02)
    assert count.max() <= 8


def test_who_lives_together_shares_the_address_and_mostly_the_name(profiles: pl.DataFrame) -> None:
    together = profiles.filter(pl.col("number") != pl.col("head")).join(
        profiles, left_on="head", right_on="number", validate="m:1"
    )
    for column in ("street", "city", "postcode", "locale"):
        assert (together[column] == together[f"{column}_right"]).all(), column
    same = together.select("locale", same=pl.col("family") == pl.col("family_right"))
    share = dict(same.group_by("locale").agg(pl.col("same").mean()).iter_rows())
    assert share["ja_JP"] > 0.85
    assert 0.7 < share["en_GB"] < 0.95
    assert 0.2 < share["es_ES"] < 0.6
    assert (together["phone"] == together["phone_right"]).mean() == pytest.approx(0.3, abs=0.08)


@pytest.mark.parametrize("cut", [1, 50, 137])
def test_a_profile_does_not_depend_on_the_block(recipe: Recipe, cut: int) -> None:
    whole = profiles_of(Block(recipe, 30, 270))
    parts = [profiles_of(Block(recipe, 30, cut)), profiles_of(Block(recipe, 30 + cut, 270 - cut))]
    assert_frame_equal(pl.concat(parts), whole)


def test_birth_dates_are_real_ones_and_of_the_age(recipe: Recipe, profiles: pl.DataFrame) -> None:
    born = profiles["birth_date"].str.to_date("%Y-%m-%d", strict=True)
    assert born.dt.month().n_unique() == 12
    age = recipe.start_on.year - born.dt.year()
    assert (age.to_numpy() == Block(recipe, 0, 4_000).age).all()


def test_as_much_is_missing_as_the_recipe_says(recipe: Recipe) -> None:
    shares = dict(zip(MISSABLE, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8), strict=True))
    genders = {**dict.fromkeys(recipe.genders, 0.0), "female": 1.0}
    block = Block(recipe.model_copy(update={"missing": shares, "genders": genders}), 0, 4_000)
    home = make_personal_details(block)
    people = customers(block, home)
    told = identities(block, home, block.joined_at)
    found = {name: people[name].null_count() / block.size for name in MISSABLE[:4]}
    kinds = {"address": "city"}
    for name in MISSABLE[4:]:
        found[name] = 1 - told.filter(pl.col("kind") == kinds.get(name, name)).height / block.size
    assert found == pytest.approx(shares, abs=0.03)
    assert told.filter(pl.col("kind") == "full_name").height == block.size


def test_nothing_is_missing_where_the_recipe_says_so(recipe: Recipe) -> None:
    block = Block(recipe.model_copy(update={"missing": dict.fromkeys(MISSABLE, 0.0)}), 0, 200)
    people = customers(block, make_personal_details(block))
    unknown = block.gender == len(recipe.genders) - 1
    assert people["birth_year"].null_count() == 0
    assert people["income_band"].null_count() == 0
    assert (people["gender"].is_null().to_numpy() == unknown).all()


def test_test_accounts_are_as_many_as_the_recipe_says(recipe: Recipe) -> None:
    faults = recipe.faults.model_copy(update={"test_accounts": 0.3})
    block = Block(recipe.model_copy(update={"faults": faults}), 0, 2_000)
    kinds = customers(block, make_personal_details(block))["kind"].cast(pl.String)
    assert (kinds == "test").mean() == pytest.approx(0.3, abs=0.05)
