# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Allocation strategies, ageing, and the bound on new distance tables."""

from random import Random

from coordinator_bench import ring_site, ROBOT
from hypothesis import given, settings, strategies as st
import numpy as np
import pytest
from robot_swarm_orch.coordinator.advice import Advisor
from robot_swarm_orch.coordinator.allocation import (
    allocate, ALLOCATORS, hungarian, most_urgent, ORDERS_AT_ONCE, TravelTimes)
from robot_swarm_orch.coordinator.pushing import Stander
from robot_swarm_orch.coordinator.records import OrderRecord
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.edge.route_search import WholeSearch
from robot_swarm_orch.site import load_site

matrices = st.integers(1, 5).flatmap(lambda rows: st.integers(1, 5).flatmap(
    lambda columns: st.lists(
        st.lists(st.one_of(st.floats(-100, 100), st.just(float('inf'))),
                 min_size=columns, max_size=columns), min_size=rows, max_size=rows)))


def order(order_id, placed_ms=0, priority=100, pick='shelf_0'):
    return OrderRecord(order_id, '', 1, pick, 'shelf_1', '', priority, 0.0, placed_ms)


@pytest.mark.parametrize('name', sorted(ALLOCATORS))
@settings(max_examples=60, deadline=None)
@given(matrices)
def test_each_robot_and_order_is_used_at_most_once_and_never_the_impossible(name, rows):
    costs = np.array(rows)
    pairs = ALLOCATORS[name](costs)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert all(np.isfinite(costs[pair]) for pair in pairs)
    if np.isfinite(costs).all():
        assert len(pairs) == min(costs.shape)


def test_hungarian_finds_the_least_total_where_greedy_does_not():
    costs = np.array([[1.0, 2.0], [1.5, 9.0]])
    assert sorted(hungarian(costs)) == [(0, 1), (1, 0)]
    assert sorted(ALLOCATORS['greedy'](costs)) == [(0, 0), (1, 1)]


class Line:
    """Travel times on a line: the distance between node numbers; makes any table at once."""

    def __init__(self):
        self.learned = []

    def admit(self, goals):
        return set(goals)

    def to(self, goal, nodes, yaws):
        return np.abs(nodes - goal).astype(float)


def test_the_nearer_robot_goes():
    pairs = allocate(hungarian, [('far', 50, 0.0), ('near', 3, 0.0)], [order('o')],
                     lambda _: 0, Line(), 0)
    assert [(name, given.order_id) for name, given, _ in pairs] == [('near', 'o')]


def test_an_order_that_waits_long_enough_beats_any_nearer_one():
    goals = {'old': 500, 'new': 0}
    for now_ms, chosen in ((1000, 'new'), (3_000_000, 'old')):
        orders = [order('old', 0), order('new', now_ms)]
        (_, given, _), = allocate(hungarian, [('r', 0, 0.0)], orders,
                                  lambda o: goals[o.order_id], Line(), now_ms)
        assert given.order_id == chosen


def test_a_higher_priority_goes_first():
    orders = [order('low', priority=0), order('high', priority=200)]
    (_, given, _), = allocate(hungarian, [('r', 0, 0.0)], orders, lambda _: 9, Line(), 0)
    assert given.order_id == 'high'


def test_the_most_urgent_orders_are_looked_at_however_many_wait():
    rng = Random(1)
    orders = [order(f'o{i:04d}', placed_ms=rng.randrange(10_000)) for i in range(1000)]
    chosen = most_urgent(orders, 20_000)
    assert len(chosen) == ORDERS_AT_ONCE
    newest = max(o.placed_ms for o in chosen)
    assert sum(o.placed_ms < newest for o in orders) < ORDERS_AT_ONCE


def test_at_most_one_distance_table_is_made_in_one_allocation():
    site = ring_site()
    travel = TravelTimes(Planner(site, ROBOT))
    goals = [site.places[f'shelf_{i}'].node for i in range(4)]
    assert len(travel.admit(goals)) == 1
    assert len(travel.admit(goals)) == 2


class Counted(WholeSearch):
    """A search that counts how many there were."""

    made = 0

    def __init__(self, *arguments):
        super().__init__(*arguments)
        Counted.made += 1


def test_a_jam_with_goals_that_nobody_knows_makes_one_distance_table_a_decision():
    size, rng = 11, Random(2)
    names = [f'{x},{y}' for y in range(size) for x in range(size)]
    site = load_site({
        'nodes': {f'{x},{y}': [2.0 * x, 2.0 * y] for y in range(size) for x in range(size)},
        'edges': [[f'{x},{y}', other] for y in range(size) for x in range(size)
                  for other in (f'{x + 1},{y}', f'{x},{y + 1}') if other in names]})
    travel = TravelTimes(Planner(site, ROBOT, search=Counted))
    places = rng.sample(range(site.real_count), 100)
    at = {node: number for number, node in enumerate(places)}
    standers = {number: Stander(number, node, rng.choice([n for n in range(121) if n != node]),
                                0.0, [next(n for n in site.successors[node] if n in at)])
                for node, number in at.items() if any(n in at for n in site.successors[node])}
    waits = {number: [at[stander.needs[0]]] for number, stander in standers.items()}
    goals = {stander.goal for stander in standers.values()}
    assert len(standers) > 95 and len(goals) > 40
    advisor = Advisor(site, site.successors.__getitem__, travel.least_s, travel.admit)
    for decision in range(1, 6):
        Counted.made = 0
        advisor.advise(float(decision), standers, waits, at.get)
        assert Counted.made == 1 and advisor.to
        assert len(travel.admit(goals)) == 2 * decision


def test_a_place_nobody_has_learnt_yet_is_as_far_as_the_crow_flies():
    site = ring_site()
    planner = Planner(site, ROBOT)
    travel, goal = TravelTimes(planner), site.places['shelf_2'].node
    flown = float(np.hypot(*(site.xy[goal] - site.xy[0]))) / ROBOT.speed_mps
    assert travel.least_s(goal, 0) == pytest.approx(flown)
    travel.admit([goal])
    assert travel.least_s(goal, 0) == planner.table(goal).least_s(0) > flown


def test_travel_times_are_the_planners():
    site = ring_site()
    planner = Planner(site, ROBOT)
    goal = site.places['shelf_2'].node
    times = TravelTimes(planner).to(goal, np.array([0, 5]), np.array([0.0, 1.0]))
    assert times == pytest.approx([planner.cost_s(0, 0.0, goal), planner.cost_s(5, 1.0, goal)])


def test_a_robot_that_cannot_carry_gets_orders_to_drive_only():
    robots = [('bare', 1, 0.0), ('able', 50, 0.0)]
    go = OrderRecord('go', '', 2, '', 'shelf_1', '', 0, 0.0, 0)
    pairs = allocate(hungarian, robots, [order('move'), go], lambda _: 0, Line(), 0,
                     cannot_carry={'bare'})
    assert {(name, given.order_id) for name, given, _ in pairs} == {
        ('able', 'move'), ('bare', 'go')}
    assert not allocate(hungarian, robots[:1], [order('move')], lambda _: 0, Line(), 0,
                        cannot_carry={'bare'})
