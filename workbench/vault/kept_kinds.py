"""Kinds of personal content that is no table, which the vault seals one file each.

This is the only list of them: the vault seals no other kind, and ``status --check`` opens every
sealed file of each kind.
"""

from collections.abc import Mapping
from types import MappingProxyType

from workbench.foundation.errors import ParameterError, unknown_name

#: Folder of each kind in the workspace, and what ``status --check`` calls its content.
KEPT_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "notebooks": "executed notebooks",
        "persons": "lists of persons in executed notebooks",
        "runs": "seals of runs",
        "variants": "counts of published reports",
        "site": "results of the site's searches",
        "held-back": "refused records of loads that were held back",
        "extracts": "entries in the list of extracts",
    }
)


def require_kind(kind: str) -> None:
    """Refuse a kind that is not declared here.

    Raises
    ------
    ParameterError
        The vault keeps no content of this kind.
    """
    if kind not in KEPT_KINDS:
        raise ParameterError(unknown_name("kind of kept content", kind, KEPT_KINDS))
