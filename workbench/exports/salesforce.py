"""Salesforce Data Loader: contacts and cases, every cell quoted, API names in capitals.

Ids have 18 characters, the last three the checksum of the capitals among the first 15. Instants
are in UTC, some written with ``Z`` and some with ``+0000``; an empty cell is null. Consent is an
opt-out.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cells import true_false, utc
from workbench.exports.ids import decimal_digits, salesforce_id
from workbench.exports.slices import Slice, World
from workbench.exports.threads import threads
from workbench.exports.writing import Batch, Form, Vendor, csv

CONTACTS = "Contact_dataloader.csv"
CASES = "Case_dataloader.csv"
_CONTACT_HEADER = (
    "ID,ISDELETED,ACCOUNTID,LASTNAME,FIRSTNAME,SALUTATION,NAME,MAILINGSTREET,MAILINGCITY,"
    "MAILINGSTATE,MAILINGPOSTALCODE,MAILINGCOUNTRY,PHONE,MOBILEPHONE,EMAIL,TITLE,LEADSOURCE,"
    "BIRTHDATE,OWNERID,HASOPTEDOUTOFEMAIL,HASOPTEDOUTOFFAX,DONOTCALL,CREATEDDATE,"
    "LASTMODIFIEDDATE,SYSTEMMODSTAMP,LASTACTIVITYDATE,INDIVIDUALID,LOYALTY_TIER__C"
)
CONTACT_COLUMNS = _CONTACT_HEADER.split(",")
_CASE_HEADER = (
    "ID,ISDELETED,CASENUMBER,CONTACTID,ACCOUNTID,SUPPLIEDEMAIL,TYPE,STATUS,REASON,ORIGIN,SUBJECT,"
    "PRIORITY,DESCRIPTION,ISCLOSED,CLOSEDDATE,ISESCALATED,OWNERID,CREATEDDATE,LASTMODIFIEDDATE"
)
CASE_COLUMNS = _CASE_HEADER.split(",")
_SHORT_IDS = 0.25  # of cases
#: Share of the customers who are contacts.
SHARE = 0.6

_INSTANT = "%Y-%m-%dT%H:%M:%S.000"
_SALUTATIONS = {"female": "Ms.", "male": "Mr."}


def batches(part: Slice) -> Iterator[Batch]:
    """Yield the contacts and the cases of a slice."""
    contacts = part.members("salesforce", SHARE)
    yield Batch(CONTACTS, _contacts(part, contacts))
    yield Batch(CASES, _cases(part, contacts))


def _contacts(part: Slice, contacts: pl.DataFrame) -> pl.DataFrame:
    world, key = part.world, pl.col("record_id")
    for attribute in ("loyalty_tier", "acquisition_source"):
        last = part.latest(attribute)
        contacts = contacts.join(last, on="record_id", how="left", maintain_order="left")
    contacts = contacts.with_columns(until=pl.datetime(9999, 1, 1, time_zone="UTC"))
    contacts = part.stood(contacts, "marketing.communications", at="until", name="mails")
    is_mobile = world.u("salesforce mobile", key) < 0.6
    created = pl.col("first_seen_at").dt.truncate("1s")
    touched = _stamp(
        created + pl.duration(seconds=world.bits("salesforce touch", key) % 86_400), key, world
    )
    return contacts.select(
        pl.col("contact_id").alias("ID"),
        true_false(world.u("salesforce deleted", key) < 0.01).alias("ISDELETED"),
        pl.when(pl.col("organization").is_not_null())
        .then(salesforce_id("001", world.bits("salesforce account", key)))
        .alias("ACCOUNTID"),
        pl.col("family_name").alias("LASTNAME"),
        pl.col("given_name").alias("FIRSTNAME"),
        pl.col("gender")
        .cast(pl.String)
        .replace_strict(_SALUTATIONS, default=None, return_dtype=pl.String)
        .alias("SALUTATION"),
        pl.col("full_name").alias("NAME"),
        pl.col("street_address").alias("MAILINGSTREET"),
        pl.col("city").alias("MAILINGCITY"),
        pl.col("region").str.replace("^[A-Z]{2}-", "").alias("MAILINGSTATE"),
        pl.col("postcode").alias("MAILINGPOSTALCODE"),
        pl.col("country").alias("MAILINGCOUNTRY"),
        pl.when(~is_mobile).then("phone").alias("PHONE"),
        pl.when(is_mobile).then("phone").alias("MOBILEPHONE"),
        pl.col("email").alias("EMAIL"),
        pl.lit(None, pl.String).alias("TITLE"),
        pl.col("acquisition_source").alias("LEADSOURCE"),
        pl.col("birth_date").alias("BIRTHDATE"),
        salesforce_id("005", world.bits("salesforce owner", key) % 4).alias("OWNERID"),
        true_false(~pl.col("mails")).alias("HASOPTEDOUTOFEMAIL"),
        pl.lit("false").alias("HASOPTEDOUTOFFAX"),
        true_false(world.u("salesforce calls", key) < 0.1).alias("DONOTCALL"),
        _stamp(created, key, world).alias("CREATEDDATE"),
        touched.alias("LASTMODIFIEDDATE"),
        touched.alias("SYSTEMMODSTAMP"),
        utc(created, "%Y-%m-%d").alias("LASTACTIVITYDATE"),
        salesforce_id("0PK", world.bits("salesforce individual", key)).alias("INDIVIDUALID"),
        pl.col("loyalty_tier").str.to_titlecase().alias("LOYALTY_TIER__C"),
        pl.col("contact_id").alias("native_id"),
        "record_id",
    ).select(*CONTACT_COLUMNS, "native_id", "record_id")


def _cases(part: Slice, contacts: pl.DataFrame) -> pl.DataFrame:
    """Return the cases; who is no contact has written by an address alone."""
    world, key = part.world, pl.col("thread")
    rows = threads(part, are_cases=True).join(
        contacts.select("record_id", "contact_id"),
        on="record_id",
        how="left",
        maintain_order="left",
    )
    rows = part.with_people(rows, "email")
    is_closed = pl.col("solved_at").is_not_null()
    rows = rows.with_columns(native_id=salesforce_id("500", world.bits("salesforce case", key)))
    origin = pl.when(pl.col("channel") == "chat").then(pl.lit("Chat")).otherwise(pl.lit("Email"))
    cells = {
        "ID": pl.col("native_id"),
        "ISDELETED": pl.lit("false"),
        "CASENUMBER": decimal_digits(world.bits("salesforce case number", key), 8),
        # the 15 characters before the checksum say the same, and stand where a report was copied
        "CONTACTID": pl.when(world.u("salesforce short id", key) < _SHORT_IDS)
        .then(pl.col("contact_id").str.head(15))
        .otherwise("contact_id"),
        "ACCOUNTID": pl.lit(None, pl.String),
        "SUPPLIEDEMAIL": pl.col("email"),
        "TYPE": pl.lit("Problem"),
        "STATUS": pl.when(is_closed).then(pl.lit("Closed")).otherwise(pl.lit("Working")),
        "REASON": pl.col("topic").str.to_titlecase(),
        "ORIGIN": origin,
        "SUBJECT": pl.col("subject"),
        "PRIORITY": world.option("salesforce priority", key, ("Low", "Medium", "High")),
        "DESCRIPTION": pl.col("text"),
        "ISCLOSED": true_false(is_closed),
        "CLOSEDDATE": utc(pl.col("solved_at"), _INSTANT + "Z"),
        "ISESCALATED": true_false(world.u("salesforce escalated", key) < 0.03),
        "OWNERID": salesforce_id("005", world.bits("salesforce owner", key) % 4),
        "CREATEDDATE": utc(pl.col("created_at"), _INSTANT + "Z"),
        "LASTMODIFIEDDATE": utc(pl.col("updated_at"), _INSTANT + "Z"),
    }
    return rows.select("native_id", "record_id", **cells).select(
        *CASE_COLUMNS, "native_id", "record_id"
    )


def _stamp(instant: pl.Expr, key: pl.Expr, world: World) -> pl.Expr:
    """Return an instant with one of the two ways to write UTC, the same for all of a record."""
    is_old = world.u("salesforce zone", key) < 0.2
    zone = pl.when(is_old).then(pl.lit("+0000")).otherwise(pl.lit("Z"))
    return pl.concat_str(utc(instant, _INSTANT), zone)


def _forms(_world: World) -> dict[str, Form]:
    return {CONTACTS: csv(CONTACT_COLUMNS, always=True), CASES: csv(CASE_COLUMNS, always=True)}


SALESFORCE = Vendor(forms=_forms, batches=batches)
