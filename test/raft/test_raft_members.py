# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Changes of the group, rule by rule; the stories 19 to 25 and 31 to 33 show them at work."""

import random

import pytest
from raft_bench import accept, chunk, drain, entries, leading, lone_raft, MEMBERS, state_at
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.raft import (
    Append, AppendReply, CONFIG, Entry, HardState, Members, MembershipRefused, NotLeader, PreVote,
    PreVoteReply, Raft, RaftConfig, RaftLog, Role, SnapshotReply, TimeoutNow, Vote, VoteReply)
from robot_swarm_orch.raft.members import changed, pack_members


def settled(**settings):
    """Return a leader of c1, c2, c3 that has committed its opening entry."""
    raft = leading(**settings)
    for peer in ('c2', 'c3'):
        accept(raft, peer, 1, sent_tick=raft.tick_count)
    drain(raft)
    return raft


def config_entry(index, term, *names):
    """Return a CONFIG entry; learners begin with a plus."""
    learners = tuple(name[1:] for name in names if name[0] == '+')
    voters = tuple(name for name in names if name[0] != '+')
    return Entry(term, index, pack_members(Members(voters, learners)), CONFIG)


def test_the_first_entry_of_all_names_the_founders():
    raft = settled()
    assert raft.log.slice(1, 1) == (config_entry(1, 1, 'c1', 'c2', 'c3'),)
    assert raft.members == MEMBERS


def test_a_configuration_is_in_effect_as_soon_as_it_is_in_the_log():
    # Thesis, section 4.1.
    raft = settled()
    assert raft.change_members('add', 'c4') == 2
    assert raft.members == Members(('c1', 'c2', 'c3'), ('c4',)) and raft.commit_index == 1
    follower = lone_raft('c2', terms=(1,))
    follower.step(Append('c2', 'c1', 1, 1, 1, (config_entry(2, 1, 'c1', 'c2'),), 1))
    assert follower.members == Members(('c1', 'c2')) and follower.commit_index == 1


def test_a_configuration_goes_with_its_entry_when_a_new_leader_overwrites_it():
    # Thesis, section 4.1.
    raft = lone_raft(terms=(1,))
    raft.step(Append('c1', 'c2', 1, 1, 1, (config_entry(2, 1, 'c1', 'c2'),), 1))
    raft.step(Append('c1', 'c3', 2, 1, 1, entries((2, 2)), 1))
    assert raft.members == MEMBERS


def test_the_newest_configuration_is_found_again_at_the_start():
    log = RaftLog(None, (config_entry(1, 1, 'c1', 'c2', 'c3'), *entries((2, 1)),
                         config_entry(3, 1, 'c1', 'c2', 'c3', '+c4')))
    raft = Raft(RaftConfig('c1', ('c1', 'x')), HardState(1), log, random.Random(1))
    assert raft.members == Members(('c1', 'c2', 'c3'), ('c4',))


def test_a_snapshot_holds_the_configuration_of_its_own_index():
    raft = settled(snapshot_keep_entries=0)
    raft.change_members('add', 'c4')
    drain(raft)
    assert raft.compact(1, b'').members == MEMBERS
    accept(raft, 'c2', 2, sent_tick=raft.tick_count)
    drain(raft)
    assert raft.compact(2, b'').members == raft.members == Members(('c1', 'c2', 'c3'), ('c4',))


def test_a_received_snapshot_brings_its_configuration():
    raft = lone_raft(terms=(1, 1))
    raft.step(chunk(state_at(9, members=Members(('c2', 'c3'), ('c1',)))))
    assert raft.members == Members(('c2', 'c3'), ('c1',)) and not raft.is_voter


def test_a_learner_has_no_voice_in_what_is_committed():
    # Thesis, section 4.2.1.
    raft = settled()
    raft.change_members('add', 'c4')
    drain(raft)
    accept(raft, 'c4', 2, sent_tick=raft.tick_count)
    assert raft.commit_index == 1
    accept(raft, 'c2', 2, sent_tick=raft.tick_count)
    assert raft.commit_index == 2


