"""Take back the newest load: the function behind ``workbench dataset undo``."""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from workbench.foundation.errors import ParameterError
from workbench.identity import link_records
from workbench.schema import DENIALS, TABLES
from workbench.schema.links import add_customer_ids
from workbench.vault import Dataset, DatasetWriter, Vault
from workbench.vault.entries import DISMISS, LINKS_TABLE, QUARANTINE, SHARED_TABLE, FileEntry
from workbench.vault.parquet import translate_read_errors


def undo(vault: Vault, dataset: str) -> Dataset:
    """Make a version with the content from before the newest load that was not taken back yet.

    Withdrawals, objections and refusals in the load are kept even if the file was loaded by
    mistake, with the identifiers that the load has of these persons, so that they apply to the same
    person's other records in all later versions. Consents in the load are removed with it. Links
    are made again, and refused records that were dismissed since stay dismissed.
    The version that is taken back stays readable under its number, and its file can be loaded
    again.

    Parameters
    ----------
    vault : Vault
        Vault that contains the dataset.
    dataset : str
        Name of the dataset.

    Returns
    -------
    Dataset
        The new version.

    Raises
    ------
    ParameterError
        There is no such dataset, or no load before the newest one.
    IntegrityError
        The newest version, or the one before the load, is damaged.
    """
    vault.dataset(dataset)  # Refuses an unknown name before anything is made for it.
    with vault.open_writer(dataset, buckets=1) as (writer, before):
        if before is None:
            raise ParameterError(f"dataset {dataset} has no version")
        base = writer.before_newest_load(before)
        with translate_read_errors(before.label):
            denials = _added_rows(before, base, "consents").filter(
                pl.col("decision").cast(pl.String).is_in(DENIALS)
            )
            identities = _identities_of(denials, before, base)
            quarantine = _without_dismissed(before, base)
        carried = {
            table: [*_files(base, table), *writer.write(table, rows)]
            for table, rows in (("consents", denials), ("identities", identities))
        }
        if quarantine is not None:
            carried[QUARANTINE] = writer.write(QUARANTINE, quarantine)
        linkage = _linkage(before, base, writer, carried)
        return writer.undo(before, base, carried={**carried, **linkage})


def _added_rows(before: Dataset, base: Dataset, table: str) -> pl.DataFrame:
    """Return the rows of a table that ``base`` does not have."""
    rows, earlier = before.stored_rows(table), base.stored_rows(table)
    on = [name for name in TABLES[table].stored_key if name in rows.collect_schema()]
    return rows.join(earlier, on=on, how="anti", nulls_equal=True).collect()


def _identities_of(denials: pl.DataFrame, before: Dataset, base: Dataset) -> pl.DataFrame:
    """Return the identifiers that the load has of all records of the customers who denied."""
    links = before.links()
    denying = add_customer_ids(denials.lazy().select("record_id"), links).select("customer_id")
    stated = add_customer_ids(_added_rows(before, base, "identities").lazy(), links)
    return stated.join(denying, on="customer_id", how="semi").drop("customer_id").collect()


def _without_dismissed(before: Dataset, base: Dataset) -> pl.DataFrame | None:
    """Return the refused rows of ``base`` that were not dismissed since; None if none were."""
    made = {each.version for each in base.operations}
    dismissed = [
        str(each.details["load"])
        for each in before.operations
        if each.kind == DISMISS and each.version not in made
    ]
    if not dismissed:
        return None
    return base.quarantine().filter(~pl.col("source_id").is_in(dismissed)).collect()


def _files(dataset: Dataset, table: str) -> list[FileEntry]:
    return [entry for entry in dataset.files if entry.table == table]


def _linkage(
    before: Dataset,
    base: Dataset,
    writer: DatasetWriter,
    carried: Mapping[str, list[FileEntry]],
) -> dict[str, list[FileEntry]]:
    """Link the remaining records; people's decisions about links are kept."""
    rest = [entry for entry in base.files if entry.table not in carried]
    left = replace(base, files=(*rest, *(file for files in carried.values() for file in files)))
    with translate_read_errors(before.label):
        decided = before.links().filter(pl.col("decided_by") != "rule")
        held = pl.concat([decided, base.links().join(decided, on="record_id", how="anti")])
        made = link_records(
            left.stored_rows("identities"),
            held=held,
            version=writer.version,
            loads=[source.source_id for source in before.sources],
        )
    tables = {LINKS_TABLE: made.links, SHARED_TABLE: made.shared}
    return {table: writer.write(table, rows) for table, rows in tables.items()}
