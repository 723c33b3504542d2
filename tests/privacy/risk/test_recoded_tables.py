"""Releases that the anonymiser makes are measured with their own labels."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from workbench.privacy.recoding import KAnonymity, read_hierarchy, recode
from workbench.privacy.risk import RiskQuestion, RiskReport, assess_risk
from workbench.statistics.verdicts import Outcome


@pytest.fixture(scope="module")
def measure(real_data: Path) -> Any:
    folder = real_data / "adult"
    adult = pl.read_csv(folder / "adult.csv", separator=";").with_row_index("person")
    adult = adult.sample(fraction=1, shuffle=True, seed=3)
    original, control = adult[:12_000], adult[12_000:18_000]
    columns = tuple(name for name in adult.columns if name not in ("person", "occupation"))
    hierarchies = {name: read_hierarchy(folder / f"adult_hierarchy_{name}.csv") for name in columns}
    question = RiskQuestion(
        quasi_identifiers=columns, sensitive=("occupation",), persons="person",
        hierarchies={name: each.frame() for name, each in hierarchies.items()}, groups=("race",),
    )  # fmt: skip

    def measured(k: int, **options: Any) -> RiskReport:
        made = recode(original, hierarchies=hierarchies, criteria=[KAnonymity(k=k)], **options)
        return assess_risk(original, made.rows, question, control=control)

    return measured


@pytest.mark.parametrize(
    "options",
    [
        {"suppression_limit": 0.05},
        {"method": "local"},
        {"method": "local", "labels": "ranges"},
    ],
)
def test_a_release_of_k_persons_singles_nobody_out_and_every_label_is_understood(
    measure: Any, options: dict[str, Any]
) -> None:
    report = measure(11, **options)
    assert report.classes.smallest >= 11
    assert not [point for point in report.untested if point.startswith("Column")]
    found = {attack.name: attack.successes for attack in report.attacks}
    assert found["singling_out_multivariate"] == found["linking_nearest"] == 0
    assert [verdict.outcome for verdict in report.verdicts[:2]] == [Outcome.SHOWN] * 2
    # The smallest groups lose most.
    assert report.losses is not None
    assert report.losses["group"][0] == "everybody" and report.losses["group"][-1] == "White"


def test_local_recoding_with_small_classes_tells_more_than_its_levels(measure: Any) -> None:
    local, levels = (
        measure(5, method="local"), measure(5, method="levels", suppression_limit=0.05)
    )  # fmt: skip
    assert local.information_loss < levels.information_loss
    inferred = [
        next(each.risk.value for each in report.attacks if each.criterion == "inference")
        for report in (local, levels)
    ]
    assert inferred[0] > inferred[1]
    assert local.classes.average > levels.classes.average
