"""Cells of verdicts: what segmentations, calibrations and audits say on worlds of known truth.

Claims that something false is said in at most 5 of 100 stand beside claims that something true is
said in at least 80 of 100, so that "cannot be said" is no way out.
"""

from collections.abc import Iterator
from datetime import date
from functools import cache, partial
from pathlib import Path

import numpy as np
import polars as pl
from scipy import special
from threadpoolctl import threadpool_limits

from tests.models.shapes import CLOUDS, FRESH, GROUPS, cloud, grouped
from tests.truth.claimed_rates import Cell, rightly, wrongly
from tests.truth.contest import came
from workbench.fairness import Audit, Question, audit
from workbench.fairness.decisions import add_groups, campaign_recipients
from workbench.models.assessment import assess
from workbench.models.latent import Floats, Latent
from workbench.models.planted_groups import plant_groups
from workbench.models.score_verdicts import calibration_verdict
from workbench.models.segment_traits import customer_traits
from workbench.models.separation import measure_separation
from workbench.schema import CustomerData
from workbench.statistics.verdicts import Outcome
from workbench.synthetic import read_recipe
from workbench.synthetic.blocks import make_block
from workbench.synthetic.population import populate
from workbench.synthetic.shop.leaving import month_days
from workbench.synthetic.truth.horizon import Horizon
from workbench.synthetic.truth.observer import observe

PROJECT = Path(__file__).parents[2]
MONTH = 14
END = date(2025, 7, 1)  # of the recipes used here
_OTHERS = {"visitors": {"anonymous_per_month": 0.0}}
_OPEN = (Outcome.NOT_SHOWN, Outcome.CANNOT_BE_SAID)


def verdict_cells() -> Iterator[Cell]:
    """Yield the cells of all verdicts."""
    yield from _clouds()
    yield from _groups()
    yield from _generated_segments()
    yield from _scores()
    yield from _audits()


def _clouds() -> Iterator[Cell]:
    claims = (
        wrongly("segments", Outcome.SHOWN),
        rightly("no segments, or cannot be said", *_OPEN),
    )
    for shape in (*CLOUDS, *FRESH):
        yield Cell("segments", shape, 4000, partial(_cloud_outcome, shape), claims)


def _groups() -> Iterator[Cell]:
    missed = wrongly("no clear segments", Outcome.NOT_SHOWN)
    found = rightly("segments", Outcome.SHOWN)
    for name in GROUPS:
        has_claim = not name.startswith("5 %")  # fewer than the stated share
        yield Cell(
            "segments",
            name,
            4000,
            partial(_groups_outcome, name, 4000),
            (missed, found) if has_claim else (),
        )
    for customers in (1500, 2400, 3000):  # where so small a group is found sometimes
        yield Cell(
            "segments",
            "10 % at 4",
            customers,
            partial(_groups_outcome, "10 % at 4", customers),
            (missed,),
        )


def _generated_segments() -> Iterator[Cell]:
    missed = wrongly("no clear segments", Outcome.NOT_SHOWN)
    for contrast in (2.0, 3.0):
        yield Cell(
            "worlds",
            f"retail, contrast {contrast:g}",
            4000,
            partial(_world_outcome, "retail", contrast),
            (missed, rightly("segments", Outcome.SHOWN)),
        )
    yield Cell(
        "worlds",
        "retail, contrast 0",
        4000,
        partial(_world_outcome, "retail", 0.0),
        (wrongly("segments", Outcome.SHOWN),),
    )


def _scores() -> Iterator[Cell]:
    said = "scores are probabilities"
    for recipe in ("null", "retail"):
        yield Cell(
            "calibration",
            f"{recipe}, best observer",
            20_000,
            partial(_score_outcome, recipe, 1, 0),
            (rightly(said, Outcome.SHOWN), wrongly("scores are wrong", Outcome.NOT_SHOWN)),
        )
        for slope, shift in ((0.8, 0.0), (1.25, 0.0), (1.0, 0.25)):
            yield Cell(
                "calibration",
                f"{recipe}, true slope {slope:g}, intercept {shift:g}",
                20_000,
                partial(_score_outcome, recipe, slope, shift),
                (wrongly(said, Outcome.SHOWN),),
            )


def _audits() -> Iterator[Cell]:
    yield Cell(
        "audits",
        "null, three attributes and crossings, no tolerance",
        20_000,
        partial(_audit_outcome, "null", 20_000, 0.0001, are_crossed=True),
        (wrongly("groups differ", Outcome.SHOWN),),
    )
    yield Cell(
        "audits",
        "null, gender, tolerance 5 points",
        20_000,
        partial(_audit_outcome, "null", 20_000, 0.05),
        (
            rightly("within tolerance", Outcome.NOT_SHOWN),
            wrongly("groups differ", Outcome.SHOWN),
        ),
    )
    # some 500 persons are in the smaller group of 1,600 customers: too few to show that 12 points
    # exceed a tolerance of 5 (21 of 40 audits did), enough to show that groups differ
    for customers, tolerance in ((1_600, 0.0001), (20_000, 0.05)):
        yield Cell(
            "audits",
            f"retail, 12 points planted, tolerance {100 * tolerance:g} points",
            customers,
            partial(_audit_outcome, "retail", customers, tolerance),
            (
                rightly("groups differ", Outcome.SHOWN, bound=0.9),
                wrongly("within tolerance", Outcome.NOT_SHOWN),
            ),
        )
    # the hardest case: groups that differ by a little more than the tolerance
    yield Cell(
        "audits",
        "drawn, 4,000 persons at 20 % and 4,000 at 25.1 %, tolerance 5 points",
        8_000,
        _edge_outcome,
        (wrongly("within tolerance", Outcome.NOT_SHOWN),),
        draws=10,
    )


