# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What a replica with an empty disk may do (raft/amnesia.py), rule by rule."""

import pytest
from raft_bench import accept, drain, entries, leading, lone_raft
from raft_harness import Cluster
from robot_swarm_orch.raft import (
    Append, AppendReply, FileStore, HardState, MemoryStore, NOOP, PreVote, PreVoteReply, Role,
    TimeoutNow, Vote, VoteReply)


# The replica that has lost its memory

def test_an_empty_disk_votes_for_an_empty_log_and_founds_the_group_with_it():
    raft = lone_raft()
    assert raft.status().is_amnesic
    raft.step(PreVote('c1', 'c2', 1, 0, 0))
    assert drain(raft)[0] == [PreVoteReply('c2', 'c1', 1, True)]
    raft.step(Vote('c1', 'c2', 1, 0, 0))
    ready = raft.ready()
    assert ready.messages == (VoteReply('c2', 'c1', 1, True),)
    assert ready.hard_state == HardState(1, 'c2', 0) and not raft.status().is_amnesic


def test_an_empty_disk_does_not_vote_for_a_log_that_is_not_empty():
    raft = lone_raft()
    raft.step(PreVote('c1', 'c2', 3, 5, 2))
    raft.step(Vote('c1', 'c2', 3, 5, 2))
    assert [message.granted for message in drain(raft)[0]] == [False, False]


def test_whoever_has_heard_of_a_log_founds_nothing_any_more():
    for first in (PreVote('c1', 'c2', 3, 5, 2), Append('c1', 'c2', 1, 5, 1, (), 5)):
        raft = lone_raft()
        raft.step(first)
        drain(raft)
        for _ in range(100):
            raft.tick()
        assert raft.role is Role.FOLLOWER
        raft.step(Vote('c1', 'c3', raft.term + 1, 0, 0))
        assert drain(raft)[0][-1].granted is False


def test_an_amnesic_replica_does_not_stand_even_on_its_leaders_order():
    raft = lone_raft()
    raft.step(Append('c1', 'c2', 2, 0, 0, entries((1, 2)), 1))
    raft.step(TimeoutNow('c1', 'c2', 2))
    assert raft.role is Role.FOLLOWER


def test_its_answers_carry_its_life_until_it_is_admitted():
    raft = lone_raft()
    raft.step(Append('c1', 'c2', 2, 0, 0, entries((1, 2)), 1))
    answer = drain(raft)[0][0]
    assert answer.life == raft.amnesia.life > 0
    raft.step(Append('c1', 'c2', 2, 1, 2, (), 1, admits=answer.life + 1))
    assert drain(raft)[0][0].life == answer.life
    raft.step(Append('c1', 'c2', 2, 1, 2, (), 1, admits=answer.life))
    ready = raft.ready()
    assert ready.messages[0].life == 0
    assert ready.hard_state == HardState(2, 'c2', 1)


def test_a_leader_that_admits_counts_as_the_vote_of_its_term():
    raft = lone_raft()
    raft.step(Append('c1', 'c2', 2, 0, 0, entries((1, 2)), 1))
    raft.step(Append('c1', 'c2', 2, 1, 2, (), 1, admits=raft.amnesia.life))
    raft.step_down('away')
    drain(raft)
    raft.step(Vote('c1', 'c3', 2, 9, 2))
    assert drain(raft)[0] == [VoteReply('c3', 'c1', 2, False)]
    raft.step(Vote('c1', 'c3', 3, 9, 2))
    assert drain(raft)[0] == [VoteReply('c3', 'c1', 3, True)]


@pytest.mark.parametrize('make_store', [MemoryStore, None], ids=['memory', 'file'])
def test_amnesia_outlives_a_restart_in_the_midst_of_catching_up(make_store, tmp_path):
    store = make_store() if make_store else FileStore(tmp_path)
    raft = lone_raft()
    raft.step(Append('c1', 'c2', 2, 0, 0, entries((1, 2), (2, 2)), 1))
    ready = raft.ready()
    store.save(ready.hard_state, ready.entries, ready.snapshot)
    if not make_store:
        store.close()
        store = FileStore(tmp_path)
    hard_state, _, kept = store.load()
    assert hard_state.amnesic and len(kept) == 2
    again = lone_raft(terms=[entry.term for entry in kept], hard_state=hard_state, seed=2)
    assert again.status().is_amnesic and again.amnesia.life != raft.amnesia.life
    again.step(Vote('c1', 'c3', 3, 9, 2))
    assert drain(again)[0] == [VoteReply('c3', 'c1', 3, False)]


def test_a_disk_with_a_term_is_not_empty():
    raft = lone_raft(hard_state=HardState(1, 'c2', 0))
    assert not raft.status().is_amnesic
    raft.step(Vote('c1', 'c3', 2, 9, 1))
    assert drain(raft)[0] == [VoteReply('c3', 'c1', 2, True)]


# Its leader

def led():
    """Return a leader with three entries that both followers have confirmed, long ago."""
    raft = leading()
    for number in range(2):
        raft.propose(b'%d' % number)
    drain(raft)
    for peer in ('c2', 'c3'):
        accept(raft, peer, 3, sent_tick=raft.tick_count)
    drain(raft)
    for _ in range(5):
        raft.tick()
    drain(raft)
    return raft


