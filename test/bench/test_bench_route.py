# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""`swarm bench route`: routes beside those of its peers, made grids, and what it refuses."""

import json
from math import pi
import random

import numpy as np
import pytest
from robot_swarm_orch.bench.route import (
    broken_bounds, build_report, fewest_edges, made_grid, mapping_of, report_lines,
    RouteBenchOptions)
from robot_swarm_orch.cli import main
from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.planning import Planner, turn_costs_s
from robot_swarm_orch.site import load_site
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

ROBOT = RobotConfig()
HEADINGS = (0.0, pi / 2, pi, -pi / 2)


@pytest.fixture(scope='module')
def site():
    """Return a small hall with racks."""
    return load_site(mapping_of(RouteBenchOptions('64x9')))


def price_s(site, route):
    """Return what a route costs from the start of its first edge on, from the site alone [s]."""
    ways = np.diff(site.xy[list(route)], axis=0)
    turns_s = turn_costs_s(np.diff(np.arctan2(ways[:, 1], ways[:, 0])), ROBOT).sum()
    drives_s = np.hypot(*ways.T).sum() / ROBOT.speed_mps
    against = sum(edge in site.against for edge in zip(route, route[1:]))
    return turns_s + drives_s + site.against_cost_s * against


@pytest.fixture(scope='module')
def by_headings(site):
    """Return the hall backwards as SciPy takes it: state 4 * node + number of the heading."""
    rows, columns, weights = [], [], []
    for a in range(site.real_count):
        for b in site.successors[a]:
            ahead = heading_number(site, a, b)
            turns_s = turn_costs_s(np.array(HEADINGS[ahead]) - np.array(HEADINGS), ROBOT)
            cost_s = site.edge_length_m(a, b) / ROBOT.speed_mps
            cost_s += site.against_cost_s * ((a, b) in site.against)
            rows += [4 * b + ahead] * 4
            columns += range(4 * a, 4 * a + 4)
            weights += (turns_s + cost_s).tolist()
    return csr_matrix((weights, (rows, columns)), (4 * site.real_count,) * 2)


def heading_number(site, a, b):
    """Return which of the four headings an edge has."""
    dx, dy = site.xy[b] - site.xy[a]
    return int(np.argmin(np.abs(np.array(HEADINGS) - np.arctan2(dy, dx))))


def test_routes_cost_what_the_peers_search_over_nodes_and_headings_says(site, by_headings):
    assert not site.pass_cost_s.any(), 'the peer knows nothing of stations'
    planner, rng = Planner(site, ROBOT), random.Random(6)
    for goal in rng.sample(range(site.real_count), 8):
        at_goal = [4 * goal + number for number in range(4)]
        least_s = dijkstra(by_headings, indices=at_goal, min_only=True).reshape(-1, 4)
        for start in rng.sample(range(site.real_count), 20):
            if start != goal:
                route = planner.route(start, 0.0, goal)
                number = heading_number(site, *route[:2])
                assert price_s(site, route) == pytest.approx(least_s[start, number], abs=1e-9)
                assert planner.table(goal).least_s(start) == pytest.approx(
                    least_s[start].min(), abs=1e-9)


def test_no_route_has_fewer_edges_than_the_breadth_first_one(site):
    planner, rng = Planner(site, ROBOT), random.Random(9)
    arcs = [(b, a) for a in range(site.real_count) for b in site.successors[a]]
    backwards = csr_matrix((np.ones(len(arcs)), tuple(zip(*arcs))), (site.real_count,) * 2)
    for _ in range(40):
        start, goal = rng.sample(range(site.real_count), 2)
        fewest = fewest_edges(backwards, start, goal)
        assert fewest[0] == start and fewest[-1] == goal
        assert all(site.is_edge(*edge) for edge in zip(fewest, fewest[1:]))
        assert len(fewest) <= len(planner.route(start, 0.0, goal))


def test_a_report_has_every_group_and_the_peers():
    report = build_report(RouteBenchOptions('64x9', robots=5, orders=20))
    assert set(report['groups']) == {'new', 'known', 'blocked', 'all'}
    assert report['groups']['new']['wall_s']['count'] == 20 and report['unreached'] == 0
    assert set(report['ratios']) == {'dijkstra', 'breadth_first_order'}
    assert report['mean_route_nodes'] > 5
    text = '\n'.join(report_lines(report))
    assert 'ratio to dijkstra' in text and text.splitlines()[-1].startswith(('bounds', '  p99'))
    assert json.loads(json.dumps(report)) == report


def test_bounds_go_by_the_size_of_the_map_and_leave_the_leaders_question_out():
    groups = {name: {'wall_s': {'p99': p99_s}} for name, p99_s in (
        ('new', 0.02), ('known', 0.001), ('blocked', 0.04), ('all', 0.5))}
    assert [text.split('(')[1].split(')')[0] for text in broken_bounds(5_699, groups)] == [
        'new', 'blocked']
    assert len(broken_bounds(30_000, groups)) == 1 and broken_bounds(200_000, groups) == []


def test_a_made_grid_is_whole_or_has_racks_between_aisles():
    assert len(made_grid(64, 9, False).nodes) == 64 * 9
    nodes = made_grid(64, 9, True).nodes
    assert 'n25_1' not in nodes and 'n35_1' in nodes and 'n24_1' in nodes and 'n25_3' in nodes


@pytest.mark.parametrize('arguments, words', [
    (['--map', '1x3'], '4 to 250000'),
    (['--map', '64x9', '--robots', '9999'], 'too few for 9999 robots'),
    (['--map', 'none.map', '--no-racks'], '--no-racks is of no use'),
    (['--map', 'none.map'], 'none.map')])
def test_what_cannot_be_measured_is_refused_with_the_reason(arguments, words, capsys):
    assert main(['bench', 'route', *arguments]) == 2
    assert words in capsys.readouterr().err
