# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Who gets which order: costs, constraints, ageing, and the bound on new distance tables."""

from math import nan
from random import Random

from coordinator_bench import ring_site, ROBOT
from hypothesis import given, settings, strategies as st
import numpy as np
import pytest
from robot_swarm_orch.coordinator.advice import Advisor
from robot_swarm_orch.coordinator.allocation import (
    allocate, Candidate, LANES_AT_ONCE, TravelTimes)
from robot_swarm_orch.coordinator.backlog import Backlog, Lane
from robot_swarm_orch.coordinator.pushing import Stander
from robot_swarm_orch.coordinator.records import OrderRecord
from robot_swarm_orch.coordinator.strategies import ALLOCATORS, greedy, hungarian
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.edge.route_search import WholeSearch
from robot_swarm_orch.site import load_site


def order(order_id, placed_ms=0, priority=100, pick='shelf_0', deadline_s=0.0):
    return OrderRecord(order_id, '', 1, pick, 'shelf_1', '', priority, deadline_s, placed_ms)


class Line:
    """Travel times on a line: the distance between node numbers; makes any table at once."""

    def admit(self, goals):
        return set(goals)

    def to_each(self, goals, nodes, yaws):
        return np.abs(np.array(goals)[:, None] - nodes).astype(float)


def shared_out(robots, orders, lane_of=lambda _: Lane(0), now_ms=0, now_s=0.0, strategy=hungarian):
    """Return order id by robot name."""
    queues = Backlog(lane_of, orders).look(now_ms, now_s)
    given = allocate(strategy, [Candidate(*robot) for robot in robots], queues, Line())
    assert len({order_id for _, order_id, _ in given}) == len(given)
    return {name: order_id for name, order_id, _ in given}


def test_the_nearer_robot_goes():
    assert shared_out([('far', 50, 0.0), ('near', 3, 0.0)], [order('o')]) == {'near': 'o'}


def test_an_order_that_waits_long_enough_beats_any_nearer_one():
    goals = {'old': 500, 'new': 0}
    for now_ms, chosen in ((1000, 'new'), (3_000_000, 'old')):
        orders = [order('old', 0), order('new', now_ms)]
        assert shared_out([('r', 0, 0.0)], orders, lambda o: Lane(goals[o.order_id]),
                          now_ms) == {'r': chosen}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2 ** 32), st.integers(0, 255), st.sampled_from(sorted(ALLOCATORS)))
def test_no_order_starves_however_many_nearer_and_more_urgent_ones_keep_coming(
        seed, priority, name):
    rng = Random(seed)
    backlog = Backlog(lambda o: Lane(o.order_id == 'far' and 300 or rng.randrange(5)))
    backlog.put(order('far', priority=priority))
    for second in range(0, 4000, 20):
        for number in range(3):
            backlog.put(order(f'{second}.{number}', 1000 * second, rng.randrange(256)))
        chosen = allocate(ALLOCATORS[name], [Candidate('r', 0, 0.0), Candidate('s', 2, 0.0)],
                          backlog.look(1000 * second, 0.0), Line())
        for _, order_id, _ in chosen:
            backlog.drop(order_id)
        if 'far' not in backlog:
            # Only what came before this can be more urgent or near enough: three in 20 s,
            # of which two are done.
            assert second <= 1.5 * (300 / 0.5 + 255 * 3.0) + 20
            return
    raise AssertionError('it still waits')


def test_a_higher_priority_goes_first():
    orders = [order('low', priority=0), order('high', priority=200)]
    assert shared_out([('r', 0, 0.0)], orders, lambda _: Lane(9)) == {'r': 'high'}


def test_a_deadline_counts_the_more_the_less_time_is_left():
    orders = [order('older'), order('due', placed_ms=100_000, deadline_s=5000.0)]
    for now_s, chosen in ((4000.0, 'older'), (4450.0, 'older'), (4600.0, 'due'), (9e9, 'due')):
        assert shared_out([('r', 0, 0.0)], orders, now_ms=100_000, now_s=now_s) == {'r': chosen}
    # Without ROS time there are no deadlines.
    assert shared_out([('r', 0, 0.0)], orders, now_ms=100_000) == {'r': 'older'}


def test_all_robots_get_one_of_a_thousand_orders_at_once_and_the_most_urgent_of_each_place():
    rng = Random(1)
    orders = [order(f'o{i:04d}', placed_ms=rng.randrange(10_000)) for i in range(1000)]
    lane_of = {o.order_id: Lane(rng.randrange(40)) for o in orders}
    robots = [(f'r{i}', rng.randrange(40), 0.0) for i in range(100)]
    pairs = shared_out(robots, orders, lambda o: lane_of[o.order_id], 20_000)
    assert len(pairs) == 100
    chosen = set(pairs.values())
    for lane in set(lane_of.values()):
        ages = {o.placed_ms: o.order_id in chosen for o in orders if lane_of[o.order_id] == lane}
        in_order = [ages[age] for age in sorted(ages)]
        assert in_order == sorted(in_order, reverse=True)


