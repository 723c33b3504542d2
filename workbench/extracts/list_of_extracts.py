"""The list of extracts that left a workspace, sealed in its vault."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.extracts.extract import Extract
from workbench.foundation.files import canonical_json
from workbench.vault import Vault

_KIND = "extracts"


def enter_extract(
    vault: Vault, extract: Extract, description: Mapping[str, Any], *, by: str, out: Path
) -> str:
    """Enter an extract in the list; return its id.

    Parameters
    ----------
    vault : Vault
        Vault of the workspace.
    extract : Extract
        The extract.
    description : mapping
        From ``describe_extract``; it has no cell value.
    by : str
        Name of the user who hands it out.
    out : Path
        Folder into which it is written.
    """
    name = f"{description['made_at'].replace(':', '')}-{extract.source['dataset']}"
    entry = {"by": by, "out": str(out.absolute()), **description, "risk": extract.risk.to_dict()}
    vault.keep(_KIND, name, canonical_json(entry))
    return name


def listed_extracts(vault: Vault) -> list[dict[str, Any]]:
    """Return the entries of all extracts, the oldest first, each with its ``id``."""
    return [
        {"id": name, **json.loads(vault.open_kept(_KIND, name))}
        for name in sorted(vault.kept_names(_KIND))
    ]
