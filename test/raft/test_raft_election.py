# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""One replica and its elections, rule by rule."""

import pytest
from raft_bench import drain, lone_raft
from robot_swarm_orch.errors import ConfigError, InvariantError
from robot_swarm_orch.raft import (
    Append, AppendReply, Entry, HardState, NOOP, NotLeader, PreVote, PreVoteReply, RaftConfig,
    RaftMisuse, Role, TimeoutNow, Vote, VoteReply)


def tick_until(raft, role):
    """Tick until the replica has `role`; return the messages that this caused."""
    for _ in range(100):
        raft.tick()
        if raft.role is role:
            return drain(raft)[0]
    raise AssertionError(f'still {raft.role} after 100 ticks')


def win(raft):
    """Carry a replica of c1, c2, c3 through an election; return its first appends."""
    tick_until(raft, Role.PRE_CANDIDATE)
    raft.step(PreVoteReply('c1', 'c2', raft.term + 1, True))
    drain(raft)
    raft.step(VoteReply('c1', 'c2', raft.term, True))
    assert raft.role is Role.LEADER
    return drain(raft)[0]


def test_a_replica_starts_as_a_follower_of_nobody():
    # Paper, section 5.2: when servers start up, they begin as followers.
    raft = lone_raft(terms=(1, 1), hard_state=HardState(3, 'c2', 1))
    assert (raft.role, raft.term, raft.leader_id) == (Role.FOLLOWER, 3, None)
    assert (raft.commit_index, raft.last_index, raft.last_applied) == (1, 2, 0)


def test_timeouts_are_spread_over_the_configured_range():
    # Paper, section 5.2: election timeouts are chosen randomly from a fixed interval.
    seen = set()
    for seed in range(300):
        raft = lone_raft(seed=seed)
        tick_until(raft, Role.PRE_CANDIDATE)
        seen.add(raft.tick_count)
    assert seen == set(range(15, 31))


def test_a_silent_leader_leads_to_a_pre_vote_that_changes_no_term():
    # Thesis, section 9.6.
    raft = lone_raft(terms=(1, 2))
    messages = tick_until(raft, Role.PRE_CANDIDATE)
    assert messages == [PreVote('c2', 'c1', 3, 2, 2), PreVote('c3', 'c1', 3, 2, 2)]
    assert (raft.term, raft.vote) == (2, None)


def test_a_granted_pre_vote_opens_a_term_with_a_vote_for_oneself():
    # Paper, section 5.2: it increments its current term and votes for itself.
    raft = lone_raft(terms=(1, 2))
    tick_until(raft, Role.PRE_CANDIDATE)
    raft.step(PreVoteReply('c1', 'c3', 3, True))
    ready = raft.ready()
    assert raft.role is Role.CANDIDATE
    assert ready.hard_state == HardState(3, 'c1', 0)
    assert ready.messages == (Vote('c2', 'c1', 3, 2, 2), Vote('c3', 'c1', 3, 2, 2))


def test_a_majority_of_votes_makes_a_leader_that_opens_its_term_with_an_empty_entry():
    # Paper, sections 5.2 and 8.
    raft = lone_raft(terms=(1, 2))
    appends = win(raft)
    opening = Entry(3, 3, b'', NOOP)
    assert appends == [Append('c2', 'c1', 3, 2, 2, (opening,), 0, raft.tick_count),
                       Append('c3', 'c1', 3, 2, 2, (opening,), 0, raft.tick_count)]


@pytest.mark.parametrize('size, votes', [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2), (7, 3)])
def test_it_takes_a_majority_and_not_less(size, votes):
    voters = tuple(f'c{number}' for number in range(1, size + 1))
    raft = lone_raft(voters=voters)
    if size > 1:
        tick_until(raft, Role.PRE_CANDIDATE)
    for reply in (PreVoteReply, VoteReply):
        for voter in voters[1:votes + 1]:
            assert raft.role is not Role.LEADER
            raft.step(reply('c1', voter, 1, True))
            raft.step(reply('c1', voter, 1, True))
    assert raft.role is Role.LEADER


