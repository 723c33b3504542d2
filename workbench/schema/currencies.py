"""Currencies: their codes, their smallest units, and the signs with which people write them.

Several currencies share a sign: ``$`` is written for US dollars and for Mexican pesos. A sign
therefore agrees with the declared currency if that currency uses it; it never decides between
currencies.
"""

from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

#: Code of ISO 4217 for transactions without any currency.
NO_CURRENCY = "XXX"

#: Codes of ISO 4217 by the decimal places of the smallest unit, which table A.1 of it lists.
_CODES_BY_PLACES: Mapping[int, str] = MappingProxyType(
    {
        0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
        2: (
            "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN "
            "BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN "
            "ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD "
            "KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR "
            "MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB "
            "SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY "
            "TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ZWL"
        ),
        3: "BHD IQD JOD KWD LYD OMR TND",
        4: "CLF UYW",
    }
)

_PLACES: Mapping[str, int] = MappingProxyType(
    {code: places for places, codes in _CODES_BY_PLACES.items() for code in codes.split()}
)

#: Currencies that use a sign or an abbreviation, in lower case.
_USERS_OF_SIGN: Mapping[str, str] = MappingProxyType(
    {
        "$": (
            "USD AUD CAD NZD SGD HKD TWD MXN ARS CLP COP UYU BRL BBD BMD BND BSD BZD CUP DOP FJD "
            "GYD JMD KYD LRD NAD SBD SRD TTD XCD"
        ),
        "us$": "USD",
        "a$": "AUD", "au$": "AUD", "c$": "CAD", "ca$": "CAD", "can$": "CAD", "nz$": "NZD",
        "s$": "SGD", "hk$": "HKD", "nt$": "TWD", "mx$": "MXN", "r$": "BRL", "ar$": "ARS",
        "£": "GBP EGP LBP SYP GIP FKP SHP SSP", "€": "EUR", "euro": "EUR", "euros": "EUR",
        "¥": "JPY CNY", "￥": "JPY CNY", "円": "JPY", "元": "CNY",
        "kr": "SEK NOK DKK ISK", "kr.": "SEK NOK DKK ISK",
        "zł": "PLN", "kč": "CZK", "ft": "HUF", "lei": "RON", "leu": "RON", "лв": "BGN",
        "лв.": "BGN", "₽": "RUB", "руб": "RUB", "руб.": "RUB", "₴": "UAH", "fr": "CHF",
        "fr.": "CHF", "sfr": "CHF", "sfr.": "CHF",
        "₹": "INR", "rs": "INR PKR LKR NPR MUR SCR", "rs.": "INR PKR LKR NPR MUR SCR",
        "₩": "KRW", "₺": "TRY", "tl": "TRY", "₪": "ILS", "฿": "THB", "₫": "VND", "đ": "VND",
        "₱": "PHP", "rp": "IDR", "rm": "MYR", "r": "ZAR", "₦": "NGN", "₵": "GHS", "₡": "CRC",
        "₸": "KZT", "₾": "GEL", "₮": "MNT", "₲": "PYG", "s/": "PEN",
    }
)  # fmt: skip


def decimal_places(currency: str) -> int:
    """Return the decimal places of a currency's smallest unit, 2 for an unknown currency."""
    return _PLACES.get(currency, 2)


def is_currency(mark: str) -> bool:
    """Return whether a text is the code of a currency or a sign of one.

    Examples
    --------
    >>> is_currency("chf"), is_currency("kr"), is_currency("pcs")
    (True, True, False)
    """
    return mark.upper() in _PLACES or mark.lower() in _USERS_OF_SIGN


def known_currencies(cells: pl.Series) -> pl.Series:
    """Return the ISO 4217 code in each cell of a column of codes, null where there is none."""
    stated = cells.unique()  # Columns of currencies have few different cells.
    code = stated.str.strip_chars().str.to_uppercase()
    known = code.set(~code.is_in(list(_PLACES)).fill_null(value=True), None)
    return cells.replace_strict(stated, known, return_dtype=pl.String)


def stated_currencies(marks: pl.Series, expected: pl.Series) -> pl.Series:
    """Return the currency that each sign or code beside a number states.

    Parameters
    ----------
    marks : Series of String
        Text beside the number, null where there is none.
    expected : Series of String
        Currency that the mapping expects in the cell.

    Returns
    -------
    Series of String
        The expected currency if it uses the sign, else the first currency that does. Null where
        there is no text or it is the sign of no currency.

    Examples
    --------
    >>> import polars as pl
    >>> stated_currencies(pl.Series(["$", "¥", "pcs"]), pl.Series(["CAD", "EUR", "EUR"])).to_list()
    ['CAD', 'JPY', None]
    """
    if marks.null_count() == len(marks):
        return marks
    pairs = pl.DataFrame({"mark": marks, "expected": expected})
    distinct = pairs.unique()
    stated = [_currency_of(mark, currency) for mark, currency in distinct.iter_rows()]
    return pairs.join(
        distinct.with_columns(stated=pl.Series(stated, dtype=pl.String)),
        on=["mark", "expected"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )["stated"]


def _currency_of(mark: str | None, expected: str | None) -> str | None:
    sign = (mark or "").lower()
    users = _USERS_OF_SIGN.get(sign, "").split()
    if sign.upper() in _PLACES:
        users = [sign.upper()]
    return expected if expected in users else next(iter(users), None)


def decimal_places_of(currencies: pl.Series) -> pl.Series:
    """Return the decimal places of each currency's smallest unit, as Int64."""
    return currencies.replace_strict(dict(_PLACES), default=2, return_dtype=pl.Int64)
