"""Salesforce Data Loader: contacts and cases, every cell quoted, API names in capitals.

Ids have 18 characters, the last three the checksum of the capitals among the first 15. Instants
are in UTC, some written with ``Z`` and some with ``+0000``; an empty cell is null. Consent is an
opt-out.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cells import utc
from workbench.exports.field_tables import cells, columns
from workbench.exports.ids import decimal_digits, salesforce_id
from workbench.exports.slices import Slice, World
from workbench.exports.threads import threads
from workbench.exports.writing import Batch, Form, Vendor, csv

CONTACTS = "Contact_dataloader.csv"
CASES = "Case_dataloader.csv"
_CONTACT_FIELDS, _CASE_FIELDS = "salesforce_contacts", "salesforce_cases"
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
    contacts = part.with_consent(contacts, "marketing.communications", at="until", name="mails")
    is_mobile = world.u("salesforce mobile", key) < 0.6
    created = pl.col("first_seen_at").dt.truncate("1s")
    touched = _stamp(
        created + pl.duration(seconds=world.bits("salesforce touch", key) % 86_400), key, world
    )
    rows = contacts.with_columns(
        native_id="contact_id",
        is_deleted=world.u("salesforce deleted", key) < 0.01,
        account=pl.when(pl.col("organization").is_not_null()).then(
            salesforce_id("001", world.bits("salesforce account", key))
        ),
        salutation=pl.col("gender")
        .cast(pl.String)
        .replace_strict(_SALUTATIONS, default=None, return_dtype=pl.String),
        landline=pl.when(~is_mobile).then("phone"),
        mobile=pl.when(is_mobile).then("phone"),
        owner_id=salesforce_id("005", world.bits("salesforce owner", key) % 4),
        is_out=~pl.col("mails"),
        is_not_called=world.u("salesforce calls", key) < 0.1,
        created=created,
        created_stamp=_stamp(created, key, world),
        touched_stamp=touched,
        individual=salesforce_id("0PK", world.bits("salesforce individual", key)),
    )
    return cells(rows, _CONTACT_FIELDS)


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
    is_short = world.u("salesforce short id", key) < _SHORT_IDS
    rows = rows.with_columns(
        native_id=salesforce_id("500", world.bits("salesforce case", key)),
        case_number=decimal_digits(world.bits("salesforce case number", key), 8),
        # the 15 characters before the checksum say the same, and stand where a report was copied
        contact=pl.when(is_short).then(pl.col("contact_id").str.head(15)).otherwise("contact_id"),
        status=pl.when(is_closed).then(pl.lit("Closed")).otherwise(pl.lit("Working")),
        origin=pl.when(pl.col("channel") == "chat").then(pl.lit("Chat")).otherwise(pl.lit("Email")),
        priority=world.option("salesforce priority", key, ("Low", "Medium", "High")),
        is_closed=is_closed,
        is_escalated=world.u("salesforce escalated", key) < 0.03,
        owner_id=salesforce_id("005", world.bits("salesforce owner", key) % 4),
    )
    return cells(rows, _CASE_FIELDS)


def _stamp(instant: pl.Expr, key: pl.Expr, world: World) -> pl.Expr:
    """Return an instant with one of the two ways to write UTC, the same for all of a record."""
    is_old = world.u("salesforce zone", key) < 0.2
    zone = pl.when(is_old).then(pl.lit("+0000")).otherwise(pl.lit("Z"))
    return pl.concat_str(utc(instant, _INSTANT), zone)


def _forms(_world: World) -> dict[str, Form]:
    return {
        CONTACTS: csv(columns(_CONTACT_FIELDS), always=True),
        CASES: csv(columns(_CASE_FIELDS), always=True),
    }


SALESFORCE = Vendor(forms=_forms, batches=batches)
