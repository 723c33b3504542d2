"""Who may be seen does not depend on when records were linked: a plain loop agrees."""

from datetime import UTC, datetime

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.privacy.conftest import study
from workbench.privacy import permitted
from workbench.schema import TABLES
from workbench.schema.links import LINKS, with_customers

#: From the mildest to the strictest, as the module of consent has them.
STRICTNESS = ["given", "unknown", "requested", "refused", "withdrawn", "objected"]
DECISIONS = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from(STRICTNESS), st.integers(1, 20)),
    max_size=12,
    unique_by=lambda each: (each[0], each[2]),
)
LINKED = st.dictionaries(st.integers(2, 6), st.sampled_from([1]))


@settings(max_examples=80, deadline=None)
@given(DECISIONS, LINKED, st.sampled_from(["consent", "contract"]))
def test_within_a_record_the_latest_counts_and_over_records_the_strictest(decided, linked, basis):
    ledger = pl.DataFrame(
        [
            {
                "record_id": record, "consent_id": f"{record} {day}", "purpose": "analytics",
                "decision": decision, "decided_at": datetime(2024, 1, day, tzinfo=UTC),
                "source_id": "s",
            }
            for record, decision, day in decided
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
    owner = {record: linked.get(record, record) for record in range(1, 7)}
    customers = pl.DataFrame({"customer_id": sorted(set(owner.values()))}).cast(pl.UInt64)
    found = permitted(
        customers,
        with_customers(ledger.lazy(), links),
        study=study(basis=basis),
        sources=pl.DataFrame(
            {"source_id": ["s"], "data_until_at": [datetime(2024, 2, 1, tzinfo=UTC)]}
        ),
    )
    seen = set(found.filter(pl.col("reason").is_null())["customer_id"])
    expected = set()
    for who in set(owner.values()):
        latest = []
        for record in (r for r, c in owner.items() if c == who):
            mine = [(day, d) for r, d, day in decided if r == record]
            if basis == "contract":
                mine = [(day, d) for day, d in mine if d not in ("unknown", "requested")]
            if mine:
                latest.append(max(mine)[1])
        strictest = max(latest, key=STRICTNESS.index, default=None)
        if strictest == "given" or (basis == "contract" and strictest is None):
            expected.add(who)
    assert seen == expected
