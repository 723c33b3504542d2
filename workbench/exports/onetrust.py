"""OneTrust: consent receipts, one for each moment at which a customer decided.

Purposes bear OneTrust's words for what was done. A receipt's date is in UTC with ``Z``, a
withdrawal's without; a state without its origin has no date. Who has no e-mail is identified by
the shop's customer number.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cells import utc
from workbench.exports.jsontext import flag, number, obj, or_null, plain, string
from workbench.exports.slices import Slice, World
from workbench.exports.writing import Batch, Form, Vendor, array_of

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
    known = part.members("onetrust", _SHARE).select(
        "record_id", "email", "shop_customer", "given_name", "country", "language", "kind"
    )
    purpose = pl.col("purpose").cast(pl.String).fill_null("all")
    numbers = {name: f"f2a8c1d0-0000-4000-8000-{n:012d}" for n, name in enumerate(_PURPOSES, 1)}
    version = pl.col("policy_version").str.replace_all(r"\D", "").str.strip_chars_start("0")
    transaction = pl.col("decision").cast(pl.String).replace_strict(_TRANSACTIONS)
    is_withdrawn = pl.col("decision").cast(pl.String) == "withdrawn"
    preferences = pl.concat_str(
        pl.lit('[{"PreferenceId":"channel","Options":['), plain(pl.col("channel")), pl.lit("]}]")
    )
    decided = obj(
        {
            "Id": plain(purpose.replace_strict(numbers)),
            "Name": plain(purpose.replace_strict(_PURPOSES)),
            "Version": number(
                pl.when(version.str.contains(r"^\d{1,9}$")).then(version).otherwise(pl.lit("1"))
            ),
            "TransactionType": plain(transaction),
            "Preferences": preferences,
            "withdrawnDate": plain(
                pl.when(is_withdrawn).then(utc(pl.col("decided_at"), "%Y-%m-%dT%H:%M:%S"))
            ),
        }
    )
    receipts = (
        part["consents"]
        .join(known, on="record_id", how="inner", maintain_order="left")
        .with_columns(decided=decided)
        .group_by("record_id", "decided_at", maintain_order=True)
        .agg(
            pl.col("email", "shop_customer", "given_name", "country", "language", "kind").first(),
            purposes=pl.col("decided").str.join(","),
        )
    )
    has_email = pl.col("email").is_not_null()
    receipt = obj(
        {
            "identifier": string(pl.coalesce("email", "shop_customer")),
            "identifierType": pl.when(has_email)
            .then(plain("Email"))
            .otherwise(plain("CustomerId")),
            "additionalIdentifiers": obj(
                {"CustomerId": plain(pl.when(has_email).then("shop_customer"))}
            ),
            "dsDataElements": obj(
                {"FirstName": string(pl.col("given_name")), "Country": string(pl.col("country"))}
            ),
            "language": or_null(string(pl.col("language"))),
            "interactionDate": or_null(plain(utc(pl.col("decided_at")))),
            "collectionPointId": plain("7c0e51d2-0000-4000-8000-000000000001"),
            "test": flag(pl.col("kind") == "test"),
            "purposes": pl.concat_str(pl.lit("["), pl.col("purposes"), pl.lit("]")),
        }
    )
    yield Batch(
        FILE,
        receipts.select(
            receipt.alias("line"),
            pl.coalesce("email", "shop_customer").alias("native_id"),
            "record_id",
        ),
    )


def _forms(_world: World) -> dict[str, Form]:
    return {FILE: array_of(head="[\n", tail="\n]\n")}


ONETRUST = Vendor(forms=_forms, batches=batches)