def test_one_voter_alone_elects_itself_and_commits_at_once():
    raft = lone_raft(voters=('c1',))
    assert raft.role is Role.LEADER
    assert raft.propose(b'alone') == 2
    _, committed = drain(raft)
    assert [entry.data for entry in committed[1:]] == [b'alone']


def test_a_vote_is_given_once_a_term_and_repeated_for_the_same_candidate():
    # Paper, section 5.2: at most one candidate in a given term, first come first served.
    raft = lone_raft()
    for sender, granted in (('c2', True), ('c3', False), ('c2', True)):
        raft.step(Vote('c1', sender, 1, 0, 0))
        assert drain(raft)[0] == [VoteReply(sender, 'c1', 1, granted)]


def test_a_vote_survives_a_restart():
    raft = lone_raft(hard_state=HardState(4, 'c2', 0))
    raft.step(Vote('c1', 'c3', 4, 9, 3))
    assert drain(raft)[0] == [VoteReply('c3', 'c1', 4, False)]


def test_the_vote_is_in_the_same_ready_as_the_answer():
    raft = lone_raft()
    raft.step(Vote('c1', 'c2', 1, 0, 0))
    ready = raft.ready()
    assert ready.hard_state == HardState(1, 'c2', 0)
    assert ready.messages == (VoteReply('c2', 'c1', 1, True),)


@pytest.mark.parametrize('last_index, last_term, granted', [
    (2, 2, True), (3, 2, True), (1, 3, True), (1, 2, False), (9, 1, False)])
@pytest.mark.parametrize('request_kind', [PreVote, Vote])
def test_no_vote_for_a_log_that_is_behind(request_kind, last_index, last_term, granted):
    # Paper, section 5.4.1: later last term wins; with equal terms the longer log.
    raft = lone_raft(terms=(1, 2))
    raft.step(request_kind('c1', 'c2', 5, last_index, last_term))
    assert drain(raft)[0][0].granted is granted


def test_granting_a_pre_vote_changes_nothing():
    raft = lone_raft(terms=(1,))
    raft.step(PreVote('c1', 'c2', 2, 1, 1))
    raft.step(PreVote('c1', 'c3', 2, 1, 1))
    ready = raft.ready()
    assert ready.hard_state is None
    assert [message.granted for message in ready.messages] == [True, True]


def test_whoever_heard_a_leader_a_moment_ago_answers_no_candidate():
    # Thesis, section 4.2.3: a server within a minimum election timeout of hearing from a current
    # leader does not update its term or grant its vote.
    raft = lone_raft(terms=(1,))
    raft.step(Append('c1', 'c2', 1, 1, 1, (), 1))
    drain(raft)
    for _ in range(14):
        raft.tick()
    raft.step(PreVote('c1', 'c3', 2, 1, 1))
    raft.step(Vote('c1', 'c3', 2, 1, 1))
    assert drain(raft) == ([], []) and raft.term == 1
    raft.tick()
    raft.step(PreVote('c1', 'c3', 2, 1, 1))
    assert drain(raft)[0] == [PreVoteReply('c3', 'c1', 2, True)]


def test_a_leader_is_loyal_to_itself():
    raft = lone_raft()
    win(raft)
    raft.step(Vote('c1', 'c3', 9, 9, 9))
    assert raft.role is Role.LEADER and drain(raft)[0] == []


def test_an_unanswered_request_is_repeated_at_the_heartbeat_and_only_to_the_silent():
    raft = lone_raft(voters=('c1', 'c2', 'c3', 'c4', 'c5'))
    tick_until(raft, Role.PRE_CANDIDATE)
    raft.step(PreVoteReply('c1', 'c2', 1, True))
    raft.step(PreVoteReply('c1', 'c3', 0, False))
    for _ in range(5):
        raft.tick()
    assert [message.to for message in drain(raft)[0]] == ['c4', 'c5']


