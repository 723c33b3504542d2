"""Who may be seen does not depend on when records were linked: a plain loop agrees."""

from datetime import UTC, datetime

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.privacy.conftest import study
from workbench.privacy import exclusion_reasons
from workbench.schema import TABLES
from workbench.schema.links import LINKS, SHARED, add_customer_ids

#: From the mildest to the strictest, as the module of consent has them.
STRICTNESS = [
    "given", "released", "unknown", "requested", "refused", "withdrawn", "objected", "restricted"
]  # fmt: skip
DENIALS = STRICTNESS[4:]
CHANNELS = ["email", "sms", None]
#: Record, decision, day, channel and purpose. Several may share a day: the stricter is later then.
DECISIONS = st.lists(
    st.tuples(
        st.integers(1, 4), st.sampled_from(STRICTNESS), st.integers(1, 6),
        st.sampled_from(CHANNELS), st.sampled_from(["analytics", None, "personalize"]),
    ),
    max_size=14,
)  # fmt: skip
LINKED = st.dictionaries(st.integers(2, 4), st.sampled_from([1]))


def in_force(stream):
    """Return the decision that counts last of one record and channel, releases applied; or None."""
    standing = []
    for decision in stream:
        if decision == "released":
            standing = [each for each in standing if each != "restricted"]
        else:
            standing.append(decision)
    return standing[-1] if standing else None


def strictest(decided, records, *, basis, channel):
    """Return the decision that counts of a customer: a loop over records and channels."""
    concerned = [channel] if channel else CHANNELS
    found = []
    for record in records:
        mine = sorted(
            (
                (day, STRICTNESS.index(decision), about)
                for of, decision, day, about, purpose in decided
                if of == record
                and (
                    purpose == "analytics"
                    or (purpose is None and decision in [*DENIALS, "released"])
                )
                and not (basis != "consent" and decision in ("unknown", "requested"))
            ),
            key=lambda each: each[:2],
        )
        for one in concerned:  # None: a channel of which nothing was said by its name
            counts = in_force([STRICTNESS[rank] for _, rank, about in mine if about in (None, one)])
            if counts is not None:
                found.append(counts)
    return max(found, key=STRICTNESS.index, default=None)


def _denies(decided, record, *, basis, channel) -> bool:
    return strictest(decided, [record], basis=basis, channel=channel) in DENIALS


@settings(max_examples=300, deadline=None)
@given(
    DECISIONS,
    LINKED,
    st.sampled_from(["consent", "contract", "legitimate_interest"]),
    st.sampled_from([None, "email", "sms"]),
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 2)), unique=True, max_size=4),
)
def test_the_latest_counts_for_each_channel_and_of_channels_and_records_the_strictest(
    decided, linked, basis, channel, groups
):
    ledger = pl.DataFrame(
        [
            {
                "record_id": record, "consent_id": str(place), "purpose": purpose,
                "channel": about, "decision": decision,
                "decided_at": datetime(2024, 1, day, tzinfo=UTC), "source_id": f"s{record % 2}",
            }
            for place, (record, decision, day, about, purpose) in enumerate(decided)
        ],
        schema={
            name: TABLES["consents"].stored[name]
            for name in ("record_id", "consent_id", "purpose", "channel", "decision",
                         "decided_at", "source_id")
        },
    )  # fmt: skip
    links = pl.DataFrame(
        [{"record_id": record, "customer_id": who} for record, who in linked.items()], schema=LINKS
    )
    owner = {record: linked.get(record, record) for record in range(1, 5)}
    customers = pl.DataFrame({"customer_id": sorted(set(owner.values()))}).cast(pl.UInt64)
    found = exclusion_reasons(
        customers,
        add_customer_ids(ledger.lazy(), links),
        study=study(basis=basis, channel=channel),
        shared=add_customer_ids(pl.DataFrame(groups, schema=SHARED, orient="row").lazy(), links),
    )
    seen = set(found.filter(pl.col("reason").is_null())["customer_id"])
    expected = set()
    for who in set(owner.values()):
        records = [record for record, customer in owner.items() if customer == who]
        counts = strictest(decided, records, basis=basis, channel=channel)
        theirs = {group for record, group in groups if record in records}
        others = [record for record, group in groups if group in theirs]
        if any(_denies(decided, record, basis=basis, channel=channel) for record in others):
            continue
        if counts == "given" if basis == "consent" else counts not in DENIALS:
            expected.add(who)
    assert seen == expected
