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
        stated = add_customer_ids(dataset.stored_rows("customers").select("record_id"), links)
        counts = stated.select(pl.col("record_id", "customer_id").n_unique())
        records, customers = counts.collect(engine="streaming").row(0)
        systems = (
            dataset.stored_rows("identities").select("record_id", "source_id").unique("record_id")
        )
        system = {source.source_id: source.system for source in dataset.sources}
        system_of_record = systems.collect(engine="streaming").with_columns(
            pl.col("source_id").replace_strict(system, default="", return_dtype=pl.String)
        )
    both = links.join(system_of_record, on="record_id", how="left").join(
        system_of_record, left_on="customer_id", right_on="record_id", how="left", suffix="_other"
    )
    across = both.filter(pl.col("source_id") != pl.col("source_id_other"))
    return People(
        records=records,
        customers=customers,
        across_systems=across.height,
        conflicts=shared["shared_id"].n_unique(),
    )
