# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Snapshots in chunks (paper, section 7 and figure 13): both ends, rule by rule."""

import random

from hypothesis import given, settings, strategies as st
from raft_bench import accept, chunk, drain, leading, lone_raft, state_at
from robot_swarm_orch.raft import AppendReply, InstallSnapshot, Role, SnapshotReply

STATE = state_at(10, b'0123456789')


def answers(raft):
    """Return (index, offset) of each answer to a chunk."""
    return [(message.index, message.offset) for message in drain(raft)[0]
            if type(message) is SnapshotReply]


# The receiving end

def test_a_snapshot_is_installed_with_its_last_chunk():
    raft = lone_raft(terms=(1,))
    raft.step(chunk(STATE, 0, 4))
    raft.step(chunk(STATE, 4, 8))
    ready = raft.ready()
    raft.advance()
    assert ready.snapshot is None
    assert [message.offset for message in ready.messages] == [4, 8]
    raft.step(chunk(STATE, 8))
    ready = raft.ready()
    assert ready.snapshot == STATE and ready.messages[0].index == 10
    assert raft.incoming is None


def test_lost_repeated_and_overtaken_chunks_are_answered_with_what_is_held():
    raft = lone_raft(terms=(1,))
    for first, last in ((4, 8), (0, 4), (0, 4), (8, None), (4, 8), (4, 8)):
        raft.step(chunk(STATE, first, last))
    assert answers(raft) == [(0, 0), (0, 4), (0, 4), (0, 4), (0, 8), (0, 8)]


def test_a_newer_snapshot_replaces_one_on_its_way_but_an_older_chunk_of_the_leader_does_not():
    raft = lone_raft(terms=(1,))
    newer = state_at(12, b'abcdefgh')
    raft.step(chunk(STATE, 0, 4))
    raft.step(chunk(newer, 0, 4))
    raft.step(chunk(STATE, 0, 4))
    raft.step(chunk(newer, 4))
    assert answers(raft) == [(0, 4), (0, 4), (0, 0), (12, 0)]


def test_a_new_leader_goes_on_with_the_same_snapshot_and_begins_another_one_anew():
    raft = lone_raft(terms=(1,))
    raft.step(chunk(STATE, 0, 8))
    raft.step(chunk(STATE, 0, 4, term=3, sender='c3'))
    other = state_at(9, b'abcdefgh')
    raft.step(chunk(other, 4, term=4))
    raft.step(chunk(other, 0, 4, term=4))
    raft.step(chunk(STATE, 8, term=4))
    assert answers(raft) == [(0, 8), (0, 8), (0, 0), (0, 4), (0, 0)]


def test_a_snapshot_that_arrives_damaged_is_dropped_and_begins_anew():
    raft = lone_raft(terms=(1,))
    raft.step(chunk(STATE, 0, 4))
    message = chunk(STATE, 4)
    raft.step(InstallSnapshot('c1', 'c2', 2, 10, 2, STATE.members, message.checksum, 4, b'45678?',
                              True))
    assert answers(raft) == [(0, 4), (0, 0)] and raft.messages_refused == 1
    assert raft.last_index == 1 and raft.incoming is None


def test_a_snapshot_is_forgotten_once_the_log_gets_there_by_itself():
    raft = lone_raft(terms=(1, 1))
    raft.step(chunk(state_at(2, b'0123', 1), 0, 2))
    assert raft.incoming is None and raft.commit_index == 2
    assert answers(raft) == [(2, 0)]


# The sending end

def leader_with_snapshot(data, **options):
    """Return a leader that has compacted all, and knows that c3 lives and needs the snapshot."""
    raft = leading(snapshot_keep_entries=0, **options)
    accept(raft, 'c2', 1, sent_tick=raft.tick_count)
    drain(raft)
    raft.compact(1, data)
    raft.step(AppendReply('c1', 'c3', 1, True, 0, sent_tick=raft.tick_count))
    for _ in range(5):
        raft.tick()
    return raft


