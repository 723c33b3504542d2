"""Named random streams."""

import numpy as np
import pytest

from workbench.foundation.streams import Stream, mix

OWNERS = np.arange(20_000, dtype=np.uint64)


def _splitmix(value: int) -> int:
    """SplitMix64's finaliser in Python's integers (Steele, Lea and Flood 2014, figure 14)."""
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB % 2**64
    return value ^ (value >> 31)


def test_the_finaliser_agrees_with_plain_integers():
    values = np.array([0, 1, 2**63, 2**64 - 1], dtype=np.uint64)
    assert mix(values.copy()).tolist() == [_splitmix(int(value)) for value in values]


@pytest.mark.parametrize("shape", [(40_000,), (200, 200), (0,), ()])
def test_every_shape_and_layout_is_hashed_alike_and_the_input_stays(shape: tuple[int, ...]):
    owners = np.arange(np.prod(shape, dtype=int), dtype=np.uint64).reshape(shape)
    kept, stream = owners.copy(), Stream(7, "orders")
    assert (stream.bits(owners.T) == stream.bits(owners).T).all()
    assert (stream.bits(owners[::-1]) == stream.bits(owners)[::-1]).all() if owners.ndim else True
    assert (owners == kept).all()


def test_a_value_depends_on_seed_stream_owner_and_position_alone():
    stream = Stream(7, "orders")
    everyone = stream.uniform(OWNERS, position=3)
    assert (everyone[100:200] == stream.uniform(OWNERS[100:200], position=3)).all()
    for other in (Stream(8, "orders"), Stream(7, "events")):
        assert (other.uniform(OWNERS, position=3) != everyone).all()
    assert (stream.uniform(OWNERS, position=4) != everyone).all()


def test_uniforms_are_strictly_between_zero_and_one_and_even():
    draws = Stream(7, "u").uniform(OWNERS)
    assert draws.min() > 0
    assert draws.max() < 1
    counts = np.histogram(draws, bins=20, range=(0, 1))[0]
    chi_square = ((counts - 1_000) ** 2 / 1_000).sum()
    assert chi_square < 43.8  # 99.9 % point with 19 degrees of freedom


def test_a_generator_repeats_itself():
    first = Stream(7, "g").generator().integers(0, 1000, 5)
    assert (first == Stream(7, "g").generator().integers(0, 1000, 5)).all()