def segments_outcome(latent: Latent, seed: int) -> str:
    """Return the outcome of the verdict whether there are segments."""
    with threadpool_limits(1):
        found = measure_separation(latent, seed=seed)
        if found.is_shown:
            return Outcome.SHOWN
        planted = plant_groups(latent.draw, without=found, seed=seed)
    if planted.is_enough:
        return Outcome.NOT_SHOWN
    return Outcome.UNDECIDED if planted.needed is not None else Outcome.CANNOT_BE_SAID


def _cloud_outcome(shape: str, seed: int) -> str:
    rows = cloud(shape, seed)
    return segments_outcome(Latent(rows, rows), seed)


def _groups_outcome(name: str, customers: int, seed: int) -> str:
    shares, distance, spread, traits = GROUPS[name]
    rows = grouped(
        seed, customers=customers, shares=shares, distance=distance, spread=spread, traits=traits
    )
    return segments_outcome(Latent(rows, rows), seed)


def _world_outcome(recipe: str, contrast: float, seed: int) -> str:
    data, _ = world(recipe, 4000, seed, contrast=contrast)
    known = customer_traits(data, as_of=END, currency="EUR", active_days=365, seed=seed)
    return segments_outcome(known.latent, seed)


def world(
    recipe: str, customers: int, seed: int, **changes: float
) -> tuple[CustomerData, pl.DataFrame]:
    """Return the tables of a world, and the true chance of each customer to be selected."""
    plan = read_recipe(
        PROJECT / "synthetic" / f"{recipe}.toml",
        {"customers": customers, "seed": seed, **_OTHERS, **changes},
    )
    made = make_block(plan, 0, customers)
    # in an order of their own, as pseudonyms put them
    ids = made.tables["customers"].select(
        "record_id",
        customer_id=pl.Series(np.random.default_rng(seed).permutation(customers), dtype=pl.UInt64),
    )
    tables = {
        name: rows.join(ids, on="record_id").lazy()
        for name, rows in made.tables.items()
        if "record_id" in rows.columns
    }
    return CustomerData(tables), made.truth["disparity"].join(ids, on="record_id")


@cache
def _observed(recipe: str, seed: int) -> tuple[Floats, Floats]:
    """Return the exact probabilities of silence given the tables, and who fell silent."""
    plan = read_recipe(
        PROJECT / "synthetic" / f"{recipe}.toml", {"customers": 20_000, "seed": seed, **_OTHERS}
    )
    chances, silent = [], []
    for first in range(0, 20_000, 2_500):
        lived = populate(plan, first, 2_500)
        known = lived.block.joined_day < month_days(lived.block, MONTH)[MONTH]
        chances.append(1 - observe(lived, Horizon(month=MONTH, months=3, days=90)).p_buys[known])
        silent.append(~came(lived, MONTH)[known, 1])
    return np.concatenate(chances).clip(1e-6, 1 - 1e-6), np.concatenate(silent)


def _score_outcome(recipe: str, slope: float, intercept: float, seed: int) -> str:
    """Return the verdict on scores whose outcomes follow a line of this slope and intercept."""
    chances, silent = _observed(recipe, seed)
    scores = special.expit((special.logit(chances) - intercept) / slope)
    persons = pl.DataFrame(
        {"customer_id": np.arange(len(scores)), "score": scores, "churned": silent}
    )
    return calibration_verdict(assess(persons, how="out-of-time", seed=seed)).outcome


def audited(
    recipe: str, customers: int, seed: int, question: Question
) -> tuple[Audit, pl.DataFrame]:
    """Return the audit of a campaign, and the audited persons with their true chances."""
    data, truth = world(recipe, customers, seed)
    decided = campaign_recipients(data, campaign="retention-offer")
    rows = add_groups(decided, data, groups=list(question.attributes))
    found = audit(rows, question, decision="selected", seed=seed)
    return found, rows.join(truth, on="customer_id")


def _audit_outcome(
    recipe: str, customers: int, tolerance: float, seed: int, *, are_crossed: bool = False
) -> str:
    """Return "shown" where any verdict of the audit is, otherwise the outcome of the first."""
    attributes = ("gender", "age_band", "country") if are_crossed else ("gender",)
    question = Question(
        attributes=attributes,
        tolerance=tolerance,
        are_crossed=are_crossed,
        least=400 if customers < 5_000 else 500,
    )
    outcomes = [each.outcome for each in audited(recipe, customers, seed, question)[0].verdicts]
    return Outcome.SHOWN if Outcome.SHOWN in outcomes else outcomes[0]


def _edge_outcome(seed: int) -> str:
    share = np.repeat([0.2, 0.251], 4_000)
    selected = np.random.default_rng(seed).random(8_000) < share
    rows = pl.DataFrame({"g": np.repeat(["one", "other"], 4_000), "selected": selected})
    question = Question(attributes=("g",), tolerance=0.05)
    return audit(rows, question, decision="selected", seed=seed).verdicts[0].outcome
