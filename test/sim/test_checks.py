# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Each judge finds what it exists for, in a deliberately bad input, and stays quiet otherwise."""

import numpy as np
import pytest
from robot_swarm_orch.sim.checks import (
    HoldJudge, InsideJudge, LeaderJudge, OrderJudge, OverlapJudge, PrefixJudge)
from robot_swarm_orch.sim.world import Happening
from robot_swarm_orch.site import load_site


def line(count=6):
    """Return a closed street whose first nodes lie on the x axis, 2 m apart."""
    nodes = {f'n{i}': [2.0 * i, 0.0] for i in range(count)}
    nodes.update({f'm{i}': [2.0 * i, 6.0] for i in (0, count - 1)})
    names = [f'n{i}' for i in range(count)] + [f'm{count - 1}', 'm0']
    edges = [[a, b, 'oneway'] for a, b in zip(names, names[1:] + names[:1])]
    return load_site({'nodes': nodes, 'edges': edges})


def test_touching_bodies_are_counted_once_per_contact():
    judge = OverlapJudge(('a', 'b', 'c'), 0.75)
    y = np.zeros(3)
    assert judge.feed(0.0, np.asarray([0.0, 1.51, 9.0]), y) == []
    assert judge.feed(0.1, np.asarray([0.0, 1.40, 9.0]), y)[0][:2] == ('a', 'b')
    assert judge.feed(0.2, np.asarray([0.0, 1.39, 9.0]), y) == []
    judge.feed(0.3, np.asarray([0.0, 1.60, 9.0]), y)
    judge.feed(0.4, np.asarray([0.0, 8.0, 9.0]), y)
    assert len(judge.violations) == 2


def test_a_node_held_twice_is_found_between_two_reports():
    judge = HoldJudge()
    judge.feed('a', 1, 10, 0.00, (5, 6))
    judge.feed('b', 2, 70, 0.05, (6, 7))
    assert not judge.violations
    judge.feed('a', 1, 11, 0.10, (6,))
    assert judge.violations == ['0.05 s: node 6 held by a and b']


def test_a_node_held_twice_is_found_when_the_report_in_between_comes_late():
    judge = HoldJudge()
    for seq in range(10, 20):
        judge.feed('a', 1, seq, 0.1 * seq, (6,))
    judge.feed('b', 2, 70, 1.55, (6,))
    assert len(judge.violations) == 1


def test_a_node_handed_over_is_no_double_hold():
    judge = HoldJudge()
    judge.feed('a', 1, 10, 0.0, (5, 6))
    judge.feed('a', 1, 11, 0.1, (5, 6))
    judge.feed('a', 1, 12, 0.2, (6,))
    judge.feed('b', 2, 70, 0.25, (5,))
    judge.feed('b', 2, 71, 0.35, (5,))
    assert not judge.violations


def test_a_lost_report_proves_nothing():
    judge = HoldJudge()
    judge.feed('a', 1, 10, 0.0, (6,))
    judge.feed('b', 2, 70, 0.1, (6,))
    judge.feed('a', 1, 12, 0.2, (6,))
    assert not judge.violations


@pytest.mark.parametrize('x, y, held, inside', [
    (4.0, 0.0, (2,), True),           # at a node that it holds
    (4.0, 0.0, (), False),            # at a node that it does not hold
    (4.0, 0.0, (3,), False),
    (5.0, 0.0, (2, 3), True),         # half way
    (4.5, 0.0, (2,), False),          # on its way without the next node
    (5.8, 0.0, (3,), True),           # has left the node behind
    (5.2, 0.0, (3,), False),          # let go of it too early
    (4.0, 1.9, (2,), False),          # far off any street
])
def test_a_body_outside_its_nodes_is_found(x, y, held, inside):
    judge = InsideJudge(line())
    assert judge.feed(1.0, 'a', x, y, held) is inside
    assert bool(judge.violations) is not inside


def happen(kind, order='o1', robot='a', place='dock', at=1.0):
    """Return something that happened."""
    return Happening(at, kind, robot, order, place, 'x')


def test_an_order_picked_or_dropped_twice_is_found():
    judge = OrderJudge()
    for kind in ('pick_started', 'pick', 'drop_started', 'drop'):
        judge.feed(happen(kind))
    judge.close({'o1': 'dock'})
    assert not judge.violations
    judge.feed(happen('drop_started', robot='b'))
    judge.feed(happen('pick_started', robot='b'))
    assert len(judge.violations) == 2 and 'drop of o1' in judge.violations[0]


def test_a_drop_without_a_pick_is_found():
    judge = OrderJudge()
    judge.feed(happen('drop_started'))
    assert 'never picked' in judge.violations[0]


@pytest.mark.parametrize('place', ['', 'elsewhere'])
def test_an_order_called_done_without_its_drop_is_found(place):
    judge = OrderJudge()
    judge.feed(happen('pick_started'))
    judge.feed(happen('drop_started'))
    if place:
        judge.feed(happen('drop', place=place))
    judge.close({'o1': 'dock'})
    assert len(judge.violations) == 1


def test_two_leaders_in_a_term_are_found():
    judge = LeaderJudge()
    for term, leader in ((1, 'c1'), (1, 'c1'), (2, 'c2')):
        judge.feed(term, leader)
    assert not judge.violations and judge.most_in_a_term == 1
    judge.feed(2, 'c3')
    assert judge.violations == ["term 2 has the leaders ['c2', 'c3']"]
    assert judge.most_in_a_term == 2


def test_committed_logs_that_differ_are_found():
    judge = PrefixJudge()
    for replica in ('c1', 'c2'):
        judge.feed(replica, 1, 1, b'x')
    assert not judge.violations
    judge.feed('c3', 1, 1, b'y')
    judge.feed('c3', 2, 2, b'z')
    judge.feed('c1', 2, 3, b'z')
    assert len(judge.violations) == 2
