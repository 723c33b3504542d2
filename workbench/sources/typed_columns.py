"""Cells of one column to values of its declared type, and the cells that have none.

Every type accepts what the file's format gives: text from CSV, typed columns from Parquet. A cell
that is not null and cannot be read is a fault, and its record is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

import polars as pl

from workbench.schema.faults import MISSING, Rule
from workbench.sources.cells import counted
from workbench.sources.instants import dates, example, instants
from workbench.sources.numerals import currencies, exact, exponent, minor, numerals
from workbench.sources.provenance import Provenance
from workbench.sources.rules import ColumnRule, ColumnType

_TRUE = ("true", "yes", "y", "t", "1")
_FALSE = ("false", "no", "n", "f", "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedColumn:
    """A read column.

    Attributes
    ----------
    values : Series
        In the declared type, null where the cell was empty or at fault.
    faults : tuple of (Rule, Series of Boolean)
        Rules that cells break and the cells that break them; each cell breaks one at most.
    notes : tuple of str
        What was assumed, without the column's name.
    """

    values: pl.Series
    faults: tuple[tuple[Rule, pl.Series], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_at_fault(self) -> pl.Series:
        """Mark the cells that break a rule."""
        nowhere = pl.repeat(value=False, n=len(self.values), eager=True)
        return reduce(or_, (at_fault for _, at_fault in self.faults), nowhere)


def read_column(
    cells: pl.Series,
    rule: ColumnRule,
    *,
    provenance: Provenance,
    is_plain: bool,
    is_number: pl.Series | None = None,
    empty: tuple[str, ...] = (),
) -> TypedColumn:
    """Read one column.

    Parameters
    ----------
    cells : Series
        The cells as found.
    rule : ColumnRule
        What the mapping says of them.
    provenance : Provenance
        Zone and currency.
    is_plain : bool
        See ``Cells``.
    is_number : Series of Boolean, optional
        Cells that a workbook stores as numbers without a format that shows leading zeros.
    empty : tuple of str
        Texts that mean nothing.
    """
    cells = _without_empty(cells, (*empty, *rule.empty))
    cells, is_unlisted = _listed(cells, rule)
    found = _read(cells, rule, provenance=provenance, is_plain=is_plain, is_number=is_number)
    faults = _first_faults(
        (Rule.choice(tuple(rule.values or ()), name="listed"), is_unlisted),
        *found.faults,
        (_type_rule(rule), cells.is_not_null() & found.values.is_null()),
        (MISSING, cells.is_null() & rule.required),
    )
    return TypedColumn(values=found.values, faults=faults, notes=found.notes)


@dataclass(frozen=True, slots=True)
class _Found:
    values: pl.Series
    notes: tuple[str, ...] = ()
    faults: tuple[tuple[Rule, pl.Series], ...] = ()


def _read(
    cells: pl.Series,
    rule: ColumnRule,
    *,
    provenance: Provenance,
    is_plain: bool,
    is_number: pl.Series | None,
) -> _Found:
    match rule.type:
        case "text":
            return _Found(_text(cells))
        case "code":
            return _code(cells, is_number)
        case "category":
            return _Found(_category(_text(cells)))
        case "integer" | "decimal" | "money":
            return _number(cells, rule, provenance, is_plain=is_plain)
        case "instant":
            values, never_was, notes = instants(cells, form=rule.format, zone=provenance.zone)
            never = (Rule("local_time", {"zone": provenance.zone}), never_was)
            return _Found(values, notes, (never,))
        case "date":
            return _Found(dates(cells, form=rule.format, zone=provenance.zone))
        case "boolean":
            return _Found(_boolean(cells))


_RULES: Mapping[ColumnType, str] = {
    "text": "readable",
    "code": "readable",
    "category": "readable",
    "integer": "whole_number",
    "decimal": "number",
    "money": "money",
    "instant": "instant",
    "date": "date",
    "boolean": "boolean",
}


def _type_rule(rule: ColumnRule) -> Rule:
    """Return the rule that a cell can be read as the declared type, with an example of it."""
    name = _RULES[rule.type]
    if rule.type in ("date", "instant"):
        return Rule(name, {"example": example(rule.format, is_date=rule.type == "date")})
    return Rule(name)


def _first_faults(*faults: tuple[Rule, pl.Series]) -> tuple[tuple[Rule, pl.Series], ...]:
    """Keep each cell's first fault, and the rules that some cell breaks."""
    kept: list[tuple[Rule, pl.Series]] = []
    for rule, at_fault in faults:
        first = at_fault.fill_null(value=False)
        for _, earlier in kept:
            first &= ~earlier
        if first.any():
            kept.append((rule, first))
    return tuple(kept)


