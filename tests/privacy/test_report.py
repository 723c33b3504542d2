"""What a view cost, told without small numbers and without what gives them away."""

import polars as pl
from polars.testing import assert_frame_equal

from workbench.privacy.linkability import LINKABILITY
from workbench.privacy.losses import LOSSES, losses_by_group
from workbench.privacy.release import Release
from workbench.privacy.view_report import Change, ViewReport

GROUPS = pl.DataFrame(schema=LOSSES)


def report(
    steps: list[tuple[str, int, int]],
    changes: tuple[Change, ...] = (),
    groups: pl.DataFrame = GROUPS,
    suppressed: int = 0,
) -> ViewReport:
    return ViewReport(
        steps=pl.DataFrame(steps, schema=["step", "removed", "left"], orient="row"),
        columns=pl.DataFrame(changes, schema=ViewReport.COLUMNS, orient="row"),
        groups=groups,
        linkability=pl.DataFrame(schema=LINKABILITY),
        k=5,
        further=(),
        levels={},
        suppressed=suppressed,
        min_group=10,
        origin="a release",
    )


def test_the_cost_is_told_in_sentences() -> None:
    made = report(
        [("test accounts", 120, 19_880), ("no decision for this purpose", 5_000, 14_880)],
        (
            Change("customers", "kind", "kept"),
            Change("customers", "first_seen_at", "coarser", "to reach k", 14_880, 179),
            Change("customers", "gender", "finest level", "to reach k", 14_000, 7),
            Change("customers", "country", "suppressed for everybody", "to reach k", 0, 0),
            Change("attributes", "value", "rare values suppressed", "", 1_000, 34),
            Change("answers", "answer", "rare values suppressed", "", 900, 0),
        ),
        suppressed=12,
    )
    assert made.cost == (
        "14,880 customers are in the view. Customers left out: 120 (test accounts), 5,000 (no "
        "decision for this purpose). So that at least 5 customers share every combination of "
        "their characteristics, first_seen_at was made coarser and about 1 % of the values of "
        "first_seen_at were removed; fewer than 10 of the values of gender were removed; country "
        "was removed for everybody. Of 12 customers all of these characteristics were removed. "
        "Values that fewer than 5 customers share were removed from attributes.value (about 3 % "
        "of its values)."
    )


def test_a_step_of_few_persons_says_only_that() -> None:
    made = report([("test accounts", 3, 1_995), ("latest decision is refused", 214, 1_781)])
    assert made.cost == (
        "1,781 customers are in the view. Customers left out: fewer than 10 (test accounts), "
        "214 (latest decision is refused)."
    )
    steps = made.tables()[0].rows
    assert steps["persons"].to_list() == ["fewer than 10", "214", "1,781"]  # and no total


def test_nothing_lost_is_said_too() -> None:
    doing = Change("customers", "gender", "finest level", "to reach k", 100, 0)
    made = report([("test accounts", 0, 100)], (doing,))
    assert made.cost == (
        "All 100 customers are in the view. At least 5 customers share every combination of their "
        "characteristics, and no value had to be removed for that."
    )


def test_groups_are_those_that_the_study_sees_as_coarse_as_it_sees_them() -> None:
    persons = pl.DataFrame(
        {
            "customer_id": range(200),
            "country": ["NL"] * 120 + ["DE"] * 60 + ["AT"] * 20,
            "gender": ["female", "male"] * 100,
        },
        schema_overrides={"customer_id": pl.UInt64},
    )
    allowed = persons.filter(pl.col("customer_id") % 4 != 0)
    shown = allowed.select("customer_id", country=pl.lit(None, dtype=pl.String), gender="gender")
    coarse = pl.when(pl.col("country") == "NL").then(pl.lit("NL")).otherwise(pl.lit("elsewhere"))
    exact = Release(view="v", secret=b"", is_exact=True)
    found = losses_by_group(persons, allowed, shown, {"country": coarse}, release=exact)
    assert_frame_equal(
        found,
        pl.DataFrame(
            [
                ("country", "NL", 90, 0.25, 1.0, ""),
                ("country", "elsewhere", 60, 0.25, 1.0, ""),
            ],
            schema=LOSSES,
            orient="row",
        ),
    )
    noisy = losses_by_group(
        persons, allowed, shown, {"country": coarse}, release=Release(view="v", secret=b"s")
    )
    assert set(noisy["group"]) == {"NL", "elsewhere"}


def test_a_group_of_too_few_is_not_listed_and_a_small_loss_is_a_bound() -> None:
    persons = pl.DataFrame(
        {"customer_id": range(60), "country": ["NL"] * 55 + ["LI"] * 5},
        schema_overrides={"customer_id": pl.UInt64},
    )
    allowed = persons.filter(pl.col("customer_id") >= 3)
    exact = Release(view="v", secret=b"", is_exact=True)
    found = losses_by_group(
        persons, allowed, allowed, {"country": pl.col("country")}, release=exact
    )
    assert found.select("group", "lost_share", "note").rows() == [
        ("NL", None, "lost at most 4 of 55")
    ]
