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
