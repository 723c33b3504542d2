"""Columns of the customer tables that a mapping has to state, and those that the reader fills."""

from workbench.schema import TABLES

#: Columns that no mapping states. With them, those that the reader fills where a mapping does not
#: state them, in every table and in some.
NEVER_STATED = ("customer_id", "source_id", "source_row", "record_id")
_FILLED = {*NEVER_STATED, "currency"}
_FILLED_IN = {
    "identities": {"match_rule"},
    "customers": {"kind", "observed_at"},
    "consents": {"consent_id", "method"},
    "attributes": {"origin", "observed_at", "is_special_category"},
}


def filled_columns(table: str) -> frozenset[str]:
    """Return the columns of a table that the reader fills where a mapping does not state them.

    The table ``sources`` is written by the load alone.
    """
    declared = {column.name for column in TABLES[table].columns}
    is_own = table == "sources"
    return frozenset(declared if is_own else declared & (_FILLED | _FILLED_IN.get(table, set())))


def needed_columns(table: str) -> tuple[str, ...]:
    """Return the columns of a table that every row needs from a mapping.

    Examples
    --------
    >>> needed_columns("customers")
    ('first_seen_at',)
    """
    filled = filled_columns(table)
    columns = TABLES[table].columns
    return tuple(c.name for c in columns if not c.is_nullable and c.name not in filled)
