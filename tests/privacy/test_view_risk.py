"""The risk that is left in a view: measured where a study states limits, and judged by them."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.privacy.conftest import MakeDataset, at, source, study
from workbench.foundation.errors import ParameterError
from workbench.privacy import View, open_view
from workbench.privacy.anonymity import anonymise, smallest_class
from workbench.privacy.generalisation import levels
from workbench.privacy.level_labels import hierarchies_of_levels, label_values, labels_at
from workbench.privacy.quoted_numbers import Shown
from workbench.privacy.recoding import KAnonymity
from workbench.privacy.view_risk import ViewRisk, require_risk
from workbench.statistics.verdicts import Outcome

LIMITS = dict.fromkeys(("singling_out", "linkability", "inference", "highest", "average"), 0.2)
COLUMNS = ("first_seen_at", "age_band", "gender", "country", "language")


def people(number: int = 600) -> list[dict[str, Any]]:
    """Return customers whose characteristics are drawn one by one."""
    draw = np.random.default_rng(3)
    return [
        {
            "customer_id": person + 1,
            "kind": "person",
            "first_seen_at": at(f"202{draw.integers(0, 4)}-{draw.integers(1, 13):02d}-11"),
            "birth_year": int(draw.integers(1940, 2004)),
            "gender": str(draw.choice(["female", "male"])),
            "country": str(draw.choice(["DE", "NL", "FR", "AT"], p=[0.6, 0.2, 0.15, 0.05])),
            "language": str(draw.choice(["de", "en-GB", "en-US"])),
        }
        for person in range(number)
    ]


def view_of(dataset: MakeDataset, policy: Mapping[str, Any], number: int = 600) -> View:
    made = dataset(customers=people(number), sources=[source("s", "2025-01-01")])
    asked = study(basis="contract", columns={"customers": COLUMNS}, policy=policy)
    return open_view(asked, made)


def test_no_risk_is_measured_without_limits(dataset: MakeDataset) -> None:
    view = view_of(dataset, {"k": 5})
    assert view.report.risk is None
    with pytest.raises(ParameterError, match=r"state \[policy.limits\]"):
        require_risk(view)


def test_the_verdict_follows_the_limits(dataset: MakeDataset) -> None:
    within = require_risk(view_of(dataset, {"k": 5, "limits": LIMITS}))
    strict = {**LIMITS, "highest": 0.05}
    above = require_risk(view_of(dataset, {"k": 5, "limits": strict}))
    first = [risk.verdicts[0] for risk in (within, above)]
    assert first[0].outcome is not Outcome.NOT_SHOWN
    assert first[1].outcome is Outcome.NOT_SHOWN
    assert first[1].concern


def test_a_weak_policy_is_said_to_be_weak(dataset: MakeDataset) -> None:
    weak = require_risk(view_of(dataset, {"k": 2, "suppression_limit": 1.0, "limits": LIMITS}))
    assert weak.verdicts[0].outcome is Outcome.NOT_SHOWN
    assert "smallest class 2 persons" in weak.verdicts[0].answer


def test_risk_comes_back_from_json_and_has_no_value_of_a_customer(dataset: MakeDataset) -> None:
    risk = require_risk(view_of(dataset, {"k": 5, "limits": LIMITS}))
    text = json.dumps(risk.to_json())
    again = ViewRisk.from_json(json.loads(text))
    assert again.verdicts == risk.verdicts
    assert again.attacks.equals(risk.attacks)
    assert again.prices.equals(risk.prices)
    for value in ("female", "en-GB", "2021-"):
        assert value not in text


def test_a_larger_k_costs_more_and_risks_less(dataset: MakeDataset) -> None:
    risk = require_risk(view_of(dataset, {"k": 5, "limits": LIMITS}))
    prices = risk.prices.sort("k")
    assert prices["k"].to_list() == [2, 5, 11, 20, 50]
    assert prices["risk"].is_sorted(descending=True)
    assert prices["loss"][0] < prices["loss"][-1]
    assert all(0 <= each <= 1 for each in prices["loss"])


def loss_of(customers: pl.DataFrame, made: pl.DataFrame, level: Mapping[str, int]) -> float:
    """Return the share of other values that a cell could be, counted label by label."""
    asked = levels(date(2025, 1, 1))
    hierarchies = hierarchies_of_levels(customers, {name: asked[name] for name in level})
    shown = label_values(made, level)
    losses = []
    for name, hierarchy in hierarchies.items():
        frame = hierarchy.frame()
        covers = {
            label: max(frame.filter(pl.col(column) == label).height for column in frame.columns)
            for label in shown[name].unique()
        }
        leaves = max(hierarchy.leaves - 1, 1)
        losses.append(sum((covers[label] - 1) / leaves for label in shown[name]) / shown.height)
    return sum(losses) / len(losses)


@pytest.mark.parametrize("limit", [0.0, 0.1])
@pytest.mark.parametrize("names", [COLUMNS, COLUMNS[:3]])
def test_the_optimal_levels_lose_no_more_than_the_greedy_ones(
    names: Sequence[str], limit: float
) -> None:
    customers = pl.DataFrame(
        [{**row, "age_band": None, "region": None} for row in people()],
        schema_overrides={"age_band": pl.String},
    )
    available = levels(date(2025, 1, 1))
    asked = {name: available[name] for name in names}
    made = {
        search: anonymise(
            customers,
            levels=asked,
            criteria=[KAnonymity(k=5)],
            keep=(),
            suppression_limit=limit,
            search=search,
        )
        for search in ("greedy", "optimal")
    }
    losses = {}
    for search, table in made.items():
        assert smallest_class(table.rows, list(names)) >= 5
        at_levels = customers.select(labels_at(asked, table.level))
        losses[search] = loss_of(customers, at_levels.select(
            pl.col(name).str.split(": ").list.last() for name in names
        ), table.level)  # fmt: skip
    assert losses["optimal"] <= losses["greedy"] + 1e-9


def test_a_stated_level_is_kept_and_left_only_with_a_notice(dataset: MakeDataset) -> None:
    """Reports of two months compare: levels are only coarser, and a page says so."""
    kept = view_of(dataset, {"k": 5, "levels": {"first_seen_at": 2, "age_band": 1}})
    assert kept.data.time_units.units["customers.first_seen_at"] == "year"
    bands = kept.data["customers"].collect()["age_band"].drop_nulls().unique()
    assert set(bands) <= {"<35", "35-54", "55+"}
    assert "do not compare" not in kept.report.cost
    finer = {"k": 150, "suppression_limit": 0.0, "levels": {"first_seen_at": 0}}
    forced = view_of(dataset, finer)
    assert "first_seen_at is coarser than the level that the study states" in forced.report.cost
    for search in ("greedy", "optimal"):
        policy = {"k": 5, "levels": {"age_band": 1, "language": 1}, "generalisation": search}
        assert set(
            view_of(dataset, policy).data["customers"].collect()["language"].drop_nulls()
        ) <= {"de", "en"}


def test_a_report_gives_the_levels_that_keep_the_next_one_comparable(dataset: MakeDataset) -> None:
    """With them a later and larger view has no finer levels than this one."""
    first = view_of(dataset, {"k": 11}, number=300)
    columns = next(each for each in first.report.tables() if each.name == "view_columns")
    stated = tomllib.loads(columns.note[: columns.note.index("}") + 1])
    assert view_of(dataset, {"k": 11}, number=6_000).report.levels != first.report.levels
    later = view_of(dataset, {"k": 11, **stated}, number=6_000)
    assert later.report.levels == first.report.levels == stated["levels"]


def test_every_number_of_an_answer_is_a_figure_of_the_verdict(dataset: MakeDataset) -> None:
    """A page refuses a number that no figure shows, so a failed limit brings its figures."""
    strict = {**LIMITS, "highest": 0.05, "average": 0.0001}
    risk = require_risk(view_of(dataset, {"k": 2, "suppression_limit": 1.0, "limits": strict}))
    (verdict, *_) = risk.verdicts
    figures = [
        {"value": each.value, "low": each.low, "high": each.high, "n": each.n}
        for each in verdict.estimates
    ]
    assert "smallest class" in verdict.answer
    assert "average chance" in verdict.answer
    shown = Shown.of([], figures, " ".join(map(str, strict.values())))
    assert shown.missing(verdict.answer) == 0
