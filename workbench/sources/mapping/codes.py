"""Codes: texts that may look like numbers, and what programs do to them that take them for some.

A spreadsheet guards a code by an apostrophe, drops its leading zeros, or writes it with an
exponent. pandas writes whole numbers as floats where a cell of the column is empty: customer 17850
becomes 17850.0, who would be another customer.
"""

from dataclasses import dataclass

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.schema.person_identifiers import WORDS_FOR_NO_VALUE
from workbench.sources.file_evidence import FileEvidence
from workbench.sources.mapping.typed_cells import to_text

#: An exponent as spreadsheets and pandas write it: 1.22158E+17, 5.55e+12.
_EXPONENT = r"^-?\d(\.\d+)?[eE][+-]\d+$|^-?\d\.\d+[eE]\d+$"
_LONGEST_WORD = max(map(len, WORDS_FOR_NO_VALUE))
#: Codes, in lower case, that exports give to records without one, as the customer 0 to guests.
_STAND_INS = ("0", "00", "000", "0000", "-", "--", "-1", "?", "unknown", "guest", "anonymous")
#: Number of records, and of other codes, from which such a code may stand for none.
_MANY = 10
#: Signs without a width, which programs for chats and accounting put around copied codes.
_INVISIBLE = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
#: A date as workbooks are read, see ``sheet_cells``.
_DATE_OF_SHEET = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
#: Number of digits that a spreadsheet keeps of a number.
_DIGITS_OF_SHEET = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedCodes:
    """Codes of a column, cells whose digits are lost or became a date, and assumptions."""

    values: pl.Series
    is_destroyed: pl.Series
    is_date: pl.Series
    notes: tuple[str, ...]


def parse_codes(
    cells: pl.Series, is_number: pl.Series | None, evidence: FileEvidence | None = None
) -> ParsedCodes:
    """Return codes as they were before a program took them for numbers.

    Parameters
    ----------
    cells : Series
        Text, or numbers of a typed file.
    is_number : Series of Boolean, optional
        Whether a workbook stores the cell as a number without leading zeros.
    evidence : FileEvidence, optional
        Evidence of the column's earlier batches.
    """
    evidence = evidence or FileEvidence()
    text, notes = _without_invisible(to_text(cells).str.strip_chars(), evidence)
    may_be_guarded = text.str.starts_with("'").any()
    found = int(text.str.contains(r"^'[\w+=@-]").sum() or 0) if may_be_guarded else 0
    unguarded = text.str.replace(r"^'([\w+=@-])", "$1") if found else text
    guarded = evidence.count("guarded", found)
    if guarded:
        notes.append(f"guard apostrophe removed from {count_text(guarded, 'cell')}")
    bare, float_notes = _without_float_ends(unguarded, evidence)
    notes += float_notes
    no_longer = bare.filter(bare.str.len_bytes() <= _LONGEST_WORD)
    lowered = no_longer.str.to_lowercase()
    likely = lowered.filter(
        lowered.is_in([*WORDS_FOR_NO_VALUE, *_STAND_INS]).fill_null(value=False)
    )
    words = int(likely.is_in(list(WORDS_FOR_NO_VALUE)).sum() or 0)
    words = evidence.count("words", words)
    if words:
        notes.append(
            f"{count_text(words, 'cell')} with a word for no value, like null or nan, taken as "
            "codes: list the word as empty"
        )
    notes += _stand_in_notes(likely, bare, evidence)
    is_destroyed = bare.str.contains(_EXPONENT).fill_null(value=False) | _is_inexact(cells)
    is_date = pl.repeat(value=False, n=len(bare), dtype=pl.Boolean, eager=True)
    if is_number is not None:
        is_date = bare.str.contains(_DATE_OF_SHEET).fill_null(value=False)
    if is_number is not None and is_number.any():
        digits = bare.str.len_chars()
        is_destroyed |= is_number & (digits > _DIGITS_OF_SHEET).fill_null(value=False)
        # Only a number shorter than the longest code of the column can have lost zeros.
        longest = bare.filter(bare.str.contains(r"^\d+$")).str.len_chars().max()
        short = int((is_number & (digits < longest)).sum() or 0)
        if short:
            notes.append(f"{count_text(short, 'cell')} stored as a number, leading zeros unknown")
    is_lost = is_destroyed | is_date
    values = bare.set(is_lost, None) if is_lost.any() else bare
    return ParsedCodes(
        values=values, is_destroyed=is_destroyed, is_date=is_date, notes=tuple(notes)
    )


def _stand_in_notes(likely: pl.Series, codes: pl.Series, evidence: FileEvidence) -> list[str]:
    """Return a sentence on codes that many records share and that may stand for no code."""
    stand_ins = likely.filter(likely.is_in(list(_STAND_INS)))
    shared = stand_ins.value_counts().filter(pl.col("count") >= _MANY)["count"].sum()
    found = int(shared) if shared and codes.n_unique() > _MANY else 0
    count = evidence.count("stand-ins", found)
    if not count:
        return []
    cells = count_text(count, "cell")
    return [f"{cells} share a code like 0, - or guest: list it as empty if it stands for none"]


def _without_invisible(text: pl.Series, evidence: FileEvidence) -> tuple[pl.Series, list[str]]:
    """Remove signs without a width: a code with one would be another code that looks the same."""
    is_ascii = text.str.len_bytes().sum() == text.str.len_chars().sum()
    found = 0 if is_ascii else int(text.str.contains(_INVISIBLE).sum() or 0)
    if found:
        text = text.str.replace_all(_INVISIBLE, "").str.strip_chars()
    count = evidence.count("invisible signs", found)
    return text, [f"invisible signs removed from {count_text(count, 'cell')}"] if count else []


def _without_float_ends(text: pl.Series, evidence: FileEvidence) -> tuple[pl.Series, list[str]]:
    """Remove ``.0`` if all cells of the column are whole numbers, of which some were floats."""
    found = other = 0
    if text.str.ends_with(".0").any():
        found = int(text.str.contains(r"^-?\d+\.0$").sum() or 0)
        other = int((~text.str.contains(r"^-?\d+(\.0)?$")).sum() or 0)
    count, others = evidence.total("float ends", found, other)
    evidence.decide("ends of floats", count > 0 and others == 0)
    if not count:
        return text, []
    counted = f"{count_text(count, 'cell')} {'ends' if count == 1 else 'end'} in .0"
    if others:
        return text, [f"{counted} and kept it, since other cells are no whole numbers"]
    return text.str.replace(r"\.0$", ""), [f"{counted} as floats do: the end is removed"]


def _is_inexact(cells: pl.Series) -> pl.Series:
    """Mark floats beyond the whole numbers that their type can tell apart."""
    if not cells.dtype.is_float():
        return pl.repeat(value=False, n=len(cells), eager=True)
    exact = 2.0**24 if cells.dtype == pl.Float32 else 2.0**53
    return (cells.abs() >= exact).fill_null(value=False)