def say(raft, index, life, rejected=False, sent_tick=None):
    """Let c3 answer under a life."""
    raft.step(AppendReply('c1', 'c3', raft.term, rejected, index, life=life,
                          sent_tick=raft.tick_count if sent_tick is None else sent_tick))


def of_c3(raft):
    """Return what the leader knows of c3."""
    return raft.status().peers[1]


def test_a_leader_forgets_what_a_lost_memory_had_confirmed_and_appends_an_entry():
    raft = led()
    say(raft, 3, 77, rejected=True)
    assert of_c3(raft).match_index == 0 and of_c3(raft).is_amnesic
    assert raft.last_index == 4 and raft.log.slice(4, 4)[0].kind == NOOP
    sent = [message for message in drain(raft)[0] if message.to == 'c3']
    assert (sent[0].prev_index, len(sent[0].entries), sent[0].admits) == (0, 4, 0)


def test_an_amnesic_follower_counts_neither_for_commitment_nor_as_contact_nor_for_reads():
    raft = led()
    contact = raft.quorum_contact_tick()
    say(raft, 3, 77, rejected=True)
    raft.read_index('ctx')
    drain(raft)
    raft.tick()
    raft.step(AppendReply('c1', 'c3', 1, False, 4, sent_tick=raft.tick_count, read_round=1,
                          life=77))
    assert raft.commit_index == 3 and raft.quorum_contact_tick() == contact
    assert raft.ready() is None or not raft.ready().reads


def test_it_is_admitted_once_the_entry_is_committed_without_it_and_it_has_it():
    raft = led()
    say(raft, 3, 77, rejected=True)
    drain(raft)
    say(raft, 4, 77)
    assert all(message.admits == 0 for message in drain(raft)[0])
    accept(raft, 'c2', 4, sent_tick=raft.tick_count)
    assert raft.commit_index == 4
    say(raft, 4, 77)
    told = [message.admits for message in drain(raft)[0] if message.to == 'c3']
    assert told == [77] and of_c3(raft).is_amnesic
    say(raft, 4, 0)
    assert not of_c3(raft).is_amnesic
    index = raft.propose(b'with c3')
    drain(raft)
    say(raft, index, 0)
    assert raft.commit_index == index


def test_answers_from_before_the_loss_are_ignored():
    raft = led()
    before = raft.tick_count
    raft.tick()
    say(raft, 3, 77, rejected=True)
    drain(raft)
    say(raft, 3, 0, sent_tick=before)
    assert of_c3(raft).match_index == 0
    accept(raft, 'c2', 4, sent_tick=raft.tick_count)
    say(raft, 4, 77)
    say(raft, 3, 0, sent_tick=before)
    assert of_c3(raft).is_amnesic


def test_late_answers_of_an_earlier_life_are_ignored():
    raft = led()
    say(raft, 3, 77, rejected=True)
    say(raft, 4, 88, rejected=True)
    assert raft.last_index == 5
    say(raft, 4, 77)
    assert raft.last_index == 5 and of_c3(raft).match_index == 0
    drain(raft)
    accept(raft, 'c2', 5, sent_tick=raft.tick_count)
    say(raft, 5, 88)
    say(raft, 5, 0)
    assert not of_c3(raft).is_amnesic
    say(raft, 4, 88)
    assert not of_c3(raft).is_amnesic and raft.last_index == 5


def test_a_leader_whose_followers_have_all_lost_their_memory_steps_down():
    raft = led()
    for _ in range(40):
        for peer in ('c2', 'c3'):
            raft.step(AppendReply('c1', peer, 1, True, 3, life=7 if peer == 'c2' else 8,
                                  sent_tick=raft.tick_count))
        raft.tick()
        drain(raft)
    assert raft.role is Role.FOLLOWER and 'no majority' in raft.last_step_down


# Groups

@pytest.mark.parametrize('size', [1, 2, 3, 5])
def test_a_new_group_elects_within_two_timeouts(size):
    for seed in range(10):
        cluster = Cluster(seed, size)
        cluster.elect()
        assert cluster.now <= 60


def test_a_founder_that_starts_late_counts_soon():
    for seed in range(10):
        cluster = Cluster(seed, 3)
        cluster.crash('c3')
        cluster.elect()
        cluster.run(50)
        cluster.restart('c3')
        cluster.run(20)
        cluster.crash('c2' if cluster.leader().config.node_id == 'c1' else 'c1')
        index = cluster.propose(b'with the late one')
        cluster.run_until(lambda: index in cluster.judge.decided, 20, 'a decision with c3')


def test_any_single_disk_may_be_wiped_at_any_time_one_after_another():
    cluster = Cluster(3, 3)
    cluster.elect()
    for round_number in range(9):
        cluster.propose(b'fact %d' % round_number)
        cluster.run(1 + round_number)
        cluster.wipe(f'c{1 + round_number % 3}')
        cluster.elect()
        cluster.run_until(
            lambda: not any(node.raft.status().is_amnesic for node in cluster.nodes.values()),
            300, 'all remember again')
    cluster.settle()
    assert len(cluster.judge.decided) > 9
