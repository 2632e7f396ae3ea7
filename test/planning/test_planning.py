# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Routes: legal, cheapest, aware of turns, and priced as the robot drives."""

from dataclasses import replace
from math import inf, pi, sqrt
from pathlib import Path
import random

import numpy as np
import pytest
from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.planning import (
    build_up_time_s, drive_time_s, Planner, ramp_time_s, route_table, turn_time_s, turn_times_s)
from robot_swarm_orch.site import load_site

CONFIG = Path(__file__).resolve().parents[2] / 'config' / 'site.yaml'
ROBOT = RobotConfig()


@pytest.fixture(scope='module')
def warehouse():
    """Return the site of the demo."""
    return load_site(CONFIG)


def grid(size, pitch=2.0, **more):
    """Return a square grid whose streets lead both ways."""
    nodes = {f'{x},{y}': [x * pitch, y * pitch] for y in range(size) for x in range(size)}
    edges = [[f'{x},{y}', f'{x + 1},{y}'] for y in range(size) for x in range(size - 1)]
    edges += [[f'{x},{y}', f'{x},{y + 1}'] for y in range(size - 1) for x in range(size)]
    return load_site({'nodes': nodes, 'edges': edges, **more})


def best_by_search(site, start, yaw, goal, robot):
    """Return the cost of the cheapest route, by relaxing all (node, heading) states at length."""
    stop = 0.5 * robot.speed_mps * (1 / robot.acceleration_mps2 + 1 / robot.brake_mps2)
    stop += build_up_time_s(robot)
    best, todo = {}, [(start, yaw, stop, True)]
    while todo:
        node, heading, cost, at_start = todo.pop()
        if cost >= best.get((node, round(heading, 3)), inf):
            continue
        best[node, round(heading, 3)] = cost
        if node == goal:
            continue
        for after in site.successors[node]:
            way = site.xy[after] - site.xy[node]
            ahead = float(np.arctan2(way[1], way[0]))
            turn = turn_time_s(ahead - heading, robot)
            lost = turn + (stop if turn and not at_start else 0.0)
            passing = site.pass_cost_s[after] if after != goal else 0.0
            passing += site.against_cost_s * ((node, after) in site.against)
            todo.append((after, ahead, cost + lost + float(np.hypot(*way)) / robot.speed_mps
                         + passing, False))
    return min((cost for (node, _), cost in best.items() if node == goal), default=inf)


def test_routes_follow_edges_to_the_goal(warehouse):
    planner, rng = Planner(warehouse, ROBOT), random.Random(3)
    for _ in range(50):
        start, goal = rng.sample(range(warehouse.real_count), 2)
        route = planner.route(start, rng.uniform(-pi, pi), goal)
        assert route[0] == start and route[-1] == goal
        assert all(warehouse.is_edge(a, b) for a, b in zip(route, route[1:]))
        assert len(set(route)) == len(route) or start in warehouse.stubs


@pytest.mark.parametrize('seed', range(12))
def test_costs_agree_with_an_exhaustive_search(seed):
    rng = random.Random(seed)
    site = grid(4, places={'p': ['station', '1,1'], 'q': ['station', '2,3']})
    start, goal = rng.sample(range(16), 2)
    yaw = rng.choice((0.0, pi / 2, -pi / 2, pi))
    found = route_table(site, goal, ROBOT).cost_s(start, yaw)
    assert found == pytest.approx(best_by_search(site, start, yaw, goal, ROBOT))


def test_many_costs_at_once_equal_single_ones(warehouse):
    table, rng = Planner(warehouse, ROBOT).table(100), random.Random(5)
    nodes = [rng.randrange(warehouse.real_count) for _ in range(60)] + [100]
    yaws = [rng.uniform(-pi, pi) for _ in nodes]
    assert table.costs_s(nodes, yaws).tolist() == pytest.approx(
        [table.cost_s(node, yaw) for node, yaw in zip(nodes, yaws)])


def test_a_route_prefers_fewer_turns():
    route = route_table(grid(4, against_cost_s=0), 15, ROBOT).route(0, 0.0)
    xy = grid(4).xy[list(route)]
    ways = np.diff(xy, axis=0)
    assert int((np.abs(np.diff(ways, axis=0)).sum(axis=1) > 0).sum()) == 1


