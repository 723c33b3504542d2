"""Search the folder of a run again for persons, before the run is published again.

A run was searched when it was made. Since then further persons may have been loaded into the
dataset, or another version of the package may make another page. So files and page are searched for
the identities that the dataset has now. They are not searched again for the view's pseudonyms: a
folder that fits its seal was searched for them, and persons who were loaded later are not in it.
"""

from collections.abc import Iterable

import polars as pl

from workbench.foundation.errors import ParameterError, PrivacyError
from workbench.privacy.leaks import KnownIdentifiers, find_leaks, known_identifiers
from workbench.runs.run_folders import Run
from workbench.vault import Dataset, Vault
from workbench.vault.parquet import translate_read_errors

_NO_PSEUDONYM = pl.Series(dtype=pl.UInt64)


class PersonSearch:
    """Search of runs for the persons of their datasets; each dataset is opened once."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._datasets: dict[str, Dataset | None] = {}
        self._known: dict[str, KnownIdentifiers] = {}

    def identities(self, run: Run) -> str:
        """Return a digest of the identities for which a run is searched; empty without a dataset.

        Raises
        ------
        IntegrityError
            The newest version of the dataset is damaged.
        """
        dataset = self._dataset(run)
        return "" if dataset is None else dataset.digest_of("identities")

    def require_no_person(self, run: Run, page: bytes) -> None:
        """Search a run's files and its page.

        Raises
        ------
        IntegrityError
            The identities of its dataset are damaged.
        PrivacyError
            A person was found; the message gives kinds and numbers.
        """
        dataset = self._dataset(run)
        if dataset is None:
            return
        name = dataset.name
        if name not in self._known:
            with translate_read_errors(dataset.label):
                self._known[name] = known_identifiers(dataset.data()["identities"])
        study = run.record.study
        found = leaks_in(
            (*run.files.values(), page),
            known=self._known[name],
            exempt=(study.owner, study.contact),
        )
        if found:
            raise PrivacyError(
                f"run {run.folder.name}: it would identify persons ({found}) who became known "
                "after it was made"
            )

    def _dataset(self, run: Run) -> Dataset | None:
        name = run.record.dataset.name
        if name not in self._datasets:
            try:
                self._datasets[name] = self._vault.dataset(name)
            except ParameterError:  # the dataset was removed, and with it all its identities
                self._datasets[name] = None
        return self._datasets[name]


def leaks_in(contents: Iterable[bytes], *, known: KnownIdentifiers, exempt: Iterable[str]) -> str:
    """Return kinds and numbers of what identifies persons in some contents; empty where none."""
    allowed = tuple(exempt)
    for content in contents:
        found = find_leaks(content, known=known, pseudonyms=_NO_PSEUDONYM, exempt=allowed)
        if found:
            return ", ".join(f"{count} {kind}" for kind, count in found.items())
    return ""
