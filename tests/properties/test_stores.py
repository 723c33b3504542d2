"""What holds for any content of the rooms that keep it."""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from workbench.foundation.errors import IntegrityError
from workbench.foundation.files import canonical_json
from workbench.identity import keyed_hash
from workbench.intake import load
from workbench.intake.quarantine import write_quarantined_records
from workbench.schema import TABLES, bucket_of
from workbench.schema.links import LINKS, add_customer_ids, apply_survivorship
from workbench.sources import SourceMapping, open_source
from workbench.vault import Key, Vault, seal, unseal

IDS = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=30)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)  # what UTF-8 can hold
KEY = Key(bytes(range(32)))
MAPPING = SourceMapping.of(
    {
        "system": "s",
        "zone": "UTC",
        "currency": "EUR",
        "data_until": "2024-02-01",
        "basis": "contract",
        "columns": {"number": "code", "country": "code", "note": "text"},
        "record": {"id": "number"},
        "identities": {"user_id": "number"},
        "attributes": {"profile": {"note": "note"}},
        "tables": {"customers": {"first_seen_at": "data_until_at", "country": "country"}},
    },
    name="notes",
)


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=200), TEXT, TEXT)
def test_what_is_sealed_opens_in_its_context_only(content: bytes, context: str, other: str):
    lies = seal(content, key=KEY, context=context)
    assert unseal(lies, key=KEY, context=context) == content
    if other != context:
        with pytest.raises(IntegrityError, match="swapped, changed or damaged"):
            unseal(lies, key=KEY, context=other)


@settings(max_examples=25, deadline=None)
@given(IDS, st.integers(1, 64), st.randoms(use_true_random=False))
def test_ids_and_buckets_depend_on_nothing_but_the_id(ids: list[int], buckets: int, order):
    mixed = [*ids]
    order.shuffle(mixed)
    for rule in (
        lambda series: bucket_of(series, buckets),
        lambda series: keyed_hash(series, secret=KEY.text),
    ):
        one = dict(zip(ids, rule(pl.Series(ids, dtype=pl.UInt64)), strict=True))
        two = dict(zip(mixed, rule(pl.Series(mixed, dtype=pl.UInt64)), strict=True))
        assert one == two
    assert set(bucket_of(pl.Series(ids, dtype=pl.UInt64), buckets)) <= set(range(buckets))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner),
    max_leaves=8,
)


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(TEXT, JSON))
def test_canonical_json_does_not_depend_on_the_order_of_keys(content):
    assert canonical_json(content) == canonical_json(dict(reversed(content.items())))
    assert json.loads(canonical_json(content)) == content


STATEMENT = st.fixed_dictionaries(
    {
        "record_id": st.integers(1, 5),
        "kind": st.sampled_from(["visitor", "person", "company", "test"]),
        "first_seen_at": st.integers(1, 28).map(lambda day: datetime(2024, 1, day, tzinfo=UTC)),
        "observed_at": st.integers(1, 9).map(lambda day: datetime(2024, 2, day, tzinfo=UTC)),
        "country": st.sampled_from(["NL", "BE", None]),
        "birth_year": st.sampled_from([1980, 1990, None]),
        "source_id": st.sampled_from(["a", "b"]),
        "source_row": st.integers(1, 9),
    }
)
LINKED = st.dictionaries(st.integers(2, 5), st.just(1))


