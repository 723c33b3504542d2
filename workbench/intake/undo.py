"""Take back the newest load: the function behind ``workbench dataset undo``."""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from workbench.foundation.errors import ParameterError
from workbench.identity import link_records
from workbench.schema import DENIALS, TABLES
from workbench.vault import Dataset, DatasetWriter, Vault
from workbench.vault.entries import LINKS_TABLE, SHARED_TABLE, FileEntry
from workbench.vault.parquet import translate_read_errors


def undo(vault: Vault, dataset: str) -> Dataset:
    """Make a version with the content from before the newest load that was not taken back yet.

    Withdrawals, objections and refusals in the load are kept even if the file was loaded by
    mistake, with the identifiers of their records, so that they apply to the same person's other
    records in all later versions. Consents in the load are removed with it. Links are made again.
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
            identities = _added_rows(before, base, "identities").join(
                denials, on="record_id", how="semi"
            )
        carried = {
            table: [*_files(base, table), *writer.write(table, rows)]
            for table, rows in (("consents", denials), ("identities", identities))
        }
        linkage = _linkage(before, base, writer, carried)
        return writer.undo(before, base, carried={**carried, **linkage})


def _added_rows(before: Dataset, base: Dataset, table: str) -> pl.DataFrame:
    """Return the rows of a table that ``base`` does not have."""
    rows, earlier = before.stored_rows(table), base.stored_rows(table)
    on = [name for name in TABLES[table].stored_key if name in rows.collect_schema()]
    return rows.join(earlier, on=on, how="anti", nulls_equal=True).collect()


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
