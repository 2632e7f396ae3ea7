# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Raft messages as bytes: one MessagePack list `[version, code, to, sender, term, field, ...]`.

Fields stand in the order of their dataclass. Entries are `[term, kind, data]`: their index follows
from the append's `prev_index`. Members are `[[voter, ...], [learner, ...]]`. A changed layout gets
a new version; another version is refused, never guessed at.
"""

import msgpack

from robot_swarm_orch.raft.errors import MalformedMessage
from robot_swarm_orch.raft.members import members_of, unpack_members
from robot_swarm_orch.raft.messages import (
    Append, AppendReply, CONFIG, Entry, InstallSnapshot, NOOP, NORMAL, PreVote,
    PreVoteReply, SnapshotReply, TimeoutNow, Vote, VoteReply)

WIRE_VERSION = 2
_INT_LIMIT = 1 << 62


def _int(value):
    if type(value) is not int or not 0 <= value < _INT_LIMIT:
        raise MalformedMessage(f'expected a whole number in 0..2^62, not {value!r}')
    return value


def _positive(value):
    if type(value) is not int or not 0 < value < _INT_LIMIT:
        raise MalformedMessage(f'expected a whole number in 1..2^62, not {value!r}')
    return value


def _bool(value):
    if type(value) is not bool:
        raise MalformedMessage(f'expected true or false, not {value!r}')
    return value


def _bytes(value):
    if type(value) is not bytes:
        raise MalformedMessage(f'expected bytes, not {type(value).__name__}')
    return value


def _id(value):
    if type(value) is not str or not value:
        raise MalformedMessage(f'expected a non-empty id, not {value!r}')
    return value


def _list(value):
    if type(value) is not list:
        raise MalformedMessage(f'expected a list, not {type(value).__name__}')
    return value


def _rows(value):
    """Check entry rows [term, kind, data]; `_number` gives them their indices."""
    for row in _list(value):
        if len(_list(row)) != 3:
            raise MalformedMessage(f'an entry has 3 fields, not {len(row)}')
        _positive(row[0])
        _bytes(row[2])
        if row[1] != NORMAL or type(row[1]) is not int:
            _check_kind(row[1], row[2])
    return value


def _check_kind(kind, data):
    """Check the kind of one of Raft's own entries, and its data."""
    if type(kind) is not int or kind not in (NOOP, CONFIG):
        raise MalformedMessage(f'unknown kind of entry: {kind!r}')
    if kind == CONFIG:
        unpack_members(data)


_FIELDS = {
    PreVote: (1, (_int, _int)),
    PreVoteReply: (2, (_bool,)),
    Vote: (3, (_int, _int, _bool)),
    VoteReply: (4, (_bool,)),
    Append: (5, (_int, _int, _rows, _int, _int, _int, _int)),
    AppendReply: (6, (_bool, _int, _int, _int, _int, _int, _int)),
    InstallSnapshot: (7, (_positive, _positive, members_of, _int, _int, _bytes, _bool, _int,
                          _int)),
    SnapshotReply: (8, (_int, _int, _int, _int, _int)),
    TimeoutNow: (9, ()),
}
_BY_CODE = {code: (kind, checks) for kind, (code, checks) in _FIELDS.items()}
_NAMES = {kind: kind.__slots__ for kind in _FIELDS}


def encode(message):
    """Return the bytes of `message`, any of the message types of `messages.py`."""
    kind = type(message)
    values = [getattr(message, name) for name in _NAMES[kind]]
    if kind is Append:
        values[5] = [(entry.term, entry.kind, entry.data) for entry in message.entries]
    elif kind is InstallSnapshot:
        values[5] = (message.members.voters, message.members.learners)
    return msgpack.packb([WIRE_VERSION, _FIELDS[kind][0], *values])


def decode(payload):
    """
    Return the message that `payload` (bytes) holds.

    Raises MalformedMessage for anything else: other versions, wrong shapes, impossible values.
    """
    try:
        parts = msgpack.unpackb(payload, use_list=True)
    except Exception as error:  # the library's errors share no base class; all mean "not ours"
        raise MalformedMessage(f'not MessagePack: {error!r}') from error
    if len(_list(parts)) < 5 or parts[0] != WIRE_VERSION:
        raise MalformedMessage(f'not a Raft message of version {WIRE_VERSION}')
    code = parts[1]
    if type(code) is not int or code not in _BY_CODE:
        raise MalformedMessage(f'unknown message code {code!r}')
    kind, checks = _BY_CODE[code]
    if len(parts) != 5 + len(checks):
        raise MalformedMessage(
            f'{kind.__name__} has {3 + len(checks)} fields, not {len(parts) - 2}')
    values = [_id(parts[2]), _id(parts[3]), _int(parts[4])]
    for check, value in zip(checks, parts[5:]):
        values.append(check(value))
    if kind is Append:
        values[5] = _number(values)
    return kind(*values)


def _number(values):
    """Turn the rows of an append into entries; terms never fall and never pass the sender's."""
    index, term = values[3], values[4]
    entries = []
    for entry_term, kind, data in values[5]:
        index += 1
        if entry_term < term:
            raise MalformedMessage(f'entry {index} has term {entry_term} after term {term}')
        term = entry_term
        entries.append(Entry(entry_term, index, data, kind))
    if term > values[2]:
        raise MalformedMessage(f'entry of term {term} in a message of term {values[2]}')
    return tuple(entries)
