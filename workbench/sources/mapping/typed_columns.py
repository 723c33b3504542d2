"""Parse the cells of a column as values of its declared type, and find the unreadable cells.

Every type accepts the cells of every format: text from CSV, typed columns from Parquet. A cell that
is not null and cannot be parsed is a fault, and its record is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.schema.record_faults import MISSING, Rule
from workbench.sources.file_evidence import FileEvidence
from workbench.sources.mapping.amounts import ReadNumbers, read_amounts, read_numbers
from workbench.sources.mapping.codes import parse_codes
from workbench.sources.mapping.instants import TimeReader
from workbench.sources.mapping.mapping_rules import ColumnRule, ColumnType
from workbench.sources.mapping.time_formats import DATE_OF_WORKBOOK, example_text
from workbench.sources.mapping.typed_cells import plain_cells, refuse_type, to_text
from workbench.sources.source_settings import Provenance

#: Key of a list of values for every cell that the list does not have.
_ANY_OTHER = "*"
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
    currencies : Series of String or None
        Of money: the currency that the cell, or the column with the currencies, states.
    refusal : str or None
        Why the column as a whole cannot be read, and what to do; then the values do not count.
    """

    values: pl.Series
    faults: tuple[tuple[Rule, pl.Series], ...] = ()
    notes: tuple[str, ...] = ()
    currencies: pl.Series | None = None
    refusal: str | None = None

    @property
    def is_at_fault(self) -> pl.Series:
        """Mark the cells that break a rule."""
        nowhere = pl.repeat(value=False, n=len(self.values), eager=True)
        return reduce(or_, (at_fault for _, at_fault in self.faults), nowhere)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnCells:
    """The cells of one column with what the file and the mapping say about them.

    Attributes
    ----------
    cells : Series
        Cells of the file.
    is_plain : bool
        Whether the format writes numbers and instants in plain notation, see ``RawCells``.
    is_number : Series of Boolean, optional
        Whether a workbook stores the cell as a number without leading zeros.
    currencies : Series, optional
        Cells of the column with the currency of each amount.
    empty : tuple of str
        Texts that count as empty in every column.
    may_be_later : bool
        Whether dates may lie beyond the end of the data.
    evidence : FileEvidence
        Evidence of the column's earlier batches.
    """

    cells: pl.Series
    is_plain: bool
    is_number: pl.Series | None = None
    currencies: pl.Series | None = None
    empty: tuple[str, ...] = ()
    may_be_later: bool = False
    evidence: FileEvidence = field(default_factory=FileEvidence)


def read_column(column: ColumnCells, rule: ColumnRule, *, provenance: Provenance) -> TypedColumn:
    """Parse one column.

    Parameters
    ----------
    column : ColumnCells
        Cells of the column.
    rule : ColumnRule
        Rule of the mapping for the column.
    provenance : Provenance
        Settings with zone, currency and the end of the data.
    """
    plain = plain_cells(column.cells)
    if refusal := refuse_type(plain.cells, rule.type if rule.values is None else "text"):
        return TypedColumn(values=_nulls(plain.cells), refusal=refusal)
    cells = _empty_to_null(plain.cells, (*column.empty, *rule.empty))
    cells, is_unlisted, listing = _replace_listed(cells, rule, column.evidence)
    found = _parse(cells, rule, column=column, provenance=provenance)
    faults = _first_faults(
        (Rule("readable"), plain.is_unreadable),
        (Rule.choice(tuple(rule.values or ()), name="listed"), is_unlisted),
        *found.faults,
        (_type_rule(rule), cells.is_not_null() & found.values.is_null()),
        (MISSING, cells.is_null() & rule.required),
    )
    return TypedColumn(
        values=found.values,
        faults=faults,
        notes=(*plain.notes, *listing, *found.notes),
        currencies=found.currencies,
        refusal=found.refusal,
    )


def _nulls(cells: pl.Series) -> pl.Series:
    return pl.Series(cells.name, [None], dtype=pl.String).new_from_index(0, len(cells))


