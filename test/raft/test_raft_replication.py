# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Replication and commitment: followers and leaders one at a time, rule by rule."""

import pytest
from raft_bench import accept, drain, entries, leading, lone_raft
from robot_swarm_orch.errors import InvariantError
from robot_swarm_orch.raft import (
    Append, AppendReply, HardState, may_precede_save, PreVoteReply, Role, VoteReply)


# Followers

def test_a_follower_appends_persists_and_answers_in_one_ready():
    # Paper, figure 2, AppendEntries.
    raft = lone_raft(hard_state=HardState(1))
    raft.step(Append('c1', 'c2', 1, 0, 0, entries((1, 1), (2, 1)), 1, 77, 3))
    ready = raft.ready()
    assert ready.hard_state == HardState(1, None, 1)
    assert ready.entries == entries((1, 1), (2, 1))
    assert ready.messages == (
        AppendReply('c2', 'c1', 1, False, 2, sent_tick=77, read_round=3),)
    assert ready.committed == entries((1, 1))


def test_a_follower_refuses_what_does_not_join_and_says_where_it_ends():
    # Paper, section 5.3: the consistency check.
    raft = lone_raft(terms=(1, 1))
    raft.step(Append('c1', 'c2', 1, 5, 1, entries((6, 1)), 5))
    assert drain(raft)[0] == [AppendReply('c2', 'c1', 1, True, 5, 2, 1)]


@pytest.mark.parametrize('own, sent, result', [
    # Figure 7 of the paper: the followers that a leader of term 8 may meet. The leader's log is
    # 1 1 1 4 4 5 5 6 6 6; each follower must end with exactly that.
    ((1, 1, 1, 4, 4, 5, 5, 6, 6), 9, True),
    ((1, 1, 1, 4), 4, True),
    ((1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6), 10, True),
    ((1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7), 10, True),
    ((1, 1, 1, 4, 4, 4, 4), 5, True),
    ((1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3), 3, True)])
def test_all_followers_of_figure_7_end_with_the_leaders_log(own, sent, result):
    log = (1, 1, 1, 4, 4, 5, 5, 6, 6, 6)
    leader = leading(terms=log + (7,), hard_state=HardState(7, None, 3))
    follower = lone_raft('c3', terms=own, hard_state=HardState(7, None, 3))
    rounds = 0
    while leader._leadership._progress['c3'].match_index < leader.last_index:
        for _ in range(5):
            leader.tick()
        for message in drain(leader)[0]:
            if message.to == 'c3':
                follower.step(message)
        for message in drain(follower)[0]:
            leader.step(message)
        rounds += 1
        assert rounds < 8, 'one round for each diverged term is enough'
    assert [follower.log.term_at(index) for index in range(1, 13)] == [*log, 7, leader.term]


def test_a_repeated_or_late_append_removes_nothing():
    # Paper, section 5.3: only conflicting entries are removed.
    raft = lone_raft()
    raft.step(Append('c1', 'c2', 1, 0, 0, entries((1, 1), (2, 1), (3, 1)), 0))
    raft.step(Append('c1', 'c2', 1, 0, 0, entries((1, 1)), 0))
    assert raft.last_index == 3
    assert drain(raft)[0][-1].index == 1


def test_an_append_that_reaches_below_the_commit_index_keeps_what_is_new():
    raft = lone_raft(terms=(1, 1), hard_state=HardState(1, None, 2))
    raft.step(Append('c1', 'c2', 1, 0, 0, entries((1, 1), (2, 1), (3, 1)), 3))
    assert drain(raft)[0][-1] == AppendReply('c2', 'c1', 1, False, 3)
    assert raft.commit_index == 3


def test_a_follower_commits_no_further_than_the_leaders_log_is_known_to_match():
    # Paper, figure 2: min(leaderCommit, index of last new entry).
    raft = lone_raft(terms=(1, 1, 1, 1))
    raft.step(Append('c1', 'c2', 2, 1, 1, entries((2, 1)), 4))
    assert raft.commit_index == 2


def test_an_attempt_to_overwrite_a_committed_entry_stops_the_process():
    raft = lone_raft(terms=(1, 1), hard_state=HardState(1, None, 1))
    raft.commit_to(2)
    raft.log.term_at(2)
    with pytest.raises(InvariantError, match='overwrite committed entry 2'):
        raft.log.merge(entries((2, 2)), raft.commit_index)


def test_a_commit_behind_the_log_stops_the_process():
    raft = lone_raft(terms=(1,))
    with pytest.raises(InvariantError, match='entry 2 is committed, but the log ends at 1'):
        raft.commit_to(2)


def test_entries_overwritten_between_ready_and_advance_are_persisted_again():
    raft = lone_raft()
    raft.step(Append('c1', 'c2', 1, 0, 0, entries((1, 1), (2, 1), (3, 1)), 0))
    assert len(raft.ready().entries) == 3
    raft.step(Append('c1', 'c3', 2, 1, 1, entries((2, 2)), 0))
    raft.advance()
    assert raft.ready().entries == entries((2, 2))


# Leaders

def test_a_leader_commits_by_majority_and_counts_itself_only_once_its_disk_has_it():
    # Thesis, section 10.2.1: the leader may write while its followers do.
    raft = leading()
    accept(raft, 'c2', 1)
    drain(raft)
    index = raft.propose(b'fact')
    ready = raft.ready()
    assert ready.messages and all(may_precede_save(message) for message in ready.messages)
    accept(raft, 'c2', index)
    assert raft.commit_index == 1
    raft.advance()
    assert raft.commit_index == index
    assert [entry.data for entry in drain(raft)[1]] == [b'fact']


