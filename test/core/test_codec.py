# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The canonical encoding: equal values give equal bytes, and hostile bytes are refused."""

from dataclasses import dataclass
from typing import Tuple

from hypothesis import given, strategies as st
import pytest
from robot_swarm_orch import codec
from robot_swarm_orch.errors import WireError
from robot_swarm_orch.types import Mode


@codec.register(9001)
@dataclass(frozen=True)
class Inner:
    """A nested value."""

    number: int
    text: str


@codec.register(9002)
@dataclass(frozen=True)
class Outer:
    """A value with everything that events have."""

    robot: str
    nodes: Tuple[int, ...]
    data: bytes = b''
    inner: Inner = Inner(0, '')
    ratio: float = 0.0


integers = st.integers(min_value=-2 ** 63, max_value=2 ** 64 - 1)
values = st.builds(
    Outer, st.text(max_size=20), st.lists(integers, max_size=8).map(tuple),
    st.binary(max_size=20), st.builds(Inner, integers, st.text(max_size=5)),
    st.floats(allow_nan=False))


@given(values)
def test_a_value_comes_back_equal_and_encodes_to_the_same_bytes_again(value):
    data = codec.pack(value)
    back = codec.unpack(data)
    assert back == value
    assert codec.pack(back) == data


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_or_decoded_but_never_crash(data):
    try:
        codec.unpack(data)
    except WireError:
        pass


@given(values, st.data())
def test_truncated_bytes_are_refused(value, data):
    whole = codec.pack(value)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(WireError):
        codec.unpack(whole[:cut])


def test_an_enumeration_is_encoded_as_its_number():
    assert codec.pack((Mode.LOST,)) == codec.pack((4,))


def test_a_field_appended_later_takes_its_default_in_old_bytes():
    old = codec.pack(Outer('r001', (1, 2)))
    assert codec.unpack(old).ratio == 0.0


def test_an_unregistered_class_is_refused_with_its_name():
    with pytest.raises(TypeError, match='object'):
        codec.pack((object(),))


def test_a_tag_cannot_be_given_twice():
    with pytest.raises(ValueError, match='Inner'):
        codec.register(9001)(Outer)


def test_an_unknown_tag_is_refused_as_newer():
    data = codec.pack(Inner(1, 'a')).replace(b'\xcd' + (9001).to_bytes(2, 'big'),
                                             b'\xcd' + (9999).to_bytes(2, 'big'))
    with pytest.raises(WireError, match='9999'):
        codec.unpack(data)
