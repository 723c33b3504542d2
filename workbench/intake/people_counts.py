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
        stated = dataset.stored_rows("customers").select("record_id").unique()
        customers = add_customer_ids(stated, links).select("customer_id")
        identified = dataset.stored_rows("identities").select("record_id", "source_id")
        records = identified.unique("record_id").drop_nulls("record_id")
        others = add_customer_ids(records, links).join(customers, on="customer_id", how="anti")
        counts = pl.collect_all(
            [
                stated.select(pl.len()),
                customers.select(pl.col("customer_id").n_unique()),
                others.select(pl.col("customer_id").n_unique()),
            ],
            engine="streaming",
        )
        linked = _linked_records(links).lazy().join(records, on="record_id", how="left")
        across = _count_across_systems(linked.collect(engine="streaming"), dataset)
    return People(
        records=counts[0].item(),
        customers=counts[1].item(),
        across_systems=across,
        only_identified=counts[2].item(),
        conflicts=shared["shared_id"].n_unique(),
    )


def _linked_records(links: pl.DataFrame) -> pl.DataFrame:
    """Return all records of the customers who have linked records: customer_id, record_id."""
    linked = links.select("customer_id", "record_id")
    own = links.select("customer_id", record_id="customer_id").unique()
    return pl.concat([linked, own])


def _count_across_systems(linked: pl.DataFrame, dataset: Dataset) -> int:
    system = {source.source_id: source.system for source in dataset.sources}
    of_customer = linked.group_by("customer_id").agg(
        pl.len().alias("records"),
        pl.col("source_id").replace_strict(system, default=None, return_dtype=pl.String)
        .drop_nulls().n_unique().alias("systems"),
    )  # fmt: skip
    return int(of_customer.filter(pl.col("systems") > 1)["records"].sum())
