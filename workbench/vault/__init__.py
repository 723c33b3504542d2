"""Everything personal at rest: keys, encrypted holdings and their versions.

A *holding* is anything personal on disk: a dataset's tables, its quarantine, a sealed view, an
executed notebook. No other room writes personal data, so what must reach everything (erasure,
retention) reaches it here. What a holding says can be read only with the workspace's key; who
holds another key is told so (``AccessError``), and whatever was changed, damaged or swapped under
the right key is told apart from that (``IntegrityError``).
"""

from workbench.vault.checking import Check, check_vault
from workbench.vault.datasets import Dataset, DatasetWriter
from workbench.vault.entries import SourceEntry
from workbench.vault.keys import Key
from workbench.vault.sealing import sealed, unsealed
from workbench.vault.vault import Vault
from workbench.vault.views import SealedView, open_sealed_view, seal_view

__all__ = [
    "Check",
    "Dataset",
    "DatasetWriter",
    "Key",
    "SealedView",
    "SourceEntry",
    "Vault",
    "check_vault",
    "open_sealed_view",
    "seal_view",
    "sealed",
    "unsealed",
]
