"""Everything personal at rest: keys, encrypted holdings and their versions.

A *holding* is anything personal on disk: a dataset's tables, its quarantine, a sealed view, an
executed notebook. No other room writes personal data, so an erasure or the end of a retention
period has to reach the holdings of this room only. A holding can be read only with keys that are
derived from the workspace's key; no other room gets that key. A reader with another key gets an
``AccessError``. Content that was changed, damaged, swapped or replaced by an older version raises
an ``IntegrityError`` under the right key.
"""

from workbench.vault.checking import Check, check_vault
from workbench.vault.datasets import Dataset
from workbench.vault.entries import SourceEntry
from workbench.vault.keys import Key
from workbench.vault.sealing import seal, unseal
from workbench.vault.views import (
    SealedView,
    UnorderedTables,
    open_sealed_view,
    read_sealed_view,
    seal_view,
)
from workbench.vault.workspace_vault import Vault
from workbench.vault.writer import DatasetWriter

__all__ = [
    "Check",
    "Dataset",
    "DatasetWriter",
    "Key",
    "SealedView",
    "SourceEntry",
    "UnorderedTables",
    "Vault",
    "check_vault",
    "open_sealed_view",
    "read_sealed_view",
    "seal",
    "seal_view",
    "unseal",
]
