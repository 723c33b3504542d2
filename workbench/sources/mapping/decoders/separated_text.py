"""Several values in one cell: a list, a line of CSV, or pairs of names and values."""

import csv
from urllib.parse import unquote_plus

from workbench.sources.formats.json_values import Tree


def decode_list(text: str, mark: str | None = None) -> Tree:
    """Return the parts between marks, by default commas, without blanks around them.

    >>> decode_list("vip, denver,,new")
    ['vip', 'denver', 'new']
    """
    return [part.strip() for part in text.split(mark or ",") if part.strip()]


def decode_csv(text: str, mark: str | None = None) -> Tree:
    """Return the fields of a line of CSV, which may quote them.

    >>> decode_csv('"vip","den,ver"')
    ['vip', 'den,ver']
    """
    try:
        rows = list(csv.reader([text], delimiter=mark or ",", strict=True))
    except csv.Error:
        raise ValueError("not a line of CSV") from None
    return [field.strip() for row in rows for field in row if field.strip()]


def decode_pairs(text: str, mark: str | None = None) -> Tree:
    """Return the values by name of ``name=value`` pairs, percent-decoded.

    >>> decode_pairs("version=6&groups=C1%3A1%2CC2%3A0")
    {'version': '6', 'groups': 'C1:1,C2:0'}
    """
    pairs = (each.partition("=") for each in text.split(mark or "&"))
    return {name.strip(): unquote_plus(value) for name, _, value in pairs if name.strip()}
