"""Salesforce Data Loader: contacts and cases, with every cell quoted and API names in capitals.

Ids have 18 characters, of which the last three are the checksum of the capitals among the first 15.
Instants are in UTC, some written with ``Z`` and some with ``+0000``; an empty cell is null. Consent
is stored as an opt-out. The cases were written by a Data Loader set to UTF-16.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cell_formats import utc_text
from workbench.exports.export_files import Batch, FileForm, Vendor, csv_form
from workbench.exports.field_tables import column_headers, format_cells
from workbench.exports.slices import ExportedWorld, Slice
from workbench.exports.threads import desk_threads
from workbench.exports.vendor_ids import decimal_digits, salesforce_id

CONTACTS = "Contact_dataloader.csv"
CASES = "Case_dataloader.csv"
_CONTACT_FIELDS, _CASE_FIELDS = "salesforce_contacts", "salesforce_cases"
_SHORT_IDS = 0.25  # share of cases with the short id of their contact
#: Share of the customers who are contacts.
SHARE = 0.6

_INSTANT = "%Y-%m-%dT%H:%M:%S.000"
_SALUTATIONS = {"female": "Ms.", "male": "Mr."}


def batches(part: Slice) -> Iterator[Batch]:
    """Yield the contacts and the cases of a slice."""
    contacts = part.people_in_system("salesforce", SHARE)
    yield Batch(CONTACTS, _contact_cells(part, contacts))
    yield Batch(CASES, _case_cells(part, contacts))


def _contact_cells(part: Slice, contacts: pl.DataFrame) -> pl.DataFrame:
    world, key = part.world, pl.col("record_id")
    for attribute in ("loyalty_tier", "acquisition_source"):
        last = part.latest_attribute(attribute)
        contacts = contacts.join(last, on="record_id", how="left", maintain_order="left")
    contacts = contacts.with_columns(until=pl.datetime(9999, 1, 1, time_zone="UTC"))
    contacts = part.add_consent(contacts, "marketing.communications", at="until", name="mails")
    is_mobile = world.uniform("salesforce mobile", key) < 0.6
    created = pl.col("first_seen_at").dt.truncate("1s")
    touched = _instant_text(
        created + pl.duration(seconds=world.bits("salesforce touch", key) % 86_400), key, world
    )
    rows = contacts.with_columns(
        native_id="contact_id",
        is_deleted=world.uniform("salesforce deleted", key) < 0.01,
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
        is_not_called=world.uniform("salesforce calls", key) < 0.1,
        created=created,
        created_stamp=_instant_text(created, key, world),
        touched_stamp=touched,
        individual=salesforce_id("0PK", world.bits("salesforce individual", key)),
    )
    return format_cells(rows, _CONTACT_FIELDS)


def _case_cells(part: Slice, contacts: pl.DataFrame) -> pl.DataFrame:
    """Return the cases; a customer who is not a contact is identified by e-mail address only."""
    world, key = part.world, pl.col("thread")
    rows = desk_threads(part, are_cases=True).join(
        contacts.select("record_id", "contact_id"),
        on="record_id",
        how="left",
        maintain_order="left",
    )
    rows = part.add_person_columns(rows, "email")
    is_closed = pl.col("solved_at").is_not_null()
    is_short = world.uniform("salesforce short id", key) < _SHORT_IDS
    rows = rows.with_columns(
        native_id=salesforce_id("500", world.bits("salesforce case", key)),
        case_number=decimal_digits(world.bits("salesforce case number", key), 8),
        # The 15 characters before the checksum identify the contact too; reports contain them.
        contact=pl.when(is_short).then(pl.col("contact_id").str.head(15)).otherwise("contact_id"),
        status=pl.when(is_closed).then(pl.lit("Closed")).otherwise(pl.lit("Working")),
        origin=pl.when(pl.col("channel") == "chat").then(pl.lit("Chat")).otherwise(pl.lit("Email")),
        priority=world.option("salesforce priority", key, ("Low", "Medium", "High")),
        is_closed=is_closed,
        is_escalated=world.uniform("salesforce escalated", key) < 0.03,
        owner_id=salesforce_id("005", world.bits("salesforce owner", key) % 4),
    )
    return format_cells(rows, _CASE_FIELDS)


def _instant_text(instant: pl.Expr, key: pl.Expr, world: ExportedWorld) -> pl.Expr:
    """Return an instant with one of two notations of UTC, always the same one for a record."""
    is_old = world.uniform("salesforce zone", key) < 0.2
    zone = pl.when(is_old).then(pl.lit("+0000")).otherwise(pl.lit("Z"))
    return pl.concat_str(utc_text(instant, _INSTANT), zone)


def _forms(_world: ExportedWorld) -> dict[str, FileForm]:
    return {
        CONTACTS: csv_form(column_headers(_CONTACT_FIELDS), always=True),
        CASES: csv_form(
            column_headers(_CASE_FIELDS), lead="\ufeff", always=True, encoding="utf-16-le"
        ),
    }


SALESFORCE = Vendor(forms=_forms, batches=batches)