def test_a_learner_is_no_contact_with_a_majority_and_answers_no_read():
    raft = settled()
    raft.change_members('add', 'c4')
    drain(raft)
    tick = raft.quorum_contact_tick()
    for _ in range(5):
        raft.tick()
    raft.read_index('ctx')
    drain(raft)
    accept(raft, 'c4', 2, sent_tick=raft.tick_count, read_round=1)
    assert raft.quorum_contact_tick() == tick
    assert raft.ready() is None


def test_a_learner_stands_for_nothing():
    raft = lone_raft(terms=(1,))
    raft.step(Append('c1', 'c2', 1, 1, 1, (config_entry(2, 1, 'c2', 'c3', '+c1'),), 2))
    drain(raft)
    for _ in range(100):
        raft.tick()
    raft.step(TimeoutNow('c1', 'c2', 1))
    assert raft.role is Role.FOLLOWER and raft.leader_id is None and drain(raft) == ([], [])


def test_a_learner_that_is_asked_votes_all_the_same():
    # Thesis, section 4.1: the candidate may know of a promotion that has not arrived here yet.
    raft = lone_raft(terms=(1, 1))
    raft.step(Append('c1', 'c2', 1, 2, 1, (config_entry(3, 1, 'c2', 'c3', '+c1'),), 2))
    drain(raft)
    for _ in range(15):
        raft.tick()
    raft.step(Vote('c1', 'c3', 2, 3, 1))
    assert drain(raft)[0] == [VoteReply('c3', 'c1', 2, True)]


def test_a_candidate_counts_only_voters_of_its_newest_configuration():
    raft = lone_raft(terms=(1,))
    raft.step(Append('c1', 'c2', 1, 1, 1, (config_entry(2, 1, 'c1', 'c2', 'c3', '+c4'),), 2))
    drain(raft)
    while raft.role is not Role.PRE_CANDIDATE:
        raft.tick()
    assert {message.to for message in drain(raft)[0]} == {'c2', 'c3'}
    for voter, role in (('c4', Role.PRE_CANDIDATE), ('c2', Role.CANDIDATE)):
        raft.step(PreVoteReply('c1', voter, 2, True))
        assert raft.role is role
    for voter, role in (('c4', Role.CANDIDATE), ('c2', Role.LEADER)):
        raft.step(VoteReply('c1', voter, 2, True))
        assert raft.role is role


@pytest.mark.parametrize('kind, node_id, words', [
    ('add', 'c2', 'belongs to the group already'),
    ('add', '', 'non-empty string'),
    ('promote', 'c2', 'no learner'),
    ('remove', 'c9', 'does not belong'),
    ('replace', 'c2', 'unknown change')])
def test_a_change_that_makes_no_sense_is_refused_with_the_reason(kind, node_id, words):
    raft = settled()
    with pytest.raises(MembershipRefused, match=words) as refusal:
        raft.change_members(kind, node_id)
    assert words in refusal.value.reason
    assert raft.last_index == 1 and raft.members == MEMBERS


def test_the_last_voter_cannot_be_removed():
    with pytest.raises(MembershipRefused, match='last voter'):
        changed(Members(('c1',), ('c2',)), 'remove', 'c1')
    assert changed(Members(('c1',), ('c2',)), 'remove', 'c2') == Members(('c1',))


def test_one_change_at_a_time():
    # Thesis, section 4.1.
    raft = settled()
    raft.change_members('add', 'c4')
    with pytest.raises(MembershipRefused, match='under way'):
        raft.change_members('add', 'c5')
    drain(raft)
    accept(raft, 'c2', 2, sent_tick=raft.tick_count)
    assert raft.change_members('add', 'c5') == 3


def test_no_change_before_an_entry_of_the_own_term_is_committed():
    # D. Ongaro, raft-dev, "bug in single-server membership changes", 2015.
    raft = leading(terms=(1,))
    with pytest.raises(MembershipRefused, match='own term'):
        raft.change_members('add', 'c4')
    accept(raft, 'c2', 2, sent_tick=raft.tick_count)
    assert raft.change_members('add', 'c4') == 3


def test_only_the_leader_changes_the_group_and_not_while_it_hands_over():
    with pytest.raises(NotLeader):
        lone_raft().change_members('add', 'c4')
    raft = settled()
    raft.propose(b'not everywhere yet')
    raft.transfer_leadership('c2')
    assert raft.is_handing_over
    with pytest.raises(NotLeader, match='ask c2'):
        raft.change_members('add', 'c4')


