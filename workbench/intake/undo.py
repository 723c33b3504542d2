"""Take the newest load back, as a new version: the function behind ``workbench dataset undo``."""

from collections.abc import Sequence

import polars as pl

from workbench.foundation.errors import ParameterError
from workbench.vault import Dataset, DatasetWriter, Vault
from workbench.vault.entries import LINKS_TABLE, FileEntry
from workbench.vault.parquet import reading

#: The table of decisions on consent. A decision holds whatever becomes of the load that brought it:
#: a person who withdrew in a file that was loaded by mistake has withdrawn.
CARRIED = "consents"


def undo(vault: Vault, dataset: str) -> Dataset:
    """Make a version with the content from before the newest load that was not taken back yet.

    Decisions on consent are carried forward, those that the load brought and those of later loads,
    and with them the links of their records: a withdrawal in another system still reaches the
    person's other records. All other links go back with the load.
    The version that is taken back stays readable under its number. A file that was taken back can
    be loaded again.

    Parameters
    ----------
    vault : Vault
        Where the dataset is stored.
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
    vault.dataset(dataset)  # a name that does not exist is refused before anything is made for it
    with vault.writing(dataset, buckets=1) as (writer, before):
        if before is None:
            raise ParameterError(f"dataset {dataset} has no version")
        base = writer.before_newest_load(before)
        carried = {
            CARRIED: _decisions(before, writer),
            LINKS_TABLE: _links(before, base, writer),
        }
        return writer.undo(before, base, carried=carried)


def _decisions(before: Dataset, writer: DatasetWriter) -> Sequence[FileEntry]:
    """Return the files of all decisions, each with its time.

    A decision without a time counts from the last moment that its source covers. The row of
    ``sources`` goes back with the load, so that moment is written into the decision.
    """
    with reading(before.label):
        decisions = before.stored(CARRIED).collect()
        if not decisions["decided_at"].has_nulls():
            return [entry for entry in before.files if entry.table == CARRIED]
        covered = before.stored("sources").select("source_id", "data_until_at").collect()
    dated = (
        decisions.join(covered.unique("source_id"), on="source_id", how="left")
        .with_columns(pl.col("decided_at").fill_null(pl.col("data_until_at")))
        .select(decisions.columns)
    )
    return writer.write(CARRIED, dated)


def _links(before: Dataset, base: Dataset, writer: DatasetWriter) -> Sequence[FileEntry]:
    """Return the files of links: those of ``base``, and of records whose decisions are carried."""
    with reading(before.label):
        decided = before.stored(CARRIED).select("record_id").unique().collect()
        held = base.links()
        kept = before.links().join(decided, on="record_id", how="semi")
    added = kept.join(held, on="record_id", how="anti")
    if added.is_empty():
        return [entry for entry in base.files if entry.table == LINKS_TABLE]
    return writer.write(LINKS_TABLE, pl.concat([held, added]).sort("record_id"))
