"""The list of extracts that left a workspace, sealed in its vault."""

import json
import secrets
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
    """Enter an extract in the list before it is written; return its id.

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
    made_at = description["made_at"].replace(":", "")
    # Two extracts can be made in the same second.
    name = f"{made_at}-{extract.source['dataset']}-{secrets.token_hex(4)}"
    entry = {
        "by": by,
        "out": str(out.absolute()),
        "is_written": False,
        **description,
        "risk": extract.risk.to_dict(),
    }
    vault.keep(_KIND, name, canonical_json(entry))
    return name


def mark_as_written(vault: Vault, name: str) -> None:
    """Note that an extract of the list was written whole."""
    entry = json.loads(vault.open_kept(_KIND, name))
    vault.keep(_KIND, name, canonical_json({**entry, "is_written": True}))


def listed_extracts(vault: Vault) -> list[dict[str, Any]]:
    """Return the entries of all extracts, the oldest first, each with its ``id``."""
    return [
        {"id": name, **json.loads(vault.open_kept(_KIND, name))}
        for name in sorted(vault.kept_names(_KIND))
    ]
