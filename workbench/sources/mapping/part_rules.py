"""A part of a mapping: the rules for one set of records, and the check of its expressions.

A part is a file of a delivery, an array of a document or a layout of a format. It has the tables
that ``source_mapping`` describes. The columns of an ``each`` are added to those of the records, and
a name is used once.
"""

import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain
from typing import Annotated, Any, TypeAlias

import polars as pl
from polars.exceptions import PolarsError
from pydantic import BeforeValidator, Field

from workbench.foundation.declarations import Declaration
from workbench.foundation.errors import unknown_name
from workbench.schema import TABLES
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.mapping.decoders import DECODERS
from workbench.sources.mapping.field_places import FieldPlace
from workbench.sources.mapping.mapping_rules import (
    ColumnEntry,
    ColumnRule,
    DeriveEntry,
    EachRule,
    LookupRule,
    RecognitionRule,
    RecordRule,
    RowRule,
)
from workbench.sources.mapping.needed_columns import NEVER_STATED, needed_columns

#: Names that expressions may use besides columns and derived names.
GIVEN = (
    "source_row", "system", "currency", "orders", "data_until_on", "data_until_at", "undated_at",
)  # fmt: skip

#: What polars' SQL takes for something else, or computes otherwise than it is written.
_TRAPS: Mapping[str, str] = {
    r"REGEXP_REPLACE\s*\([^)]*\$\d": "REGEXP_REPLACE writes $1 as it stands: use a decoder",
    r"\bCURRENT_(DATE|TIME|TIMESTAMP)\b": "the day of loading is no fact: use data_until_on",
    r"\bUNNEST\b": "UNNEST makes a null row of an empty list: use each",
}
_KnownNames: TypeAlias = dict[str | None, list[str]]


def _as_tuple(given: Any) -> Any:
    return (given,) if isinstance(given, dict) else given


