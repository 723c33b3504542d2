"""The hashes of the published pages, stored in the vault so that no page is made twice.

A page is not made again where its bytes are those that were written last, from the same files of
the run, by the same code, and searched for the same identities. Where these hashes are lost, all
pages are made again.
"""

import json
from collections.abc import Collection
from pathlib import Path

from workbench.foundation.errors import WorkbenchError
from workbench.foundation.files import canonical_json
from workbench.runs.plan import code_digest
from workbench.runs.seals import Seal, sha256
from workbench.vault import Vault

_KIND, _NAME = "site", "pages"


class PublishedPages:
    """Hashes of the pages that were published last, by the name of the run's folder."""

    def __init__(self, vault: Vault | None) -> None:
        self._vault = vault
        self._pages: dict[str, list[str]] = {}
        self._has_changed = False
        if vault is not None and _NAME in vault.kept_names(_KIND):
            try:
                self._pages = json.loads(vault.open_kept(_KIND, _NAME))["pages"]
            except (WorkbenchError, ValueError, LookupError):
                self._pages = {}  # damaged: every page is made again

    def is_published(self, path: Path, seal: Seal, identities: str) -> bool:
        """Return whether a page would be the same if it were made and searched again."""
        hashes = self._pages.get(path.stem)
        if hashes is None or hashes[1:] != _inputs(seal, identities):
            return False
        try:
            return sha256(path.read_bytes()) == hashes[0]
        except OSError:
            return False

    def add(self, path: Path, seal: Seal, identities: str, page: bytes) -> None:
        """Add the hashes of a page that was written."""
        self._pages[path.stem] = [sha256(page), *_inputs(seal, identities)]
        self._has_changed = True

    def store(self, names: Collection[str]) -> None:
        """Store the hashes of these pages, and of no others, in the vault."""
        gone = self._pages.keys() - set(names)
        if self._vault is None or not (self._has_changed or gone):
            return
        pages = {name: each for name, each in self._pages.items() if name not in gone}
        self._vault.keep(_KIND, _NAME, canonical_json({"pages": pages}))


def _inputs(seal: Seal, identities: str) -> list[str]:
    return [seal.state, identities, code_digest()]
