"""Mappings: TOML files that define the meaning of a file's columns, data and not code.

The tables of a mapping define in this order how a record becomes rows::

    title, system, zone, currency, data_until, basis, trust     settings (see source_settings)
    [file]        delimiter, encoding, header, columns, sheets, empty, repeats: declarations that
                  replace detection
    [columns]     source column = type, or { type, name, format, may_be_later, values, empty,
                  required, optional, decimal, currency, minor }, see ``ColumnRule``
    [derive]      name = SQL over columns, or { from = SQL date, months = SQL integer },
                  or { whole = SQL amount }
    [refuse]      "reason in words" = SQL condition of records to refuse
    [assume]      "sentence" = SQL condition of accepted records; their number is reported
    [record]      id = SQL, native id of the record's customer; kind; observed_at
    [identities]  kind of identifier = SQL
    [attributes.NAMESPACE]  attribute = SQL; null gives no row
    [tables.TABLE]          schema column = SQL, with where, per, order_by, keyed

SQL is the dialect of polars (``pl.sql_expr``). It may use the columns, derived names,
``source_row`` and the settings ``system``, ``currency``, ``data_until_on`` (date) and
``data_until_at`` (instant). If the cells of a money column X contain a currency, it is
``X_currency``. With ``per``, one row is made for each combination of these names, and expressions
are aggregates (a plain expression gives the group's first value, in the order of ``order_by``).
Instants in expressions are in the source's zone; the local day of an instant X is ``X_on``. Native
ids are written without the system: it is added to every column that the schema declares as
``system:…`` or ``keyed hash``. ``keyed`` lists readable ids that contain an identifier of a person,
which intake replaces by their HMAC.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import polars as pl
from polars.exceptions import PolarsError
from pydantic import BeforeValidator, Field, ValidationError

from workbench.foundation.declarations import Declaration
from workbench.foundation.errors import ParameterError, unknown_name
from workbench.foundation.files import canonical_json
from workbench.foundation.settings import find_file
from workbench.schema import TABLES
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.mapping.mapping_rules import (
    ColumnRule,
    MonthsRule,
    RecordRule,
    RowRule,
    WholeRule,
)
from workbench.sources.source_settings import SETTINGS

#: Names that expressions may use besides columns and derived names.
GIVEN = ("source_row", "system", "currency", "data_until_on", "data_until_at")

#: Columns that the reader fills when the mapping does not.
_FILLED = {"customer_id", "source_id", "source_row", "record_id", "currency"}
_FILLED_IN = {
    "identities": {"match_rule"},
    "customers": {"kind", "observed_at"},
    "consents": {"consent_id", "method"},
}


def _expand_column_rule(given: Any) -> Any:
    return {"type": given} if isinstance(given, str) else given


def _as_tuple(given: Any) -> Any:
    return (given,) if isinstance(given, dict) else given


class SourceMapping(Declaration):
    """One mapping, checked; made by ``find_mapping``."""

    name: str
    title: str = ""
    system: str | None = None
    zone: str | None = None
    currency: str | None = None
    data_until: str | None = None
    basis: str | None = None
    trust: str | None = None
    file: FileRule = FileRule()
    columns: Mapping[str, Annotated[ColumnRule, BeforeValidator(_expand_column_rule)]]
    derive: Mapping[str, str | MonthsRule | WholeRule] = {}
    refuse: Mapping[str, str] = {}
    assume: Mapping[str, str] = {}
    record: RecordRule = RecordRule()
    identities: Mapping[str, str] = {}
    attributes: Mapping[str, Mapping[str, str]] = {}
    tables: Mapping[
        str, Annotated[tuple[RowRule, ...], BeforeValidator(_as_tuple), Field(strict=False)]
    ] = {}

    @classmethod
    def read(cls, path: Path) -> "SourceMapping":
        """Read and check a mapping file.

        Raises
        ------
        ParameterError
            The file is not TOML or has faults; the message lists all of them.
        """
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ParameterError(f"mapping {path.name} is not valid TOML: {error}") from error
        return cls.of(content, name=path.stem)

    @classmethod
    def of(cls, content: Mapping[str, Any], *, name: str) -> "SourceMapping":
        """Return the checked mapping of a file's content."""
        try:
            mapping = cls.model_validate({**content, "name": name})
        except ValidationError as error:
            faults = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
            raise _refusal(name, faults) from error
        if faults := [*mapping._faults()]:
            raise _refusal(name, faults)
        return mapping

    @property
    def declared(self) -> Mapping[str, str | None]:
        """The settings that the mapping declares."""
        return {name: getattr(self, name) for name in SETTINGS}

    def column_name(self, source: str) -> str:
        """Return the name of a source column in expressions."""
        return self.columns[source].name or source

    @property
    def currency_columns(self) -> Mapping[str, str]:
        """Names of the currencies stated in cells, each with its money column."""
        return {
            f"{self.column_name(c)}_currency": c
            for c, r in self.columns.items()
            if r.type == "money"
        }

    @property
    def day_columns(self) -> Mapping[str, str]:
        """Names of local days, each with its column of instants."""
        named = {self.column_name(c): r for c, r in self.columns.items()}
        instants = [name for name, rule in named.items() if rule.type == "instant"]
        return {f"{name}_on": name for name in instants if f"{name}_on" not in named}

    @property
    def ends(self) -> frozenset[str]:
        """Names in expressions that feed the end of a term, which may lie beyond the data."""
        found: set[str] = set()
        for table, rules in self.tables.items():
            end = TABLES[table].ends
            for rule in rules:
                if end is not None and end in rule.columns:
                    found |= self.names_used(rule.columns[end])
        return frozenset(found)

    def names_used(self, sql: str) -> set[str]:
        """Return the names that an expression uses, directly or through derived names."""
        names = set(pl.sql_expr(sql).meta.root_names())
        for name, rule in reversed(list(self.derive.items())):  # A rule uses earlier rules only.
            if name in names:
                parts = [rule] if isinstance(rule, str) else rule.model_dump().values()
                names.update(*(pl.sql_expr(part).meta.root_names() for part in parts))
        return names | {name for day, name in self.day_columns.items() if day in names}

    def fingerprint(self) -> str:
        """Return a hash of the whole mapping, 64 hex digits."""
        content = self.model_dump(mode="json", exclude={"title", *SETTINGS})
        return hashlib.sha256(canonical_json(content)).hexdigest()

    def _faults(self) -> Iterator[str]:
        known = [
            *GIVEN,
            *(self.column_name(source) for source in self.columns),
            *self.currency_columns,
            *self.day_columns,
        ]
        for name in {name for name in known if known.count(name) > 1}:
            yield f"columns: {name} is used twice or reserved; choose another with name ="
        for source, column in self.columns.items():
            if column.currency is not None and column.currency not in self.columns:
                found = unknown_name("column", column.currency, self.columns)
                yield f"columns.{source}.currency: {found}"
        for name, rule in self.derive.items():
            for sql in [rule] if isinstance(rule, str) else rule.model_dump().values():
                yield from _sql_faults(f"derive.{name}", sql, known)
            known.append(name)
        for place, sql in self._expressions():
            yield from _sql_faults(place, sql, known)
            yield from self._days_of_utc(place, sql)
        for kind in self.identities:
            if kind not in (kinds := TABLES["identities"].column("kind").choices):
                yield unknown_name("kind of identifier", kind, kinds)
        for namespace in self.attributes:
            if namespace not in (spaces := TABLES["attributes"].column("namespace").choices):
                yield unknown_name("namespace of attributes", namespace, spaces)
        for table, cuts in self.tables.items():
            for cut in cuts:
                yield from _row_faults(table, cut, known)
        if not (self.identities or self.attributes or self.tables):
            yield "the mapping makes no rows: add identities, attributes or tables"

    def _days_of_utc(self, place: str, sql: str) -> Iterator[str]:
        """Refuse casts of an instant to a date, for which polars uses the day in UTC."""
        for day, name in self.day_columns.items():
            column = rf'"?{re.escape(name)}"?'
            cast = rf"CAST\(\s*{column}\s+AS\s+DATE\s*\)|{column}\s*::\s*DATE\b"
            if re.search(cast, sql, re.IGNORECASE):
                yield f"{place}: the cast of {name} to a date is its day in UTC: use {day}"

    def _expressions(self) -> Iterator[tuple[str, str]]:
        for reason, sql in self.refuse.items():
            yield f"refuse.{reason!r}", sql
        for sentence, sql in self.assume.items():
            yield f"assume.{sentence!r}", sql
        for name in ("id", "kind", "observed_at"):
            if (sql := getattr(self.record, name)) is not None:
                yield f"record.{name}", sql
        for kind, sql in self.identities.items():
            yield f"identities.{kind}", sql
        for namespace, attributes in self.attributes.items():
            for attribute, sql in attributes.items():
                yield f"attributes.{namespace}.{attribute}", sql
        for table, rules in self.tables.items():
            for rule in rules:
                for column, sql in rule.columns.items():
                    yield f"tables.{table}.{column}", sql
                if rule.where is not None:
                    yield f"tables.{table}.where", rule.where


