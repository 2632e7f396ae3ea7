# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Two searches, one answer: to the last bit, in any order of asking, round whatever is shut."""

from math import inf, pi
from pathlib import Path
import random

import numpy as np
import pytest
from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.edge.route_search import BucketSearch, WholeSearch
from robot_swarm_orch.errors import InvariantError
from robot_swarm_orch.site import load_site

CONFIG = Path(__file__).resolve().parents[2] / 'config' / 'site.yaml'
ROBOT = RobotConfig()


@pytest.fixture(scope='module')
def warehouse():
    """Return the site of the demo."""
    return load_site(CONFIG)


def crooked(size, seed, pitch=4.0):
    """Return a grid whose nodes are off their places, so that no edge is parallel to an axis."""
    rng = random.Random(seed)
    nodes = {f'{x},{y}': [pitch * x + rng.uniform(-0.8, 0.8), pitch * y + rng.uniform(-0.8, 0.8)]
             for y in range(size) for x in range(size)}
    edges = [[f'{x},{y}', f'{x + 1},{y}'] for y in range(size) for x in range(size - 1)]
    edges += [[f'{x},{y}', f'{x},{y + 1}', 'oneway' if rng.random() < 0.2 else 'both']
              for y in range(size - 1) for x in range(size)]
    return load_site({'nodes': nodes, 'edges': edges})


def both(site):
    """Return a planner by each of the two searches."""
    return Planner(site, ROBOT, search=BucketSearch), Planner(site, ROBOT, search=WholeSearch)


def drawn_trouble(site, rng):
    """Return penalties and shut edges, at random."""
    penalties = {node: rng.choice((20.0, 600.0, 1e7, inf))
                 for node in rng.sample(range(site.real_count), rng.randrange(6))}
    edges = [(a, b) for a in range(site.real_count) for b in site.successors[a]]
    return penalties, rng.sample(edges, rng.randrange(8))


def check_same(site, seed, count):
    """Ask both searches for the same routes; raise if they differ in one bit."""
    lazy, whole = both(site)
    rng = random.Random(seed)
    for number in range(count):
        start, goal = rng.sample(range(site.real_count), 2)
        yaw, trouble = rng.uniform(-pi, pi), drawn_trouble(site, rng) if number % 2 else ({}, ())
        told = f'seed {seed}: {start} to {goal} with {trouble}'
        assert lazy.route(start, yaw, goal, *trouble) == whole.route(
            start, yaw, goal, *trouble), told
        assert lazy.cost_s(start, yaw, goal, *trouble) == whole.cost_s(
            start, yaw, goal, *trouble), told
    nodes = np.arange(site.real_count)
    for goal in rng.sample(range(site.real_count), 3):
        costs = [planner.table(goal).costs_s(nodes, 0.1 * nodes) for planner in (lazy, whole)]
        assert np.array_equal(*costs), f'seed {seed}: to {goal}'


def test_both_searches_agree_on_the_warehouse_to_the_last_bit(warehouse):
    check_same(warehouse, 1, 30)


@pytest.mark.parametrize('seed', range(6))
def test_both_searches_agree_where_edges_lead_anywhere(seed):
    check_same(crooked(6, seed), seed, 30)


def test_routes_do_not_depend_on_who_asked_before(warehouse):
    rng = random.Random(7)
    asked = [(rng.randrange(warehouse.real_count), rng.uniform(-pi, pi),
              rng.choice((3, 300, 900))) for _ in range(40)]
    answers = []
    for order in (asked, asked[::-1]):
        planner = Planner(warehouse, ROBOT, search=BucketSearch)
        answers.append({question: planner.route(*question) for question in order})
    assert answers[0] == answers[1]


def test_a_search_looks_no_further_than_it_is_asked(warehouse):
    planner = Planner(warehouse, ROBOT, search=BucketSearch)
    planner.route(0, 0.0, warehouse.successors[0][0])
    goal = warehouse.successors[0][0]
    assert not planner.table(goal).is_whole and not planner.has_whole(goal)
    assert planner.table(goal).finish().is_whole and planner.has_whole(goal)


def test_a_shut_edge_is_left_out_in_its_own_direction_only():
    site = load_site({'nodes': {'a': [0, 0], 'b': [2, 0], 'c': [2, 2], 'd': [0, 2]},
                      'edges': [['a', 'b'], ['b', 'c'], ['c', 'd'], ['d', 'a']],
                      'against_cost_s': 0})
    for planner in both(site):
        assert planner.route(0, 0.0, 1) == (0, 1)
        assert planner.route(0, 0.0, 1, blocked_edges=[(0, 1)]) == (0, 3, 2, 1)
        assert planner.route(1, pi, 0, blocked_edges=[(0, 1)]) == (1, 0)
        shut = [(0, 1), (2, 1)]
        assert planner.route(0, 0.0, 1, blocked_edges=shut) == ()
        assert planner.cost_s(0, 0.0, 1, blocked_edges=shut) == inf
        assert planner.route(0, 0.0, 1) == (0, 1), 'what was shut is no part of this question'
        with pytest.raises(KeyError):
            planner.route(0, 0.0, 1, blocked_edges=[(0, 2)])


def test_a_blocked_node_costs_what_it_is_told_to_and_a_shut_edge_cannot_be_bought():
    site = load_site({'nodes': {'a': [0, 0], 'b': [2, 0], 'c': [4, 0]},
                      'edges': [['a', 'b'], ['b', 'c']], 'against_cost_s': 0})
    for planner in both(site):
        plain = planner.cost_s(0, 0.0, 2)
        assert planner.cost_s(0, 0.0, 2, {1: 600.0}) == pytest.approx(plain + 600.0)
        assert planner.cost_s(0, 0.0, 2, {1: 600.0}, [(1, 2)]) == inf


def test_a_key_does_not_depend_on_the_order_in_which_trouble_is_told(warehouse):
    planner = Planner(warehouse, ROBOT)
    after = warehouse.successors[5][0]
    shut = [(5, after), (9, warehouse.successors[9][0])]
    first = planner.table(100, {1: 2.0, 3: 4.0}, shut)
    assert planner.table(100, {3: 4.0, 1: 2.0}, shut[::-1]) is first
    assert planner.table(100, {3: 4.0, 1: 2.0}, shut[:1]) is not first


def test_nobody_drives_to_or_from_a_node_of_conflict_and_nothing_counts_down():
    # The two edges cross without a node in common, so the loader adds one that both hold.
    site = load_site({
        'nodes': {'a': [0, 0], 'b': [4, 4], 'c': [0, 4], 'd': [4, 0]},
        'edges': [['a', 'b'], ['c', 'd'], ['a', 'c'], ['b', 'd']], 'against_cost_s': 0})
    assert site.node_count == 5
    for planner in both(site):
        assert planner.route(0, 0.0, 4) == () and planner.route(4, 0.0, 0) == ()
        assert planner.cost_s(0, 0.0, 4) == inf and planner.table(4).least_s(0) == inf
        assert planner.route(0, 0.0, 1, {4: 20.0}) == (0, 1)
        assert planner.table(1).finish().costs_s([4, 0], [0.0, 0.0])[0] == inf
        with pytest.raises(InvariantError):
            planner.route(0, 0.0, 1, {2: -1.0})
