"""OneTrust: consent receipts, one for each moment at which a customer made decisions.

Each purpose has OneTrust's word for the kind of decision. The date of a receipt is in UTC with
``Z``, the date of a withdrawal without; a decision of unknown time has no date. A customer without
e-mail is identified by the shop's customer number.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.export_files import Batch, FileForm, Vendor, json_array_form
from workbench.exports.json_text import plain_string
from workbench.exports.objects import json_lines, json_object
from workbench.exports.slices import ExportedWorld, Slice

FILE = "consent_receipts.json"
_SHARE = 0.9
_TRANSACTIONS = {
    "given": "CONFIRMED",
    "refused": "NOTGIVEN",
    "withdrawn": "WITHDRAWN",
    "requested": "PENDING",
    "unknown": "NO_CHOICE",
    "objected": "HARD_OPT_OUT",
    "restricted": "OPT_OUT",
    "released": "EXTEND",
}
_PURPOSES = {
    "essential": "Strictly necessary",
    "functional": "Functional",
    "analytics": "Analytics",
    "personalize": "Profiling",
    "marketing.communications": "Newsletter",
    "marketing.advertising": "Advertising",
    "third_party_sharing": "Sharing with partners",
    "train_ai_system": "Training of models",
    "all": "All purposes",
}


def batches(part: Slice) -> Iterator[Batch]:
    """Yield the receipts of a slice."""
    known = part.people_in_system("onetrust", _SHARE).select(
        "record_id", "email", "shop_customer", "given_name", "country", "language", "kind"
    )
    purpose = pl.col("purpose").cast(pl.String).fill_null("all")
    numbers = {name: f"f2a8c1d0-0000-4000-8000-{n:012d}" for n, name in enumerate(_PURPOSES, 1)}
    version = pl.col("policy_version").str.replace_all(r"\D", "").str.strip_chars_start("0")
    transaction = pl.col("decision").cast(pl.String).replace_strict(_TRANSACTIONS)
    is_withdrawn = pl.col("decision").cast(pl.String) == "withdrawn"
    preferences = pl.concat_str(
        pl.lit('[{"PreferenceId":"channel","Options":['),
        plain_string(pl.col("channel")),
        pl.lit("]}]"),
    )
    purposes = (
        part["consents"]
        .join(known, on="record_id", how="inner", maintain_order="left")
        .with_columns(
            purpose_id=purpose.replace_strict(numbers),
            purpose_name=purpose.replace_strict(_PURPOSES),
            version=pl.when(version.str.contains(r"^\d{1,9}$"))
            .then(version)
            .otherwise(pl.lit("1")),
            transaction=transaction,
            preferences=preferences,
            withdrawn_at=pl.when(is_withdrawn).then("decided_at"),
        )
        .with_columns(decided=json_object("onetrust_purposes"))
    )
    receipts = purposes.group_by("record_id", "decided_at", maintain_order=True).agg(
        pl.col("email", "shop_customer", "given_name", "country", "language", "kind").first(),
        purposes=pl.concat_str(pl.lit("["), pl.col("decided").str.join(","), pl.lit("]")).first(),
    )
    has_email = pl.col("email").is_not_null()
    receipts = receipts.with_columns(
        native_id=pl.coalesce("email", "shop_customer"),
        identified_by=pl.when(has_email).then(pl.lit("Email")).otherwise(pl.lit("CustomerId")),
        customer_beside=pl.when(has_email).then("shop_customer"),
        is_test=pl.col("kind") == "test",
    )
    yield Batch(FILE, json_lines(receipts, "onetrust_receipts"))


def _forms(_world: ExportedWorld) -> dict[str, FileForm]:
    return {FILE: json_array_form(head="[\n", tail="\n]\n")}


ONETRUST = Vendor(forms=_forms, batches=batches)
