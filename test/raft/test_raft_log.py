# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The log in memory, against the simplest model of it; and messages as bytes."""

from hypothesis import given, settings, strategies as st
import msgpack
import pytest
from robot_swarm_orch.errors import InvariantError, WireError
from robot_swarm_orch.raft import (
    Append, AppendReply, CONFIG, decode, encode, Entry, InstallSnapshot, MalformedMessage, Members,
    NOOP, NORMAL, PreVote, PreVoteReply, RaftLog, Snapshot, SnapshotReply, TimeoutNow, Vote,
    VoteReply)
from robot_swarm_orch.raft.members import pack_members

TERMS = st.lists(st.integers(0, 2), max_size=8).map(
    lambda steps: [1 + sum(steps[:end + 1]) for end in range(len(steps))])


def log_of(terms, first=1):
    """Return entries of the given terms from index `first` on."""
    return tuple(Entry(term, index, b'%d.%d' % (index, term))
                 for index, term in enumerate(terms, first))


@given(own=TERMS, sent=TERMS, shared=st.integers(0, 8))
def test_merge_keeps_what_agrees_and_replaces_from_the_first_difference(own, sent, shared):
    shared = min(shared, len(own), len(sent))
    start = own[shared - 1] if shared else 0
    sent = own[:shared] + [term + start for term in sent[shared:]]
    log = RaftLog(None, log_of(own))
    log.merge(log_of(sent), 0)
    agree = 0
    while agree < min(len(own), len(sent)) and own[agree] == sent[agree]:
        agree += 1
    expected = own if agree == len(sent) else sent
    assert [log.term_at(index) for index in range(1, log.last_index + 1)] == expected
    assert log.stable_index == min(len(own), agree) or expected == own


@given(terms=TERMS, index=st.integers(0, 10), term=st.integers(0, 20))
def test_newest_at_most_finds_the_newest_entry_of_a_small_enough_term(terms, index, term):
    log = RaftLog(None, log_of(terms))
    found = max((at for at in range(1, len(terms) + 1) if at <= index and terms[at - 1] <= term),
                default=0)
    assert log.newest_at_most(index, term) == (found, terms[found - 1] if found else 0)


@given(terms=TERMS, first=st.integers(1, 8), limit=st.integers(1, 30))
def test_a_batch_is_as_large_as_allowed_but_never_empty(terms, first, limit):
    log = RaftLog(None, log_of(terms))
    batch = log.batch(first, limit)
    if first > len(terms):
        assert batch == ()
        return
    assert batch == log_of(terms)[first - 1:first - 1 + len(batch)] and batch
    assert len(batch) == 1 or sum(len(entry.data) for entry in batch) <= limit
    rest = log_of(terms)[first - 1 + len(batch):]
    assert not rest or sum(len(entry.data) for entry in (*batch, rest[0])) > limit


@given(terms=TERMS, at=st.integers(1, 8), keep=st.integers(0, 8))
def test_compaction_hides_only_what_the_snapshot_covers(terms, at, keep):
    if at > len(terms):
        return
    log = RaftLog(None, log_of(terms))
    log.compact(Snapshot(at, terms[at - 1], b'', Members(('c1',))), keep)
    assert log.base_index == max(0, at - keep)
    assert log.last_index == len(terms)
    for index in range(1, len(terms) + 1):
        assert log.term_at(index) == (terms[index - 1] if index >= log.base_index else None)


def test_a_log_with_a_gap_is_refused():
    with pytest.raises(InvariantError, match='gap: entry 3 where 2 belongs'):
        RaftLog(None, (Entry(1, 1, b''), Entry(1, 3, b'')))
    with pytest.raises(InvariantError, match='gap'):
        RaftLog(Snapshot(5, 1, b'', Members(('c1',))), (Entry(1, 7, b''),))


def test_compacted_entries_cannot_be_asked_for():
    log = RaftLog(Snapshot(5, 1, b'', Members(('c1',))), log_of([1], 6))
    with pytest.raises(InvariantError, match='entry 5 is asked for, but the log begins at 6'):
        log.slice(5, 6)


def test_a_reset_forgets_all_but_the_snapshot():
    log = RaftLog(None, log_of([1, 1, 1]))
    snapshot = Snapshot(9, 4, b'', Members(('c1',)))
    log.reset(snapshot)
    assert (log.last_index, log.last_term, log.first_index) == (9, 4, 10)
    assert log.term_at(9) == 4 and log.term_at(3) is None
    assert not log.has_unstable()


IDS = st.text(min_size=1, max_size=5)
NUMBERS = st.integers(0, (1 << 62) - 1)
MEMBERS = st.builds(
    lambda names, count: Members(tuple(names[:count]), tuple(names[count:])),
    st.lists(IDS, min_size=1, max_size=4, unique=True), st.integers(1, 4))


