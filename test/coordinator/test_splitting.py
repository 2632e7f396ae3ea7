# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""How inspections are cut into parts, and which robots urgent orders may take."""

from coordinator_bench import ring_site
from hypothesis import given, strategies as st
from order_rig import Floor
import pytest
from robot_swarm_orch.coordinator.preemption import candidates, takeovers
from robot_swarm_orch.coordinator.saga import State
from robot_swarm_orch.coordinator.splitting import parts_of, tour

SITE = ring_site(count=24, places=12)
PLACES = tuple(sorted(SITE.places))


@given(st.lists(st.sampled_from(PLACES), min_size=1, max_size=60), st.integers(1, 9))
def test_parts_are_the_whole_none_too_large_and_nearly_alike(places, most):
    parts = parts_of(SITE, places, most)
    if len(places) <= most:
        assert parts == ()
        return
    assert sorted(place for part in parts for place in part) == sorted(places)
    sizes = [len(part) for part in parts]
    assert max(sizes) <= most and max(sizes) - min(sizes) <= 1
    assert len(parts) == -(-len(places) // most)


def test_a_tour_goes_to_the_nearest_place_left():
    names = [f'park_{number}' for number in (0, 7, 2, 5, 3)]
    assert tour(SITE, names) == [f'park_{number}' for number in (0, 2, 3, 5, 7)]


def test_only_robots_before_their_pick_and_less_urgent_can_be_taken():
    floor = Floor()
    floor.place('o', priority=50)
    floor.place('urgent', 's1', priority=150)
    urgent = floor.order('urgent')
    floor.assign('o')
    assert [name for name, _ in candidates(floor.state, urgent, 100)] == ['r0']
    assert candidates(floor.state, urgent, 101) == candidates(floor.state, urgent, 0) == []
    floor.until(State.AT_PICK, 'o')
    assert candidates(floor.state, urgent, 100) == []


def test_a_later_leg_binds_its_robot():
    floor = Floor()
    floor.sequence(('s0', 'd0'), ('s1', 'd1'))
    floor.assign()
    floor.until(State.DROPPING)
    floor.answer()
    floor.place('urgent', 's2', priority=255)
    assert floor.at() == State.TO_PICK
    assert candidates(floor.state, floor.order('urgent'), 1) == []


@pytest.mark.parametrize('ways, taken', (
    ({'r0': 9.0, 'r1': 5.0}, [('r1', 'b', 'most'), ('r0', 'a', 'more')]),
    ({'r0': 9.0, 'r1': None}, [('r0', 'a', 'most')])))
def test_the_most_urgent_takes_the_nearest_each_robot_once(ways, taken):
    floor = Floor()
    for order_id, robot, pick in (('a', 'r0', 's0'), ('b', 'r1', 's1')):
        floor.place(order_id, pick, priority=0)
        floor.assign(order_id, robot)
    floor.place('more', 's2', priority=200)
    floor.place('most', 's3', priority=201)
    orders = [floor.order('more'), floor.order('most')]
    found = takeovers(floor.state, orders, 100, lambda name, order: ways[name])
    assert [(name, loser.order_id, order.order_id) for name, loser, order in found] == taken