def add_learner(raft, index=2):
    """Add c4 and commit it, c4 not heard yet."""
    raft.change_members('add', 'c4')
    drain(raft)
    for peer in ('c2', 'c3'):
        accept(raft, peer, index, sent_tick=raft.tick_count)
    drain(raft)


def test_a_learner_is_promoted_only_when_it_has_caught_up():
    # Thesis, section 4.2.1.
    raft = settled()
    add_learner(raft)
    for _ in range(5):
        raft.tick()
        accept(raft, 'c2', 2, sent_tick=raft.tick_count)
    with pytest.raises(MembershipRefused, match='not caught up'):
        raft.change_members('promote', 'c4')
    accept(raft, 'c4', 1, sent_tick=raft.tick_count)
    assert raft.caught_up_learner() is None
    accept(raft, 'c4', 2, sent_tick=raft.tick_count)
    assert raft.caught_up_learner() == 'c4'
    assert raft.change_members('promote', 'c4') == 3
    assert raft.members == Members(('c1', 'c2', 'c3', 'c4'))
    assert raft.caught_up_learner() is None


def test_a_learner_that_has_fallen_silent_is_not_promoted():
    raft = settled()
    add_learner(raft)
    accept(raft, 'c4', 2, sent_tick=raft.tick_count)
    for _ in range(31):
        raft.tick()
        accept(raft, 'c2', 2, sent_tick=raft.tick_count)
    assert raft.caught_up_learner() is None


def test_what_would_leave_no_majority_that_answers_is_refused():
    raft = settled()
    for _ in range(31):
        raft.tick()
        accept(raft, 'c2', 1, sent_tick=raft.tick_count)
    with pytest.raises(MembershipRefused, match='only 1 answer now'):
        raft.change_members('remove', 'c2')
    assert raft.change_members('remove', 'c3') == 2


def test_a_leader_that_removes_itself_does_not_count_itself_and_hands_over():
    # Thesis, section 4.2.2.
    raft = settled()
    raft.change_members('remove', 'c1')
    raft.propose(b'meanwhile')
    drain(raft)
    accept(raft, 'c2', 2, sent_tick=raft.tick_count)
    assert (raft.role, raft.commit_index) == (Role.LEADER, 1)
    assert raft.quorum_contact_tick() is not None
    accept(raft, 'c3', 2, sent_tick=raft.tick_count)
    assert raft.commit_index == 2 and raft.is_handing_over
    with pytest.raises(NotLeader):
        raft.propose(b'late')
    accept(raft, 'c2', 3, sent_tick=raft.tick_count)
    assert raft.role is Role.FOLLOWER and raft.last_step_down == 'removed from the group'
    assert TimeoutNow('c2', 'c1', 1) in drain(raft)[0]


def test_a_leader_that_finds_nobody_to_take_over_leaves_all_the_same():
    raft = settled()
    raft.change_members('remove', 'c1')
    raft.propose(b'nobody has this')
    drain(raft)
    for peer in ('c2', 'c3'):
        accept(raft, peer, 2, sent_tick=raft.tick_count)
    for _ in range(30):
        for peer in ('c2', 'c3'):
            accept(raft, peer, 2, sent_tick=raft.tick_count)
        raft.tick()
    assert raft.role is Role.FOLLOWER and raft.last_step_down == 'removed from the group'
    for _ in range(100):
        raft.tick()
    assert raft.role is Role.FOLLOWER


def test_a_read_at_a_leader_that_leaves_needs_a_majority_of_the_others():
    raft = settled()
    raft.change_members('remove', 'c1')
    raft.read_index('ctx')
    drain(raft)
    accept(raft, 'c2', 1, sent_tick=raft.tick_count, read_round=1)
    assert raft.ready() is None
    accept(raft, 'c3', 1, sent_tick=raft.tick_count, read_round=1)
    assert raft.ready().reads[0].index == 1


def test_a_voter_whose_removal_is_not_committed_still_stands():
    # Thesis, section 4.2.2 and figure 4.6.
    raft = lone_raft(terms=(1,))
    raft.step(Append('c1', 'c2', 1, 1, 1, (config_entry(2, 1, 'c2', 'c3'),), 1))
    drain(raft)
    for _ in range(31):
        raft.tick()
    assert raft.role is Role.PRE_CANDIDATE
    raft.step(Append('c1', 'c2', 1, 2, 1, (), 2))
    drain(raft)
    for _ in range(100):
        raft.tick()
    assert raft.role is Role.FOLLOWER


