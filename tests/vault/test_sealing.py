"""Small things sealed as a whole."""

import pytest

from workbench.foundation.errors import AccessError, IntegrityError
from workbench.vault import Key, seal, unseal

KEY, OTHER = Key(bytes(32)), Key(bytes([1]) * 32)
CONTENT = b"what only the holder of the key may read"


def test_what_was_sealed_opens_under_its_key_in_its_place():
    one, two = (seal(CONTENT, key=KEY, context="dataset a, version 1") for _ in range(2))
    assert one != two
    assert CONTENT not in one
    assert unseal(one, key=KEY, context="dataset a, version 1") == CONTENT


def test_another_key_is_told_by_both_ids_and_exit_code_5():
    lies = seal(CONTENT, key=KEY, context="c")
    with pytest.raises(
        AccessError, match=f"c was sealed with key {KEY.id}, the key at hand is {OTHER.id}"
    ) as refusal:
        unseal(lies, key=OTHER, context="c")
    assert refusal.value.exit_code == 5


def test_another_place_is_told_apart_from_another_key():
    lies = seal(CONTENT, key=KEY, context="dataset a, version 1")
    for place in ("dataset a, version 2", "dataset b, version 1"):
        with pytest.raises(IntegrityError, match=f"{place} was swapped, changed or damaged"):
            unseal(lies, key=KEY, context=place)


def test_every_changed_byte_is_found_and_none_passes_for_another_key():
    lies = seal(CONTENT, key=KEY, context="c")
    for position in range(len(lies)):
        changed = bytearray(lies)
        changed[position] ^= 0x01
        with pytest.raises(IntegrityError, match=r"c (is|was)"):
            unseal(bytes(changed), key=KEY, context="c")


def test_every_shorter_or_longer_content_is_found():
    lies = seal(CONTENT, key=KEY, context="c")
    for wrong in (*(lies[:length] for length in range(len(lies))), lies + b"\0"):
        with pytest.raises(IntegrityError, match=r"c (is|was)"):
            unseal(wrong, key=KEY, context="c")
