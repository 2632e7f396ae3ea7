# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Operators' acts on a group of real replicas in virtual time, and the table of the group."""

from random import Random

from coordinator_bench import Group, ROBOT
import pytest
from robot_swarm_orch.config import CoordinatorConfig
from robot_swarm_orch.coordinator.replica import Replica
from robot_swarm_orch.insight.group import (
    group_lines, group_rows, is_complete, leader_of, read_word)
from robot_swarm_orch.raft import MemoryStore
from robot_swarm_orch.types import GroupAct, GroupVerb


@pytest.fixture
def group():
    """Return three replicas that have a leader and a moment behind them."""
    made = Group(robots=1)
    made.run(until=lambda: made.leader)
    made.run(seconds=0.5)
    return made


def act(group, verb, coordinator=''):
    """Hand an act to the leader and return its answer (done, words)."""
    request_id = f'{verb.name}-{coordinator}-{group.now_s}'
    group.operate(GroupAct(verb, coordinator, 'tester'), request_id)
    group.run(until=lambda: any(answer[0] == request_id for answer in group.answers), limit_s=5.0)
    return next(answer[1:] for answer in group.answers if answer[0] == request_id)


def join(group, voter):
    """Start a replica with an empty disk that waits to be added."""
    group.stores[voter] = MemoryStore()
    config = CoordinatorConfig(node_id=voter, voters=group.voters, join=True)
    group.replicas[voter] = Replica(config, group.site, ROBOT, group.stores[voter],
                                    Random(voter), group.planner, group.placement)


def words(group):
    """Return what each running replica says of the group."""
    return {name: replica.group_word() for name, replica in group.replicas.items()}


def others(group):
    """Return the ids of those that do not lead."""
    return [voter for voter in group.voters if voter != group.leader]


def test_the_lead_is_handed_to_the_named_coordinator_without_an_election_timeout(group):
    heir, began_s = others(group)[1], group.now_s
    done, text = act(group, GroupVerb.TRANSFER, heir)
    assert done and text.startswith(f'{heir} leads in term ')
    group.run(until=lambda: group.leader == heir, limit_s=0.2)
    assert group.now_s - began_s < 0.15


def test_without_a_name_the_lead_goes_to_somebody_else(group):
    before = group.leader
    assert act(group, GroupVerb.TRANSFER)[0]
    group.run(until=lambda: group.leader not in (None, before), limit_s=0.2)


def test_what_is_so_already_is_done_for_a_question_may_be_asked_twice(group):
    leader = group.leader
    done, text = act(group, GroupVerb.TRANSFER, leader)
    assert done and text.startswith(f'{leader} leads in term ')
    assert act(group, GroupVerb.ADD, leader) == (
        True, f'{leader} belongs to the group already, as a voter')
    assert group.leader == leader


def test_who_asks_again_while_a_change_is_under_way_waits_for_it_and_after_it_hears_that_it_is_so(
        group):
    gone = others(group)[0]
    for request_id in ('first', 'again'):
        group.operate(GroupAct(GroupVerb.REMOVE, gone, 'tester'), request_id)
    group.run(until=lambda: len(group.answers) >= 2, limit_s=5.0)
    assert {answer[:2] for answer in group.answers} == {('first', True), ('again', True)}
    left = ', '.join(sorted(set(group.voters) - {gone}))
    assert act(group, GroupVerb.REMOVE, gone) == (
        True, f'{gone} does not belong to the group: {left}')


def test_the_lead_is_not_handed_to_a_stranger_or_the_dead(group):
    leader, dead = group.leader, others(group)[0]
    assert 'c9' in act(group, GroupVerb.TRANSFER, 'c9')[1]
    group.kill(dead)
    group.run(seconds=0.5)
    done, text = act(group, GroupVerb.TRANSFER, dead)
    assert not done and 'does not answer' in text
    assert group.leader == leader


def test_an_added_coordinator_copies_the_log_and_becomes_a_voter_by_itself(group):
    join(group, 'c4')
    group.run(seconds=1.0)
    assert group.replicas['c4'].group_word()['term'] == 0, 'it meddled before it was added'
    done, text = act(group, GroupVerb.ADD, 'c4')
    assert done and 'learner' in text
    group.run(until=lambda: 'c4' in leader_of(words(group))['voters'], limit_s=5.0)
    assert act(group, GroupVerb.ADD, 'c4') == (
        True, 'c4 belongs to the group already, as a voter')


