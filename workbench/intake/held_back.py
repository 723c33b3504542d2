"""Loads that are held back: too many of their records were refused, so they make no version.

A load of a wrong file, or with a wrong mapping, would otherwise leave a version with a small and
biased part of the data. Its refused records are kept outside the versions, sealed, one list for
each system and format, until a load of the same system and format goes through.
"""

import io
from collections.abc import Iterator, Set

import polars as pl

from workbench.foundation.errors import InputError, ParameterError
from workbench.intake.load_report import FileReport, LoadReport
from workbench.intake.quarantine import RECORD_SCHEMA, add_quarantine_ids, quarantined_records
from workbench.sources import REFUSED
from workbench.sources.returned_records import RETURNED
from workbench.vault import SourceEntry, Vault

#: Share of a file's records that may be refused where the user states none.
_MAX_REFUSED = 0.2

#: From this number of records on that share counts; below it a few records would decide.
_FEWEST = 100

_KIND = "held-back"


class HeldBackError(InputError):
    """A load made no version because too many of its records were refused."""

    def __init__(self, report: LoadReport, *, max_refused: float | None) -> None:
        self.report = report
        super().__init__(_sentence(report, max_refused))


def check_share(share: float | None) -> None:
    """Refuse a share of refused records that is none.

    Raises
    ------
    ParameterError
        The share is not between 0 and 1.
    """
    if share is not None and not 0 <= share <= 1:
        raise ParameterError(f"--max-refused is {share:g}, expected a share from 0 to 1, e.g. 0.2")


def is_too_many(file: FileReport, *, max_refused: float | None) -> bool:
    """Return whether so many records of a file were refused that its load is held back.

    Records that were passed over are not counted. A load that accepts no record is always held
    back. A stated share counts for a file of any size; without one, a fifth of a file of 100
    records or more may be refused, and any number of a smaller one.
    """
    counted = file.read - sum(file.passed_over.values())
    if not file.refused:
        return False
    if max_refused is None:
        max_refused = _MAX_REFUSED if counted >= _FEWEST else 1
    return file.refused == counted or file.refused > max_refused * counted


def keep_refused(vault: Vault, dataset: str, entry: SourceEntry, refused: pl.DataFrame) -> None:
    """Seal the refused records of a load that is held back, in place of those of the last one."""
    if refused.is_empty():
        return
    content = io.BytesIO()
    rows = refused.with_columns(source_id=pl.lit(entry.source_id)).select(list(RECORD_SCHEMA))
    rows.with_columns(format=pl.lit(entry.format)).write_ipc(content)
    vault.keep(_KIND, _name(dataset, entry), content.getvalue())


def forget_refused(vault: Vault, dataset: str, entry: SourceEntry, returned: Set[str]) -> int:
    """Remove the kept records of a system and format, a load of which went through.

    Returns
    -------
    int
        Number of the removed records that came back corrected, by their ids in ``returned``.
    """
    name = _name(dataset, entry)
    if not vault.has_kept(_KIND, name):
        return 0
    ids = set(add_quarantine_ids(_open(vault, name))[RETURNED])
    vault.forget(_KIND, name)
    return len(ids & returned)


def all_refused_records(vault: Vault, dataset: str) -> pl.DataFrame:
    """Return the refused records of a dataset and of its loads that were held back.

    Returns
    -------
    DataFrame
        Columns of ``quarantined_records``, and ``is_held_back`` (Boolean).

    Raises
    ------
    ParameterError
        There is neither a dataset of this name nor a load that was held back.
    """
    kept = [
        add_quarantine_ids(rows).select(RETURNED, "format", "source_id", *REFUSED)
        for rows in _kept(vault, dataset)
    ]
    held_back = [rows.with_columns(is_held_back=pl.lit(value=True)) for rows in kept]
    if held_back and dataset not in vault.datasets():
        return pl.concat(held_back)
    held = quarantined_records(vault.dataset(dataset))
    return pl.concat([held.with_columns(is_held_back=pl.lit(value=False)), *held_back])


def forget_load(vault: Vault, dataset: str, source_id: str) -> None:
    """Remove the kept records of one load that was held back."""
    for name in _kept_names(vault, dataset):
        if source_id in _open(vault, name)["source_id"]:
            vault.forget(_KIND, name)


def _kept(vault: Vault, dataset: str) -> Iterator[pl.DataFrame]:
    return (_open(vault, name) for name in _kept_names(vault, dataset))


def _kept_names(vault: Vault, dataset: str) -> list[str]:
    return [name for name in vault.kept_names(_KIND) if name.startswith(f"{dataset}.")]


def _open(vault: Vault, name: str) -> pl.DataFrame:
    return pl.read_ipc(io.BytesIO(vault.open_kept(_KIND, name)))


def _name(dataset: str, entry: SourceEntry) -> str:
    return f"{dataset}.{entry.system}.{entry.format.replace('/', '-')}"


def _sentence(report: LoadReport, max_refused: float | None) -> str:
    files = [file for file in report.files if is_too_many(file, max_refused=max_refused)]
    told = "; ".join(f"{file.path}: {_count(file)}" for file in files)
    return (
        f"{told}. Nothing was loaded, and the refused records are kept: workbench quarantine show "
        f"{report.dataset}. Correct the mapping or the file, or allow more with --max-refused"
    )


def _count(file: FileReport) -> str:
    counted = file.read - sum(file.passed_over.values())
    most = max(file.reasons, key=lambda reason: file.reasons[reason])
    if counted == 1:
        return f"its only record was refused for: {most}"
    return f"{file.refused:,} of {counted:,} records were refused, most of them for: {most}"
