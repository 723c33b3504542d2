"""Loads that are held back: too many of their records were refused, so they make no version.

A load of a wrong file, or with a wrong mapping, would otherwise leave a version with a small and
biased part of the data. Its refused records are kept outside the versions, sealed, one list for
each file, system and format. A list is removed when a load of the same file goes through, for
example with a corrected mapping, or when somebody dismisses it. A record is removed from its list
when it comes back in a corrected export of the quarantine and that load goes through. A corrected
file has another content, and nothing proves which records it corrects: it removes no list, and the
load warns of those that remain.
"""

import hmac
import io
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import (
    InputError,
    IntegrityError,
    ParameterError,
    WorkbenchError,
)
from workbench.foundation.files import canonical_json
from workbench.foundation.progress import say
from workbench.intake.load_report import FileReport, LoadReport
from workbench.intake.quarantine import RECORD_SCHEMA, add_quarantine_ids, quarantined_records
from workbench.sources import REFUSED, Source
from workbench.sources.returned_records import RETURNED
from workbench.vault import Vault

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


def keep_refused(
    vault: Vault,
    dataset: str,
    source: Source,
    *,
    refused: pl.DataFrame,
    returned: Mapping[int, str],
) -> None:
    """Seal the refused records of a file whose load is held back.

    They replace those of an earlier load of the same file. Records of an exported quarantine that
    come back uncorrected are not kept twice.

    Parameters
    ----------
    vault, dataset, source
        Vault, name of the dataset, and the file that was read.
    refused : DataFrame
        Refused records, with columns of ``REFUSED``.
    returned : mapping of int to str
        Ids of refused records that came back, by the number of the record.
    """
    if returned:
        lists, _ = _read_lists(vault, dataset)
        ids = {each for rows in lists.values() for each in add_quarantine_ids(rows)[RETURNED]}
        again = [row for row, each in returned.items() if each in ids]
        refused = refused.filter(~pl.col("source_row").is_in(again))
    if not refused.is_empty():
        rows = refused.with_columns(source_id=pl.lit(source.content_hash))
        rows = rows.select(list(RECORD_SCHEMA)).with_columns(format=pl.lit(source.format))
        _keep(vault, _name(vault, dataset, source), rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Result of closing the records of loads that were held back.

    Attributes
    ----------
    closed : int
        Number of records that came back corrected and were accepted.
    warnings : tuple of str
        Sentences about lists that remain, or that could not be read or removed.
    """

    closed: int
    warnings: tuple[str, ...]


def close_refused(
    vault: Vault,
    dataset: str,
    sources: Iterable[Source],
    *,
    returned: Set[str],
    refused_again: Set[str],
) -> Closing:
    """Remove the kept records that a load has brought; the load is in the dataset already.

    Damage of a list or of the disk is a warning, since it cannot take the load back.

    Parameters
    ----------
    vault, dataset
        Vault, and name of the dataset.
    sources : iterable of Source
        Files that were loaded, now or before: their lists are removed.
    returned : set of str
        Ids of refused records that came back. They are removed from their lists, since the dataset
        contains them now, accepted or in its quarantine.
    refused_again : set of str
        Ids of those that were refused again.
    """
    closed = 0
    faults: dict[str, str] = {}
    try:
        for source in sources:
            vault.forget(_KIND, _name(vault, dataset, source))
        lists, faults = _read_lists(vault, dataset) if returned else ({}, {})
        for name, rows in lists.items():
            has_returned = add_quarantine_ids(rows)[RETURNED].is_in(list(returned))
            ids = set(add_quarantine_ids(rows.filter(has_returned))[RETURNED])
            if ids:
                _keep(vault, f"{dataset}.{name}", rows.filter(~has_returned))
                closed += len(ids - refused_again)
    except (WorkbenchError, OSError) as error:
        faults = {**faults, "": str(error)}
    problems = [
        "refused records of a load that was held back could not be closed and may be listed "
        f"although this load brought them ({fault}): see workbench status --check, and dismiss them"
        for fault in faults.values()
    ]
    return Closing(closed=closed, warnings=(*problems, *_list_warnings(vault, dataset)))


def _list_warnings(vault: Vault, dataset: str) -> list[str]:
    """Return a sentence about the lists that are still kept, if there are any."""
    names = _kept_names(vault, dataset)
    if not names:
        return []
    loads = count_text(len(names), "load")
    return [
        f"the refused records of {loads} that made no version are still kept: see workbench "
        f"quarantine list {dataset}, and dismiss those that a corrected file has brought"
    ]


def all_refused_records(vault: Vault, dataset: str) -> pl.DataFrame:
    """Return the refused records of a dataset and of its loads that were held back.

    A damaged list of a load that was held back is left out with a message that says what to do.

    Returns
    -------
    DataFrame
        Columns of ``quarantined_records``, and ``is_held_back`` (Boolean).

    Raises
    ------
    ParameterError
        There is neither a dataset of this name nor a load that was held back.
    """
    lists, faults = _read_lists(vault, dataset)
    for name, fault in faults.items():
        say(
            f"refused records of a load that was held back cannot be read ({fault}): load its file "
            f"again, or remove them with workbench quarantine dismiss {dataset} --load {name}"
        )
    held_back = [
        add_quarantine_ids(rows)
        .select(RETURNED, "format", "source_id", *REFUSED)
        .with_columns(is_held_back=pl.lit(value=True))
        for rows in lists.values()
    ]
    if held_back and dataset not in vault.datasets():
        return pl.concat(held_back)
    held = quarantined_records(vault.dataset(dataset))
    return pl.concat([held.with_columns(is_held_back=pl.lit(value=False)), *held_back])


def forget_load(vault: Vault, dataset: str, source_id: str) -> None:
    """Remove the kept records of one load that was held back."""
    lists, _ = _read_lists(vault, dataset)
    for name, rows in lists.items():
        if source_id in rows["source_id"]:
            vault.forget(_KIND, f"{dataset}.{name}")


def forget_damaged(vault: Vault, dataset: str, name: str) -> bool:
    """Remove the one damaged list whose name begins so, and return whether there was one.

    Nothing is removed where the id of a load begins so as well.
    """
    lists, faults = _read_lists(vault, dataset)
    loads = {each for rows in lists.values() for each in rows["source_id"]}
    if dataset in vault.datasets():
        loads |= {source.source_id for source in vault.dataset(dataset).sources}
    found = [each for each in (*faults, *loads) if each.startswith(name)]
    if len(found) != 1 or not name or found[0] not in faults:
        return False
    vault.forget(_KIND, f"{dataset}.{found[0]}")
    return True


def _kept_names(vault: Vault, dataset: str) -> list[str]:
    return [name for name in vault.kept_names(_KIND) if name.startswith(f"{dataset}.")]


def _read_lists(vault: Vault, dataset: str) -> tuple[dict[str, pl.DataFrame], dict[str, str]]:
    """Return the kept lists of a dataset by name, and the faults of damaged ones."""
    lists, faults = {}, {}
    for kept in _kept_names(vault, dataset):
        name = kept.removeprefix(f"{dataset}.")
        try:
            lists[name] = _open(vault, kept)
        except (IntegrityError, OSError) as error:
            faults[name] = str(error)
    return lists, faults


def _open(vault: Vault, name: str) -> pl.DataFrame:
    return pl.read_ipc(io.BytesIO(vault.open_kept(_KIND, name)))


def _keep(vault: Vault, name: str, rows: pl.DataFrame) -> None:
    """Seal a list of refused records, or remove it if it is empty."""
    if rows.is_empty():
        vault.forget(_KIND, name)
        return
    content = io.BytesIO()
    rows.write_ipc(content)
    vault.keep(_KIND, name, content.getvalue())


def _name(vault: Vault, dataset: str, source: Source) -> str:
    """Return the name of a file's list, from which nobody can tell the file without the key."""
    origin = canonical_json(
        {"system": source.system, "format": source.format, "file": source.file_hash}
    )
    key = vault.key_for(dataset).derive("held-back").secret
    return f"{dataset}.{hmac.digest(key, origin, 'sha256').hex()[:32]}"


def _sentence(report: LoadReport, max_refused: float | None) -> str:
    files = [file for file in report.files if is_too_many(file, max_refused=max_refused)]
    told = "; ".join(f"{file.path}: {_count(file)}" for file in files)
    return (
        f"{told}. Nothing was loaded, and the refused records are kept until they are loaded or "
        f"dismissed: workbench quarantine show {report.dataset}. Correct the mapping or the file, "
        "or allow more with --max-refused"
    )


def _count(file: FileReport) -> str:
    counted = file.read - sum(file.passed_over.values())
    most = max(file.reasons, key=lambda reason: file.reasons[reason])
    if counted == 1:
        return f"its only record was refused for: {most}"
    return f"{file.refused:,} of {counted:,} records were refused, most of them for: {most}"
