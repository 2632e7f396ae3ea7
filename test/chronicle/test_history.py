# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""How often orders stand in the history that the coordinators' event logs tell together."""

from chronicle_rig import Fold
import pytest
from robot_swarm_orch.coordinator import events as ev
from robot_swarm_orch.demo.history import read_history

ORDERS = ('a', 'b', 'c')


def replica(folder, first=1):
    """Return a replica's fold of three orders; its event log begins with the entry `first`."""
    fold = Fold(folder).begin()
    for name in ORDERS:
        fold.go(name)
    fold.notes._notes = type(fold.notes._notes)(
        note for note in fold.notes._notes if note.index >= first)
    fold.write()
    fold.chronicle.close()
    return fold


def test_what_three_replicas_kept_of_an_order_counts_once(tmp_path):
    for name in ('c1', 'c2', 'c3'):
        replica(tmp_path / name)
    history = read_history(tmp_path)
    assert history.accepted.keys() == history.ended.keys() == set(ORDERS)
    assert history.unkept == 0
    assert history.not_once(ORDERS, ORDERS) == {}


def test_an_order_that_a_client_was_told_of_and_that_is_not_there_is_named(tmp_path):
    replica(tmp_path / 'c1')
    assert read_history(tmp_path).not_once((*ORDERS, 'd'), ('a', 'e')) == {
        'd': 'never accepted', 'e': 'never ended'}


@pytest.mark.parametrize('others, unkept', [((), 5), (('c2',), 0)])
def test_what_a_new_replica_never_saw_is_made_up_for_by_the_others(tmp_path, others, unkept):
    replica(tmp_path / 'c1', first=6)  # the first order came and went in the entries 2 to 5
    for name in others:
        replica(tmp_path / name)
    history = read_history(tmp_path)
    assert history.unkept == unkept
    assert ('a' in history.ended) == (not unkept)
    assert history.not_once(ORDERS, ORDERS) == {}


def test_an_order_that_came_twice_is_named_also_where_entries_are_unkept(tmp_path):
    replica(tmp_path / 'c1', first=6)
    twice = Fold(tmp_path / 'c2').begin()  # another log: its `a` stands elsewhere in it
    for name in ('x', 'c', 'b'):
        twice.go(name)
    twice.notes._notes.popleft()
    twice.write()
    twice.chronicle.close()
    found = read_history(tmp_path).not_once((), ())
    assert found['c'] == 'ended 2 times'
    assert 'b' in found and 'x' not in found


def test_an_order_that_was_given_back_was_still_accepted_once(tmp_path):
    fold = Fold(tmp_path / 'c1').begin()
    fold.apply(ev.OrderPlaced('a', 'trace', 1, 'p', 'd', '', 100, 0.0))
    fold.apply(ev.TaskAssigned('a', 'r0', 'nearest'))
    fold.apply(ev.RobotLost('r0'))
    fold.write()
    states = [event.state for event in fold.chronicle.order_history('a')]
    fold.chronicle.close()
    assert states.count(1) == 2
    assert read_history(tmp_path).not_once(('a',), ()) == {}
