"""Count the records and customers of a dataset after its records were linked."""

import polars as pl

from workbench.intake.load_report import People
from workbench.schema.links import add_customer_ids
from workbench.vault import Dataset
from workbench.vault.parquet import translate_read_errors


def count_people(dataset: Dataset) -> People:
    """Count records, customers, links to other systems and identifiers that link nobody.

    Raises
    ------
    IntegrityError
        A file of the dataset was changed or damaged since it was written.
    """
    with translate_read_errors(dataset.label):
        links, shared = dataset.links(), dataset.shared_identifiers()
        stated, identified = pl.collect_all(
            [
                dataset.stored_rows("customers").select("record_id").unique(),
                dataset.stored_rows("identities")
                .select("record_id", "source_id")
                .unique("record_id")
                .drop_nulls("record_id"),
            ],
            engine="streaming",
        )
    customers = add_customer_ids(stated.lazy(), links).select("customer_id").unique()
    others = add_customer_ids(identified.lazy(), links).join(
        customers, on="customer_id", how="anti"
    )
    return People(
        records=stated.height,
        customers=customers.collect().height,
        across_systems=_count_across_systems(links, identified, dataset),
        only_identified=others.select(pl.col("customer_id").n_unique()).collect().item(),
        conflicts=shared["shared_id"].n_unique(),
    )


def _count_across_systems(links: pl.DataFrame, identified: pl.DataFrame, dataset: Dataset) -> int:
    """Return the number of records of customers who have records of several systems."""
    own = links.select("customer_id", record_id="customer_id").unique()
    records = pl.concat([links.select("customer_id", "record_id"), own])
    system = {source.source_id: source.system for source in dataset.sources}
    of_customer = (
        records.join(identified, on="record_id", how="left")
        .group_by("customer_id")
        .agg(
            records=pl.len(),
            systems=pl.col("source_id")
            .replace_strict(system, default=None, return_dtype=pl.String)
            .drop_nulls()
            .n_unique(),
        )
    )
    return int(of_customer.filter(pl.col("systems") > 1)["records"].sum())
