# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Robots in each other's way, as drawn in `scenarios/*.txt`, with real agents and a real coordinator.

A scenario opens with its story. `from` and `to` are drawings of the same streets: a cell `.` is
free, `#` is none, a capital is a robot at its start and at its goal. A small letter is a robot
that has nothing to do, X one that has broken down. `within N s` all robots that go anywhere have
been where they go; `never`: nobody gets anywhere. `area N` with a drawing: only N
robots at once may be on its cells `o`.
"""

from math import inf
from pathlib import Path
import random

import pytest
from robot_swarm_orch.config import CoordinatorConfig, RobotConfig
from robot_swarm_orch.coordinator.advice import Advisor
from robot_swarm_orch.coordinator.traffic import Traffic
from robot_swarm_orch.sim.cluster import Cluster, ClusterOptions
from robot_swarm_orch.sim.errands import Errands
from robot_swarm_orch.sim.network import NetworkOptions
from robot_swarm_orch.site import load_site

SCENARIOS = sorted((Path(__file__).parent / 'scenarios').glob('*.txt'))
PITCH_M = 1.75
QUIET = NetworkOptions()
BAD = NetworkOptions(delay_s_min=0.1, loss_ratio=0.3)


def drawing(lines):
    """Return {cell: letter} of a drawing, without its walls."""
    return {(column, row): letter for row, line in enumerate(lines)
            for column, letter in enumerate(line) if letter != '#'}


def read_scenario(path):
    """Return (site, robots as {letter: (start, goal or None)}, seconds or None)."""
    blocks = path.read_text(encoding='utf-8').split('\n\n', 1)[1].split('\n')
    heads = [i for i, line in enumerate(blocks)
             if line and not line.startswith((' ', '#'))]
    parts = {blocks[i].split()[0]: (blocks[i].split()[1:], drawing(
        line.strip() for line in blocks[i + 1:j] if line)) for i, j in zip(heads, heads[1:])}
    last = heads[-1]
    before, after = parts['from'][1], parts['to'][1]
    assert before.keys() == after.keys(), 'the two drawings show different streets'
    name = {cell: f'{cell[0]},{cell[1]}' for cell in before}
    edges = [[name[c, r], name[other]] for c, r in before for other in ((c + 1, r), (c, r + 1))
             if other in name]
    site = load_site({'edges': edges, 'nodes': {
        name[c, r]: [PITCH_M * c, -PITCH_M * r] for c, r in before}, 'areas': {
            'area': {'robots_max': int(words[0]), 'nodes': [
                name[cell] for cell, letter in cells.items() if letter == 'o']}
            for kind, (words, cells) in parts.items() if kind == 'area'}})
    number = {cell: site.node_names.index(name[cell]) for cell in before}
    goals = {letter: number[cell] for cell, letter in after.items() if letter.isupper()}
    robots = {letter: (number[cell], None if letter == 'X' else goals.get(letter))
              for cell, letter in before.items() if letter != '.'}
    words = blocks[last].split()
    return site, robots, float(words[1]) if words[0] == 'within' else None


def fleet(site, errands, placement, network, seed):
    """Return robots that run errands under one coordinator."""
    return Cluster(
        site, len(placement), seed, ClusterOptions(
            robot=RobotConfig(scan_required=False),
            coordinator=CoordinatorConfig(voters=('c1',), robot_silent_s=3.0), network=network,
            coordinator_network=QUIET, orders=False, scans=False),
        leader=errands.lead, placement=placement)


def run(path, network, seed=1):
    """Play a scenario; return (cluster, errands, who goes somewhere, seconds or None)."""
    site, robots, within_s = read_scenario(path)
    going = {letter: goal for letter, (_, goal) in robots.items() if goal is not None}
    errands = Errands({letter: iter([going[letter]] if letter in going else [])
                       for letter in robots})
    cluster = fleet(site, errands, [(letter, robots[letter][0]) for letter in sorted(robots)],
                    network, seed)
    if 'X' in robots:
        cluster.run(3.0)
        cluster.kill_robot('X')
    cluster.run(within_s or 40.0, until=lambda: len(errands.reached) == len(going))
    return cluster, errands, going, within_s


@pytest.mark.parametrize(
    'network', [pytest.param(QUIET, marks=pytest.mark.slow), BAD], ids=['quiet', 'bad'])
@pytest.mark.parametrize('path', SCENARIOS, ids=lambda path: path.stem)
def test_everybody_gets_where_they_go(path, network):
    cluster, errands, going, within_s = run(path, network)
    arrived = sorted(robot for _, robot, _ in errands.reached)
    assert cluster.judges.violations() == []
    if within_s is None:
        assert arrived == [] and cluster.world.truth.driven_m < 0.1
    else:
        assert arrived == sorted(going)


@pytest.mark.parametrize('seed', range(2))
def test_senseless_advice_costs_time_but_never_safety(seed, monkeypatch):
    rng = random.Random(seed)

    def advise(advisor, now_s, standers, waits_for, holder):
        advisor.to = {number: rng.randrange(25) for number in range(6) if rng.random() < 0.7}
        advisor._until_s = dict.fromkeys(advisor.to, inf)
    monkeypatch.setattr(Advisor, 'advise', advise)
    names = [f'{c},{r}' for r in range(5) for c in range(5)]
    site = load_site({
        'nodes': {name: [PITCH_M * int(name[0]), PITCH_M * int(name[2])] for name in names},
        'edges': [[f'{c},{r}', f'{c + dc},{r + dr}'] for c in range(5) for r in range(5)
                  for dc, dr in ((1, 0), (0, 1)) if c + dc < 5 and r + dr < 5]})
    robots = [(f'r{index}', node) for index, node in enumerate(rng.sample(range(25), 6))]
    errands = Errands({name: iter(rng.choices(range(25), k=50)) for name, _ in robots})
    cluster = fleet(site, errands, robots, BAD, seed)
    cluster.run(90.0)
    assert cluster.judges.violations() == [] and cluster.world.truth.driven_m > 100.0


def test_without_pushing_robots_that_meet_head_on_stand_for_ever(monkeypatch):
    monkeypatch.setattr(Traffic, '_push', lambda traffic, now_s: None)
    path, = [path for path in SCENARIOS if path.stem == 'dead_end']
    _, errands, going, _ = run(path, QUIET)
    assert len(errands.reached) < len(going)


def test_an_idle_robot_beside_the_only_street_that_it_closes_makes_way():
    site = load_site({
        'nodes': {'a': [0, 0], 'b': [4, 0], 'x': [2, 1.5], 'y': [2, 4], 'z': [2, 6]},
        'edges': [['a', 'b'], ['x', 'y'], ['y', 'a'], ['y', 'z']]})
    assert site.lock_set(0, 1) == (0, 1, 2)
    errands = Errands({'A': iter([1]), 'idle': iter(())})
    cluster = fleet(site, errands, [('A', 0), ('idle', 2)], BAD, 1)
    cluster.run(60.0, until=lambda: bool(errands.reached))
    assert cluster.judges.violations() == [] and [node for _, _, node in errands.reached] == [1]