def test_penalties_lead_around_and_never_count_at_the_goal():
    planner = Planner(grid(3), ROBOT)
    assert planner.route(0, 0.0, 2) == (0, 1, 2)
    assert 1 not in planner.route(0, 0.0, 2, {1: 100.0})
    assert planner.cost_s(0, 0.0, 2, {2: 100.0}) == planner.cost_s(0, 0.0, 2)
    assert planner.route(0, 0.0, 2) == (0, 1, 2)


def test_forbidden_nodes_cut_a_goal_off():
    planner = Planner(grid(3), ROBOT)
    walls = {1: inf, 3: inf}
    assert planner.route(0, 0.0, 8, walls) == ()
    assert planner.cost_s(0, 0.0, 8, walls) == inf
    assert planner.table(8, walls).costs_s([0], [0.0])[0] == inf


def test_a_robot_at_its_goal_has_nothing_to_drive(warehouse):
    table = Planner(warehouse, ROBOT).table(7)
    assert table.route(7, 0.0) == (7,) and table.cost_s(7, 0.0) == 0.0
    assert table.costs_s([7], [0.0])[0] == 0.0


def test_routes_do_not_lead_through_stations(warehouse):
    planner, rng = Planner(warehouse, ROBOT), random.Random(8)
    stations = {warehouse.places[name].node for name in warehouse.stations}
    storage = [warehouse.places[name].node for name in warehouse.storage]
    for _ in range(60):
        start, goal = rng.sample(storage, 2)
        assert not stations & set(planner.route(start, 0.0, goal))


def test_ramp_times_by_hand():
    # 1.5 m/s and 1 m/s^2: 2.25 m of ramps in 3 s, the rest at full speed.
    assert ramp_time_s(2.25, 1.5, 1.0, 1.0) == pytest.approx(3.0)
    assert ramp_time_s(3.75, 1.5, 1.0, 1.0) == pytest.approx(4.0)
    assert ramp_time_s(1.0, 1.5, 1.0, 1.0) == pytest.approx(2.0)
    assert ramp_time_s(1.0, 9.0, 1.0, 2.0) == pytest.approx(sqrt(4.0 / 3.0) * 1.5)


def test_a_bounded_jerk_costs_a_run_little_and_a_high_one_nothing():
    # Both ramps build up and end over 1.0 / 5 s; one period of 0.1 s is free.
    assert build_up_time_s(ROBOT) == pytest.approx(0.1)
    assert build_up_time_s(replace(ROBOT, jerk_mps3=10.0)) == 0.0


def test_turn_times_by_hand():
    assert turn_time_s(pi / 2, ROBOT) == pytest.approx(pi / 2 / 1.5 + 0.5)
    assert turn_time_s(-3 * pi / 2, ROBOT) == pytest.approx(pi / 2 / 1.5 + 0.5)
    assert turn_time_s(0.01, ROBOT) == 0.0
    angles = np.asarray([0.0, 0.3, -1.0, 2.0, 4.0, -6.0])
    assert turn_times_s(angles, ROBOT).tolist() == pytest.approx(
        [turn_time_s(angle, ROBOT) for angle in angles])


def test_drive_time_counts_straight_runs_and_turns():
    site = grid(3)
    straight = ramp_time_s(4.0, 1.5, 1.0, 1.0) + 0.1
    assert drive_time_s(site, (0, 1, 2), 0.0, ROBOT) == pytest.approx(straight)
    corner = turn_time_s(pi / 2, ROBOT)
    assert drive_time_s(site, (0, 1, 2, 5, 8), 0.0, ROBOT) == pytest.approx(
        2 * straight + corner)
    assert drive_time_s(site, (0, 1, 2), pi / 2, ROBOT) == pytest.approx(straight + corner)
    assert drive_time_s(site, (4,), 1.0, ROBOT) == 0.0


def test_tables_are_kept_and_bounded(warehouse):
    planner = Planner(warehouse, ROBOT, keep=2)
    first = planner.table(3)
    assert planner.table(3) is first
    planner.table(4)
    planner.table(5)
    assert planner.table(3) is not first
