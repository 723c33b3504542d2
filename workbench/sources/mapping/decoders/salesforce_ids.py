"""Record ids of Salesforce, of 15 characters with case or 18 with a checksum of the case.

The last three characters of the long form say which of the first fifteen are capitals, five bits
each, so that ids stay distinct where case is lost (Salesforce Object Reference, "ID field type").
"""

import re

from workbench.sources.formats.json_values import Tree

_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_FORM = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-5]{3})?")


def decode_salesforce_id(text: str, mark: str | None = None) -> Tree:
    """Return the form of 18 characters of either form.

    Raises
    ------
    ValueError
        The text is neither form, or its checksum does not fit.

    >>> decode_salesforce_id("003Ab00000cDeFg"), decode_salesforce_id("003AB00000cDeFgYAK")
    ('003Ab00000cDeFgIAK', '003AB00000cDeFgYAK')
    """
    bare = text.strip()
    if not _FORM.fullmatch(bare):
        raise ValueError("not a Salesforce id")
    checksum = "".join(_sign(bare[start : start + 5]) for start in (0, 5, 10))
    if len(bare) == len("003Ab00000cDeFg") + 3 and bare[15:].upper() != checksum:
        raise ValueError("the checksum of a Salesforce id does not fit")
    return bare[:15] + checksum


def _sign(five: str) -> str:
    return _SIGNS[sum(1 << place for place, letter in enumerate(five) if letter.isupper())]