def test_an_entry_of_an_earlier_term_is_not_committed_by_counting():
    # Paper, section 5.4.2 and figure 8.
    raft = leading(terms=(1, 2))
    accept(raft, 'c2', 2)
    accept(raft, 'c3', 2)
    assert raft.commit_index == 0
    accept(raft, 'c2', 3)
    assert raft.commit_index == 3


def test_proposals_of_one_loop_travel_in_one_message_to_each_follower():
    raft = leading()
    accept(raft, 'c2', 1)
    accept(raft, 'c3', 1)
    drain(raft)
    for number in range(5):
        raft.propose(b'%d' % number)
    messages, _ = drain(raft)
    assert [(message.to, len(message.entries)) for message in messages] == [('c2', 5), ('c3', 5)]


def test_appends_are_sent_without_waiting_up_to_the_limits():
    raft = leading(max_inflight=3, max_batch_bytes=10)
    accept(raft, 'c2', 1)
    drain(raft)
    for number in range(8):
        raft.propose(b'%05d' % number)
    sent = [message for message in drain(raft)[0] if message.to == 'c2']
    assert [[entry.index for entry in message.entries] for message in sent] == [
        [2, 3], [4, 5], [6, 7]]
    accept(raft, 'c2', 3)
    sent = [message for message in drain(raft)[0] if message.to == 'c2']
    assert [[entry.index for entry in message.entries] for message in sent] == [[8, 9]]


def test_an_entry_larger_than_a_batch_travels_alone():
    raft = leading(max_batch_bytes=10)
    accept(raft, 'c2', 1)
    drain(raft)
    for data in (b'x', b'y' * 50, b'z'):
        raft.propose(data)
    sent = [message for message in drain(raft)[0] if message.to == 'c2']
    assert [len(message.entries) for message in sent] == [1, 1, 1]


def test_a_lost_append_is_noticed_at_the_next_heartbeat():
    raft = leading()
    accept(raft, 'c2', 1)
    drain(raft)
    raft.propose(b'lost')
    drain(raft)
    for _ in range(5):
        raft.tick()
    heartbeat = next(message for message in drain(raft)[0] if message.to == 'c2')
    assert (heartbeat.prev_index, heartbeat.entries) == (2, ())
    raft.step(AppendReply('c1', 'c2', raft.term, True, 2, 1, raft.term))
    again = next(message for message in drain(raft)[0] if message.to == 'c2')
    assert [entry.data for entry in again.entries] == [b'lost']


def test_late_and_repeated_rejections_change_nothing():
    raft = leading()
    accept(raft, 'c2', 1)
    raft.propose(b'a')
    drain(raft)
    accept(raft, 'c2', 2)
    before = raft.status().peers
    raft.step(AppendReply('c1', 'c2', raft.term, True, 1, 0, 0))
    assert raft.status().peers == before


def test_a_follower_that_claims_entries_that_nobody_wrote_is_refused():
    raft = leading()
    accept(raft, 'c2', 99)
    assert raft.commit_index == 0 and raft.messages_refused == 1


def test_an_answer_to_something_not_sent_yet_is_refused():
    raft = leading()
    accept(raft, 'c2', 1, sent_tick=raft.tick_count + 1)
    assert raft.quorum_contact_tick() is None and raft.messages_refused == 1


def test_contact_is_counted_from_the_moment_of_sending():
    raft = leading()
    assert raft.quorum_contact_tick() is None
    sent_tick = raft.tick_count
    for _ in range(10):
        raft.tick()
    accept(raft, 'c3', 1, sent_tick=sent_tick)
    assert raft.quorum_contact_tick() == sent_tick
    accept(raft, 'c2', 1, sent_tick=sent_tick + 5)
    assert raft.quorum_contact_tick() == sent_tick + 5
    accept(raft, 'c2', 1, sent_tick=sent_tick + 1)
    assert raft.quorum_contact_tick() == sent_tick + 5


def test_contact_of_a_majority_of_five_is_that_of_its_oldest_member():
    raft = lone_raft(voters=('c1', 'c2', 'c3', 'c4', 'c5'))
    while raft.role is not Role.PRE_CANDIDATE:
        raft.tick()
    for reply in (PreVoteReply, VoteReply):
        for voter in ('c2', 'c3'):
            raft.step(reply('c1', voter, 1, True))
    for voter, tick in (('c2', 14), ('c3', 10), ('c4', 5)):
        accept(raft, voter, 1, sent_tick=tick)
    assert raft.quorum_contact_tick() == 10


def test_one_voter_alone_is_always_in_contact_with_its_majority():
    raft = lone_raft(voters=('c1',))
    for _ in range(100):
        raft.tick()
    assert raft.quorum_contact_tick() == raft.tick_count and raft.role is Role.LEADER


def test_a_leader_without_a_majority_steps_down():
    # Thesis, section 6.2.
    raft = leading()
    accept(raft, 'c2', 1, sent_tick=raft.tick_count)
    for _ in range(29):
        raft.tick()
        drain(raft)
    assert raft.role is Role.LEADER
    for _ in range(7):
        raft.tick()
    assert raft.role is Role.FOLLOWER and raft.leader_id is None
    assert 'no majority' in raft.last_step_down


def test_a_heartbeat_goes_out_every_interval_and_nothing_in_between():
    raft = leading()
    for peer in ('c2', 'c3'):
        accept(raft, peer, 1, sent_tick=raft.tick_count)
    drain(raft)
    counts = []
    for _ in range(20):
        raft.tick()
        counts.append(len(drain(raft)[0]))
    assert counts == [0, 0, 0, 0, 2] * 4
