"""How reports speak of features: in words instead of column names, values with their units."""

import polars as pl

from workbench.charts.formatting import NOTHING
from workbench.sources.numerals import decimal_places

#: Where the first part of a meaning ends; what follows is for who computes with the feature.
_FURTHER = r"(?:\. |; |: ).*$"
_NAMESPACE = r"^(\w+\.)"  # product.internet_service
_WHOLE = 100  # amounts from which cents are not told: they are medians of bins
_GAP = "\xa0"  # no line begins with a unit
_PER_MONTH = " per month"


def feature_words(feature: str, group: str, meaning: str) -> pl.Expr:
    """Return what a feature is, in words: the first part of its meaning.

    Parameters
    ----------
    feature, group, meaning : str
        Columns, as ``feature_dictionary`` gives them. Columns of the profile all have the same
        meaning and are called by their names; names of categories are the shop's and stay whole.
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

    Of ``product.internet_service`` the namespace is told only where two names would be equal. A
    name that has no namespace is left as it is but for its underscores and its first letter.

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
        Of the dictionary of features: amounts come in minor units and are told in the currency.
    currency : str
        ISO 4217.

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
    told = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    return told if unit in ("count", "as stated") else f"{told}{_GAP}{unit}"
