"""What is known of tables and columns is declared in the schema, and nowhere a second time."""

import ast
from collections.abc import Iterator

import polars as pl

from tests.conftest import PROJECT
from workbench.schema import TABLES

COLUMNS = frozenset(column.name for table in TABLES.values() for column in table.columns)

#: Constants that name several columns and are no list of the schema's, each with its reason.
EXEMPT = {
    "extracts/drafting.py _TERMS": "terms of a drafted policy",
    "fairness/audit_exhibits.py _WORDS": "headings of the audit's own columns",
    "fairness/contrasts.py _EMPTY": "columns of the table of pairs",
    "features/feature_dictionary.py FEATURES": "features that are called like columns",
    "intake/control_totals.py _OPENED": "a condition on rows, which mails were opened",
    "intake/state.py _TERMS": "terms of a load, fields of its entry in the manifest",
    "sources/mapping/consent_changes.py _SUBJECT": "what a decision on consent is about",
    "sources/mapping/mapping_rules.py _KEYS_OF_TYPES": "keys of the rule of a source column",
    "sources/mapping/minimisation.py _NAMED_BY": "columns that name what a row states",
    "sources/mapping/minimisation.py _STATED": "columns that name what a row states",
    "sources/mapping/part_rules.py GIVEN": "names that an expression of a mapping may use",
    "sources/mapping/needed_columns.py NEVER_STATED": "columns that no mapping states",
    "sources/mapping/needed_columns.py _FILLED_IN": "columns that a mapping need not state",
    "sources/source_settings.py SETTINGS": "settings of a source",
    "sources/mapping/table_rows.py _NOT_STATED": "columns that no source states",
    "sources/world_source.py _NEEDED": "keys of a world's description",
    "vault/entries.py QUARANTINE_SCHEMA": "the quarantine's own columns",
}


def strings(node: ast.AST) -> set[str]:
    constants = (n.value for n in ast.walk(node) if isinstance(n, ast.Constant))
    return {value for value in constants if isinstance(value, str)}


def lists() -> Iterator[str]:
    """Yield the constants of modules that name two tables or two columns, as "module NAME"."""
    package = PROJECT / "workbench"
    for path in sorted(package.rglob("*.py")):
        if path.relative_to(package).parts[0] in ("schema", "synthetic", "exports"):
            continue  # the declarations, the generator and the writers that fill every table
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
                continue
            named = strings(node.value)
            if len(named & set(TABLES)) > 1 or len(named & COLUMNS) > 1:
                target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
                yield f"{path.relative_to(package).as_posix()} {ast.unparse(target)}"


def test_no_room_keeps_a_list_of_tables_or_columns() -> None:
    assert sorted(set(lists()) - set(EXEMPT)) == []


def test_every_exemption_is_still_needed() -> None:
    assert sorted(set(EXEMPT) - set(lists())) == []


def test_every_table_says_what_its_rows_mean() -> None:
    for table in TABLES.values():
        assert table.meaning
        times = [table.time, table.ends, table.special, *table.known_at_end]
        assert all(name in table for name in times if name is not None), table.name
        if table.part_of is not None:
            key, whole = table.part_of
            assert key in TABLES[whole].primary_key
            assert TABLES[whole].time is not None
        assert (table.belongs_to == "nobody") == ("customer_id" not in table)
        if not table.is_in_views:
            assert set(table.columns_with_treatment("absent")) == set(table.schema)


def test_every_column_says_what_a_view_does_with_it() -> None:
    for table in TABLES.values():
        for column in table.columns:
            assert all(name in table for name in column.within), column
            if column.sensitivity in ("direct", "sensitive", "text"):
                assert column.view in ("absent", "shared", "common", "blank"), column
            is_free = column.type == pl.String and not column.pattern
            assert not (is_free and column.view == "keep"), column  # may be one person's
            if column.sensitivity == "key":
                assert column.view in ("absent", "pseudonym"), column
            if column.sensitivity == "quasi":
                assert column.view in ("absent", "generalise", "time"), column
