"""No group below the smallest allowed is shown, nor one that follows by subtraction."""

from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from workbench.charts.exhibits import Figure, Table
from workbench.charts.row_charts import intervals
from workbench.privacy.disclosure import disclose, disclose_estimate, disclose_figure
from workbench.statistics.estimates import Estimate


def table(groups: list[str | None], persons: list[int | None], **changes: Any) -> Table:
    rows = pl.DataFrame(
        {"group": groups, "persons": persons, "rate": [i / 10 for i, _ in enumerate(groups)]},
        schema_overrides={"persons": pl.Int64},
    )
    return Table(name="t", title="T", **{"rows": rows, "persons": "persons", **changes})


def shown(made: Table, *, min_group: int = 10) -> list[str]:
    rows = disclose(made, min_group=min_group).table.rows
    return rows.drop_nulls("rate")["group"].to_list()


def test_a_small_group_keeps_its_name_and_loses_its_figures() -> None:
    made = disclose(table(["a", "b", "c"], [50, 3, 40]), min_group=10)
    expected = pl.DataFrame(
        {"group": ["a", "b", "c"], "persons": [50, None, 40], "rate": [0.0, None, 0.2]}
    )
    assert_frame_equal(made.table.rows, expected)
    assert made.hidden == 1


def test_a_group_of_exactly_the_smallest_size_is_shown() -> None:
    assert shown(table(["a", "b"], [10, 9])) == ["a"]


def test_nobody_gives_nobody_away_but_an_unknown_number_may() -> None:
    assert shown(table(["a", "b", "c"], [50, 0, None])) == ["a", "b"]


def test_a_table_about_no_persons_is_left_alone() -> None:
    rows = pl.DataFrame({"parameter": ["k"], "value": [3]})
    made = disclose(Table(name="t", title="T", rows=rows, persons=None), min_group=10)
    assert (made.hidden, made.table.rows.height) == (0, 1)


def test_texts_after_the_name_go_with_the_figures() -> None:
    rows = pl.DataFrame(
        {
            "attribute": ["sex", "sex"],
            "group": ["f", "m"],
            "persons": [3, 40],
            "said": ["2 of 3 selected", "9 of 40"],
            "is_low": [True, False],
            "day": pl.Series([1, 2]).cast(pl.Date),
        }
    )
    made = disclose(Table(name="t", title="T", rows=rows, persons="persons"), min_group=10)
    assert made.table.rows.row(0) == ("sex", "f", None, None, None, None)
    assert made.table.rows.row(1)[3] == "9 of 40"


def test_a_number_may_name_a_row() -> None:
    rows = pl.DataFrame({"segment": [1, 2], "persons": [3, 40], "rate": [0.1, 0.2]})
    made = disclose(Table(name="t", title="T", rows=rows, persons="persons"), min_group=10)
    assert made.table.rows["segment"].to_list() == [1, 2]


def test_where_a_total_is_known_elsewhere_no_group_is_hidden_alone() -> None:
    groups = ["a", "b", "c", "d"]
    assert shown(table(groups, [50, 3, 20, 40])) == ["a", "c", "d"]
    assert shown(table(groups, [50, 3, 20, 40], margin="group")) == ["a", "d"]
    # two hidden groups that are together still too few take a third with them
    assert shown(table(groups, [50, 3, 4, 40], margin="group")) == ["a"]
    assert shown(table(groups, [50, 6, 7, 40], margin="group")) == ["a", "d"]
    # nobody can hide behind nobody
    assert shown(table(groups, [50, 3, 0, 40], margin="group")) == ["a", "c"]


def test_a_total_among_the_rows_is_found_by_its_number() -> None:
    everybody = table(["a", "b", "c", "all"], [50, 3, 40, 93])
    assert shown(everybody) == ["a", "all"]
    first = table(["all", "a", "b"], [53, 50, 3])
    assert shown(first) == ["all"]