def test_of_two_that_stand_at_once_the_smaller_yields_and_the_larger_goes_on():
    small, large = lone_raft('c1'), lone_raft('c2')
    to_large = tick_until(small, Role.PRE_CANDIDATE)[0]
    to_small = tick_until(large, Role.PRE_CANDIDATE)[0]
    large.step(to_large)
    small.step(to_small)
    assert drain(large)[0] == [PreVoteReply('c1', 'c2', 0, False)]
    assert drain(small)[0] == [PreVoteReply('c2', 'c1', 1, True)]
    assert (small.role, large.role) == (Role.FOLLOWER, Role.PRE_CANDIDATE)


def test_of_two_that_stand_at_once_the_longer_log_counts_before_the_id():
    raft = lone_raft('c1', terms=(1, 1))
    tick_until(raft, Role.PRE_CANDIDATE)
    raft.step(PreVote('c1', 'c3', 2, 1, 1))
    assert drain(raft)[0] == [PreVoteReply('c3', 'c1', 1, False)]
    assert raft.role is Role.PRE_CANDIDATE


def test_a_candidate_refused_by_a_majority_rests():
    raft = lone_raft()
    tick_until(raft, Role.PRE_CANDIDATE)
    raft.step(PreVoteReply('c1', 'c2', 0, False))
    raft.step(PreVoteReply('c1', 'c3', 0, False))
    assert raft.role is Role.FOLLOWER


def test_a_candidate_follows_the_leader_of_its_own_term():
    # Paper, section 5.2: it recognizes the leader as legitimate and returns to follower state.
    raft = lone_raft()
    tick_until(raft, Role.PRE_CANDIDATE)
    raft.step(PreVoteReply('c1', 'c2', 1, True))
    drain(raft)
    raft.step(Append('c1', 'c3', 1, 0, 0, (), 0))
    assert (raft.role, raft.leader_id, raft.term) == (Role.FOLLOWER, 'c3', 1)


def test_late_answers_of_an_earlier_round_do_not_count():
    raft = lone_raft(terms=(1,))
    tick_until(raft, Role.PRE_CANDIDATE)
    raft.step(PreVoteReply('c1', 'c2', 1, True))
    assert raft.role is Role.PRE_CANDIDATE
    raft.step(VoteReply('c1', 'c2', 1, True))
    assert raft.role is Role.PRE_CANDIDATE


@pytest.mark.parametrize('message, answer', [
    (Append('c1', 'c2', 1, 0, 0, (), 0), AppendReply('c2', 'c1', 3, True, 0)),
    (Vote('c1', 'c2', 2, 9, 2), VoteReply('c2', 'c1', 3, False)),
    (PreVote('c1', 'c2', 2, 9, 2), PreVoteReply('c2', 'c1', 3, False))])
def test_a_sender_in_an_earlier_term_is_told_the_current_one(message, answer):
    # Paper, section 5.1. A stale leader steps down by this answer, a stale candidate catches up.
    raft = lone_raft(terms=(3,))
    raft.step(message)
    assert drain(raft)[0] == [answer]


def test_a_leader_told_of_a_later_term_steps_down():
    raft = lone_raft()
    win(raft)
    raft.step(AppendReply('c1', 'c2', 7, True, 0))
    assert (raft.role, raft.term, raft.leader_id) == (Role.FOLLOWER, 7, None)
    assert raft.last_step_down == 'c2 is in term 7'


def test_an_order_to_stand_skips_pre_vote_and_loyalty():
    # Thesis, section 3.10.
    raft = lone_raft(terms=(1,))
    raft.step(Append('c1', 'c2', 1, 1, 1, (), 1))
    drain(raft)
    raft.step(TimeoutNow('c1', 'c2', 1))
    vote = Vote('c3', 'c1', 2, 1, 1, transfer=True)
    assert vote in drain(raft)[0]
    loyal = lone_raft('c3', terms=(1,))
    loyal.step(Append('c3', 'c2', 1, 1, 1, (), 1))
    drain(loyal)
    loyal.step(vote)
    assert drain(loyal)[0] == [VoteReply('c1', 'c3', 2, True)]


