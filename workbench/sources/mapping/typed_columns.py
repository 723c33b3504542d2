"""Parse the cells of a column as values of its declared type, and find the unreadable cells.

Every type accepts the cells of every format: text from CSV, typed columns from Parquet. A cell that
is not null and cannot be parsed is a fault, and its record is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

import polars as pl

from workbench.schema.record_faults import MISSING, Rule
from workbench.sources.formats.raw_cells import count_text
from workbench.sources.mapping.instants import example_text, parse_dates, parse_instants
from workbench.sources.mapping.mapping_rules import ColumnRule, ColumnType
from workbench.sources.mapping.numerals import (
    decimal_places,
    parse_numerals,
    stated_currencies,
    to_decimals,
    to_minor_units,
)
from workbench.sources.source_settings import Provenance

_TRUE = ("true", "yes", "y", "t", "1")
_FALSE = ("false", "no", "n", "f", "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedColumn:
    """The parsed values of a column, with their faults.

    Attributes
    ----------
    values : Series
        Values in the declared type, null if the cell was empty or at fault.
    faults : tuple of (Rule, Series of Boolean)
        Rules that cells break, with the cells that break them; each cell breaks one rule at most.
    notes : tuple of str
        Assumptions, without the column's name.
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
    """Parse one column.

    Parameters
    ----------
    cells : Series
        Cells of the file.
    rule : ColumnRule
        Rule of the mapping for the column.
    provenance : Provenance
        Settings with zone and currency.
    is_plain : bool
        Whether the format writes numbers and instants in plain notation, see ``RawCells``.
    is_number : Series of Boolean, optional
        Whether a workbook stores the cell as a number without leading zeros.
    empty : tuple of str
        Texts that count as empty.
    """
    cells = _empty_to_null(cells, (*empty, *rule.empty))
    cells, is_unlisted = _replace_listed(cells, rule)
    found = _parse(cells, rule, provenance=provenance, is_plain=is_plain, is_number=is_number)
    faults = _first_faults(
        (Rule.choice(tuple(rule.values or ()), name="listed"), is_unlisted),
        *found.faults,
        (_type_rule(rule), cells.is_not_null() & found.values.is_null()),
        (MISSING, cells.is_null() & rule.required),
    )
    return TypedColumn(values=found.values, faults=faults, notes=found.notes)


@dataclass(frozen=True, slots=True)
class _ParsedCells:
    values: pl.Series
    notes: tuple[str, ...] = ()
    faults: tuple[tuple[Rule, pl.Series], ...] = ()


def _parse(
    cells: pl.Series,
    rule: ColumnRule,
    *,
    provenance: Provenance,
    is_plain: bool,
    is_number: pl.Series | None,
) -> _ParsedCells:
    match rule.type:
        case "text":
            return _ParsedCells(_to_text(cells))
        case "code":
            return _parse_code(cells, is_number)
        case "category":
            return _ParsedCells(_parse_category(_to_text(cells)))
        case "integer" | "decimal" | "money":
            return _parse_number(cells, rule, provenance, is_plain=is_plain)
        case "instant":
            values, never_was, notes = parse_instants(cells, form=rule.format, zone=provenance.zone)
            never = (Rule("local_time", {"zone": provenance.zone}), never_was)
            return _ParsedCells(values, notes, (never,))
        case "date":
            return _ParsedCells(parse_dates(cells, form=rule.format, zone=provenance.zone))
        case "boolean":
            return _ParsedCells(_parse_boolean(cells))


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
    """Return the rule that a cell can be parsed as the declared type, with an example."""
    name = _RULES[rule.type]
    if rule.type in ("date", "instant"):
        return Rule(name, {"example": example_text(rule.format, is_date=rule.type == "date")})
    return Rule(name)


def _first_faults(*faults: tuple[Rule, pl.Series]) -> tuple[tuple[Rule, pl.Series], ...]:
    """Return the first fault of each cell, by rule; rules that no cell breaks are left out."""
    kept: list[tuple[Rule, pl.Series]] = []
    for rule, at_fault in faults:
        first = at_fault.fill_null(value=False)
        for _, earlier in kept:
            first &= ~earlier
        if first.any():
            kept.append((rule, first))
    return tuple(kept)


