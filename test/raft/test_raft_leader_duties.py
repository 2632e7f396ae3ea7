# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Reads, hand-over, snapshots and the portions of Ready, rule by rule."""

import random

import pytest
from raft_bench import (
    accept, chunk, drain, entries, leading, lone_raft, MEMBERS, state_at, VOTERS)
from robot_swarm_orch.raft import (
    Append, AppendReply, HardState, InstallSnapshot, NOOP, NORMAL, NotLeader, Raft, RaftConfig,
    RaftLog, RaftMisuse, ReadState, Snapshot, SnapshotReply, TimeoutNow)


# Reads

def test_a_read_is_answered_after_a_round_that_began_after_it():
    # Thesis, section 6.4.
    raft = leading()
    accept(raft, 'c2', 1)
    drain(raft)
    raft.read_index('first')
    sent = drain(raft)[0]
    assert {message.read_round for message in sent} == {1}
    raft.read_index('second')
    ready = raft.ready()
    raft.advance()
    assert ready.reads == ()
    accept(raft, 'c2', 1, read_round=1)
    ready = raft.ready()
    raft.advance()
    assert ready.reads == (ReadState('first', 1),)
    accept(raft, 'c2', 1, read_round=2)
    assert raft.ready().reads == (ReadState('second', 1),)


def test_a_new_leader_answers_reads_only_after_its_first_commit():
    raft = leading(terms=(1,))
    raft.read_index('early')
    drain(raft)
    accept(raft, 'c2', 1)
    assert raft.commit_index == 0
    accept(raft, 'c2', 2)
    assert raft.ready().reads == ()
    raft.advance()
    accept(raft, 'c2', 2, read_round=1)
    assert raft.ready().reads == (ReadState('early', 2),)


def test_a_leader_that_loses_its_place_says_so_to_its_readers():
    raft = leading()
    raft.read_index('waiting')
    raft.step(Append('c1', 'c3', raft.term + 1, 0, 0, (), 0))
    assert raft.ready().reads == (ReadState('waiting', None),)


def test_one_voter_alone_answers_reads_at_once():
    raft = lone_raft(voters=('c1',))
    drain(raft)
    raft.read_index('ctx')
    assert raft.ready().reads == (ReadState('ctx', 1),)


# Handing over

def test_leadership_is_handed_over_once_the_follower_has_the_whole_log():
    # Thesis, section 3.10.
    raft = leading()
    accept(raft, 'c2', 1)
    raft.propose(b'a')
    drain(raft)
    raft.transfer_leadership('c2')
    assert not any(type(message) is TimeoutNow for message in drain(raft)[0])
    with pytest.raises(NotLeader) as refusal:
        raft.propose(b'b')
    assert refusal.value.leader_id == 'c2'
    accept(raft, 'c2', 2)
    assert TimeoutNow('c2', 'c1', raft.term) in drain(raft)[0]


def test_a_hand_over_that_does_not_happen_is_given_up():
    raft = leading()
    raft.transfer_leadership('c3')
    for tick in range(raft.tick_count, raft.tick_count + 30):
        accept(raft, 'c2', 1, sent_tick=tick)
        raft.tick()
    assert raft.propose(b'still here') == 2


def test_without_a_name_the_most_advanced_follower_in_contact_is_chosen():
    raft = leading()
    accept(raft, 'c3', 1, sent_tick=raft.tick_count)
    raft.transfer_leadership()
    assert TimeoutNow('c3', 'c1', raft.term) in drain(raft)[0]


# Snapshots

def applied_leader(count=6, keep=2):
    """Return a leader that has committed, applied and compacted `count` entries and its first."""
    raft = leading(snapshot_keep_entries=keep)
    for number in range(count):
        raft.propose(b'%d' % number)
    drain(raft)
    accept(raft, 'c2', count + 1, sent_tick=raft.tick_count)
    drain(raft)
    raft.compact(count + 1, b'state')
    return raft


def test_compaction_keeps_the_newest_entries_for_followers_slightly_behind():
    raft = applied_leader()
    assert (raft.log.first_index, raft.last_index) == (6, 7)
    assert raft.log.term_at(5) == 1 and raft.log.term_at(4) is None
    assert raft.log.snapshot == Snapshot(7, 1, b'state', MEMBERS)


def test_only_what_is_applied_can_be_compacted():
    raft = applied_leader()
    with pytest.raises(RaftMisuse):
        raft.compact(7, b'again')
    with pytest.raises(RaftMisuse):
        raft.compact(8, b'too far')