class PartRules(Declaration):
    """The rules for one set of records."""

    recognise: RecognitionRule | None = None
    file: FileRule = FileRule()
    decode: Mapping[str, Mapping[str, str]] = {}
    columns: Mapping[str, ColumnEntry]
    each: Mapping[str, EachRule] = {}
    lookup: Mapping[str, LookupRule] = {}
    derive: Mapping[str, DeriveEntry] = {}
    refuse: Mapping[str, str] = {}
    pass_over: Mapping[str, str] = {}
    assume: Mapping[str, str] = {}
    record: RecordRule = RecordRule()
    identities: Mapping[str, str] = {}
    attributes: Mapping[str, Mapping[str, str]] = {}
    tables: Mapping[
        str, Annotated[tuple[RowRule, ...], BeforeValidator(_as_tuple), Field(strict=False)]
    ] = {}

    def columns_of(self, each: str | None) -> Mapping[str, ColumnRule]:
        """Return the columns of the records, or the own columns of an each."""
        return self.columns if each is None else self.each[each].columns

    @cached_property
    def currency_columns(self) -> Mapping[str, str]:
        """Names of the currencies stated in cells, each with its money column."""
        return {
            f"{column_name(label, rule)}_currency": label
            for label, rule in self.columns.items()
            if rule.type == "money"
        }

    @property
    def has_amounts(self) -> bool:
        """Whether the part has amounts of money, so that its source needs a currency."""
        sets = [self.columns, *(each.columns for each in self.each.values())]
        types = {rule.type for columns in sets for rule in columns.values()}
        stated = (sql for _, sql, _ in self._expressions())
        return (
            "money" in types
            or any("currency" in TABLES[table] for table in self.tables)
            or any("currency" in self.names_used(sql) for sql in stated)
        )

    def day_columns(self, each: str | None) -> Mapping[str, str]:
        """Return the names of local days, each with its column of instants."""
        named = {column_name(label, rule): rule for label, rule in self.columns_of(each).items()}
        instants = [name for name, rule in named.items() if rule.type == "instant"]
        return {f"{name}_on": name for name in instants if f"{name}_on" not in named}

    @property
    def ends(self) -> frozenset[str]:
        """Names in expressions that feed the end of a term, which may lie beyond the data."""
        found: set[str] = set()
        for table, rules in self.tables.items():
            end = TABLES[table].ends if table in TABLES else None
            for rule in rules:
                if end is not None and end in rule.columns:
                    found |= self.names_used(rule.columns[end])
        return frozenset(found)

    def names_used(self, sql: str) -> set[str]:
        """Return the names that an expression uses, directly or through derived names."""
        names = set(pl.sql_expr(sql).meta.root_names())
        derived = [rules for each in self.each.values() for rules in each.derive.items()]
        for name, rule in reversed([*self.derive.items(), *derived]):  # A rule uses earlier ones.
            if name in names:
                parts = [rule] if isinstance(rule, str) else rule.model_dump().values()
                names.update(*(pl.sql_expr(part).meta.root_names() for part in parts))
        days = (each.items() for each in map(self.day_columns, (None, *self.each)))
        return names | {name for day, name in chain.from_iterable(days) if day in names}

    def find_faults(self, asked: Iterable[str], parts: Iterable[str]) -> Iterator[str]:
        """Yield what is wrong with the part's places, names and expressions.

        Parameters
        ----------
        asked : iterable of str
            Names of the mapping's own settings.
        parts : iterable of str
            Names of the mapping's parts, for lookups.
        """
        yield from self._place_faults()
        known = yield from self._name_faults(asked, parts)
        for place, sql, each in self._expressions():
            yield from _sql_faults(place, sql, known[each])
        yield from self._table_faults(known)

    def _place_faults(self) -> Iterator[str]:
        places = [
            *((f"columns.{label}", rule.place or label) for label, rule in self.columns.items()),
            *((f"file.drop.{place}", place) for place in self.file.drop),
            *((f"each.{name}", rule.path) for name, rule in self.each.items()),
            *(
                (f"each.{name}.columns.{label}", rule.place or label)
                for name, each in self.each.items()
                for label, rule in each.columns.items()
            ),
        ]
        if self.recognise is not None:
            evidence = (*self.recognise.needs, *self.recognise.without, *self.recognise.values)
            places += [(f"recognise.{place}", place) for place in evidence]
        for where, place in places:
            try:
                FieldPlace.read(place)
            except ValueError as error:
                yield f"{where}: {error}"
        for where, rules in (
            ("decode", self.decode),
            *((f"each.{name}.decode", rule.decode) for name, rule in self.each.items()),
        ):
            for name, decoder in rules.items():
                stated = [each for each in decoder if each != "mark"]
                if len(stated) != 1:
                    yield f"{where}.{name}: name one decoder with its place"
                elif stated[0] not in DECODERS:
                    yield f"{where}.{name}: {unknown_name('decoder', stated[0], DECODERS)}"

    def _name_faults(
        self, asked: Iterable[str], parts: Iterable[str]
    ) -> Generator[str, None, dict[str | None, list[str]]]:
        """Yield faults of names, and return the names known to records and to each set."""
        known: _KnownNames = {
            None: [*GIVEN, *asked, *self._stated_names(None), *self.currency_columns]
        }
        for name, lookup in self.lookup.items():
            known[None] += [f"{name}_{column}" for column in lookup.columns]
            if lookup.part not in set(parts):
                yield f"lookup.{name}: {unknown_name('part', lookup.part, parts)}"
            if lookup.on not in known[None]:
                yield f"lookup.{name}.on: {unknown_name('column', lookup.on, known[None])}"
        yield from _repeated_names("columns", known[None])
        yield from self._derive_faults("derive", self.derive, known[None])
        for name, each in self.each.items():
            if each.of is not None and each.of not in known:
                yield f"each.{name}.of: {unknown_name('set', each.of, self.each)}"
            above = known.get(each.of, known[None])
            known[name] = [*above, *self._stated_names(name)]
            yield from _repeated_names(f"each.{name}.columns", known[name])
            yield from self._derive_faults(f"each.{name}.derive", each.derive, known[name])
        return known

    def _stated_names(self, each: str | None) -> list[str]:
        columns = self.columns_of(each)
        return [
            *(column_name(label, rule) for label, rule in columns.items()),
            *self.day_columns(each),
        ]

    def _derive_faults(
        self, where: str, rules: Mapping[str, DeriveEntry], known: list[str]
    ) -> Iterator[str]:
        for name, rule in rules.items():
            for sql in [rule] if isinstance(rule, str) else rule.model_dump().values():
                yield from _sql_faults(f"{where}.{name}", sql, known)
            known.append(name)

    def _table_faults(self, known: Mapping[str | None, list[str]]) -> Iterator[str]:
        for kind in self.identities:
            if kind not in (kinds := TABLES["identities"].column("kind").choices):
                yield unknown_name("kind of identifier", kind, kinds)
        for namespace in self.attributes:
            if namespace not in (spaces := TABLES["attributes"].column("namespace").choices):
                yield unknown_name("namespace of attributes", namespace, spaces)
        for table, rules in self.tables.items():
            for rule in rules:
                if rule.each is not None and rule.each not in self.each:
                    yield f"tables.{table}.each: {unknown_name('set', rule.each, self.each)}"
                yield from _row_faults(table, rule, known.get(rule.each, []))
                yield from self._currency_faults(table, rule)
        if not (self.identities or self.attributes or self.tables):
            yield "the mapping makes no rows: add identities, attributes or tables"

    def _currency_faults(self, table: str, rule: RowRule) -> Iterator[str]:
        """Refuse amounts with a currency of their own in rows that would get the source's."""
        if table not in TABLES or "currency" not in TABLES[table] or "currency" in rule.columns:
            return
        try:
            used = set().union(*map(self.names_used, rule.columns.values()))
        except PolarsError:  # Its own fault is reported already.
            return
        sets = [self.columns, *(each.columns for each in self.each.values())]
        for label, column in chain.from_iterable(each.items() for each in sets):
            if column.currency is not None and (name := column_name(label, column)) in used:
                yield (
                    f"tables.{table}: each amount of {name} has its own currency, and the row "
                    f"would have that of the source: add currency = '\"{name}_currency\"'"
                )

    def _expressions(self) -> Iterator[tuple[str, str, str | None]]:
        """Yield every expression that no later one uses, with its place and its each set."""
        for name, rules in (
            ("refuse", self.refuse), ("pass_over", self.pass_over), ("assume", self.assume)
        ):  # fmt: skip
            for sentence, sql in rules.items():
                yield f"{name}.{sentence!r}", sql, None
        for name in ("id", "kind", "observed_at", "key", "newer", "together"):
            if (sql := getattr(self.record, name)) is not None:
                yield f"record.{name}", sql, None
        for kind, sql in self.identities.items():
            yield f"identities.{kind}", sql, None
        for namespace, attributes in self.attributes.items():
            for attribute, sql in attributes.items():
                yield f"attributes.{namespace}.{attribute}", sql, None
        for table, rows in self.tables.items():
            for rule in rows:
                each = rule.each if rule.each in self.each else None
                for column, sql in rule.columns.items():
                    yield f"tables.{table}.{column}", sql, each
                for option, stated in (("where", rule.where), ("record", rule.record)):
                    if stated is not None:
                        yield f"tables.{table}.{option}", stated, each


