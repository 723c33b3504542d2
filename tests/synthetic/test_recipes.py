"""What a recipe may say, and how it is refused."""

from pathlib import Path

import pytest

from workbench.foundation.errors import ParameterError
from workbench.synthetic import read_recipe

#: A bias as a recipe has it.
TREATED = {"mechanism": "treatment", "attribute": "gender", "group": "female", "strength": 0.1}


def test_all_faults_are_told_at_once_with_path_found_value_and_what_is_allowed(
    retail: Path,
) -> None:
    changes = {
        "months": 4,
        "custmers": 3,
        "locales": {"en_GB": 0.4, "de_AT": 0.6},
        "season": {"weekdays": [1.0, 1.0]},
    }
    with pytest.raises(ParameterError, match=r"recipe retail\.toml has 4 faults") as refusal:
        read_recipe(retail, changes)
    told = str(refusal.value)
    assert "months: input should be greater than or equal to 6, found 4" in told
    assert "custmers: no such key; did you mean customers?" in told
    assert "locales: no locale de_AT; known: de_DE, en_GB" in told
    assert "season.weekdays" in told


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"customers": 0}, r"customers: .* greater than or equal to 1, found 0"),
        ({"seed": "7"}, r"seed: .* valid integer, found '7'"),
        ({"locales": {"en_GB": 0.4}}, r"locales: shares add up to 0.4000, allowed is 1"),
        ({"genders": {"female": 1.0, "male": 1.0}}, r"genders: shares add up to 2"),
        (
            {"bias": {"x": TREATED | {"strength": 0.21}}},
            r"strength of 0.21 in all, allowed 0 to 0.20",
        ),
        (
            {"bias": {"x": TREATED | {"attribute": "age"}}},
            r"bias.x.attribute: input should",
        ),
        ({"bias": {"x": TREATED | {"group": "wom"}}}, r"no gender wom; known: female"),
        ({"bias": {"x": {"attribute": "country", "group": "AT"}}}, r"bias.x.mechanism: missing"),
        ({"offer": {"base_rate": 0.9}}, r"reaches 0.75 to 1.05, beyond 0 to 1"),
        ({"mix": {"everyday": 0.5}}, r"shares add up to 0.5000"),
        ({"mix": {"nobody": 1.0}}, r"no segment in mix nobody; known: everyday, devoted"),
        (
            {"changes": {"x": {"at": 0.6, "until": 0.5, "cause": "late", "factor": 2.0}}},
            r"changes.x: until is 0.5, before it begins at 0.6",
        ),
        ({"campaigns": {"x": {"at": 0.5, "effect": {"old": 0.1}}}}, r"effect old; known: everyday"),
        ({"groups": {"AT": {"attribute": "country"}}}, r"no country in groups AT; known: DE, GB"),
        ({"leaving": {"process": "after_purchase"}}, r"needs leaving.a and leaving.b"),
        ({"missing": {"shoe_size": 0.1}}, r"no column shoe_size; known: birth_year"),
        ({"tracking": {"banner": "maze"}}, r"tracking.banner: input should be 'none'"),
        ({"system": "My Shop"}, r"system: .* pattern"),
    ],
)
def test_a_wrong_value_is_refused(retail: Path, changes: dict[str, object], fault: str) -> None:
    with pytest.raises(ParameterError, match=fault):
        read_recipe(retail, changes)


def test_a_recipe_that_extends_another_replaces_segments_and_keeps_the_rest(retail: Path) -> None:
    uniform, base = read_recipe(retail.with_name("uniform.toml")), read_recipe(retail)
    assert list(uniform.segments) == ["everyone"]
    assert uniform.bias == {}
    assert uniform.offer == base.offer
    assert uniform.season == base.season


def test_recipes_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text('extends = "two"')
    (tmp_path / "two.toml").write_text('extends = "one"')
    with pytest.raises(ParameterError, match="extends is 'one'; give the name of another recipe"):
        read_recipe(tmp_path / "one.toml")


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("name = ")
    with pytest.raises(ParameterError, match=r"recipe broken\.toml cannot be read"):
        read_recipe(tmp_path / "broken.toml")


def test_the_recipe_that_the_readme_shows_is_one(tmp_path: Path, retail: Path) -> None:
    words = (retail.parent / "README.md").read_text()
    block = words[words.index("```toml") + 7 :]
    (tmp_path / "retail.toml").write_text(retail.read_text())
    (tmp_path / "more-churn.toml").write_text(block[: block.index("```")])
    recipe = read_recipe(tmp_path / "more-churn.toml")
    assert recipe.shares == (0.5, 0.1, 0.2, 0.2)
    assert recipe.leaving.scale == 2.0
    assert recipe.troubles.late == 0.15
    assert recipe.troubles.damaged == read_recipe(retail).troubles.damaged


def test_a_change_holds_from_when_until_when(retail: Path) -> None:
    sale = {"cause": "purchases", "factor": 2.0}
    changes = {"sale": {"at": 0.2, "until": 0.4} | sale, "growth": {"at": 0.8} | sale}
    recipe = read_recipe(retail, {"changes": changes})
    factors = [recipe.change("purchases", moment) for moment in (0.1, 0.2, 0.39, 0.4, 0.8, 1.1)]
    assert factors == [1, 2, 2, 1, 2, 2]
    assert recipe.change("late", 0.3) == 1
