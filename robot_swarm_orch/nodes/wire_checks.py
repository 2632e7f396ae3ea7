# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The checks that `wire.py` and `robot_wire.py` share: what a healthy sender never says is refused.

Each raises WireError; its text starts with `<Message>.<field>:`, by which refusals are counted.
"""

import re

from builtin_interfaces.msg import Time
from robot_swarm_orch.errors import WireError
from robot_swarm_orch.types import Mode, Reason

FAR_M = 1e6
FAST_MPS = 50.0
FAST_RADPS = 50.0
YAW_RAD = 3.1415930
COUNT_MAX = 1 << 62
NODES_MAX = 4096
TEXT_MAX = 256
LIST_MAX = 10_000
PAYLOAD_MAX = 64 * 1024 * 1024
MASS_KG = 1e5
DURATION_S = 3600.0

_ROBOT = re.compile(r'(?=.{1,64}\Z)[A-Za-z](?:_?[A-Za-z0-9])*').fullmatch
_ID = re.compile(r'[A-Za-z0-9_.-]{1,64}').fullmatch
MODES = {int(mode): mode for mode in Mode}
REASONS = {int(reason): reason for reason in Reason}


def is_robot_id(text: str) -> bool:
    """Return True for a robot id: up to 64 letters, digits, single underscores; a letter first."""
    return _ROBOT(text) is not None


def is_id(text: str) -> bool:
    """Return True for an order, command, coordinator or cluster id: 1 to 64 of [A-Za-z0-9_.-]."""
    return _ID(text) is not None


def refuse(msg, field, why):
    """Raise WireError."""
    raise WireError(f'{type(msg).__name__}.{field}: {why}')


def within(msg, field, value, low, high):
    """Return a number between two bounds; NaN lies between none."""
    if not low <= value <= high:
        refuse(msg, field, f'{value} must lie in {low} to {high}')
    return value


def or_nan(msg, field, value, low, high):
    """Return a number between two bounds, or NaN for unknown."""
    return value if value != value else within(msg, field, value, low, high)


def count(msg, field, value):
    """Return a term, sequence number or index."""
    if value >= COUNT_MAX:
        refuse(msg, field, f'{value} is beyond 2^62')
    return value


def short_text(msg, field, value):
    """Return a text of bounded length."""
    if len(value) > TEXT_MAX:
        refuse(msg, field, f'{len(value)} characters; at most {TEXT_MAX} are allowed')
    return value


def short_texts(msg, field, values, most):
    """Return a list of texts of bounded length."""
    if len(values) > most:
        refuse(msg, field, f'{len(values)} entries; at most {most} are allowed')
    return tuple(short_text(msg, field, value) for value in values)


def an_id(msg, field, value):
    """Return an id."""
    if _ID(value) is None:
        refuse(msg, field, f'{value[:80]!r} is no id: 1 to 64 of A-Z a-z 0-9 _ . - are allowed')
    return value


def id_or_empty(msg, field, value):
    """Return an id or the empty text."""
    return value and an_id(msg, field, value)


def robot_name(msg, value):
    """Return a robot id."""
    if _ROBOT(value) is None:
        refuse(msg, 'robot_id', f'{value[:80]!r} is no robot id')
    return value


def member(msg, field, table, value):
    """Return the enumeration member behind a number."""
    try:
        return table(value)
    except ValueError:
        refuse(msg, field, f'{value} means nothing here')


def pairs_up(msg, field, one, two) -> None:
    """Refuse two lists that belong together but differ in length, or are too long."""
    if len(one) != len(two) or len(one) > LIST_MAX:
        refuse(msg, field, f'{len(one)} and {len(two)} values do not pair, or are beyond '
               f'{LIST_MAX}')


def seconds_of(time) -> float:
    """Return a Time message as seconds."""
    return (time.sec * 1_000_000_000 + time.nanosec) / 1_000_000_000


def time_msg(seconds: float) -> Time:
    """Return seconds as a Time message."""
    whole = int(seconds)
    return Time(sec=whole, nanosec=min(999_999_999, round((seconds - whole) * 1e9)))
