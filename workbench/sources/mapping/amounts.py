"""Read the numbers of a column: whole numbers, decimals, and amounts of money in minor units.

A sign or code of a currency beside an amount must agree with the currency that the mapping
declares, or with the code that the mapping reads from another column. Beside other numbers there is
none: a quantity with a currency is no quantity.
"""

from dataclasses import dataclass

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.schema.currencies import (
    decimal_places,
    decimal_places_of,
    known_currencies,
    stated_currencies,
)
from workbench.schema.record_faults import Rule
from workbench.sources.file_evidence import FileEvidence
from workbench.sources.mapping.mapping_rules import ColumnRule
from workbench.sources.mapping.numerals import (
    ParsedNumbers,
    WrittenNumbers,
    parse_numerals,
    separate_units,
    to_decimals,
)
from workbench.sources.mapping.typed_cells import to_text

_MINOR = pl.Decimal(18, 4)
#: Digits before the point of the largest amount in minor units, of Int64 and of other numbers.
_MINOR_DIGITS, _INTEGER_DIGITS, _DECIMAL_DIGITS = 14, 18, 18

Faults = tuple[tuple[Rule, pl.Series], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadNumbers:
    """Numbers of a column.

    Attributes
    ----------
    values : Series of Int64 or Decimal
        Integers, decimals, or amounts in minor units; null where a cell is empty or at fault.
    faults : tuple of (Rule, Series of Boolean)
        Rules that cells break, with the cells that break them.
    notes : tuple of str
        Assumptions.
    currencies : Series of String or None
        Of amounts: the currency stated in the cell or beside it, null if there is none.
    question : str or None
        Why the column cannot be read before the mapping declares more.
    """

    values: pl.Series
    faults: Faults = ()
    notes: tuple[str, ...] = ()
    currencies: pl.Series | None = None
    question: str | None = None


def read_numbers(
    cells: pl.Series,
    rule: ColumnRule,
    *,
    is_plain: bool | pl.Series,
    evidence: FileEvidence | None = None,
) -> ReadNumbers:
    """Read a column of integers or decimals.

    Parameters
    ----------
    cells : Series
        Text, or numbers of a typed file.
    rule : ColumnRule
        Rule of type ``integer`` or ``decimal``.
    is_plain : bool or Series of Boolean
        Whether cells are in plain notation, see ``RawCells``.
    evidence : FileEvidence, optional
        Evidence of the column's earlier batches.
    """
    evidence = evidence or FileEvidence()
    is_whole = rule.type == "integer"
    written, parsed = _parse(cells, rule, is_plain=is_plain, is_whole=is_whole, evidence=evidence)
    values = parsed.values
    if written is not None:
        values = values.set(written.before.is_not_null() | written.after.is_not_null(), None)
    too_large = parsed.is_too_large
    if is_whole:
        exact = cells.cast(pl.Int64, strict=False) if cells.dtype.is_integer() else None
        whole = values.round(0)
        is_fraction = (whole != values).fill_null(value=False)
        values = exact if exact is not None else whole.cast(pl.Int64, strict=False)
        too_large |= whole.is_not_null() & values.is_null()
        values = values.set(is_fraction, None)
    digits = _INTEGER_DIGITS if is_whole else _DECIMAL_DIGITS
    return ReadNumbers(
        values=values,
        faults=((Rule("too_large", {"digits": digits}), too_large),),
        notes=(*parsed.notes, *_negatives_note(written, evidence)),
        question=parsed.question,
    )


def read_amounts(
    cells: pl.Series,
    rule: ColumnRule,
    *,
    currency: str,
    codes: pl.Series | None,
    is_plain: bool | pl.Series,
    evidence: FileEvidence | None = None,
) -> ReadNumbers:
    """Read a column of amounts as minor units.

    Parameters
    ----------
    cells : Series
        Text, or numbers of a typed file.
    rule : ColumnRule
        Rule of type ``money``.
    currency : str
        Declared currency.
    codes : Series, optional
        Cells of the column with the currency of each amount.
    is_plain : bool or Series of Boolean
        Whether cells are in plain notation, see ``RawCells``.
    evidence : FileEvidence, optional
        Evidence of the column's earlier batches.
    """
    evidence = evidence or FileEvidence()
    declared = pl.Series([currency]).new_from_index(0, len(cells))
    expected = declared if codes is None else known_currencies(to_text(codes))
    places = decimal_places_of(expected.fill_null(currency))
    is_whole = (places == 0) | rule.minor
    written, parsed = _parse(cells, rule, is_plain=is_plain, is_whole=is_whole, evidence=evidence)
    stated, is_foreign, is_other = _compare_currencies(written, expected)
    scale = pl.Series([1]).new_from_index(0, len(cells)) if rule.minor else _power_of_ten(places)
    is_large = _is_large(parsed.values, scale)
    is_unusable = is_large | is_other
    usable = parsed.values.set(is_unusable, None) if is_unusable.any() else parsed.values
    scaled = usable * scale
    values = scaled.round(4, mode="half_away_from_zero")
    faults: list[tuple[Rule, pl.Series]] = []
    if codes is None:
        faults.append((Rule("currency", {"currency": currency}), is_foreign))
    else:
        beside = {"beside": rule.currency or ""}
        without = cells.is_not_null() & expected.is_null()
        faults += [
            (Rule("currency_code", beside), without),
            (Rule("currency_beside", beside), is_foreign),
        ]
    largest = _MINOR_DIGITS if rule.minor else _MINOR_DIGITS - decimal_places(currency)
    faults.append((Rule("too_large", {"digits": largest}), is_large | parsed.is_too_large))
    notes = [*parsed.notes, *_negatives_note(written, evidence)]
    if rule.minor or codes is not None:
        is_finer = (values != values.round(0)).fill_null(value=False)
        faults.append((Rule("minor_unit"), is_finer))
    elif rounded := evidence.count("rounded", int((values != scaled).sum() or 0)):
        notes.append(f"{count_text(rounded, 'amount')} rounded to 1/10000 of the minor unit")
    at_fault = pl.DataFrame([fault.alias(str(n)) for n, (_, fault) in enumerate(faults)])
    is_at_fault = at_fault.select(pl.any_horizontal(pl.all().fill_null(value=False))).to_series()
    kept = values.set(is_at_fault, None) if is_at_fault.any() else values
    return ReadNumbers(
        values=kept.cast(_MINOR, strict=False),
        faults=tuple(faults),
        notes=tuple(notes),
        currencies=stated if codes is None else expected,
        question=parsed.question,
    )


def _is_large(amounts: pl.Series, scale: pl.Series) -> pl.Series:
    """Mark the amounts that have more digits in minor units than can be kept."""
    limit = 10.0**_MINOR_DIGITS
    bounds = pl.Series([amounts.min(), amounts.max()], dtype=amounts.dtype).cast(pl.Float64).abs()
    if not (bounds * scale.max() >= limit).any():  # Usually none is that large.
        return pl.repeat(value=False, n=len(amounts), eager=True)
    return (amounts.cast(pl.Float64).abs() * scale >= limit).fill_null(value=False)


def _parse(
    cells: pl.Series,
    rule: ColumnRule,
    *,
    is_plain: bool | pl.Series,
    is_whole: bool | pl.Series,
    evidence: FileEvidence,
) -> tuple[WrittenNumbers | None, ParsedNumbers]:
    if cells.dtype.is_numeric():
        return None, to_decimals(cells)
    written = separate_units(to_text(cells))
    return written, parse_numerals(
        written, is_plain=is_plain, declared=rule.decimal, is_whole=is_whole, evidence=evidence
    )


def _compare_currencies(
    written: WrittenNumbers | None, expected: pl.Series
) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Return the currency that cells state, where it differs, and where a text is no currency."""
    never = pl.repeat(value=False, n=len(expected), eager=True)
    if written is None:
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(expected)), never, never
    before = stated_currencies(written.before, expected)
    after = stated_currencies(written.after, expected)
    is_other = (written.before.is_not_null() & before.is_null()) | (
        written.after.is_not_null() & after.is_null()
    )
    is_foreign = (before != expected).fill_null(value=False) | (after != expected).fill_null(
        value=False
    )
    return before.zip_with(before.is_not_null(), after), is_foreign, is_other


def _power_of_ten(places: pl.Series) -> pl.Series:
    powers = {number: 10**number for number in range(5)}
    return places.replace_strict(powers, return_dtype=pl.Int64)


def _negatives_note(written: WrittenNumbers | None, evidence: FileEvidence) -> tuple[str, ...]:
    negatives = evidence.count("negatives", written.negatives if written else 0)
    if not negatives:
        return ()
    counted = count_text(negatives, "cell")
    return (f"{counted} negative by parentheses or by a minus sign at the end",)