def column_name(label: str, rule: ColumnRule) -> str:
    """Return the name of a column in expressions."""
    return rule.name or label


def _repeated_names(where: str, known: list[str]) -> Iterator[str]:
    for name in {name for name in known if known.count(name) > 1}:
        yield f"{where}: {name} is used twice or reserved; choose another with name ="


def _sql_faults(place: str, sql: str, known: list[str]) -> Iterator[str]:
    for trap, says in _TRAPS.items():
        if re.search(trap, sql, re.IGNORECASE):
            yield f"{place}: {says}"
    if (name := _unquoted_name(sql, known)) is not None:
        yield (
            f"{place}: the column name {name!r} has blanks or signs: write '\"{name}\"', or give "
            "the column a name"
        )
        return
    try:
        names = pl.sql_expr(sql).meta.root_names()
    except PolarsError as error:
        yield f"{place}: not an SQL expression ({error})"
        return
    for name in sorted(set(names) - set(known)):
        yield f"{place}: {unknown_name('column', name, known)}"


def _unquoted_name(sql: str, known: list[str]) -> str | None:
    """Return a column whose name an expression contains without the double quotes it needs."""
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "''", sql)
    needy = [name for name in known if not re.fullmatch(r"[^\W\d]\w*", name)]
    return next((name for name in sorted(needy, key=len, reverse=True) if name in bare), None)


def _row_faults(table: str, rule: RowRule, known: list[str]) -> Iterator[str]:
    if table not in TABLES or table == "sources":
        yield unknown_name("table", table, set(TABLES) - {"sources"})
        return
    columns = {column.name: column for column in TABLES[table].columns}
    for name in rule.columns:
        if name not in columns:
            yield unknown_name(f"column of {table}", name, columns)
        elif name in NEVER_STATED:
            yield f"tables.{table}.{name}: no mapping states it; record has a row's customer"
    for name in (*rule.per, *(name for name, _ in rule.order_keys)):
        if name not in known:
            yield f"tables.{table}: {unknown_name('column', name, known)}"
    for name in rule.keyed:
        if name not in rule.columns:
            yield f"tables.{table}.keyed: {unknown_name('column', name, rule.columns)}"
    if missing := [name for name in needed_columns(table) if name not in rule.columns]:
        yield f"tables.{table}: every row needs {', '.join(missing)}"
