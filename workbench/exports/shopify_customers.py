"""Shopify's ``customers_export.csv``: customers with an account; byte order mark and CRLF.

``Accepts ...`` is a state without a time. Ids, postcodes and phones begin with an apostrophe; the
header of the metafield is in the shop's language. Customers without an account are not in the file.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.export_files import Batch, FileForm, Vendor, csv_form
from workbench.exports.field_tables import column_headers, format_cells
from workbench.exports.slices import ExportedWorld, Slice

FILE = "customers_export.csv"
_FIELDS = "shopify_customers"
_SHARE = 0.97


def batches(part: Slice) -> Iterator[Batch]:
    """Yield the customers of a slice."""
    people = part.people_in_system("shopify", _SHARE).with_columns(
        until=pl.datetime(9999, 1, 1, time_zone="UTC")
    )
    people = part.add_consent(people, "marketing.communications", at="until", name="mails")
    spent = (
        part["orders"]
        .group_by("record_id", maintain_order=True)
        .agg(
            spent=pl.col("total_minor").sum(),
            orders=(pl.col("kind") == "sale").sum(),
            currency=pl.col("currency").first(),
        )
    )
    for more in (spent, part.latest_attribute("loyalty_tier"), part.latest_attribute("note")):
        people = people.join(more, on="record_id", how="left", maintain_order="left")
    sms = part["consents"].filter(channel="sms", decision="given")["record_id"]
    rows = people.with_columns(
        native_id="shop_customer",
        texts=pl.col("record_id").is_in(sms.implode()),
        spent=pl.col("spent").fill_null(0),
        currency=pl.col("currency").fill_null("EUR"),
        orders=pl.col("orders").fill_null(0),
        is_company=pl.col("kind") == "company",
        tags=pl.concat_str(
            pl.col("loyalty_tier"),
            pl.when(pl.col("kind") == "test").then(pl.lit("test")),
            pl.when(pl.col("orders") > 9).then(pl.lit("VIP")),
            separator=", ",
            ignore_nulls=True,
        ).replace("", None),
    )
    yield Batch(FILE, format_cells(rows, _FIELDS))


def _forms(_world: ExportedWorld) -> dict[str, FileForm]:
    return {FILE: csv_form(column_headers(_FIELDS), lead="\ufeff", terminator="\r\n")}


SHOPIFY_CUSTOMERS = Vendor(forms=_forms, batches=batches)