def test_a_removed_follower_is_told_for_a_while_and_then_forgotten():
    raft = settled()
    raft.change_members('remove', 'c3')
    told = []
    for _ in range(200):
        accept(raft, 'c2', raft.last_index, sent_tick=raft.tick_count)
        raft.tick()
        told += [raft.tick_count for message in drain(raft)[0] if message.to == 'c3']
    assert told and 100 < told[-1] - told[0] <= 125
    refused = raft.messages_refused
    accept(raft, 'c3', 1)
    assert raft.messages_refused == refused + 1
    assert [peer.node_id for peer in raft.status().peers] == ['c2']


def test_a_follower_that_is_added_again_while_it_is_still_told_stays():
    raft = settled()
    raft.change_members('remove', 'c3')
    drain(raft)
    accept(raft, 'c2', 2, sent_tick=raft.tick_count)
    raft.change_members('add', 'c3')
    for _ in range(200):
        accept(raft, 'c2', raft.last_index, sent_tick=raft.tick_count)
        raft.tick()
        drain(raft)
    assert [(peer.node_id, peer.is_voter) for peer in raft.status().peers] == [
        ('c2', True), ('c3', False)]


def test_a_leader_of_an_unknown_configuration_is_followed():
    # Thesis, section 4.1: its appends may be what brings the configuration.
    raft = lone_raft(terms=(1,))
    raft.step(Append('c1', 'c9', 2, 1, 1, (config_entry(2, 2, 'c1', 'c2', 'c9'),), 1))
    assert raft.leader_id == 'c9' and 'c9' in raft.members.voters


def test_a_candidate_of_an_unknown_configuration_gets_a_vote():
    raft = lone_raft(terms=(1,))
    raft.step(Vote('c1', 'c9', 2, 1, 1))
    assert drain(raft)[0] == [VoteReply('c9', 'c1', 2, True)]


def test_a_removed_replica_that_asks_for_votes_disturbs_nobody():
    # Thesis, section 4.2.3.
    raft = settled()
    raft.change_members('remove', 'c3')
    drain(raft)
    raft.step(PreVote('c1', 'c3', 2, 1, 1))
    raft.step(Vote('c1', 'c3', 2, 1, 1))
    raft.step(VoteReply('c1', 'c9', 9, False))
    assert (raft.role, raft.term) == (Role.LEADER, 1) and drain(raft)[0] == []


def test_a_group_of_one_grows():
    raft = lone_raft(voters=('c1',))
    drain(raft)
    raft.change_members('add', 'c2')
    assert [entry.kind for entry in drain(raft)[1]] == [CONFIG]
    accept(raft, 'c2', 2, sent_tick=raft.tick_count)
    raft.change_members('promote', 'c2')
    drain(raft)
    assert raft.commit_index == 2
    accept(raft, 'c2', 3, sent_tick=raft.tick_count)
    assert raft.commit_index == 3


def test_a_hand_over_goes_to_voters_only():
    raft = settled()
    add_learner(raft)
    with pytest.raises(ConfigError, match='not among the voters'):
        raft.transfer_leadership('c4')


def test_a_joining_replica_knows_nobody_and_follows_whoever_adds_it():
    raft = lone_raft('c4', join=True)
    assert raft.members == Members(()) and not raft.is_voter
    for _ in range(100):
        raft.tick()
    assert raft.role is Role.FOLLOWER and raft.ready() is None
    raft.step(Append('c4', 'c1', 3, 0, 0, (config_entry(1, 1, 'c1', 'c2', 'c3'),
                                           config_entry(2, 3, 'c1', 'c2', 'c3', '+c4')), 2))
    assert raft.members == Members(('c1', 'c2', 'c3'), ('c4',)) and raft.leader_id == 'c1'


def test_answers_that_come_after_the_snapshot_has_arrived_change_nothing():
    raft = settled()
    before = raft.status()
    raft.step(SnapshotReply('c1', 'c2', 1, 1, 7, raft.tick_count))
    raft.step(AppendReply('c1', 'c2', 1, False, 0, sent_tick=raft.tick_count))
    assert raft.status() == before