@st.composite
def appends(draw):
    """Return an Append as a leader could send it."""
    prev_index, prev_term = draw(st.integers(0, 99)), draw(st.integers(0, 9))
    term, entries = max(prev_term, 1), []
    for offset, step in enumerate(draw(st.lists(st.integers(0, 3), max_size=5)), 1):
        term += step
        kind = draw(st.sampled_from([NORMAL, NOOP, CONFIG]))
        data = pack_members(draw(MEMBERS)) if kind == CONFIG else draw(st.binary(max_size=9))
        entries.append(Entry(term, prev_index + offset, data, kind))
    return Append(draw(IDS), draw(IDS), term + draw(st.integers(0, 3)), prev_index, prev_term,
                  tuple(entries), draw(NUMBERS), draw(NUMBERS), draw(NUMBERS), draw(NUMBERS))


MESSAGES = st.one_of(
    appends(),
    st.builds(PreVote, IDS, IDS, NUMBERS, NUMBERS, NUMBERS),
    st.builds(PreVoteReply, IDS, IDS, NUMBERS, st.booleans()),
    st.builds(Vote, IDS, IDS, NUMBERS, NUMBERS, NUMBERS, st.booleans()),
    st.builds(VoteReply, IDS, IDS, NUMBERS, st.booleans()),
    st.builds(AppendReply, IDS, IDS, NUMBERS, st.booleans(), NUMBERS, NUMBERS, NUMBERS, NUMBERS,
              NUMBERS, NUMBERS),
    st.builds(InstallSnapshot, IDS, IDS, NUMBERS, st.integers(1, 99), st.integers(1, 99), MEMBERS,
              NUMBERS, NUMBERS, st.binary(max_size=20), st.booleans(), NUMBERS, NUMBERS),
    st.builds(SnapshotReply, IDS, IDS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    st.builds(TimeoutNow, IDS, IDS, NUMBERS))

JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 1 << 63), st.floats(), st.text(max_size=3),
              st.binary(max_size=3)),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=2), inner,
                                                                max_size=2), max_leaves=12)


@given(MESSAGES)
def test_every_message_survives_the_wire(message):
    assert decode(encode(message)) == message


@settings(max_examples=300)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_refused(payload):
    try:
        decode(payload)
    except MalformedMessage:
        pass


@settings(max_examples=100)
@given(st.integers(0, 11), st.lists(JUNK, max_size=12))
def test_any_shape_is_a_message_or_refused(code, fields):
    try:
        decode(msgpack.packb([2, code, *fields]))
    except MalformedMessage:
        pass


@settings(max_examples=200)
@given(MESSAGES, st.data())
def test_a_damaged_message_is_a_message_or_refused(message, data):
    payload = bytearray(encode(message))
    payload[data.draw(st.integers(0, len(payload) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        decode(bytes(payload))
    except MalformedMessage:
        pass


@pytest.mark.parametrize('parts, words', [
    ([1, 9, 'c1', 'c2', 1], 'version 2'),
    ([2, 77, 'c1', 'c2', 1], 'unknown message code 77'),
    ([2, 9, '', 'c2', 1], 'non-empty id'),
    ([2, 9, 'c1', 'c2', -1], 'whole number'),
    ([2, 9, 'c1', 'c2', True], 'whole number'),
    ([2, 9, 'c1', 'c2', 1, 1], 'fields'),
    ([2, 4, 'c1', 'c2', 1, 1], 'true or false'),
    ([2, 5, 'c1', 'c2', 3, 0, 0, [[2, 0, b''], [1, 0, b'']], 0, 0, 0, 0], 'term 1 after term 2'),
    ([2, 5, 'c1', 'c2', 3, 0, 0, [[4, 0, b'']], 0, 0, 0, 0], 'in a message of term 3'),
    ([2, 5, 'c1', 'c2', 3, 0, 0, [[3, 9, b'']], 0, 0, 0, 0], 'unknown kind'),
    ([2, 5, 'c1', 'c2', 3, 0, 0, [[3, 0]], 0, 0, 0, 0], 'an entry has 3 fields'),
    ([2, 5, 'c1', 'c2', 3, 0, 0, [[3, 0, 'text']], 0, 0, 0, 0], 'expected bytes'),
    ([2, 5, 'c1', 'c2', 3, 0, 0, [[3, 2, b'?']], 0, 0, 0, 0], 'members are two lists'),
    ([2, 5, 'c1', 'c2', 3, 0, 0, [[3, 2, b'']], 0, 0, 0, 0], 'not the bytes of a configuration'),
    ([2, 7, 'c1', 'c2', 3, 9, 2, [['c1'], ['']], 0, 0, b'', True, 0, 0], 'non-empty id'),
    ([2, 7, 'c1', 'c2', 3, 9, 2, [[], ['c1']], 0, 0, b'', True, 0, 0], 'need a voter'),
    ([2, 7, 'c1', 'c2', 3, 9, 2, [['c1'], ['c1']], 0, 0, b'', True, 0, 0], 'nobody twice'),
    ([2, 7, 'c1', 'c2', 3, 0, 2, [['c1'], []], 0, 0, b'', True, 0, 0], 'in 1..2'),
    ([2, 7, 'c1', 'c2', 3, 9, 2, ['c1'], 0, 0, b'', True, 0, 0], 'members are two lists')])
def test_a_refusal_names_its_reason(parts, words):
    with pytest.raises(MalformedMessage, match=words):
        decode(msgpack.packb(parts))
    assert issubclass(MalformedMessage, WireError)
