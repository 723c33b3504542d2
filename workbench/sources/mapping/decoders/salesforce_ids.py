"""Record ids of Salesforce, of 15 characters with case or 18 with a checksum of the case.

The last three characters of the long form say which of the first fifteen are capitals, five bits
each, so that ids stay distinct where case is lost (Salesforce Object Reference, "ID field type").
"""

import re

from workbench.sources.formats.json_values import Tree

_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHORT = 15
_FORM = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-5]{3})?")


def decode_salesforce_id(text: str, mark: str | None = None) -> Tree:
    """Return the form of 18 characters; one whose checksum does not fit stays as it is written.

    Raises
    ------
    ValueError
        The text is neither form.

    >>> decode_salesforce_id("003Ab00000cDeFg"), decode_salesforce_id("003AB00000cDeFgYAK")
    ('003Ab00000cDeFgIAK', '003AB00000cDeFgYAK')
    """
    bare = text.strip()
    if not _FORM.fullmatch(bare):
        raise ValueError("not a Salesforce id")
    if len(bare) > _SHORT:
        return bare
    return bare + "".join(_sign(bare[start : start + 5]) for start in (0, 5, 10))


def _sign(five: str) -> str:
    return _SIGNS[sum(1 << place for place, letter in enumerate(five) if letter.isupper())]
