"""Compare everything in the vault with what was written: all versions, all holdings.

A version is damaged where its root or one of its lists does not open. A version is missing where a
later version names its root and no such root is stored. A file is damaged where its hash is not the
hash in the lists; each file is read once, and the message names the versions that need it. Views
that kernels are reading are sealed under keys that only their runs have: the check can only see
whether each of their files is encrypted. No list names the files that
``Vault.keep`` sealed, so the check cannot notice that one of them was removed, or a whole folder
such as ``notebooks``, ``persons``, ``variants`` or ``extracts``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from workbench.foundation.errors import WorkbenchError
from workbench.vault.datasets import Dataset
from workbench.vault.entries import QUARANTINE, FileEntry
from workbench.vault.kept_kinds import KEPT_KINDS
from workbench.vault.parquet import Place, fault_of, form_fault_of
from workbench.vault.sealing import is_sealed
from workbench.vault.views import DESCRIPTION
from workbench.vault.workspace_vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One kind of check.

    Attributes
    ----------
    what : str
        Kind of objects, and what each of them was compared with.
    objects : int
        Number of checked objects.
    faults : tuple of str
        One line per damaged object: its place, the damage, the versions that need it.
    """

    what: str
    objects: int
    faults: tuple[str, ...]


def check_vault(vault: Vault) -> list[Check]:
    """Check every holding of a vault; damage in one holding does not end the check of others."""
    versions, manifests = _check_manifests(vault)
    return [
        manifests,
        _check_heads(vault),
        _check_files(versions, "dataset files: hash as in the list", is_quarantine=False),
        _check_files(versions, "quarantine files: hash as in the list", is_quarantine=True),
        *(_check_kept(vault, kind) for kind in KEPT_KINDS),
        _check_views(vault),
    ]


def _check_manifests(vault: Vault) -> tuple[list[Dataset], Check]:
    versions, faults, objects = [], [], 0
    for name in vault.datasets():
        opened, unopened = vault.versions(name)
        versions += opened
        faults += [str(error) for error in unopened.values()] or _missing_predecessors(opened)
        objects += len(opened) + len(unopened)
    what = "versions of datasets: root and lists open under the key"
    return versions, Check(what=what, objects=objects, faults=tuple(faults))


def _missing_predecessors(versions: list[Dataset]) -> list[str]:
    """Return one line per version whose predecessor is not stored any more.

    All stored versions have to be given: one that does not open would look like a missing one.
    """
    roots = {"", *(each.root.sha256 for each in versions)}
    return [
        f"{each.label}: the version before it is missing"
        for each in versions
        if each.root.previous not in roots
    ]


def _check_heads(vault: Vault) -> Check:
    names = vault.datasets()
    faults = tuple(str(fault) for name in names if (fault := vault.head_fault(name)) is not None)
    what = "heads of datasets: the newest version is the version that was written last"
    return Check(what=what, objects=len(names), faults=faults)


def _check_files(versions: list[Dataset], what: str, *, is_quarantine: bool) -> Check:
    needed: dict[tuple[str, str], list[int]] = {}
    places: dict[str, Place] = {}
    first: dict[tuple[str, str], tuple[Dataset, FileEntry]] = {}
    for dataset in versions:
        for entry in dataset.files:
            if (entry.table == QUARANTINE) is is_quarantine:
                needed.setdefault((dataset.name, entry.file), []).append(dataset.version)
                first.setdefault((dataset.name, entry.file), (dataset, entry))
                places[entry.sha256] = dataset.place_of(entry)
    faults = []
    for which, (dataset, entry) in first.items():
        fault = fault_of(dataset.path_of(entry), entry.sha256, places=places)
        if fault is not None:
            by = ", ".join(map(str, needed[which]))
            faults.append(f"{dataset.place_of(entry)}: {fault}; needed by version {by}")
    return Check(what=what, objects=len(first), faults=tuple(faults))


def _check_kept(vault: Vault, kind: str) -> Check:
    names, faults = vault.kept_names(kind), []
    for name in names:
        try:
            vault.open_kept(kind, name)
        except (WorkbenchError, OSError) as error:
            faults.append(str(error))
    what = f"{KEPT_KINDS[kind]}: open under the key"
    return Check(what=what, objects=len(names), faults=tuple(faults))


def _check_views(vault: Vault) -> Check:
    faults = list(_find_view_faults(vault))
    objects = sum(1 for _ in vault.scratch.glob(f"*/*/{DESCRIPTION}"))
    what = "views in use: every file is encrypted; their runs have the keys"
    return Check(what=what, objects=objects, faults=tuple(faults))


def _find_view_faults(vault: Vault) -> Iterator[str]:
    for description in vault.scratch.glob(f"*/*/{DESCRIPTION}"):
        view = description.parent
        found = {path.name: form_fault_of(path) for path in view.glob("*.parquet")}
        try:
            found[DESCRIPTION] = None if is_sealed(description.read_bytes()) else "not sealed"
        except OSError:
            continue  # The run ended meanwhile and removed its view.
        if not description.exists():
            continue
        for name, fault in sorted(found.items()):
            if fault is not None:
                yield f"view {view.parent.name}, {name}: {fault}"
