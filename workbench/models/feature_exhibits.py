"""Texts about features in reports: names in words instead of column names, values with units."""

import polars as pl

from workbench.charts.formatting import NOTHING
from workbench.schema.currencies import decimal_places

#: Part of a meaning after its first clause; it is for readers who compute with the feature.
_FURTHER = r"(?:\. |; |: ).*$"
_NAMESPACE = r"^(\w+\.)"  # matches the namespace of product.internet_service
_WHOLE = 100  # smallest amount that is printed without cents, because it is the median of bins
_GAP = "\xa0"  # a space at which no line breaks, so that no line begins with a unit
_PER_MONTH = " per month"


def feature_words(feature: str, group: str, meaning: str) -> pl.Expr:
    """Return the description of features in words: the first clause of their meaning.

    Parameters
    ----------
    feature, group, meaning : str
        Columns with the results of ``feature_dictionary``. Columns of the profile all have the same
        meaning, so their names are used; names of categories are the shop's and are not shortened.
    """
    whole = pl.col(meaning).str.strip_suffix(".")
    return (
        pl.when(pl.col(group) == "profile")
        .then(name_words(feature))
        .when(pl.col(feature).str.contains(": ", literal=True))
        .then(whole)
        .otherwise(whole.str.replace(_FURTHER, ""))
    )


def name_words(feature: str) -> pl.Expr:
    """Return names of columns and attributes as words: "Internet service".

    The namespace of ``product.internet_service`` is added in brackets only if two names would be
    equal. In a name without a namespace only underscores and the first letter change.

    Parameters
    ----------
    feature : str
        Column of the names.
    """
    bare = pl.col(feature).str.replace(_NAMESPACE, "").str.strip_suffix("_minor")
    spaced = bare.str.replace_all("_", " ")
    capital = pl.concat_str(spaced.str.slice(0, 1).str.to_uppercase(), spaced.str.slice(1))
    space = pl.col(feature).str.extract(_NAMESPACE).str.strip_suffix(".")
    is_shared = capital.is_duplicated() & ~pl.col(feature).is_duplicated() & space.is_not_null()
    return pl.when(is_shared).then(pl.format("{} ({})", capital, space)).otherwise(capital)


def value_text(value: float | None, unit: str, *, currency: str) -> str:
    r"""Return a feature's value as a reader sees it.

    Parameters
    ----------
    value : float or None
    unit : str
        Unit in the dictionary of features; amounts in minor units are printed in the currency.
    currency : str
        ISO 4217 code.

    Examples
    --------
    >>> value_text(45835.72, "minor unit", currency="EUR")
    '458\xa0EUR'
    >>> value_text(0.85, "share", currency="EUR")
    '85%'
    >>> value_text(2.0, "count", currency="EUR")
    '2'
    """
    if value is None:
        return NOTHING
    if unit.startswith("minor unit"):
        places = decimal_places(currency)
        after = _PER_MONTH if unit.endswith(_PER_MONTH) else ""
        amount = value / 10**places
        return f"{amount:,.{0 if abs(amount) >= _WHOLE else places}f}{_GAP}{currency}{after}"
    if unit in ("share", "yes/no"):
        return f"{value:.0%}"
    number = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    return number if unit in ("count", "as stated") else f"{number}{_GAP}{unit}"
