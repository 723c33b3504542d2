"""Ids that say nothing."""

import hashlib
import hmac

import polars as pl

from workbench.identity import keyed_hash, keyed_native

SECRET, OTHER = "s", "another"


def _hmac(text: str, secret: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:16]


def test_an_id_is_the_first_eight_bytes_of_an_hmac():
    native = pl.Series("record_id", ["shop:1", None, "shop:é", "shop:1"])
    hashed = keyed_hash(native, secret=SECRET)
    expected = [int(_hmac(each, SECRET), 16) if each else None for each in native]
    assert hashed.to_list() == expected
    assert (hashed.name, hashed.dtype) == ("record_id", pl.UInt64)


def test_an_id_that_is_a_hash_already_is_hashed_by_its_digits():
    assert keyed_hash(pl.Series([2**64 - 1], dtype=pl.UInt64), secret=SECRET).to_list() == [
        int(_hmac(str(2**64 - 1), SECRET), 16)
    ]


def test_another_secret_gives_other_ids():
    native = pl.Series(["shop:1"])
    record = keyed_hash(native, secret=SECRET)
    assert record.to_list() != keyed_hash(native, secret=OTHER).to_list()


def test_a_readable_id_keeps_its_system_and_loses_its_native_part():
    native = pl.Series("order_id", ["shop:7590-VHVEG", None, "a:b:c", "bare"])
    assert keyed_native(native, secret=SECRET).to_list() == [
        "shop:" + _hmac("shop:7590-VHVEG", SECRET),
        None,
        "a:" + _hmac("a:b:c", SECRET),
        _hmac("bare", SECRET),
    ]


def test_nothing_gives_nothing():
    for dtype in (pl.String, pl.UInt64):
        assert keyed_hash(pl.Series([], dtype=dtype), secret=SECRET).to_list() == []
        assert keyed_hash(pl.Series([None], dtype=dtype), secret=SECRET).to_list() == [None]
    assert keyed_native(pl.Series([], dtype=pl.String), secret=SECRET).to_list() == []
