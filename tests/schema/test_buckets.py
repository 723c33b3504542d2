"""Buckets."""

import polars as pl

from workbench.schema import NO_CUSTOMER, bucket_of


def test_a_bucket_is_the_id_modulo_their_number_and_nobody_has_one_apart():
    ids = pl.Series("record_id", [1, 2**63 + 5, None, 1], dtype=pl.UInt64)
    assert bucket_of(ids, 32).to_list() == [1, 5, NO_CUSTOMER, 1]


def test_no_customers_have_no_bucket():
    assert bucket_of(pl.Series([], dtype=pl.UInt64), 8).to_list() == []


def test_customers_spread_evenly():
    ids = pl.Series(range(8_000), dtype=pl.UInt64)
    sizes = bucket_of(ids, 8).value_counts()["count"]
    assert sizes.len() == 8
    assert sizes.min() > 900