def _listed(cells: pl.Series, rule: ColumnRule) -> tuple[pl.Series, pl.Series]:
    """Replace cells by what the mapping lists for them; an empty text stands for nothing."""
    if rule.values is None:
        return cells, pl.repeat(value=False, n=len(cells), eager=True)
    listed = _text(cells).replace_strict(dict(rule.values), default=None, return_dtype=pl.String)
    return _without_empty(listed, ()), cells.is_not_null() & listed.is_null()


def _without_empty(cells: pl.Series, empty: tuple[str, ...]) -> pl.Series:
    if cells.dtype != pl.String:
        return cells
    is_empty = (cells.str.strip_chars() == "") | cells.is_in(list(empty))
    return cells.set(is_empty.fill_null(value=False), None)


def _text(cells: pl.Series) -> pl.Series:
    if cells.dtype == pl.String:
        return cells
    if cells.dtype.is_float():
        # Beside gaps pandas writes whole numbers as floats: 17850.0 is the number 17850.
        is_whole = cells.is_not_null().all() or cells.is_finite().all()
        whole = cells.cast(pl.Int64, strict=False)
        if is_whole and (whole.cast(pl.Float64) == cells).fill_null(value=True).all():
            return whole.cast(pl.String)
    return cells.cast(pl.String, strict=False)


def _code(cells: pl.Series, is_number: pl.Series | None) -> _Found:
    text = _text(cells).str.strip_chars()
    guarded = int(text.str.contains(r"^'[\d+=@-]").sum() or 0)
    notes = [f"guard apostrophe taken off {counted(guarded, 'cell')}"] if guarded else []
    bare = text.str.replace(r"^'([\d+=@-])", "$1")
    if is_number is not None and is_number.any():
        # Only a number shorter than the column's longest code can have lost zeros.
        digits = bare.str.len_chars()
        longest = bare.filter(bare.str.contains(r"^\d+$")).str.len_chars().max()
        short = int((is_number & (digits < longest)).sum() or 0)
        if short:
            notes.append(f"{counted(short, 'cell')} stored as a number, leading zeros unknown")
    return _Found(bare, tuple(notes))


def _category(text: pl.Series) -> pl.Series:
    return text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "_").str.strip_chars("_")


def _number(
    cells: pl.Series, rule: ColumnRule, provenance: Provenance, *, is_plain: bool
) -> _Found:
    is_money = rule.type == "money"
    is_whole = rule.type == "integer" or (is_money and exponent(provenance.currency) == 0)
    notes: list[str] = []
    faults: list[tuple[Rule, pl.Series]] = []
    if cells.dtype.is_numeric():
        numbers = exact(cells)
    else:
        text = _text(cells)
        numbers, note = numerals(text, is_plain=is_plain, declared=rule.decimal, is_whole=is_whole)
        notes += [note] if note else []
        if is_money:
            stated = currencies(text)
            is_foreign = (stated != provenance.currency).fill_null(value=False)
            faults.append((Rule("currency", {"currency": provenance.currency}), is_foreign))
    if is_money:
        values, rounded = minor(numbers, provenance.currency)
        if rounded:
            notes.append(f"{counted(rounded, 'amount')} rounded to 1/10000 of the minor unit")
        return _Found(values, tuple(notes), tuple(faults))
    if rule.type == "integer":
        whole = numbers.round(0)
        is_fraction = (whole != numbers).fill_null(value=False)
        return _Found(whole.set(is_fraction, None).cast(pl.Int64, strict=False), tuple(notes))
    return _Found(numbers, tuple(notes))


def _boolean(cells: pl.Series) -> pl.Series:
    if cells.dtype == pl.Boolean:
        return cells
    text = _text(cells).str.strip_chars().str.to_lowercase()
    said = {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}
    return text.replace_strict(said, default=None, return_dtype=pl.Boolean)
