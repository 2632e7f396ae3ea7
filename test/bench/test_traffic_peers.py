# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The traffic bench beside PIBT: what a step stands for, who could reach what, what is told."""

from dataclasses import replace
import importlib.util
from itertools import repeat
import json
from pathlib import Path
import subprocess
import sys

import pytest
from robot_swarm_orch.bench import pibt_run
from robot_swarm_orch.bench.traffic import map_mapping, robot_for, TrafficBenchOptions
from robot_swarm_orch.bench.traffic_peers import (
    check_peer, compare, grid_errands, Hops, question, read_answer, step_virtual_s, table_times)
from robot_swarm_orch.bench.traffic_report import peer_lines
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.site import load_site

SITE = Path(__file__).resolve().parents[2] / 'config' / 'site.yaml'
GRID = 'type octile\nheight 3\nwidth 5\nmap\n.....\n.T.T.\n.....\n'


@pytest.fixture()
def options(tmp_path):
    path = tmp_path / 'hall.map'
    path.write_text(GRID)
    return TrafficBenchOptions(str(path), robots=2, duration_s=40.0, settle_s=10.0)


@pytest.fixture()
def site(options):
    return load_site(map_mapping(options.map))


def node(site, name):
    return site.node_names.index(name)


def test_a_step_is_one_cell_at_full_speed(site):
    robot = robot_for(site)
    assert step_virtual_s(site, robot) == pytest.approx(1.75 / robot.speed_mps)


def test_each_robot_gets_the_goals_that_it_could_reach_alone_and_one_more(site):
    corner, far = node(site, 'n0_0'), node(site, 'n4_2')
    goals = {'a': iter([far, corner, far, corner]), 'b': repeat(corner)}
    hops = Hops(site)
    assert hops.to(far)[corner] == 6 and hops.to(far)[far] == 0
    errands, alone = grid_errands(hops, (('a', corner), ('b', corner)), goals, 14)
    assert errands[0] == [far, corner, far]
    assert alone[:2] == [6, 12], 'the third would be reached at 18'
    assert alone[2:] == list(range(1, 15)), 'a goal where one stands takes a step'


def test_goals_of_steps_are_read_in_the_same_terms_as_ours(options):
    """Twelve goals between 10 and 40 s are 1440 an hour, 0.4 a second, 0.2 a second and robot."""
    report = {'goals_per_hour': 720.0, 'decision_s': {'p50': 0.003}}
    answer = {'version': '1', 'step_s': [0.001] * 40, 'table_s': [0.01], 'conflicts': 0,
              'reached': [5] * 100 + [11] * 12 + [41]}
    figures = read_answer(answer, [20] * 24, 1.0, report, options)
    assert figures['goals_per_hour'] == pytest.approx(1440.0)
    assert figures['goals_per_robot_step'] == pytest.approx(0.2)
    assert figures['swarm_goals_per_robot_step'] == pytest.approx(0.1)
    assert figures['alone_ratio'] == pytest.approx(0.5)
    assert figures['decision_ratio'] == pytest.approx(3.0)
    assert figures['core_share'] == pytest.approx(0.001)


def test_conflicts_are_shared_cells_swaps_and_jumps():
    count = pibt_run.count_conflicts
    assert count([(0, 0), (0, 1)], [(0, 1), (0, 2)]) == 0
    assert count([(0, 0), (0, 1)], [(0, 1), (0, 1)]) == 1
    assert count([(0, 0), (0, 1)], [(0, 1), (0, 0)]) == 1
    assert count([(0, 0), (5, 5)], [(0, 2), (4, 4)]) == 2


def test_without_a_peer_the_report_says_what_is_missing_and_how_to_get_it(options):
    report = {'decision_s': {'p50': 0.001}}
    report['peers'] = compare(report, options)
    assert 'pypibt' not in report['peers']
    text = '\n'.join(peer_lines(report))
    assert 'not compared: PIBT' in text and 'pip install' in text and 'SciPy' in text


def test_a_peer_that_cannot_run_is_refused_before_anything_else(options, tmp_path):
    check_peer(options)
    with pytest.raises(ConfigError, match='--peer'):
        check_peer(replace(options, peer=str(tmp_path / 'no_python')))
    with pytest.raises(ConfigError, match='of no use'):
        check_peer(replace(options, map=str(SITE), peer=sys.executable))


def test_pibt_drives_the_same_goals_without_a_conflict(site, options):
    if importlib.util.find_spec('pypibt') is None:
        pytest.skip('pypibt is not installed in this Python: see `--peer` of swarm bench traffic')
    hops, step_s = Hops(site), step_virtual_s(site, robot_for(site))
    corner, far = node(site, 'n0_0'), node(site, 'n4_2')
    starts = (('a', corner), ('b', far))
    goals = {'a': iter([far, corner] * 9), 'b': iter([corner, far] * 9)}
    errands, alone = grid_errands(hops, starts, goals, 30)
    done = subprocess.run(
        [sys.executable, '-I', pibt_run.__file__], text=True, capture_output=True, check=True,
        input=json.dumps({**question(site, starts, errands, options, step_s), 'steps': 30}))
    answer = json.loads(done.stdout)
    assert answer['conflicts'] == 0 and len(answer['step_s']) == 30
    assert 2 <= len(answer['reached']) <= len(alone)


class OneGoalEach:
    """A stand-in for `pypibt.PIBT` on a row of cells: everybody steps towards its goal."""

    def __init__(self, grid):
        self.grid, self.dist_tables, self.seen = grid, [], []

    def step(self, now, priorities):
        self.seen.append(list(priorities))
        return [(0, column + (goal.cell[1] > column) - (goal.cell[1] < column))
                for (_, column), goal in zip(now, self.dist_tables)]


class Row:
    """A stand-in for a complete table of distances along one row."""

    def __init__(self, cell):
        self.cell = cell

    def get(self, cell):
        return abs(cell[1] - self.cell[1])

    @classmethod
    def to(cls, cell):
        return cls(cell)


class Grid:
    """A row of ten cells."""

    size = 10


def test_a_robot_has_its_next_goal_at_once_and_falls_back_in_priority():
    fleet = OneGoalEach(Grid())
    result = pibt_run.drive(fleet, Row, [(0, 0), (0, 9)], [[(0, 2), (0, 0), (0, 9)], [(0, 3)]], 5)
    assert result['reached'] == [2, 4] and result['conflicts'] == 0
    assert [seen[0] for seen in fleet.seen] == pytest.approx([0.2, 1.2, 0.2, 1.2, 0.2])
    assert [seen[1] for seen in fleet.seen] == pytest.approx([0.6, 1.6, 2.6, 3.6, 4.6])


def test_tables_of_scipy_are_timed(site):
    times = table_times(Hops(site), [0, 1, 2])
    assert times['dijkstra_s']['count'] == 3 and times['breadth_first_s']['p50'] > 0.0
