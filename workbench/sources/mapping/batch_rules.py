"""Which parts of mappings can be read batch by batch, and how their statements are joined.

A batch is a run of records. Most rules look at one record, and ``record.together`` keeps the
neighbours of one value in one batch. A rule that looks at records of the whole file, such as a
window over all of them, needs the file whole. A customer's row is made of all of the customer's
records; where its columns are joined by functions that can be applied twice, such as MIN, the rows
of several batches become one.

>>> merge_function("MIN(placed_at)"), merge_function("UPPER(country)"), merge_function("SUM(price)")
('min', 'known', None)
"""

import re
from collections.abc import Iterator, Mapping

from workbench.schema import TABLES
from workbench.sources.mapping.mapping_rules import MonthsRule, WholeRule
from workbench.sources.mapping.part_rules import PartRules

#: Functions of SQL that look at one row, and words that may precede a bracket.
_OF_ONE_ROW = re.compile(
    "ABS|CAST|CEIL|COALESCE|CONCAT|CONCAT_WS|DATE|DATE_PART|ENDS_WITH|EXTRACT|FLOOR|GREATEST|IF|"
    "IFNULL|LEAST|LEFT|LENGTH|LOWER|LPAD|LTRIM|MOD|NULLIF|REGEXP_LIKE|REGEXP_REPLACE|REPLACE|"
    "RIGHT|ROUND|RPAD|RTRIM|SIGN|SPLIT_PART|STARTS_WITH|STRFTIME|STRPOS|SUBSTR|SUBSTRING|TRIM|"
    "TRY_CAST|UPPER|AND|OR|NOT|IN|WHEN|THEN|ELSE|CASE|DECIMAL|NUMERIC|VARCHAR|LIKE|ILIKE",
    re.IGNORECASE,
)
_CALL = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
_TEXT = re.compile(r"'(?:[^']|'')*'")
#: Functions by which the schema keeps one of several values of a customer.
_KEPT: Mapping[str, str] = {"earliest": "min", "latest": "max"}
_MERGED = re.compile(r"\s*(MIN|MAX|FIRST|LAST)\s*\(([^()]*)\)\s*", re.IGNORECASE)


def merge_function(sql: str) -> str | None:
    """Return how a column of ``customers`` is joined from the rows of several batches.

    Returns
    -------
    str or None
        ``min``, ``max``, ``first`` or ``last`` value, or the first ``known`` one, which is the
        meaning of an expression that aggregates nothing; None if it cannot be joined.
    """
    if found := _MERGED.fullmatch(sql):
        return found[1].lower()
    return "known" if looks_at_one_row(sql) else None


def merge_functions(part: PartRules) -> Mapping[str, str]:
    """Return how each column of ``customers`` is joined; one that is not known is constant.

    Of an expression that aggregates nothing, a row has the value that the schema keeps.
    """
    found = {
        column: merge_function(sql) or "known"
        for rule in part.tables.get("customers", ())
        for column, sql in rule.columns.items()
    }
    kept = {column: _KEPT.get(TABLES["customers"].column(column).keeps or "") for column in found}
    return {
        column: kept[column] or "known" if function == "known" else function
        for column, function in found.items()
    }


def reason_to_read_whole(part: PartRules) -> str | None:
    """Return why a delimited file must be read whole by these rules, None if it need not be."""
    return next(_reasons(part), None)


def looks_at_one_row(sql: str) -> bool:
    """Return whether an expression gives a value to each row by itself."""
    bare = _TEXT.sub("''", sql)
    is_windowed = re.search(r"\bOVER\b", bare, re.IGNORECASE) is not None
    return not is_windowed and all(map(_OF_ONE_ROW.fullmatch, _CALL.findall(bare)))


def _reasons(part: PartRules) -> Iterator[str]:
    if part.lookup:
        yield "the mapping looks records up"
    if len(part.file.headers) > 1 or part.file.encoding is not None:
        yield "the mapping declares several header rows or an encoding"
    if part.record.key is not None:
        yield "record.key compares all records"
    together = part.record.together
    customers = part.tables.get("customers", ())
    if len(customers) > 1 or any(rule.order_by or rule.per for rule in customers):
        yield "customers are made of records in an order"
    for table, rules in part.tables.items():
        for rule in rules:
            if rule.per and together not in rule.per:
                yield f"rows of {table} are made of records that are not kept together"
    for sql in _expressions(part):
        if not looks_at_one_row(_without_windows(sql, together)):
            yield "an expression looks at all records"


def _expressions(part: PartRules) -> Iterator[str]:
    derived = [part.derive, *(each.derive for each in part.each.values())]
    for rule in (rule for rules in derived for rule in rules.values()):
        if isinstance(rule, MonthsRule | WholeRule):
            yield from map(str, rule.model_dump().values())
        else:
            yield rule
    for conditions in (part.refuse, part.pass_over, part.assume, part.identities):
        yield from conditions.values()
    for attributes in part.attributes.values():
        yield from attributes.values()
    record = part.record
    yield from filter(None, (record.id, record.kind, record.observed_at, record.together))
    for table, rules in part.tables.items():
        for row in rules:
            yield from filter(None, (row.where, row.record))
            for sql in row.columns.values():
                if table == "customers" and merge_function(sql) is not None:
                    continue
                if not row.per:
                    yield sql


def _without_windows(sql: str, together: str | None) -> str:
    """Remove the windows over records that are kept together, with the functions over them."""
    if together is None or not re.fullmatch(r"\w+", together):
        return sql
    window = rf"\s*OVER\s*\(\s*PARTITION BY\s[^()]*\b{together}\b[^()]*\)"
    return re.sub(rf"\b\w+\s*\((?:[^()]|\([^()]*\))*\){window}", "0", sql, flags=re.IGNORECASE)
