from pathlib import Path

import pytest

from workbench.foundation.errors import ParameterError
from workbench.studies import ExtractPolicy, Policy, read_extract_policy
from workbench.studies.policy import PRESETS, preset_values

ADULT = '[columns]\nage = { treatment = "generalise", bands = [5, 10] }\nname = "drop"\n'
DATASET = (
    'purpose = "analytics"\nbasis = "consent"\nrecipient = "University"\nowner = "Steward"\n'
    'contact = "steward@company.example"\n[tables]\ncustomers = ["gender"]\n'
)


def read(folder: Path, text: str) -> ExtractPolicy:
    path = folder / "partner.toml"
    path.write_text(text, encoding="utf-8")
    return read_extract_policy(path)


def test_a_treatment_alone_is_a_rule(tmp_path: Path) -> None:
    policy = read(tmp_path, ADULT)
    assert policy.name == "partner"
    assert policy.columns["name"].treatment == "drop"
    assert policy.columns["age"].bands == (5, 10)
    assert list(policy.rules("generalise")) == ["age"]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_gives_what_is_not_stated(preset: str, tmp_path: Path) -> None:
    plain = read(tmp_path, f'preset = "{preset}"\n{ADULT}')
    stricter = read(tmp_path, f'preset = "{preset}"\nk = 40\nlimits.highest = 0.01\n{ADULT}')
    assert stricter.k == 40
    assert stricter.limits.highest == 0.01
    assert stricter.limits.average == plain.limits.average
    assert stricter.time == plain.time


def test_presets_grow_stricter_with_the_distance_of_the_reader() -> None:
    internal, research, release = (
        ExtractPolicy.model_validate(
            {
                "name": "x",
                "columns": {"a": "keep"},
                **preset_values({"preset": name}, ExtractPolicy),
            }
        )
        for name in ("internal", "research", "release")
    )
    assert internal.k <= research.k < release.k
    assert internal.least_alike < research.least_alike < release.least_alike
    assert internal.limits.linkability > research.limits.linkability > release.limits.linkability


def test_a_study_takes_what_it_knows_of_a_preset() -> None:
    policy = Policy.model_validate(preset_values({"preset": "release", "k": 7}, Policy))
    assert (policy.k, policy.time, policy.amounts) == (7, "month", "bands")


GENERALISED = '[columns]\na = { treatment = "generalise", '


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'preset = "relaese"\n{ADULT}', "'research', 'internal' or 'release'"),
        ('[columns]\na = { treatment = "generalise", bands = [5], prefixes = [2] }', "contradict"),
        ('[columns]\na = { treatment = "keep", bands = [5] }', 'for treatment = "generalise"'),
        ('[columns]\na = { treatment = "keep", l = 3 }', 'for treatment = "sensitive"'),
        (f"{GENERALISED}bands = [5, 12] }}", "columns.a: bands are widths"),
        (f"{GENERALISED}bands = [0] }}", "columns.a: bands are widths"),
        (f"{GENERALISED}prefixes = [2, 3] }}", "columns.a: prefixes are lengths"),
        (f'{GENERALISED}dates = ["year", "month"] }}', "columns.a: dates grow coarser"),
        ('[columns]\na = "perturb"', "noise"),
        ('[columns]\na = "hide"', "'drop'"),
        ('[columns]\na = "person"\nb = "person"', "several columns"),
        ("k = 5", r"\[columns\] of one table"),
        (f'recoding = "global"\n{ADULT}', "'levels', 'local' or 'ranges'"),
        ('name = "x"\n' + ADULT, "named by its file"),
        ("k = 1\n" + ADULT, "greater than or equal to 2"),
        (DATASET.replace("gender", "birth_year"), "too exact for any view"),
        (DATASET.replace("gender", "gendre"), "did you mean 'gender'"),
        (DATASET.replace('recipient = "University"\n', ""), "needs recipient"),
        ('zone = "Europe/Atlantis"\n' + DATASET, "no time zone"),
    ],
)
def test_a_fault_is_named(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=words):
        read(tmp_path, text)


def test_an_extract_of_a_dataset_has_its_terms(tmp_path: Path) -> None:
    policy = read(tmp_path, DATASET)
    assert policy.tables == {"customers": ("gender",)}
    assert policy.recipient == "University"
