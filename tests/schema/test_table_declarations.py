"""The declarations."""

import re

import polars as pl
import pytest

from workbench.foundation.errors import ParameterError
from workbench.schema import TABLES

COLUMNS = [column for table in TABLES.values() for column in table.columns]


def test_every_table_has_a_key_of_columns_that_are_never_null():
    for table in TABLES.values():
        assert table.primary_key, table.name
        assert not any(table.column(name).is_nullable for name in table.primary_key), table.name


def test_every_foreign_key_names_a_declared_column_of_its_type():
    for column in COLUMNS:
        if column.foreign:
            table, _, name = column.foreign.partition(".")
            assert TABLES[table].column(name).type == column.type, column


def test_customers_stand_on_every_table_that_is_about_them():
    about = {name for name, table in TABLES.items() if "customer_id" in table}
    assert about == set(TABLES) - {"sources", "campaigns"}


def test_direct_identifiers_stand_in_one_column_only():
    direct = [
        f"{column.table}.{column.name}" for column in COLUMNS if column.sensitivity == "direct"
    ]
    assert direct == ["identities.identifier"]


def test_instants_and_days_are_named_for_what_they_are():
    for column in COLUMNS:
        assert column.name.endswith("_at") == (column.type == pl.Datetime("us", "UTC")), column
        assert column.name.endswith("_on") == (column.type == pl.Date), column


def test_every_pattern_is_a_pattern_and_every_word_of_sensitivity_known():
    for column in COLUMNS:
        re.compile(column.pattern or "")
        assert column.sensitivity in ("direct", "key", "quasi", "sensitive", "text", "plain")
        assert column.meaning, column


def test_money_has_a_currency_beside_it():
    for table in TABLES.values():
        if any(c.name.endswith("_minor") for c in table.columns) and table.name != "order_items":
            assert "currency" in table, table.name


def test_a_column_that_is_not_declared_is_refused_with_the_nearest():
    with pytest.raises(ParameterError, match="no column of orders 'total'; did you mean"):
        TABLES["orders"].column("total")
    assert "total_minor" in TABLES["orders"]


def test_columns_are_found_by_sensitivity():
    assert TABLES["customers"].columns_of_sensitivity("sensitive") == ("income_band",)
    assert TABLES["consents"].empty().schema == TABLES["consents"].schema
