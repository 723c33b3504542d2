"""Look at the columns of a single table, and propose what a policy does with each.

The proposal follows the name of a column and the form of its values, and says why. It is a start
for the person who knows what the columns mean, not a decision.
"""

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.extracts.column_hierarchies import as_dates, as_numbers
from workbench.foundation.counted_nouns import count_text
from workbench.privacy.recoding.hierarchies import Hierarchy, hierarchy_of
from workbench.studies import ColumnTreatment

#: Words in the names of columns that name a person or lead to one.
_DIRECT = (
    "name|surname|firstname|lastname|forename|email|e-?mail|mail|phone|telephone|mobile|fax|street|"
    "address|iban|bic|ssn|passport|ip|username|login|url|website|contact|signature|plate"
)
#: Words in the names of columns from which something is learned that a person may want to keep.
_SENSITIVE = (
    "income|salary|wage|debt|credit|loan|health|diagnosis|disease|illness|disability|religion|"
    "belief|party|politics|union|orientation|conviction|wealth|score|rating|satisfaction|opinion"
)
_OWNER = "customer|person|user|client|member|patient|subscriber|account|respondent"
_NUMBERED = "id|no|nr|num|number|key|code"
_POSTCODE = "zip|zipcode|postcode|plz|postal"
_FORMS = {
    "e-mail addresses": r"^[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}$",
    # Digits alone are an id unless they begin as numbers are dialled.
    "phone numbers": r"^(?:[+0]\d|\(?\d+[ ()/-])[\d ()/.-]{5,}\d$",
    "bank accounts": r"^[A-Z]{2}\d{2}[A-Z0-9]{10,30}$",
    "addresses of computers": r"^\d{1,3}(\.\d{1,3}){3}$",
}
#: Share of the stated cells that must have a form, and share of different values of an identifier.
_MOSTLY = 0.9
_NEARLY_ALL = 0.95
#: Number of characters above which texts are free text, and of different values of a category.
_LONG = 40
_CATEGORIES = 200
_MOST_WORDS = 5
#: Most different long texts that are answers to choose from.
_ANSWERS = 5
#: Most different values of a column that names nobody, such as yes and no.
_FEW = 10
#: Fewest different numbers that are put into bands.
_NUMBERS = 15
_BANDS_IN_MIDDLE = 5
_YEARS = (1850, 2150)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProposal:
    """What a policy may do with a column.

    Attributes
    ----------
    name : str
        Name of the column.
    rule : ColumnTreatment
        Proposed rule.
    reason : str
        Why, in words and counts, without any value.
    hierarchy : Hierarchy or None
        Hierarchy that the rule's file is to have.
    """

    name: str
    rule: ColumnTreatment
    reason: str
    hierarchy: Hierarchy | None = None


def propose_rule(cells: pl.Series, *, k: int) -> ColumnProposal:
    """Propose the rule of a column.

    Parameters
    ----------
    cells : Series
        Cells of the column, as texts or of the type of the file.
    k : int
        Fewest persons with a value that stands for itself in a drafted hierarchy.
    """
    stated = cells.drop_nulls()
    words = _words(cells.name)
    different = stated.n_unique()
    share = different / len(stated) if len(stated) else 0.0

    def propose(
        rule: ColumnTreatment, reason: str, hierarchy: Hierarchy | None = None
    ) -> ColumnProposal:
        return ColumnProposal(name=cells.name, rule=rule, reason=reason, hierarchy=hierarchy)

    if stated.is_empty():
        return propose(ColumnTreatment(treatment="drop"), "the column is empty")
    if _matches(words, _OWNER) and _matches(words, _NUMBERED) and share < _NEARLY_ALL:
        why = (
            f"{count_text(different, 'value')}, so persons have several rows: all are counted once"
        )
        return propose(ColumnTreatment(treatment="person"), why)
    if _matches(words, _DIRECT) and different > _FEW:
        return propose(ColumnTreatment(treatment="drop"), "its name says that it names a person")
    # A long name is the question of a survey, in which any word can stand.
    if len(words) <= _MOST_WORDS and _matches(words, _SENSITIVE) and different > 1:
        why = "its name says that persons may not want it known"
        return propose(ColumnTreatment(treatment="sensitive"), why)
    dates = as_dates(stated)
    if _is_plausible(dates) and 0 < dates.null_count() <= len(dates) * (1 - _MOSTLY):
        why = f"dates, but {count_text(dates.null_count(), 'cell')} are none: correct them first"
        return propose(ColumnTreatment(treatment="drop"), why)
    if _is_plausible(dates) and dates.null_count() == 0:
        why = f"dates of {count_text(dates.n_unique(), 'day')}"
        return propose(
            ColumnTreatment(treatment="generalise", dates=("month", "quarter", "year")), why
        )
    if form := _form_of(stated):
        return propose(ColumnTreatment(treatment="drop"), f"its values look like {form}")
    if _matches(words, _POSTCODE) and stated.cast(pl.String).str.contains(r"\d.*.{2}").all():
        length = int(stated.cast(pl.String).str.len_chars().max())  # type: ignore[arg-type]  # a number, as not empty
        kept = tuple(range(min(length - 1, 4), 0, -1))
        return propose(
            ColumnTreatment(treatment="generalise", prefixes=kept), "postcodes, cut from the right"
        )
    is_text = as_numbers(stated).null_count() > 0
    if share >= _NEARLY_ALL and (is_text or _matches(words, _NUMBERED)) and len(stated) > k:
        return propose(
            ColumnTreatment(treatment="drop"),
            "it has a value of its own in nearly every row",
        )
    if not is_text and different > _CATEGORIES and _matches(words, _NUMBERED):
        why = f"{count_text(different, 'number')} that name something, as its name says"
        return propose(ColumnTreatment(treatment="drop"), why)
    if not is_text and different >= _NUMBERS:
        widths = _band_widths(as_numbers(stated))
        why = f"{count_text(different, 'number')}, in bands from {widths[0]:g} wide"
        return propose(ColumnTreatment(treatment="generalise", bands=widths), why)
    is_long = different > _ANSWERS and _mean_length(stated) > _LONG
    if is_text and (different > _CATEGORIES or is_long):
        return propose(
            ColumnTreatment(treatment="drop"),
            f"{count_text(different, 'text')} without a hierarchy: write one to keep the column",
        )
    hierarchy = _common_and_other(stated, k)
    why = f"{count_text(different, 'value')}"
    if hierarchy is None:
        return propose(ColumnTreatment(treatment="generalise"), why)
    rule = ColumnTreatment(treatment="generalise", hierarchy=f"{'_'.join(words) or 'column'}.csv")
    return propose(rule, f"{why}; rare ones are other at level 1: group them better", hierarchy)


