"""Minimise at the door: what no study of the company needs is not stored, or stored as a code.

    keep = ["customers.country", "identities.email"]     of the tables named, nothing else optional
    drop = ["customers.birth_year", "interactions.body", "identities.phone", "attributes.profile"]
    code = ["identities.email", "attributes.profile.branch"]

An entry names a column of a table, a kind of identifier, or a namespace of attributes or one of its
attributes. Columns that every row needs cannot be dropped. A *code* is the HMAC of the value under
the dataset's key: equal values stay equal, so that records are still linked by them, but nobody
reads the value.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import unknown_name
from workbench.schema import TABLES

#: The column that names what a row of these tables states, by which an entry chooses rows.
_NAMED_BY: Mapping[str, tuple[str, ...]] = {
    "identities": ("kind",),
    "attributes": ("namespace", "attribute"),
}
_STATED = {"identities": "identifier", "attributes": "value"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimisation:
    """What a mapping keeps, drops and codes; entries as the mapping states them."""

    keep: Sequence[str] = ()
    drop: Sequence[str] = ()
    code: Sequence[str] = ()

    def find_faults(self) -> Iterator[str]:
        """Yield what is wrong with the entries."""
        for where, entries in (("keep", self.keep), ("drop", self.drop), ("code", self.code)):
            for entry in entries:
                for fault in _entry_faults(entry, where):
                    yield f"{where}: {fault}"
        for entry in set(self.drop) & {*self.keep, *self.code}:
            yield f"drop: {entry} is also kept or coded; choose one"

    def apply(
        self, tables: Mapping[str, pl.DataFrame]
    ) -> tuple[dict[str, pl.DataFrame], tuple[str, ...]]:
        """Return the tables without what is dropped, and what was dropped, with its count."""
        made = {name: self._minimise(name, rows) for name, rows in tables.items()}
        notes = [
            f"not stored: {entry}, {count_text(count, 'value')}"
            for name, rows in tables.items()
            for entry, count in _lost(name, rows, made[name])
        ]
        return {name: rows for name, rows in made.items() if rows.height}, tuple(notes)

    def _minimise(self, name: str, rows: pl.DataFrame) -> pl.DataFrame:
        kept = [entry for entry in self.keep if entry.split(".")[0] == name]
        if name in _NAMED_BY:
            is_dropped = _any_of(name, self.drop)
            is_kept = _any_of(name, kept) if kept else pl.lit(value=True)
            return rows.filter(~is_dropped & is_kept)
        gone = [column for column in rows.columns if f"{name}.{column}" in self.drop]
        if kept:
            optional = [c.name for c in TABLES[name].columns if c.is_nullable and c.id is None]
            gone += [c for c in optional if c in rows.columns and f"{name}.{c}" not in kept]
        return rows.with_columns(pl.lit(None, dtype=rows.schema[c]).alias(c) for c in set(gone))


@dataclass(frozen=True, slots=True)
class MinimisedValues:
    """The values of a table that an entry names: a column, and the condition of its rows."""

    column: str
    condition: pl.Expr


def minimised_values(table: str, entries: Iterable[str]) -> Iterator[MinimisedValues]:
    """Yield the values of a table that entries of a mapping name."""
    for entry in entries:
        name, *rest = entry.split(".")
        if name == table:
            yield MinimisedValues(_STATED.get(table, rest[0]), _condition(table, rest))


def _condition(table: str, names: Sequence[str]) -> pl.Expr:
    by = zip(_NAMED_BY.get(table, ()), names, strict=False)
    stated = (pl.col(column).cast(pl.String) == value for column, value in by)
    return pl.all_horizontal(pl.lit(value=True), *stated)


def _any_of(name: str, entries: Sequence[str]) -> pl.Expr:
    chosen = (values.condition for values in minimised_values(name, entries))
    return pl.any_horizontal(pl.lit(value=False), *chosen)


def _entry_faults(entry: str, where: str) -> Iterator[str]:
    table, *rest = entry.split(".")
    if table not in TABLES or not rest:
        yield f"{entry}: expected table.column; {unknown_name('table', table, TABLES)}"
        return
    if table in _NAMED_BY:
        choices = TABLES[table].column(_NAMED_BY[table][0]).choices
        if rest[0] not in choices:
            yield f"{entry}: {unknown_name(_NAMED_BY[table][0], rest[0], choices)}"
        return
    columns = {column.name: column for column in TABLES[table].columns}
    if rest[0] not in columns:
        yield f"{entry}: {unknown_name(f'column of {table}', rest[0], columns)}"
    elif where == "drop" and not columns[rest[0]].is_nullable:
        yield f"{entry}: every row of {table} needs it, so it cannot be dropped"
    elif where == "code" and (columns[rest[0]].type != pl.String() or columns[rest[0]].is_primary):
        yield f"{entry}: only texts that are no keys can be coded"


def _lost(name: str, rows: pl.DataFrame, made: pl.DataFrame) -> Iterator[tuple[str, int]]:
    """Yield what a table lost: by column, or by what its rows state."""
    if name in _NAMED_BY:
        by = list(_NAMED_BY[name])
        before, after = (dict(_counts(each, by)) for each in (rows, made))
        for key, count in sorted(before.items()):
            if lost := count - after.get(key, 0):
                yield f"{name}.{key}", lost
        return
    for column in rows.columns:
        if lost := made[column].null_count() - rows[column].null_count():
            yield f"{name}.{column}", lost


def _counts(rows: pl.DataFrame, by: Sequence[str]) -> Iterator[tuple[str, int]]:
    counted = rows.group_by(by).len()
    for *key, count in counted.iter_rows():
        yield ".".join(map(str, key)), count
