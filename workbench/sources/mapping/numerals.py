"""Parse numbers in the notations of people and programs, exactly.

No number is converted to a binary float. A float cell of a typed file is converted by its shortest
decimal text, which is the number that was entered. ``1.250`` may be one and a quarter or twelve
hundred and fifty; the unambiguous cells of the column decide, and a column without them is not
read until the mapping declares its decimal mark.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.sources.file_evidence import FileEvidence

Mark = Literal[".", ","]

#: Number of digits after the point while parsing; further digits are rounded.
_SCALE = 18
#: Size from which a number is not parsed: Decimal(38, 18) has twenty digits before the point.
_TOO_LARGE = 1e19
#: The decimal mark is settled if at most one clear cell in so many contradicts the others.
_CONTRADICTED = 20

_PLAIN = r"^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$"
_FORMS: Mapping[Mark, str] = MappingProxyType(
    {
        ".": r"^[+-]?(\d+|\d{1,3}([, ']\d{3})+)(\.\d+)?$|^[+-]?\.\d+$",
        ",": r"^[+-]?(\d+|\d{1,3}([. ']\d{3})+)(,\d+)?$|^[+-]?,\d+$",
    }
)
#: Numbers with a decimal point whose digits are grouped as in India: three, then pairs (1,00,000).
_INDIAN_FORM = r"^[+-]?(\d+|\d{1,3},\d{3}|\d{1,2}(,\d{2})+,\d{3})(\.\d+)?$|^[+-]?\.\d+$"
#: Numbers that are grouped in pairs, and numbers that are grouped by threes more than once.
_PAIRS, _THREES = r"^[+-]?\d{1,2}(,\d{2})+,\d{3}(\.\d+)?$", r"^[+-]?\d{1,3}(,\d{3}){2,}(\.\d+)?$"
#: A number of which one mark must separate decimals: other marks or blanks separate groups before
#: it, it occurs once and not before three digits, or nothing but a zero is before it.
_CLEAR: Mapping[Mark, str] = MappingProxyType(
    {
        ".": r",.*\.|,.*,|[ '].*\.|\.\d{1,2}$|\.\d{4,}$|^[+-]?0?\.",
        ",": r"\..*,|\..*\.|[ '].*,|,\d{1,2}$|,\d{4,}$|^[+-]?0?,",
    }
)
#: A number whose marks all separate groups of three digits, if it has no decimals.
_GROUPED = r"^[+-]?[1-9]\d{0,2}(\.\d{3})+$|^[+-]?[1-9]\d{0,2}(,\d{3})+$"

#: A number with its sign and the texts beside it, as in ``-5``, ``(5.00) €``, ``US$ 5``, ``5,00-``.
_WRITTEN = (
    r"^(?<open>\()?\s*(?<minus>[+-])?\s*(?<before>[^\d\s()+\-.,'%][^\d()+\-,'%]*?)?\s*"
    r"(?<inner_open>\()?\s*(?<inner_minus>[+-])?\s*"
    r"(?<digits>[.,]?\d(?:[\d.,' ]*\d)?(?:[eE][+-]?\d+)?)\s*"
    r"(?<inner_trailing>-)?\s*(?<inner_close>\))?\s*"
    r"(?<after>[^\d\s()+\-.,'%][^\d()+\-,'%]*?)?\s*(?<trailing>-)?\s*(?<close>\))?$"
)

#: A number whose point, if it has one, can only separate decimals.
_SIMPLE = r"^[+-]?\d{1,17}(?:\.\d{1,2})?$"

#: A number without anything beside it.
_BARE = r"^[+-]?\d[\d.,]*$"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenNumbers:
    """Numbers as they are written, with the texts beside them.

    Attributes
    ----------
    digits : Series of String
        Sign, digits and marks of each number; null if the cell is empty or not a number.
    before, after : Series of String
        Text before and after the number, null if there is none.
    negatives : int
        Number of cells that are negative by parentheses or by a minus sign at the end.
    """

    digits: pl.Series
    before: pl.Series
    after: pl.Series
    negatives: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedNumbers:
    """Exact numbers of a column.

    Attributes
    ----------
    values : Series of Decimal(38, 18)
        Null if the cell is empty or not a number in the column's notation.
    is_too_large : Series of Boolean
        True if the cell is a number that is too large to be stored.
    notes : tuple of str
        Assumptions about the decimal mark.
    question : str or None
        Why the decimal mark cannot be known, and what to declare; then the values do not count.
    """

    values: pl.Series
    is_too_large: pl.Series
    notes: tuple[str, ...] = ()
    question: str | None = None


def separate_units(cells: pl.Series) -> WrittenNumbers:
    """Separate numbers from the currencies, parentheses and minus signs beside them."""
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(cells))
    if cells.str.contains(_BARE).all():
        return WrittenNumbers(digits=cells, before=nothing, after=nothing, negatives=0)
    text = (
        cells.str.replace_all(r"[\u00a0\u202f\u2009]", " ")
        .str.replace_all("[\u2212\u2013]", "-")
        .str.replace_all("\u2019", "'", literal=True)
        .str.strip_chars()
    )
    if text.str.contains(_BARE).all():
        return WrittenNumbers(digits=text, before=nothing, after=nothing, negatives=0)
    parts = text.to_frame("text").select(pl.col("text").str.extract_groups(_WRITTEN)).unnest("text")
    opens = pl.sum_horizontal(pl.col("open", "inner_open").is_not_null())
    closes = pl.sum_horizontal(pl.col("close", "inner_close").is_not_null())
    leading = pl.sum_horizontal(pl.col("minus", "inner_minus").is_not_null())
    trailing = pl.sum_horizontal(pl.col("inner_trailing", "trailing").is_not_null())
    is_written = (opens == closes) & (opens + leading + trailing <= 1)
    is_negative = (opens + trailing == 1) | pl.any_horizontal(
        pl.col("minus", "inner_minus").eq_missing(pl.lit("-"))
    )
    sign = pl.when(is_negative).then(pl.lit("-")).otherwise(pl.lit(""))
    found = parts.select(
        digits=pl.when(is_written).then(sign + pl.col("digits")),
        before=pl.col("before").str.strip_chars(),
        after=pl.col("after").str.strip_chars(),
        negative=is_written & (opens + trailing == 1) & pl.col("digits").is_not_null(),
    )
    return WrittenNumbers(
        digits=found["digits"],
        before=found["before"],
        after=found["after"],
        negatives=int(found["negative"].sum()),
    )


def parse_numerals(
    written: WrittenNumbers,
    *,
    is_plain: bool | pl.Series,
    declared: Mark | None,
    is_whole: bool | pl.Series,
    evidence: FileEvidence | None = None,
) -> ParsedNumbers:
    """Parse written numbers as exact decimals.

    Parameters
    ----------
    written : WrittenNumbers
        Numbers as they are written.
    is_plain : bool or Series of Boolean
        Whether the format, or a cell of it, writes plain notation, so that ``1.250`` is clear.
    declared : "." or "," or None
        Decimal mark that the mapping declares; None lets the cells vote.
    is_whole : bool or Series of Boolean
        Whether numbers have no decimals, so that groups of three digits are thousands.
    evidence : FileEvidence, optional
        Evidence of the column's earlier batches.
    """
    text = written.digits
    is_simple = is_plain is False and bool(text.str.contains(_SIMPLE).all())
    if is_plain is True and (declared == "," or text.str.contains(",", literal=True).any()):
        is_plain = ~text.str.contains("[.,]")  # The column has texts in another notation, so vote.
    never = pl.repeat(value=False, n=len(text), eager=True)
    is_safe = is_grouped = never
    has_pairs, notes = _find_pairs(text, evidence or FileEvidence())
    if is_simple:
        counts = (0, int(text.str.contains(".", literal=True).sum() or 0), 0, 0, 0)
    else:
        is_exact = text.str.contains(_PLAIN) & (is_plain | text.str.contains("[eE]"))
        is_safe = is_exact.fill_null(value=False)
        voting = text.set(is_safe, None)
        is_grouped = (voting.str.contains(_GROUPED) & is_whole).fill_null(value=False)
        counts = _count_votes(voting, is_grouped)
    vote = _vote(counts, evidence if evidence and not declared else FileEvidence())
    mark = declared or vote.mark
    notes = notes if declared else (*vote.notes, *notes)
    if is_simple and mark == ".":
        values = text.str.to_decimal(scale=_SCALE)
        return ParsedNumbers(values=values, is_too_large=never, notes=notes)
    plain = text
    for sign in (" ", "'", "." if mark == "," else ","):
        if plain.str.contains(sign, literal=True).any():
            plain = plain.str.replace_all(sign, "", literal=True)
    if mark != ".":
        plain = plain.str.replace(mark, ".", literal=True)
    form = _INDIAN_FORM if has_pairs and mark == "." else _FORMS[mark]
    plain = plain.set(~text.str.contains(form).fill_null(value=False), None)
    if declared is None and not vote.is_clear:
        plain = plain.zip_with(~is_grouped, text.str.replace_all("[.,]", ""))
    chosen = text.zip_with(is_safe, plain)
    is_too_large = _is_too_large(chosen.cast(pl.Float64, strict=False))
    return ParsedNumbers(
        values=chosen.set(is_too_large, None).str.to_decimal(scale=_SCALE),
        is_too_large=is_too_large,
        notes=notes,
        question=None if declared else vote.question,
    )


def to_decimals(cells: pl.Series) -> ParsedNumbers:
    """Return cells of a number type as exact decimals, floats by their shortest decimal text."""
    size = cells.cast(pl.Float64, strict=False)
    is_too_large = _is_too_large(size) & size.is_finite().fill_null(value=False)
    small = cells.set(is_too_large, None)
    if cells.dtype.is_float():
        finite = small.set(~cells.is_finite().fill_null(value=False), None)
        values = finite.cast(pl.String).str.to_decimal(scale=_SCALE)
    else:
        values = small.cast(pl.Decimal(38, _SCALE), strict=False)
    return ParsedNumbers(values=values, is_too_large=is_too_large)


def _is_too_large(numbers: pl.Series) -> pl.Series:
    return (numbers.abs() >= _TOO_LARGE).fill_null(value=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vote:
    mark: Mark
    is_clear: bool
    notes: tuple[str, ...] = ()
    question: str | None = None


def _find_pairs(text: pl.Series, evidence: FileEvidence) -> tuple[bool, tuple[str, ...]]:
    """Return whether a column groups its digits as in India, and what is said about it.

    12,345 fits both ways of grouping, so longer numbers decide: 1,23,456 or 1,234,567.
    """
    has_groups = text.str.contains(r",\d+,").any()
    pairs = int(text.str.contains(_PAIRS).sum() or 0) if has_groups else 0
    threes = int(text.str.contains(_THREES).sum() or 0) if has_groups else 0
    pairs, threes = evidence.total("groups of digits", pairs, threes)
    has_pairs = pairs > 0 and threes * _CONTRADICTED <= pairs
    if pairs + threes:
        evidence.decide("groups of digits", has_pairs)
    if not has_pairs:
        return False, ()
    return True, (f"digits grouped as in India, by {count_text(pairs, 'cell')} like 1,00,000",)


def _count_votes(text: pl.Series, is_grouped: pl.Series) -> tuple[int, int, int, int, int]:
    """Count the cells that are clear, by mark, unclear, unclear and not grouped, and grouped."""
    is_number = text.str.contains(f"{_FORMS['.']}|{_FORMS[',']}|{_PAIRS}")
    text = text.set(~is_number.fill_null(value=True), None)
    comma, point = text.str.contains(_CLEAR[","]), text.str.contains(_CLEAR["."])
    either = (text.str.contains("[.,]") & ~comma & ~point).fill_null(value=False)
    return (
        int((comma & ~point & ~is_grouped).sum() or 0),
        int((point & ~comma & ~is_grouped).sum() or 0),
        int(either.sum()),
        int((either & ~is_grouped).sum()),
        int(is_grouped.sum()),
    )


def _vote(counts: tuple[int, int, int, int, int], evidence: FileEvidence) -> _Vote:
    """Choose the decimal mark by a vote of the unambiguous cells, see ``_count_votes``."""
    for_comma, for_point, unclear, ambiguous, grouped = evidence.total("decimal mark", *counts)
    clear, fewer = for_comma + for_point, min(for_comma, for_point)
    is_settled = clear > 0 and fewer * _CONTRADICTED <= clear
    mark: Mark = "," if for_comma > for_point else "."
    if clear + unclear + grouped:
        evidence.decide("decimal mark", mark)
    if grouped:
        evidence.decide("separator of thousands", clear > 0)
    if ambiguous and not is_settled:
        evidence.need_whole("the cells read so far do not settle the decimal mark")
        contradiction = f" ({for_point:,} cells have a decimal point, {for_comma:,} a comma)"
        return _Vote(
            mark=".",
            is_clear=False,
            question=f"{count_text(ambiguous, 'cell')} with three digits after a point or comma "
            "may be decimals or thousands, and the other cells do not settle it"
            f'{contradiction if clear else ""}: declare decimal = "." (then 1.234 is less than '
            'two) or decimal = "," (then 1.234 is more than a thousand)',
        )
    notes: tuple[str, ...] = ()
    if mark == "," or (clear and unclear):
        word = "comma" if mark == "," else "point"
        notes = (f"decimal {word}, by {max(for_comma, for_point):,} of {clear:,} clear cells",)
    if grouped and not clear:
        counted = f"{count_text(grouped, 'cell')} with groups of three digits"
        notes = (f"whole numbers: {counted} are thousands",)
    return _Vote(mark=mark, is_clear=clear > 0, notes=notes)