def chunks_to_c3(raft):
    """Return (offset, data) of the chunks that leave for c3."""
    return [(message.offset, message.data) for message in drain(raft)[0]
            if type(message) is InstallSnapshot]


def hold(raft, offset, index=0, sent_tick=None):
    """Let c3 say that it holds `offset` bytes; return the chunks that follow."""
    tick = raft.tick_count if sent_tick is None else sent_tick
    raft.step(SnapshotReply('c1', 'c3', raft.term, index, offset, tick))
    return chunks_to_c3(raft)


def test_a_chunk_goes_when_the_one_before_it_is_answered():
    raft = leader_with_snapshot(b'0123456789', max_chunk_bytes=4)
    assert chunks_to_c3(raft) == [(0, b'0123')]
    assert hold(raft, 4) == [(4, b'4567')]
    assert hold(raft, 4) == []
    assert hold(raft, 8) == [(8, b'89')]
    assert hold(raft, 0, index=1) == []
    assert raft.status().peers[1].state == 'replicate'


def test_a_follower_that_has_begun_anew_gets_the_snapshot_from_where_it_stands():
    raft = leader_with_snapshot(b'0123456789', max_chunk_bytes=4)
    drain(raft)
    hold(raft, 4)
    raft.tick()
    hold(raft, 8)
    assert hold(raft, 4, sent_tick=raft.tick_count - 1) == []
    assert hold(raft, 0) == [(0, b'0123')]


def test_what_a_follower_cannot_hold_is_no_news():
    raft = leader_with_snapshot(b'0123456789', max_chunk_bytes=4)
    drain(raft)
    assert hold(raft, 99) == [] and hold(raft, 4, sent_tick=1) == []


def test_an_empty_state_travels_too():
    raft = leader_with_snapshot(b'')
    assert chunks_to_c3(raft) == [(0, b'')]


def test_whoever_falls_silent_gets_the_newest_snapshot_when_it_answers_again():
    raft = leader_with_snapshot(b'0123456789', max_chunk_bytes=4)
    drain(raft)
    for _ in range(60):
        accept(raft, 'c2', raft.last_index, sent_tick=raft.tick_count)
        raft.tick()
        drain(raft)
    assert raft.role is Role.LEADER and raft.status().peers[1].state == 'probe'
    raft.propose(b'meanwhile')
    drain(raft)
    accept(raft, 'c2', 2, sent_tick=raft.tick_count)
    drain(raft)
    raft.compact(2, b'newer')
    raft.step(AppendReply('c1', 'c3', 1, True, 0, sent_tick=raft.tick_count))
    assert chunks_to_c3(raft) == [(0, b'newe')]


# Both

@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=60), size=st.integers(1, 9), seed=st.integers(0, 1 << 30))
def test_a_snapshot_arrives_whole_whatever_the_network_does(data, size, seed):
    rng = random.Random(seed)
    leader = leader_with_snapshot(data, max_chunk_bytes=size, snapshot_retry_ticks=3)
    follower = lone_raft('c3', terms=(1,), voters=('c1', 'c2', 'c3'))
    follower.log.reset(state_at(0, b'', 0))
    installed, on_the_way = None, []
    for _ in range(3000):
        accept(leader, 'c2', leader.last_index, sent_tick=leader.tick_count)
        leader.tick()
        on_the_way += [message for message in drain(leader)[0] if message.to == 'c3']
        rng.shuffle(on_the_way)
        for message in [on_the_way.pop() for _ in range(rng.randint(0, len(on_the_way)))]:
            for _ in range(rng.choice((0, 1, 1, 2))):
                (leader if message.to == 'c1' else follower).step(message)
        ready = follower.ready()
        if ready:
            installed = ready.snapshot or installed
            on_the_way += ready.messages
            follower.advance()
        if installed and leader.status().peers[1].state == 'replicate':
            break
    assert installed.data == data
