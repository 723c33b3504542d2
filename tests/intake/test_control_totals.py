"""What a supplier states is compared with what a load brought, and days without rows are told."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.intake.conftest import ORDERS
from workbench.foundation.errors import ParameterError
from workbench.intake import LoadReport, load
from workbench.intake.control_totals import read_expectations, unmet_expectations
from workbench.vault import Vault

FIRST = date(2023, 12, 4)  # a Monday
DAYS = 56
HEADER = "order,line,customer,at,article,amount,country\n"


def days_of_orders(path: Path, *, missing: set[int] = frozenset(), last: int = 8) -> Path:
    """Write eight orders on every working day, but ``last`` on the last one."""
    lines = []
    for n in range(DAYS):
        day = FIRST + timedelta(days=n)
        if n not in missing and day.weekday() < 5:
            for order in range(last if n == DAYS - 3 else 8):
                lines.append(f"{n}-{order},1,c{order},{day}T12:00:00Z,a,1.50,NL")
    path.write_text(HEADER + "\n".join(lines) + "\n")
    return path


def load_orders(vault: Vault, path: Path, *expected: str, until: str = "2024-01-27") -> LoadReport:
    return load(
        [path], vault=vault, dataset="d", mapping=ORDERS, settings={"data_until": until},
        expected=read_expectations(expected),
    )  # fmt: skip


def test_control_totals_are_reported_for_every_table_with_amounts(vault, tmp_path: Path):
    report = load_orders(vault, days_of_orders(tmp_path / "a.csv"))
    assert (report.rows["orders"], report.rows["order_items"]) == (320, 320)
    assert report.amounts == {"orders": {"EUR": 48000}, "order_items": {"EUR": 48000}}
    assert report.warnings == ()


def test_what_was_stated_and_not_brought_is_a_warning_that_the_dataset_keeps(vault, tmp_path: Path):
    path = days_of_orders(tmp_path / "a.csv")
    met = load_orders(vault, path, "orders=320", "orders.EUR=480.00")
    assert (met.warnings, unmet_expectations(vault.dataset("d"))) == ((), ())
    more = days_of_orders(tmp_path / "b.csv", last=7)
    short = load_orders(vault, more, "orders=8000", "orders.EUR=478.50", until="2024-01-28")
    assert short.warnings[0] == "orders: 8,000 stated, 319 held after this load"
    assert len(short.warnings) == 1
    assert unmet_expectations(vault.dataset("d")) == short.warnings


def test_totals_are_not_compared_where_a_file_was_loaded_before(vault, tmp_path: Path):
    path = days_of_orders(tmp_path / "a.csv")
    load_orders(vault, path, "orders=320")
    again = load_orders(vault, path, "orders=320")
    assert again.warnings == (
        "what was stated is not compared: some files were loaded before and are not counted",
    )
    assert unmet_expectations(vault.dataset("d")) == ()


def test_totals_are_read_from_a_file(tmp_path: Path):
    file = tmp_path / "totals.toml"
    file.write_text('orders = 8000\n"orders.EUR" = "84000.50"\n')
    assert read_expectations([str(file)]) == {
        "orders": Decimal(8000), "orders.EUR": Decimal("84000.50"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ("ordrs=1", "did you mean 'orders'"),
        ("orders=many", "not a number"),
        ("nowhere.toml", "neither NAME=NUMBER nor a TOML file"),
    ],
)
def test_an_expectation_that_cannot_be_understood_is_refused(stated: str, message: str):
    with pytest.raises(ParameterError, match=message):
        read_expectations([stated])


def test_days_without_rows_are_told_but_not_weekends(vault, tmp_path: Path):
    report = load_orders(vault, days_of_orders(tmp_path / "a.csv", missing={16, 17}))
    assert report.warnings == (
        "a.csv: orders: no row on 2 days on which there usually are some: 2023-12-20, 2023-12-21",
    )


def test_a_last_day_that_is_cut_is_told(vault, tmp_path: Path):
    report = load_orders(vault, days_of_orders(tmp_path / "a.csv", last=1))
    assert report.warnings == (
        "a.csv: orders: the last day, 2024-01-26, has 1 row where such a day has about 8: it may "
        "be cut, for instance at the midnight of another time zone",
    )


def test_an_export_that_ends_before_its_end_is_told(vault, tmp_path: Path):
    report = load_orders(vault, days_of_orders(tmp_path / "a.csv"), until="2024-02-01")
    assert "no row on 3 days on which there usually are some: 2024-01-29" in report.warnings[0]


def test_orders_of_two_systems_are_a_warning(vault, tmp_path: Path):
    path = days_of_orders(tmp_path / "a.csv")
    load_orders(vault, path)
    plan, second = (
        load(
            [path],
            vault=vault,
            dataset="d",
            mapping=ORDERS,
            is_plan=is_plan,
            settings={"data_until": "2024-01-27", "system": "analytics"},
        )
        for is_plan in (True, False)
    )
    assert (plan.version, second.version) == (1, 2)
    assert (plan.people, plan.tables, plan.warnings) == (
        second.people,
        second.tables,
        second.warnings,
    )
    assert second.warnings == (
        "orders of 2 exports are in this dataset: orders of analytics (320), orders of shop (320). "
        "If these report the same ones, they are counted twice: take them from one export, and "
        "load another with --set orders=other where its mapping has that setting",
    )