def test_a_follower_that_needs_dropped_entries_gets_the_snapshot_when_it_answers():
    # Paper, section 7.
    raft = applied_leader()
    sent = [message for message in drain(raft)[0] if message.to == 'c3']
    assert sent == []
    raft.step(AppendReply('c1', 'c3', raft.term, True, 0, sent_tick=raft.tick_count))
    for _ in range(5):
        raft.tick()
    sent = [message for message in drain(raft)[0] if message.to == 'c3']
    assert sent == [chunk(raft.log.snapshot, term=raft.term, sender='c1', to='c3',
                          sent_tick=raft.tick_count)]
    raft.propose(b'meanwhile')
    assert not any(type(message) is InstallSnapshot for message in drain(raft)[0])
    raft.step(SnapshotReply('c1', 'c3', raft.term, 7))
    sent = [message for message in drain(raft)[0] if message.to == 'c3']
    assert [entry.data for entry in sent[0].entries] == [b'meanwhile']


def test_a_late_answer_does_not_call_for_a_second_snapshot():
    raft = applied_leader()
    raft.step(AppendReply('c1', 'c3', raft.term, True, 0, sent_tick=raft.tick_count))
    for _ in range(5):
        raft.tick()
    drain(raft)
    accept(raft, 'c3', 1)
    assert raft.status().peers[1].state == 'snapshot' and drain(raft)[0] == []


def test_an_unanswered_snapshot_is_sent_again_after_a_while():
    raft = applied_leader()
    sent_at = []
    for _ in range(250):
        raft.tick()
        for peer, index in (('c2', 7), ('c3', 0)):
            raft.step(AppendReply('c1', peer, raft.term, peer == 'c3', index,
                                  sent_tick=raft.tick_count))
        for message in drain(raft)[0]:
            if type(message) is InstallSnapshot:
                sent_at.append(raft.tick_count)
    assert {later - sent for sent, later in zip(sent_at, sent_at[1:])} <= {20, 24}


def test_a_follower_replaces_its_log_by_a_snapshot_and_applies_on_from_there():
    raft = lone_raft(terms=(1, 1, 1))
    snapshot = state_at(10)
    raft.step(chunk(snapshot, sent_tick=5, read_round=1))
    raft.step(Append('c1', 'c2', 2, 10, 2, entries((11, 2)), 11))
    ready = raft.ready()
    assert ready.snapshot == snapshot
    assert ready.hard_state == HardState(2, None, 11)
    assert ready.entries == ready.committed == entries((11, 2))
    assert ready.messages[0] == SnapshotReply('c2', 'c1', 2, 10, 0, 5, 1)
    raft.advance()
    assert raft.last_applied == 11


def test_a_restored_snapshot_counts_as_applied():
    raft = lone_raft(terms=(1,), max_apply_entries=2)
    raft.step(chunk(state_at(10)))
    assert raft.ready().committed == ()
    raft.advance()
    assert raft.last_applied == 10


def test_a_snapshot_that_the_log_already_reaches_is_not_installed():
    # Paper, section 7: if existing log entry has same index and term, retain the log.
    raft = lone_raft(terms=(1, 1, 1))
    raft.step(chunk(state_at(2, term=1)))
    ready = raft.ready()
    assert ready.snapshot is None and raft.last_index == 3
    assert [entry.index for entry in ready.committed] == [1, 2]
    raft.advance()
    raft.step(chunk(state_at(1, b'older', 1)))
    assert raft.ready().messages == (SnapshotReply('c2', 'c1', 2, 2),)


def test_a_restart_begins_to_apply_behind_the_snapshot():
    snapshot = state_at(4, b'', 1)
    log = RaftLog(snapshot, entries((5, 1), (6, 1)))
    raft = Raft(RaftConfig('c1', VOTERS), HardState(1, None, 5), log, random.Random(1))
    assert raft.last_applied == 4
    assert drain(raft)[1] == list(entries((5, 1)))


def test_a_long_log_is_handed_out_in_portions():
    raft = lone_raft(terms=(1,) * 25, hard_state=HardState(1, None, 25), max_apply_entries=10)
    sizes = []
    ready = raft.ready()
    while ready:
        sizes.append(len(ready.committed))
        raft.advance()
        ready = raft.ready()
    assert sizes == [10, 10, 5]


def test_ready_is_none_when_nothing_happened():
    raft = leading()
    assert raft.ready() is None
    follower = lone_raft()
    follower.tick()
    assert follower.ready() is None


def test_the_opening_entry_is_handed_out_with_its_own_kind():
    raft = lone_raft(voters=('c1',), terms=(1,), hard_state=HardState(1, None, 1))
    assert [entry.kind for entry in drain(raft)[1]] == [NORMAL, NOOP]