def test_a_dead_coordinator_is_replaced_by_a_new_one(group):
    dead = others(group)[0]
    group.kill(dead)
    join(group, 'c4')
    assert act(group, GroupVerb.ADD, 'c4')[0]
    group.run(until=lambda: 'c4' in leader_of(words(group))['voters'], limit_s=5.0)
    group.run(seconds=0.2)  # until that is committed, too: one change at a time
    assert act(group, GroupVerb.REMOVE, dead)[0]
    assert set(leader_of(words(group))['voters']) == {*group.voters, 'c4'} - {dead}


def test_a_removal_that_would_lose_the_majority_is_refused(group):
    dead, alive = others(group)
    group.kill(dead)
    group.run(seconds=0.5)
    done, text = act(group, GroupVerb.REMOVE, alive)
    assert not done and 'answer' in text
    assert act(group, GroupVerb.REMOVE, dead)[0]


def test_a_leader_that_removes_itself_answers_and_another_one_leads(group):
    old = group.leader
    done, text = act(group, GroupVerb.REMOVE, old)
    assert done and old in text
    group.kill(old)
    group.run(until=lambda: group.leader, limit_s=2.0)
    assert old not in leader_of(words(group))['voters']


def test_a_follower_refuses_and_names_the_leader(group):
    follower = others(group)[0]
    group.replicas[follower].operate(group.now_s, GroupAct(GroupVerb.ADD, 'c4'), 'asked')
    group.run(until=lambda: group.answers, limit_s=1.0)
    assert group.answers == [('asked', False, f'not the leader; ask {group.leader}')]


def test_an_act_whose_leader_is_cut_off_is_answered_with_a_refusal(group):
    cut = group.leader
    group.cut.add(cut)
    answers = []
    replica = group.replicas[cut]
    replica.operate(group.now_s, GroupAct(GroupVerb.ADD, 'c4'), 'asked')
    for _ in range(200):
        group.step()
        answers += replica.poll(group.now_s).answers
        if not replica.wants_reports:
            break
    answers += [answer for answer in group.answers if answer[0] == 'asked']
    assert not replica.wants_reports
    assert all(not done for _, done, _ in answers)


def test_a_leader_that_is_to_end_hands_over_first(group):
    old = group.replicas[group.leader]
    name = group.leader
    assert old.hand_over() is False
    group.run(until=old.hand_over, limit_s=0.3)
    group.run(until=lambda: group.leader not in (None, name), limit_s=0.3)


def test_a_leader_that_nobody_answers_does_not_wait_for_an_heir(group):
    leader = group.leader
    for voter in others(group):
        group.kill(voter)
    group.run(seconds=0.25)
    group.run(until=group.replicas[leader].hand_over, limit_s=0.6)


def test_the_table_shows_the_silent_the_lagging_and_who_is_outside(group):
    dead = others(group)[0]
    group.kill(dead)
    join(group, 'c9')
    group.run(seconds=1.0)
    told = words(group)
    rows = {row['coordinator']: row for row in group_rows(told)}
    assert rows[dead]['role'] == 'silent' and rows[dead]['contact_s'] > 0.9
    assert rows['c9']['part'] == 'outside' and rows[group.leader]['lag'] == 0
    assert not is_complete(told)
    lines = group_lines(told)
    assert lines[0] == (f'{group.leader} leads in term {rows[group.leader]["term"]}; 2 of 3 '
                        'voters answer, 2 are needed: none may fail')
    assert len(lines) == 2 + 4


def test_without_a_leader_the_table_says_so():
    word = {'node_id': 'c1', 'role': 'follower', 'term': 3, 'leader': None, 'commit_index': 5,
            'applied_index': 5, 'last_index': 5, 'voters': ['c1', 'c2', 'c3'], 'learners': [],
            'peers': {}}
    assert leader_of({'c1': word}) is None
    assert group_lines({'c1': word})[0] == (
        'NOBODY LEADS; 1 of 3 voters answer, 2 are needed: consensus is lost')


@pytest.mark.parametrize('text', ['', '7', '{}', '{"node_id": "c1"}', '[1]'])
def test_what_is_no_word_of_a_coordinator_is_ignored(text):
    assert read_word(text) is None