def find_mapping(name: str) -> SourceMapping:
    """Return the mapping of the package with a name, or the mapping in a file.

    Raises
    ------
    ParameterError
        The mapping does not exist or has faults.
    """
    return SourceMapping.read(find_file("mapping", name, folder=_vendors_folder(), suffix=".toml"))


def ready_mappings() -> tuple[str, ...]:
    """Return the names of the mappings in the package."""
    return tuple(sorted(path.stem for path in _vendors_folder().glob("*.toml")))


def _vendors_folder() -> Path:
    return Path(str(files("workbench.sources").joinpath("vendors")))


def _refusal(name: str, faults: list[str]) -> ParameterError:
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    return ParameterError(f"mapping {name} has {count}: " + "; ".join(faults))


def _sql_faults(place: str, sql: str, known: list[str]) -> Iterator[str]:
    try:
        names = pl.sql_expr(sql).meta.root_names()
    except PolarsError as error:
        yield f"{place}: not an SQL expression ({error})"
        return
    for name in sorted(set(names) - set(known)):
        yield f"{place}: {unknown_name('column', name, known)}"


def _row_faults(table: str, rule: RowRule, known: list[str]) -> Iterator[str]:
    if table not in TABLES or table == "sources":
        yield unknown_name("table", table, set(TABLES) - {"sources"})
        return
    columns = {column.name: column for column in TABLES[table].columns}
    for name in rule.columns:
        if name not in columns:
            yield unknown_name(f"column of {table}", name, columns)
    for name in (*rule.per, *rule.order_by):
        if name not in known:
            yield f"tables.{table}: {unknown_name('column', name, known)}"
    for name in rule.keyed:
        if name not in rule.columns:
            yield f"tables.{table}.keyed: {unknown_name('column', name, rule.columns)}"
    filled = _FILLED | _FILLED_IN.get(table, set()) | set(rule.columns)
    missing = [c.name for c in columns.values() if not c.is_nullable and c.name not in filled]
    if missing:
        yield f"tables.{table}: every row needs {', '.join(missing)}"