def _replace_listed(cells: pl.Series, rule: ColumnRule) -> tuple[pl.Series, pl.Series]:
    """Replace cells by the values that the mapping lists for them; an empty text becomes null."""
    if rule.values is None:
        return cells, pl.repeat(value=False, n=len(cells), eager=True)
    listed = _to_text(cells).replace_strict(dict(rule.values), default=None, return_dtype=pl.String)
    return _empty_to_null(listed, ()), cells.is_not_null() & listed.is_null()


def _empty_to_null(cells: pl.Series, empty: tuple[str, ...]) -> pl.Series:
    if cells.dtype != pl.String:
        return cells
    is_empty = (cells.str.strip_chars() == "") | cells.is_in(list(empty))
    return cells.set(is_empty.fill_null(value=False), None)


def _to_text(cells: pl.Series) -> pl.Series:
    if cells.dtype == pl.String:
        return cells
    if cells.dtype.is_float():
        # In a column with gaps pandas writes whole numbers as floats: 17850 becomes 17850.0.
        is_whole = cells.is_not_null().all() or cells.is_finite().all()
        whole = cells.cast(pl.Int64, strict=False)
        if is_whole and (whole.cast(pl.Float64) == cells).fill_null(value=True).all():
            return whole.cast(pl.String)
    return cells.cast(pl.String, strict=False)


def _parse_code(cells: pl.Series, is_number: pl.Series | None) -> _ParsedCells:
    text = _to_text(cells).str.strip_chars()
    guarded = int(text.str.contains(r"^'[\d+=@-]").sum() or 0)
    notes = [f"guard apostrophe removed from {count_text(guarded, 'cell')}"] if guarded else []
    bare = text.str.replace(r"^'([\d+=@-])", "$1")
    if is_number is not None and is_number.any():
        # Only a number shorter than the longest code of the column can have lost zeros.
        digits = bare.str.len_chars()
        longest = bare.filter(bare.str.contains(r"^\d+$")).str.len_chars().max()
        short = int((is_number & (digits < longest)).sum() or 0)
        if short:
            notes.append(f"{count_text(short, 'cell')} stored as a number, leading zeros unknown")
    return _ParsedCells(bare, tuple(notes))


def _parse_category(text: pl.Series) -> pl.Series:
    return text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "_").str.strip_chars("_")


def _parse_number(
    cells: pl.Series, rule: ColumnRule, provenance: Provenance, *, is_plain: bool
) -> _ParsedCells:
    is_money = rule.type == "money"
    is_whole = rule.type == "integer" or (is_money and decimal_places(provenance.currency) == 0)
    notes: list[str] = []
    faults: list[tuple[Rule, pl.Series]] = []
    if cells.dtype.is_numeric():
        numbers = to_decimals(cells)
    else:
        text = _to_text(cells)
        numbers, note = parse_numerals(
            text, is_plain=is_plain, declared=rule.decimal, is_whole=is_whole
        )
        notes += [note] if note else []
        if is_money:
            stated = stated_currencies(text)
            is_foreign = (stated != provenance.currency).fill_null(value=False)
            faults.append((Rule("currency", {"currency": provenance.currency}), is_foreign))
    if is_money:
        values, rounded = to_minor_units(numbers, provenance.currency)
        if rounded:
            notes.append(f"{count_text(rounded, 'amount')} rounded to 1/10000 of the minor unit")
        return _ParsedCells(values, tuple(notes), tuple(faults))
    if rule.type == "integer":
        whole = numbers.round(0)
        is_fraction = (whole != numbers).fill_null(value=False)
        return _ParsedCells(whole.set(is_fraction, None).cast(pl.Int64, strict=False), tuple(notes))
    return _ParsedCells(numbers, tuple(notes))


def _parse_boolean(cells: pl.Series) -> pl.Series:
    if cells.dtype == pl.Boolean:
        return cells
    text = _to_text(cells).str.strip_chars().str.to_lowercase()
    meanings = {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}
    return text.replace_strict(meanings, default=None, return_dtype=pl.Boolean)
