"""Dismiss refused records that nobody will correct: the function behind ``quarantine dismiss``."""

import polars as pl

from workbench.foundation.errors import ParameterError
from workbench.intake.held_back import all_refused_records, forget_damaged, forget_load
from workbench.intake.quarantine import to_records, to_rows
from workbench.vault import Vault
from workbench.vault.entries import DISMISS, QUARANTINE
from workbench.vault.parquet import translate_read_errors


def dismiss(vault: Vault, dataset: str, *, load: str) -> int | None:
    """Remove the refused records of one load, and return their number; None if it is unknown.

    The number is unknown if the list of a load that was held back is damaged.

    Those of a load in the dataset are removed by a new version; earlier versions keep theirs.

    Parameters
    ----------
    vault : Vault
        Vault that contains the dataset.
    dataset : str
        Name of the dataset.
    load : str
        Beginning of the load's id, or of the name of a damaged list, as ``quarantine list`` prints
        them.

    Raises
    ------
    ParameterError
        No load with refused records has this id, or several have.
    """
    if forget_damaged(vault, dataset, load):
        return None
    records = all_refused_records(vault, dataset)
    loads = records.filter(pl.col("source_id").str.starts_with(load))["source_id"].unique()
    if len(loads) != 1 or not load:
        known = ", ".join(sorted({each[: len(load) or 12] for each in records["source_id"]}))
        raise ParameterError(
            f"{'several loads begin' if len(loads) > 1 else 'no refused records of a load begin'} "
            f"with {load!r}: see workbench quarantine list {dataset}. Known: {known or 'none'}"
        )
    chosen = records.filter(pl.col("source_id") == loads.item())
    forget_load(vault, dataset, loads.item())
    if chosen["is_held_back"].all():
        return chosen.height
    with vault.open_writer(dataset, buckets=1) as (writer, before):
        if before is None:
            raise ParameterError(f"dataset {dataset} has no version")
        with translate_read_errors(before.label):
            held = to_records(before.quarantine().collect())
        rest = held.filter(pl.col("source_id") != loads.item())
        writer.commit(
            before=before,
            files=writer.write(QUARANTINE, to_rows(rest)) if rest.height else [],
            sources=[],
            dropped={entry.file for entry in before.files if entry.table == QUARANTINE},
            kind=DISMISS,
            details={"load": loads.item()},
        )
    return held.height - rest.height