def why_it_names_persons(cells: pl.Series) -> str:
    """Return why a column names persons, or leads to one, as a clause; empty if it does not."""
    stated = cells.drop_nulls()
    if stated.is_empty() or as_dates(stated).null_count() == 0:
        return ""
    if form := _form_of(stated):
        return f"its values look like {form}"
    is_own = stated.n_unique() > max(_FEW, len(stated) / 2)
    if is_own and _matches(_words(cells.name), _DIRECT):
        return "its name says so, and most of its values are of one row"
    return ""


def _form_of(stated: pl.Series) -> str:
    """Return the form that most of the texts have; empty if there is none."""
    if stated.dtype != pl.String:
        return ""
    shares = {form: stated.str.contains(pattern).mean() for form, pattern in _FORMS.items()}
    return next((form for form, share in shares.items() if share > _MOSTLY), "")  # type: ignore[operator]  # a share, as not empty


def _is_plausible(dates: pl.Series) -> bool:
    """Return whether days lie in the years of persons' data; other numbers can have their form."""
    years = dates.dt.year().drop_nulls()
    return len(years) > 0 and bool(years.is_between(*_YEARS).all())


def _mean_length(stated: pl.Series) -> float:
    return float(stated.cast(pl.String).str.len_chars().to_numpy().mean())


def _words(name: str) -> list[str]:
    """Return the words of a column's name, in lower case."""
    return [
        word
        for word in re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
        if word
    ]


def _matches(words: list[str], pattern: str) -> bool:
    return any(re.fullmatch(pattern, word) for word in [*words, "".join(words)])


def _band_widths(numbers: pl.Series) -> tuple[float, ...]:
    """Return widths of 1 or 5 times a power of ten, about five of the first in the middle half.

    The last width is the first that is as wide as the range of the numbers.

    Examples
    --------
    >>> _band_widths(pl.Series(range(17, 91)))
    (10.0, 50.0, 100.0)
    """
    middle = np.quantile(numbers.drop_nulls().to_numpy().astype(np.float64), (0.0, 0.25, 0.75, 1.0))
    target, whole = (middle[2] - middle[1]) / _BANDS_IN_MIDDLE, middle[3] - middle[0]
    power = 10.0 ** np.floor(np.log10(target)) if target > 0 else 1.0
    first = next(each * power for each in (1, 5, 10) if each * power >= target)
    widths = [float(first)]
    while widths[-1] < whole:
        # 1 and 5 take turns, so every width is a multiple of the one before.
        is_five = round(widths[-1] / 10.0 ** np.floor(np.log10(widths[-1]) + 1e-9)) == 5
        widths.append(widths[-1] * (2 if is_five else 5))
    return tuple(widths)


def _common_and_other(values: pl.Series, k: int) -> Hierarchy | None:
    """Return the hierarchy value, common value or ``other``, ``*``; None if all are common."""
    counted = values.cast(pl.String).rename("value").value_counts(sort=True)
    rare = counted["count"] < k
    if not rare.any() or counted.height - int(rare.sum()) < 2:
        return None
    return hierarchy_of(
        counted.select(
            "value",
            pl.when(~rare).then("value").otherwise(pl.lit("other")).alias("common"),
            pl.lit("*").alias("last"),
        ),
        name="of common values",
    )
