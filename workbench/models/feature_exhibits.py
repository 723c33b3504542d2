"""How reports speak of features: in words instead of column names, values with their units."""

import polars as pl

from workbench.charts.wording import NOTHING
from workbench.sources.numerals import exponent

#: Where the first part of a meaning ends; what follows is for who computes with the feature.
_FURTHER = r"(?:\. |; |: ).*$"
_GAP = "\xa0"  # no line begins with a unit
_PER_MONTH = " per month"


def words(feature: str, group: str, meaning: str) -> pl.Expr:
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
        .then(pl.col(feature).str.replace_all("_", " "))
        .when(pl.col(feature).str.contains(": ", literal=True))
        .then(whole)
        .otherwise(whole.str.replace(_FURTHER, ""))
    )


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
    '458.36\xa0EUR'
    >>> value_text(0.85, "share", currency="EUR")
    '85%'
    >>> value_text(2.0, "count", currency="EUR")
    '2'
    """
    if value is None:
        return NOTHING
    if unit.startswith("minor unit"):
        places = exponent(currency)
        after = _PER_MONTH if unit.endswith(_PER_MONTH) else ""
        return f"{value / 10**places:,.{places}f}{_GAP}{currency}{after}"
    if unit in ("share", "yes/no"):
        return f"{value:.0%}"
    told = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    return told if unit in ("count", "as stated") else f"{told}{_GAP}{unit}"
