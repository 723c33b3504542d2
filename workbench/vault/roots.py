"""The root of each version: a small sealed file that names the version's lists.

A version exists once its root is stored under its name. The root contains the hash of the root
before it, so that the roots form a chain from the newest one backwards (``heads`` follows it), and
the fingerprint of all operations up to this version.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workbench.foundation.errors import IntegrityError, ParameterError
from workbench.vault.entries import Operation
from workbench.vault.heads import Root
from workbench.vault.keys import Key
from workbench.vault.regular_files import read_regular
from workbench.vault.sealed_lists import ListEntry, compact_json, digest
from workbench.vault.sealing import seal, unseal

#: Number of the layout, increased when the layout changes; any other number is refused.
FORMAT = 2

_ROOT_NAME = re.compile(r"[0-9]{8}")


def version_numbers(folder: Path) -> list[int]:
    """Return the numbers of the versions that have a root, oldest first.

    Whatever has the name of a root counts, also a folder or a link: the version is damaged then.
    """
    found = (folder / "versions").glob("*")
    return sorted(int(path.name) for path in found if _ROOT_NAME.fullmatch(path.name))


def root_path(folder: Path, version: int) -> Path:
    """Return where the root of a version is stored."""
    return folder / "versions" / f"{version:08d}"


def read_root(folder: Path, name: str, version: int, key: Key) -> tuple[dict[str, Any], Root]:
    """Open the root of one version; return its content, and the part that a head compares.

    Raises
    ------
    ParameterError
        There is no such version, or it has the format of another workbench.
    AccessError
        The root was sealed with another key.
    IntegrityError
        The root was changed, damaged or swapped.
    """
    path = root_path(folder, version)
    context = context_of(name, version)
    try:
        content = read_regular(path)
    except FileNotFoundError as error:
        known = ", ".join(map(str, version_numbers(folder)))
        raise ParameterError(f"dataset {name} has no version {version}. Known: {known}") from error
    except OSError as error:
        raise IntegrityError(
            f"{context} is damaged: versions/{path.name} cannot be read ({error.strerror})"
        ) from error
    try:
        root: dict[str, Any] = json.loads(unseal(content, key=key, context=context))
    except IntegrityError as error:
        raise IntegrityError(f"{error}, file versions/{path.name}") from error
    require_format(context, root["format"])
    if (root["dataset"], root["version"]) != (name, version):
        raise IntegrityError(f"{context} was swapped: it contains the root of another version")
    found = Root(
        version=version,
        sha256=digest(content),
        previous=root["previous"],
        operations=sum(ListEntry(**each).length for each in root["log"]),
    )
    return root, found


def way_out(folder: Path, name: str, version: int, *, is_open: bool = False) -> str:
    """Return what to do where a file of a version is damaged or missing.

    Parameters
    ----------
    folder, name, version
        Folder and name of the dataset, and number of the version.
    is_open : bool, default False
        Whether the version opens, so that only files with rows are damaged or missing.
    """
    put_back = "put back what is damaged or missing from a backup"
    if version < max(version_numbers(folder), default=0):
        return put_back
    undo = (
        f", or where only the newest load is damaged, run `workbench dataset undo {name}`, which "
        "keeps its withdrawals,"
    )
    return (
        f"{put_back}{undo if is_open else ','} or run `workbench dataset accept-restore {name}`, "
        "which gives up the newest versions that are damaged, with the withdrawals in them"
    )


def sealed_root(root: Mapping[str, Any], key: Key) -> bytes:
    """Seal the content of a root for its place."""
    return seal(compact_json(root), key=key, context=context_of(root["dataset"], root["version"]))


def require_format(what: str, found: int) -> None:
    """Refuse a format that this workbench does not read; the message says what to do.

    Raises
    ------
    ParameterError
        The format is older or newer.
    """
    if found > FORMAT:
        raise ParameterError(
            f"{what} has format {found}, this workbench reads format {FORMAT}: install a newer one"
        )
    if found < FORMAT:
        raise ParameterError(
            f"{what} has format {found}, which this workbench no longer reads (it reads format "
            f"{FORMAT}): make a new workspace with `workbench init` in another place, or after the "
            "old one was moved away, and load the exports again"
        )


def roots_backwards(folder: Path, name: str, key: Key) -> Iterator[Root]:
    """Yield the roots from the newest backwards, until one is missing, damaged or not the next."""
    wanted = None
    for number in reversed(version_numbers(folder)):
        try:
            _, root = read_root(folder, name, number, key)
        except IntegrityError:
            return
        if wanted is None or root.sha256 == wanted:
            yield root
            wanted = root.previous


def next_fingerprint(before: str, operation: Operation) -> str:
    """Return the fingerprint of a version after one more operation.

    The fingerprint does not depend on names of files or the wording of refusals, so the same loads
    in the same order give the same fingerprint again.
    """
    content = {
        "before": before,
        "kind": operation.kind,
        "undoes": operation.undoes,
        "details": dict(operation.details),
        "sources": [{**asdict(source), "reasons": None} for source in operation.sources],
    }
    return hashlib.sha256(compact_json(content)).hexdigest()[:16]


def context_of(name: str, version: int) -> str:
    """Return the name of a version in seals and messages."""
    return f"dataset {name}, version {version}"