def test_each_characteristic_adds_up_on_its_own() -> None:
    rows = pl.DataFrame(
        {
            "attribute": ["sex", "sex", "sex", "age", "age", "age"],
            "group": ["f", "m", "x", "young", "old", "missing"],
            "persons": [60, 37, 3, 50, 46, 4],
            "rate": [0.1] * 6,
        }
    )
    both = Table(name="t", title="T", rows=rows, persons="persons", margin="group")
    assert shown(both) == ["f", "young"]
    # without a margin the row for everybody gives it away as well
    whole = pl.DataFrame({"attribute": ["all"], "group": ["all"], "persons": [100], "rate": [0.1]})
    total = Table(name="t", title="T", rows=pl.concat([whole, rows]), persons="persons")
    assert shown(total) == ["all", "f", "young"]


@pytest.mark.parametrize("margin", [None, "group"])
@pytest.mark.parametrize("seed", range(20))
def test_what_is_hidden_cannot_be_subtracted(seed: int, margin: str | None) -> None:
    counts = pl.Series(range(1, 9)).sample(7, seed=seed, shuffle=True) ** 2
    total = [] if margin else [int(counts.sum())]
    persons = [*counts.to_list(), *total]
    made = table([f"g{i}" for i in range(len(persons))], persons, margin=margin)
    left = disclose(made, min_group=10).table.rows["persons"].to_list()
    hidden = [n for n, known in zip(persons, left, strict=True) if known is None]
    assert all(n is None or n >= 10 for n in left)
    assert len(hidden) > 1
    assert sum(hidden) >= 10  # the difference between the total and what is shown


def test_an_empty_table_is_shown() -> None:
    assert disclose(table([], []), min_group=10).hidden == 0


def picture(persons: list[int | None]) -> Figure:
    rows = pl.DataFrame(
        {
            "group": ["kept", "large", "secret"],
            "persons": persons,
            "rate": [0.2, 0.3, 0.9],
            "low": [0.1, 0.2, 0.8],
            "high": [0.3, 0.4, 1.0],
        }
    )
    made = Table(name="t", title="T", rows=rows, persons="persons")
    return intervals(made, group="group", value="rate", low="low", high="high", axis="Share")


def test_a_hidden_group_is_neither_drawn_nor_described() -> None:
    figure = disclose_figure(picture([20, 30, 3]), min_group=10)
    assert figure.table.rows["group"].to_list() == ["kept", "large"]
    assert "secret" not in figure.description
    assert "90%" not in figure.description
    assert "secret" not in str(figure.spec)
    assert figure.description.endswith(
        "1 group is not shown: groups of fewer than 10 persons, and groups that would reveal them "
        "by subtraction."
    )


def test_a_picture_that_cannot_be_drawn_anew_loses_its_description() -> None:
    drawn = picture([20, 30, 3])
    by_hand = Figure(table=drawn.table, spec={"mark": "bar"}, description="secret has 90 %")
    told = disclose_figure(by_hand, min_group=10).description
    assert "secret" not in told
    assert "90" not in told


def test_a_picture_of_large_groups_is_left_alone() -> None:
    figure = picture([20, 30, 40])
    assert disclose_figure(figure, min_group=10) is figure


def test_an_estimate_on_too_few_persons_has_no_value() -> None:
    few = Estimate(name="rate", value=0.4, low=0.1, high=0.8, n=4, unit="share", label="Rate")
    made = disclose_estimate(few, min_group=10)
    assert (made.value, made.low, made.high, made.n) == (None, None, None, 0)
    assert made.note == "not shown: fewer than 10 persons"
    enough = Estimate(name="rate", value=0.4, n=10, unit="share", label="Rate")
    assert disclose_estimate(enough, min_group=10) is enough


def test_an_estimate_of_nobody_shows_no_value() -> None:
    nobody = Estimate(name="rate", value=0.4, low=0.1, high=0.8, n=0, unit="share", label="Rate")
    made = disclose_estimate(nobody, min_group=10)
    assert (made.value, made.low, made.high) == (None, None, None)
