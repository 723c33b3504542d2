"""Declared files: every fault at once, each with what is allowed."""

from pathlib import Path

import pytest

from workbench.foundation.declarations import Declaration, read_toml, validate_declaration
from workbench.foundation.errors import ParameterError


class Policy(Declaration):
    k: int = 5
    min_group: int = 10


class Plan(Declaration):
    name: str
    policy: Policy = Policy()


def test_a_sound_file_becomes_the_model(tmp_path: Path):
    file = tmp_path / "plan.toml"
    file.write_text('name = "a"\n[policy]\nk = 7\n')
    plan = validate_declaration(Plan, read_toml(file, "plan"), source="plan plan.toml")
    assert plan == Plan(name="a", policy=Policy(k=7))


def test_all_faults_are_told_at_once_with_the_nearest_name():
    content = {"policy": {"k": "7", "min_grp": 3}, "zzz": 1}
    with pytest.raises(ParameterError) as refusal:
        validate_declaration(Plan, content, source="plan x.toml", further=["seed: found elsewhere"])
    assert str(refusal.value).splitlines() == [
        "plan x.toml has 5 faults:",
        "  name: missing, it has no default",
        "  policy.k: input should be a valid integer, found '7'",
        "  policy.min_grp: no such key; did you mean min_group? Known: k, min_group",
        "  zzz: no such key. Known: name, policy",
        "  seed: found elsewhere",
    ]


def test_a_name_with_a_dot_that_toml_takes_for_a_table_is_suspected():
    content = {"name": "a", "policy": {"who": {"type": "text"}}}
    with pytest.raises(ParameterError, match=r'has a dot, write "policy\.who" in double quotes'):
        validate_declaration(Plan, content, source="plan x.toml")


def test_what_is_no_toml_is_told_with_its_line(tmp_path: Path):
    file = tmp_path / "plan.toml"
    file.write_text("name = \n")
    with pytest.raises(ParameterError, match=r"plan plan\.toml cannot be read: .*line 1"):
        read_toml(file, "plan")
