"""The hashes of the pages that were published last, kept in the vault.

A page is left alone where its bytes are those that were written last, from the same files of the
run, by the same code, and searched for the same identities. Every other page is made again. Losing
these hashes costs only time.
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


class Memory:
    """The pages that were published last, by the name of the run's folder."""

    def __init__(self, vault: Vault | None) -> None:
        self._vault = vault
        self._pages: dict[str, list[str]] = {}
        self._has_changed = False
        if vault is not None and _NAME in vault.kept_names(_KIND):
            try:
                self._pages = json.loads(vault.kept(_KIND, _NAME))["pages"]
            except (WorkbenchError, ValueError, LookupError):
                self._pages = {}  # damaged: every page is made again

    def is_published(self, path: Path, seal: Seal, identities: str) -> bool:
        """Whether a page is what it would be if it were made and searched again."""
        held = self._pages.get(path.stem)
        if held is None or held[1:] != _inputs(seal, identities):
            return False
        try:
            return sha256(path.read_bytes()) == held[0]
        except OSError:
            return False

    def publish(self, path: Path, seal: Seal, identities: str, page: bytes) -> None:
        """Remember a page that was written."""
        self._pages[path.stem] = [sha256(page), *_inputs(seal, identities)]
        self._has_changed = True

    def keep(self, names: Collection[str]) -> None:
        """Keep the hashes of these pages for the next time."""
        gone = self._pages.keys() - set(names)
        if self._vault is None or not (self._has_changed or gone):
            return
        pages = {name: held for name, held in self._pages.items() if name not in gone}
        self._vault.keep(_KIND, _NAME, canonical_json({"pages": pages}))


def _inputs(seal: Seal, identities: str) -> list[str]:
    return [seal.state, identities, code_digest()]
