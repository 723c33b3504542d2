"""Shopify's ``customers_export.csv``: who has an account, with a byte order mark and CRLF.

``Accepts ...`` is a state without a time. Ids, postcodes and phones bear an apostrophe; the
metafield's header is in the shop's language. Some buy without an account and are not in it.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cells import amount, guarded, yes_no
from workbench.exports.slices import Slice, World
from workbench.exports.writing import Batch, Form, Vendor, csv, filled

FILE = "customers_export.csv"
_HEADER = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,"
    "Default Address Address1,Default Address Address2,Default Address City,"
    "Default Address Province Code,Default Address Country Code,Default Address Zip,"
    "Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,"
    "Tags,Geburtsdatum (customer.metafields.facts.birth_date)"
)
COLUMNS = _HEADER.split(",")
_SHARE = 0.97


def batches(part: Slice) -> Iterator[Batch]:
    """Yield the customers of a slice."""
    people = part.members("shopify", _SHARE).with_columns(
        until=pl.datetime(9999, 1, 1, time_zone="UTC")
    )
    people = part.stood(people, "marketing.communications", at="until", name="mails")
    spent = (
        part["orders"]
        .group_by("record_id", maintain_order=True)
        .agg(
            spent=pl.col("total_minor").sum(),
            orders=(pl.col("kind") == "sale").sum(),
            currency=pl.col("currency").first(),
        )
    )
    for more in (spent, part.latest("loyalty_tier"), part.latest("note")):
        people = people.join(more, on="record_id", how="left", maintain_order="left")
    region = pl.col("region").str.replace("^[A-Z]{2}-", "")
    sms = part["consents"].filter(channel="sms", decision="given")["record_id"]
    rows = people.with_columns(
        pl.col("shop_customer").alias("native_id"),
        guarded(pl.col("shop_customer")).alias("Customer ID"),
        pl.col("given_name").alias("First Name"),
        pl.col("family_name").alias("Last Name"),
        pl.col("email").alias("Email"),
        yes_no(pl.col("mails")).alias("Accepts Email Marketing"),
        pl.col("organization").alias("Default Address Company"),
        pl.col("street_address").alias("Default Address Address1"),
        pl.col("city").alias("Default Address City"),
        region.alias("Default Address Province Code"),
        pl.col("country").alias("Default Address Country Code"),
        guarded(pl.col("postcode")).alias("Default Address Zip"),
        guarded(pl.col("phone")).alias("Phone"),
        yes_no(pl.col("record_id").is_in(sms.implode())).alias("Accepts SMS Marketing"),
        amount(pl.col("spent").fill_null(0), pl.col("currency").fill_null("EUR")).alias(
            "Total Spent"
        ),
        pl.col("orders").fill_null(0).cast(pl.String).alias("Total Orders"),
        pl.col("note").alias("Note"),
        yes_no(pl.col("kind") == "company").alias("Tax Exempt"),
        pl.concat_str(
            pl.col("loyalty_tier"),
            pl.when(pl.col("kind") == "test").then(pl.lit("test")),
            pl.when(pl.col("orders") > 9).then(pl.lit("VIP")),
            separator=", ",
            ignore_nulls=True,
        )
        .replace("", None)
        .alias("Tags"),
        pl.col("birth_date").alias(COLUMNS[-1]),
    )
    yield Batch(FILE, filled(rows, COLUMNS))


def _forms(_world: World) -> dict[str, Form]:
    return {FILE: csv(COLUMNS, lead="\ufeff", terminator="\r\n")}


SHOPIFY_CUSTOMERS = Vendor(forms=_forms, batches=batches)
