"""Refused records know whom they are about, as far as it could be read."""

import polars as pl

from workbench.identity import keyed_hash

GOOD = "1,ann@mail.example,Ann,NL,1980,2024-01-01\n"
#: A bad country of a known person, and a line without its number.
BAD = "2,bob@mail.example,Bob,Holland,1980,2024-01-02\n,eve@mail.example,Eve,NL,1980,2024-01-03\n"


def test_an_erasure_finds_the_refused_records_of_a_person(load_contacts, vault) -> None:
    report = load_contacts(GOOD + BAD)
    assert report.refused == 2
    secret = vault.key_for("shop").text
    bob = keyed_hash(pl.Series(["shop:2"]), secret=secret)[0]
    rows = vault.dataset("shop").quarantine().collect().unique("source_row").sort("source_row")
    assert rows.select("source_row", "about_record").rows() == [(2, bob), (3, None)]