def test_an_order_for_one_robot_goes_to_no_other():
    robots = [('near', 0, 0.0), ('far', 50, 0.0)]
    assert shared_out(robots, [order('o')], lambda _: Lane(0, robot='far')) == {'far': 'o'}
    assert shared_out(robots[:1], [order('o')], lambda _: Lane(0, robot='far')) == {}


def test_a_robot_gets_no_load_that_is_too_heavy_and_no_work_that_it_lacks_the_tools_for():
    robots = [Candidate('plain', 0, 0.0, payload_max_kg=100.0),
              Candidate('strong', 9, 0.0, payload_max_kg=500.0, tools=('fork', 'scale'))]
    for lane, able in ((Lane(0, mass_kg=100.0), 'plain'), (Lane(0, mass_kg=100.1), 'strong'),
                       (Lane(0, tools=('scale',)), 'strong'), (Lane(0, mass_kg=501.0), None),
                       (Lane(0, tools=('scale', 'arm')), None)):
        assert shared_out(robots, [order('o')], lambda _: lane) == ({able: 'o'} if able else {})


def test_a_robot_gets_only_what_it_can_finish_and_reach_a_charger_after():
    lane = Lane(0, tail_s=60.0)
    for range_s, chosen in ((109.0, 'full'), (110.0, 'low'), (nan, 'low')):
        robots = [Candidate('low', 50, 0.0, range_s=range_s),
                  Candidate('full', 70, 0.0, range_s=9000.0)]
        assert shared_out(robots, [order('o')], lambda _: lane) == {chosen: 'o'}


def test_a_robots_own_bid_counts_instead_of_the_leaders_estimate():
    near, far = Candidate('near', 1, 0.0), Candidate('far', 30, 0.0)
    assert shared_out([near, far], [order('o')]) == {'near': 'o'}
    round_about = near._replace(bids_s=((0, 90.0), (7, 1.0)))
    assert shared_out([round_about, far], [order('o')]) == {'far': 'o'}


def test_a_robot_that_cannot_carry_gets_orders_to_drive_only():
    robots = [Candidate('bare', 1, 0.0, has_payload=False), Candidate('able', 50, 0.0)]
    orders = [order('move'), OrderRecord('go', '', 2, '', 'shelf_1', '', 0, 0.0, 0)]

    def lane_of(record):
        return Lane(0, needs_payload=record.kind == 1)
    assert shared_out(robots, orders, lane_of) == {'able': 'move', 'bare': 'go'}
    assert shared_out(robots[:1], orders[:1], lane_of) == {}


def test_work_without_a_place_is_done_where_the_robot_is():
    assert shared_out([('a', 7, 0.0)], [order('o')], lambda _: Lane(-1)) == {'a': 'o'}


def test_more_kinds_of_orders_than_are_looked_at_leave_out_the_least_urgent_ones():
    orders = [order(f'o{number}', placed_ms=number) for number in range(2000)]
    pairs = shared_out([('a', 0, 0.0), ('b', 1999, 0.0)], orders,
                       lambda o: Lane(int(o.order_id[1:])), 5000, strategy=greedy)
    assert pairs['a'] == 'o0'
    assert pairs['b'] == f'o{LANES_AT_ONCE - 1}'


def test_at_most_one_distance_table_is_made_in_one_allocation():
    site = ring_site()
    travel = TravelTimes(Planner(site, ROBOT))
    goals = [site.places[f'shelf_{i}'].node for i in range(4)]
    assert len(travel.admit(goals)) == 1
    assert len(travel.admit(goals)) == 2


def test_an_order_to_a_place_nobody_has_learnt_yet_is_given_at_once():
    site = ring_site()
    backlog = Backlog(lambda o: Lane(site.places[o.pick].node),
                      [order(f'o{i}', pick=f'shelf_{i}') for i in range(4)])
    robots = [Candidate(f'r{i}', 3 * i, 0.0) for i in range(4)]
    given = allocate(hungarian, robots, backlog.look(0, 0.0), TravelTimes(Planner(site, ROBOT)))
    assert len(given) == 4


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
    travel, nodes, yaws_rad = TravelTimes(planner), np.array([0, 5, goal]), np.array([0., 1., 2.])
    times = travel.to(goal, nodes, yaws_rad)
    assert times == pytest.approx([planner.cost_s(0, 0.0, goal), planner.cost_s(5, 1.0, goal), 0])
    assert (travel.to_each([goal, 0], nodes, yaws_rad)[0] == times).all()
    flown_s = np.hypot(*(site.xy[0] - site.xy[5])) / ROBOT.speed_mps
    assert travel.to_each([0, goal], nodes, yaws_rad)[0, 1] == pytest.approx(flown_s)