@settings(max_examples=60, deadline=None)
@given(st.lists(STATEMENT, max_size=8), LINKED, st.integers(1, 9), st.integers(0, 2))
def test_one_row_per_customer_is_what_a_plain_loop_makes(stated, linked, day, trust):
    schema = TABLES["customers"].stored
    links = pl.DataFrame(
        [{"record_id": record, "customer_id": who} for record, who in linked.items()], schema=LINKS
    )
    rows = add_customer_ids(pl.DataFrame(stated, schema=schema).lazy(), links)
    cut = datetime(2024, 2, day, tzinfo=UTC)
    loads = {"b": trust, "a": 1}
    made = apply_survivorship(rows, loads=loads, known_at=cut).collect()
    expected = {}
    strength = ["visitor", "person", "company", "test"].index
    order = ["b", "a"].index

    def place(row):
        load = row["source_id"]
        return loads[load], row["observed_at"], order(load), row["record_id"], row["source_row"]

    for row in sorted(stated, key=place):
        who = linked.get(row["record_id"], row["record_id"])
        first, country, year, known, kinds = expected.get(
            who, (row["first_seen_at"], None, None, [], [])
        )
        is_known = row["observed_at"] <= cut
        expected[who] = (
            min(first, row["first_seen_at"]),
            (row["country"] or country) if is_known else country,
            (row["birth_year"] or year) if is_known else year,
            known + [row["kind"]] * (is_known or row["kind"] == "test"),
            [*kinds, row["kind"]],
        )
    found = made.select("customer_id", "first_seen_at", "country", "birth_year", "kind").rows()
    assert {who: tuple(values) for who, *values in found} == {
        who: (*values, max(known, key=strength) if known else min(kinds, key=strength))
        for who, (*values, known, kinds) in expected.items()
    }
    origins = apply_survivorship(rows, loads=loads, known_at=cut, with_sources=True).collect()
    assert origins.select(made.columns).equals(made.sort("customer_id"))
    stated_by = {(row["source_id"], row["country"]) for row in stated}
    for country, source in origins.select("country", "country_source").rows():
        assert (country is None) == (source is None)
        assert country is None or (source, country) in stated_by


LINE = st.tuples(
    st.integers(1, 8), st.sampled_from(["NL", "BE", "Holland"]), st.sampled_from(["a", "b", ""])
)


def _csv(path: Path, lines: list[tuple[int, str, str]]) -> Path:
    path.write_text("number,country,note\n" + "".join(f"{n},{c},{t}\n" for n, c, t in lines))
    return path


@settings(max_examples=8, deadline=None)
@given(st.dictionaries(st.integers(1, 9), LINE, min_size=2, max_size=8), st.integers(1, 7))
def test_every_record_is_accepted_or_refused_and_loads_add_up(found, cut: int):
    lines = [(number, country, note) for number, (_, country, note) in found.items()]
    cut = min(cut, len(lines) - 1)
    good = [(0, "NL", "a")]  # a load of which nothing is accepted would be held back
    pieces = (good + lines[:cut], good + lines[cut:], good + lines)
    with tempfile.TemporaryDirectory() as folder:
        vault = Vault.init(Path(folder) / "w")
        parts = [_csv(Path(folder) / f"{n}.csv", part) for n, part in enumerate(pieces)]
        reports = [
            load([part], vault=vault, dataset="d", mapping=MAPPING, settings={}) for part in parts
        ]
        for report, part in zip(reports, pieces, strict=True):
            bad = sum(country == "Holland" for _, country, _ in part)
            assert (report.read, report.refused) == (len(part), bad)
            assert report.accepted == len(part) - bad
        # the third file says what the first two said
        assert reports[2].unchanged == reports[2].accepted
        assert not reports[2].made_version
        held = vault.dataset("d").data()["customers"].collect()
        assert held.height == reports[2].accepted


CELL = st.text(st.sampled_from("=+-@'\t\"',; \n1.5aé"), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(st.lists(CELL, min_size=1, max_size=5))
def test_cells_written_out_for_correction_are_read_as_they_were(cells: list[str]):
    # a cell that is guarded already is not guarded twice; its guard comes off
    assume(not any(cell.startswith(("'=", "'+", "'-", "'@", "'\t")) for cell in cells))
    fault = {"table": None, "column": "note", "rule": "missing", "parameters": "{}"}
    rows = pl.DataFrame(
        {
            "quarantine_id": [f"x-{n}" for n in range(len(cells))],
            "source_row": range(1, len(cells) + 1),
            "faults": [[fault]] * len(cells),
            "raw": [json.dumps({"number": "1", "country": "NL", "note": c}) for c in cells],
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out.csv"
        write_quarantined_records(rows, path)
        reading = open_source(path, mapping=MAPPING).read(0)
    assert reading.raw is not None
    raw = reading.raw(rows)["raw"].to_list()
    assert [json.loads(each)["note"] for each in raw] == cells
    assert list(reading.closes.values()) == rows["quarantine_id"].to_list()
