"""Windows that cannot overlap, and refusals with the number that would do."""

from datetime import date

import pytest

from tests.features.frames import at, shop, table
from workbench.features import Coverage, Split, Windows, coverage, split_for_churn
from workbench.foundation.errors import InputError, ParameterError
from workbench.schema import CustomerData

YEAR = Coverage(first_on=date(2023, 1, 1), until_on=date(2024, 1, 1))


def test_label_window_begins_after_history_and_gap() -> None:
    windows = Windows(as_of=date(2023, 6, 1), gap_days=7, horizon_days=30)
    assert (windows.label_from, windows.label_until) == (date(2023, 6, 8), date(2023, 7, 8))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"gap_days": -1}, "gap_days is -1: it must be 0 or more"),
        ({"horizon_days": 0}, "horizon_days is 0: it must be 1 or more"),
        ({"history_days": 0}, "history_days is 0: it must be 1 or more"),
    ],
)
def test_windows_that_could_overlap_are_refused(wrong: dict[str, int], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Windows(**{"as_of": date(2023, 6, 1), "horizon_days": 30, **wrong})  # type: ignore[arg-type]  # wrong on purpose


def test_immature_label_is_refused_with_the_date_that_would_do() -> None:
    windows = Windows(as_of=date(2023, 11, 1), horizon_days=90)
    with pytest.raises(ParameterError, match=r"complete only until 2024-01-01.*use 2023-10-03"):
        windows.require(YEAR)


@pytest.mark.parametrize("day", [date(2023, 1, 1), date(2024, 1, 2)])
def test_as_of_outside_the_data_is_refused(day: date) -> None:
    with pytest.raises(ParameterError, match="outside the data: they cover 2023-01-01 up to 2024"):
        YEAR.require(day)


def test_short_history_is_refused_with_the_needed_number() -> None:
    windows = Windows(as_of=date(2023, 2, 1), horizon_days=30)
    with pytest.raises(ParameterError, match="31 days of history, 90 are needed: use 2023-04-01"):
        windows.require(YEAR, min_history_days=90)


def test_training_labels_end_before_the_test_begins() -> None:
    split = split_for_churn(YEAR, as_of=date(2024, 1, 1), horizon_days=60, min_history_days=60)
    assert split.test_on == date(2023, 11, 2)
    assert split.train_on == (
        date(2023, 3, 7),
        date(2023, 5, 6),
        date(2023, 7, 5),
        date(2023, 9, 3),
    )
    ends = [split.windows(day).label_until for day in split.train_on]
    assert ends == [*split.train_on[1:], split.test_on]


def test_training_may_not_reach_into_the_test() -> None:
    # Twelve months, a horizon of two, tested from month six: training ends with month four.
    with pytest.raises(ParameterError, match="61 days, so training must end on 2023-05-01"):
        Split(train_on=(date(2023, 6, 1),), test_on=date(2023, 7, 1), horizon_days=61)
    Split(train_on=(date(2023, 5, 1),), test_on=date(2023, 7, 1), horizon_days=61)


def test_no_usable_cut_off_is_refused_with_the_needed_days() -> None:
    with pytest.raises(ParameterError, match="has 365 days of data before it, 510 are needed"):
        split_for_churn(YEAR, as_of=date(2024, 1, 1), horizon_days=210, min_history_days=90)


def test_coverage_ends_where_the_sources_say() -> None:
    data = shop([(1, "2023-01-05", 100), (1, "2023-03-05", 100)])
    assert coverage(data) == Coverage(first_on=date(2023, 1, 5), until_on=date(2023, 3, 6))
    sources = table(
        "sources", source_id=["a", "b"], data_until_at=[at("2023-04-01"), at("2023-05-01")]
    )
    stated = CustomerData.of({**data.tables, "sources": sources})
    assert coverage(stated).until_on == date(2023, 4, 1)
    assert coverage(stated, data_until=date(2023, 3, 31)).until_on == date(2023, 3, 31)


def test_only_tables_that_are_used_count_as_covered() -> None:
    data = shop([(1, "2023-03-05", 100)])
    visits = table(
        "events", customer_id=[1, 1], occurred_at=[at("2023-01-01"), at("2023-06-01")],
    )  # fmt: skip
    both = CustomerData.of({**data.tables, "events": visits})
    assert coverage(both).first_on == date(2023, 1, 1)
    used = coverage(both, tables=("orders",))
    assert used == Coverage(first_on=date(2023, 3, 5), until_on=date(2023, 3, 6))
    with pytest.raises(ParameterError, match="31 days of history, 90 are needed"):
        Windows(as_of=date(2023, 4, 5), horizon_days=1).require(
            Coverage(first_on=used.first_on, until_on=date(2024, 1, 1)), min_history_days=90
        )


def test_a_snapshot_has_no_coverage() -> None:
    with pytest.raises(InputError, match=r"this is a snapshot, which has no as_of"):
        coverage(CustomerData.of({}))