def test_an_order_to_stand_from_anybody_but_the_leader_is_ignored():
    raft = lone_raft(terms=(1,))
    raft.step(TimeoutNow('c1', 'c3', 1))
    assert raft.role is Role.FOLLOWER and drain(raft)[0] == []


def test_messages_for_others_and_answers_of_strangers_are_refused_and_counted():
    raft = lone_raft()
    raft.step(Vote('c2', 'c3', 1, 0, 0))
    raft.step(VoteReply('c1', 'c9', 1, True))
    raft.step(Vote('c1', 'c1', 1, 0, 0))
    assert raft.status().messages_refused == 3
    assert raft.ready() is None and raft.term == 0


def test_no_vote_in_a_term_that_has_a_leader():
    raft = lone_raft()
    raft.step(Append('c1', 'c2', 1, 0, 0, (), 0))
    drain(raft)
    raft.step(Vote('c1', 'c3', 1, 0, 0))
    assert drain(raft)[0] == [VoteReply('c3', 'c1', 1, False)]


def test_a_candidate_that_steps_down_sends_no_request_any_more():
    raft = lone_raft()
    while raft.role is not Role.PRE_CANDIDATE:
        raft.tick()
    raft.step_down('was away for 2 s')
    assert raft.role is Role.FOLLOWER and drain(raft)[0] == []


def test_step_down_forgets_what_was_not_sent_and_waits_a_whole_timeout():
    raft = lone_raft()
    win(raft)
    raft.propose(b'too late')
    for _ in range(5):
        raft.tick()
    raft.step_down('was away for 2 s')
    assert raft.role is Role.FOLLOWER and raft.last_step_down == 'was away for 2 s'
    messages, _ = drain(raft)
    assert messages == []
    for _ in range(14):
        raft.tick()
    assert raft.role is Role.FOLLOWER


def test_duties_out_of_order_are_refused():
    raft = lone_raft(voters=('c1',))
    with pytest.raises(RaftMisuse):
        raft.advance()
    assert raft.ready() is not None
    with pytest.raises(RaftMisuse):
        raft.ready()


def test_a_follower_names_the_leader_to_whoever_proposes():
    raft = lone_raft()
    with pytest.raises(NotLeader) as refusal:
        raft.propose(b'x')
    assert refusal.value.leader_id is None
    raft.step(Append('c1', 'c2', 1, 0, 0, (), 0))
    for call in (lambda: raft.propose(b'x'), lambda: raft.read_index('ctx'),
                 raft.transfer_leadership):
        with pytest.raises(NotLeader) as refusal:
            call()
        assert refusal.value.leader_id == 'c2'


@pytest.mark.parametrize('settings, words', [
    ({'node_id': 'c9'}, "'c9' is not among"),
    ({'node_id': '', 'join': True}, 'node_id must be a non-empty string'),
    ({'voters': ()}, 'non-empty'),
    ({'voters': 'c1'}, 'non-empty tuple'),
    ({'voters': ('c1', '')}, 'non-empty string'),
    ({'voters': ('c1', 'c2', 'c2')}, 'twice'),
    ({'heartbeat_ticks': 8}, 'twice heartbeat_ticks'),
    ({'election_ticks_max': 15}, 'must exceed election_ticks_min'),
    ({'max_inflight': 0}, 'max_inflight'),
    ({'max_batch_bytes': 1.5}, 'max_batch_bytes')])
def test_settings_that_cannot_work_are_refused_with_the_reason(settings, words):
    with pytest.raises(ConfigError, match=words):
        RaftConfig(**{'node_id': 'c1', 'voters': ('c1', 'c2', 'c3'), **settings})


def test_a_store_that_lost_committed_entries_is_refused():
    with pytest.raises(InvariantError, match='it lost some'):
        lone_raft(terms=(1,), hard_state=HardState(1, None, 2))