def _parse(
    cells: pl.Series, rule: ColumnRule, *, column: ColumnCells, provenance: Provenance
) -> TypedColumn:
    match rule.type:
        case "text":
            return TypedColumn(values=to_text(cells))
        case "code":
            codes = parse_codes(cells, column.is_number, column.evidence)
            lost = (
                (Rule("whole_code"), codes.is_destroyed),
                (Rule("code_as_date"), codes.is_date),
            )
            return TypedColumn(values=codes.values, notes=codes.notes, faults=lost)
        case "category":
            return TypedColumn(values=_parse_category(to_text(cells)))
        case "integer" | "decimal":
            return _of_numbers(
                read_numbers(cells, rule, is_plain=_is_plain(column), evidence=column.evidence)
            )
        case "money":
            return _of_numbers(
                read_amounts(
                    cells,
                    rule,
                    currency=provenance.currency,
                    codes=column.currencies,
                    is_plain=_is_plain(column),
                    evidence=column.evidence,
                )
            )
        case "instant" | "date":
            reader = TimeReader(
                provenance=provenance,
                forms=_forms(rule, column),
                may_be_later=rule.may_be_later or column.may_be_later,
                evidence=column.evidence,
            )
            is_date = rule.type == "date"
            times = reader.parse_dates(cells) if is_date else reader.parse_instants(cells)
            return TypedColumn(
                values=times.values,
                notes=times.notes,
                faults=times.faults,
                refusal=times.question,
            )
        case "boolean":
            return TypedColumn(values=_parse_boolean(cells))


def _forms(rule: ColumnRule, column: ColumnCells) -> tuple[str, ...]:
    """Return the formats of the column; a workbook has its own dates beside those in text."""
    is_of_workbook = column.is_number is not None and rule.format
    return (*rule.format, DATE_OF_WORKBOOK) if is_of_workbook else rule.format


def _is_plain(column: ColumnCells) -> bool | pl.Series:
    """Return which cells are in plain notation: of a workbook only those stored as numbers."""
    return column.is_plain if column.is_number is None else column.is_number


def _of_numbers(numbers: ReadNumbers) -> TypedColumn:
    return TypedColumn(
        values=numbers.values,
        faults=numbers.faults,
        notes=numbers.notes,
        currencies=numbers.currencies,
        refusal=numbers.question,
    )


_RULES: Mapping[ColumnType, Rule] = {
    "text": Rule("readable"),
    "code": Rule("readable"),
    "category": Rule("readable"),
    "integer": Rule("whole_number"),
    "decimal": Rule("number"),
    "money": Rule("money"),
    "boolean": Rule("yes_or_no", {"allowed": (*_TRUE, *_FALSE)}),
}


def _type_rule(rule: ColumnRule) -> Rule:
    """Return the rule that a cell can be parsed as the declared type, with an example."""
    if rule.type in ("date", "instant"):
        example = example_text(rule.format, is_date=rule.type == "date")
        return Rule(rule.type, {"example": example})
    return _RULES[rule.type]


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


def _replace_listed(
    cells: pl.Series, rule: ColumnRule, evidence: FileEvidence
) -> tuple[pl.Series, pl.Series, tuple[str, ...]]:
    """Replace cells by the values that the mapping lists for them; an empty text becomes null.

    Other cells are faults, unless the mapping lists a value for ``*``; then they are counted.
    """
    if rule.values is None:
        return cells, pl.repeat(value=False, n=len(cells), eager=True), ()
    listed = to_text(cells).replace_strict(dict(rule.values), default=None, return_dtype=pl.String)
    is_unlisted = cells.is_not_null() & listed.is_null()
    other = rule.values.get(_ANY_OTHER)
    if other is None or not (count := evidence.count("unlisted", int(is_unlisted.sum()))):
        return _empty_to_null(listed, ()), is_unlisted, ()
    note = f"{count_text(count, 'cell')} with other values than the mapping lists, "
    note += f"taken as {other}" if other else "taken as empty"
    replaced = _empty_to_null(listed.set(is_unlisted, other), ())
    return replaced, pl.repeat(value=False, n=len(cells), eager=True), (note,)


def _empty_to_null(cells: pl.Series, empty: tuple[str, ...]) -> pl.Series:
    """Make cells null that are blank or one of the texts for no value, 9999 also as a number."""
    is_empty = to_text(cells).is_in(list(empty)) if empty else None
    if cells.dtype == pl.String:
        is_blank = cells.str.strip_chars() == ""
        is_empty = is_blank if is_empty is None else is_empty | is_blank
    if is_empty is None or not is_empty.any():
        return cells
    return cells.set(is_empty.fill_null(value=False), None)


def _parse_category(text: pl.Series) -> pl.Series:
    return text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "_").str.strip_chars("_")


def _parse_boolean(cells: pl.Series) -> pl.Series:
    if cells.dtype == pl.Boolean:
        return cells
    text = to_text(cells).str.strip_chars().str.to_lowercase()
    meanings = {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}
    return text.replace_strict(meanings, default=None, return_dtype=pl.Boolean)
