# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What others make of the traffic bench's map and goals: PIBT, and SciPy's tables of distances.

PIBT (K. Okumura et al., "Priority inheritance with backtracking for iterative multi-agent path
finding", Artificial Intelligence 310, 2022) in its author's Python (`pypibt`) knows where all
robots are and moves them at once by one cell or none. One such step is read as the time that our
robots take for a cell at full speed; turns, ramps, loss and delay do not exist for it. So both
are compared with what their own robots would reach alone.

SciPy's tables say how fast the machine is, by code that is not ours. All times are processor time.
"""

import json
from pathlib import Path
import subprocess
from time import thread_time
from typing import List, Tuple

import numpy as np
from robot_swarm_orch.bench.figures import summary
from robot_swarm_orch.bench.traffic import map_mapping, per_hour, placed_goals, robot_for
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.maps.importer import format_of, MOVINGAI
from robot_swarm_orch.site import load_site
import scipy
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order, dijkstra

_TABLES = 30
_PATIENCE_S = 7200.0
HOW = ('python -m venv V; V/bin/pip install numpy; V/bin/pip install --no-deps '
       'git+https://github.com/Kei18/pypibt')


def check_peer(options) -> None:
    """Refuse a peer that could not run, before hours of work; raises ConfigError, SiteError."""
    if not options.peer:
        return
    map_mapping(options.map)  # so that a map that cannot be read is what is named
    if format_of(options.map) != MOVINGAI:
        raise ConfigError(f'--peer is of no use with {options.map}: PIBT moves on the cells of a '
                          'MovingAI .map')
    _ask(options.peer, '-c', 'import pypibt', patience_s=60.0)


def compare(report: dict, options) -> dict:
    """Return what peers do with the map and goals of a seed's report; raises ConfigError."""
    site = load_site(map_mapping(options.map))
    starts, goals = placed_goals(site, options)
    hops = Hops(site)
    tables = table_times(hops, [next(stream) for stream in goals().values()][:_TABLES])
    peers = {'scipy': tables, 'not_compared': [],
             'decision_in_tables': report['decision_s']['p50'] / tables['dijkstra_s']['p50']}
    if not options.peer:
        return {**peers, 'not_compared': [
            f'PIBT: name a Python that has pypibt by --peer PYTHON ({HOW})']}
    step_s = step_virtual_s(site, robot_for(site))
    errands, alone = grid_errands(hops, starts, goals(), int(options.duration_s / step_s))
    answer = json.loads(_ask(
        options.peer, str(Path(__file__).with_name('pibt_run.py')), patience_s=_PATIENCE_S,
        question=question(site, starts, errands, options, step_s)))
    return {**peers, 'pypibt': read_answer(answer, alone, step_s, report, options)}


def _ask(python, *arguments, patience_s, question=None) -> str:
    """Return what a peer's Python prints; ConfigError if it fails."""
    try:
        done = subprocess.run(
            [python, '-I', *arguments], input=None if question is None else json.dumps(question),
            capture_output=True, text=True, timeout=patience_s, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f'--peer {python}: {error}') from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ['no message'])[-1]
        raise ConfigError(f'--peer {python} could not run PIBT: {last}; it must be a Python with '
                          f'pypibt ({HOW})')
    return done.stdout


class Hops:
    """How many edges apart the nodes of a site are, worked out at need."""

    def __init__(self, site):
        """Lay out the site's real edges."""
        arcs = [(a, b) for a in range(site.real_count) for b in site.successors[a]
                if b < site.real_count]
        lengths = [site.edge_length_m(a, b) for a, b in arcs]
        tails, heads = np.asarray(arcs).T
        shape = (site.real_count, site.real_count)
        self.graph = csr_matrix((lengths, (heads, tails)), shape=shape)  # from goals backwards
        self._known = {}

    def to(self, goal: int) -> np.ndarray:
        """Return how many edges each node is from a goal."""
        if goal not in self._known:
            self._known[goal] = dijkstra(self.graph, indices=goal, unweighted=True)
        return self._known[goal]


def table_times(hops: Hops, goals) -> dict:
    """Return what a table of distances to each of some goals costs SciPy [s]."""
    breadth, shortest = [], []
    for goal in goals:
        started = thread_time()
        breadth_first_order(hops.graph, goal, return_predecessors=True)
        between = thread_time()
        dijkstra(hops.graph, indices=goal, return_predecessors=True)
        breadth.append(between - started)
        shortest.append(thread_time() - between)
    return {'version': scipy.__version__, 'breadth_first_s': summary(breadth),
            'dijkstra_s': summary(shortest)}


def step_virtual_s(site, robot) -> float:
    """Return the time that a step of one cell stands for: a cell at a robot's full speed [s]."""
    cell_m = min(site.edge_length_m(a, b) for a in range(site.real_count)
                 for b in site.successors[a])
    return cell_m / robot.speed_mps


def grid_errands(hops: Hops, starts, goals, steps: int) -> Tuple[List[list], List[int]]:
    """
    Return the goals that each robot could come to think of, and when it would reach them alone.

    One cell a step, and at least a step for each goal. starts: (robot, node) pairs. The last goal
    of each robot is out of its reach within `steps`, so nobody runs out of goals.
    """
    errands, alone = [], []
    for robot, node in starts:
        mine, at = [], 0
        for goal in goals[robot]:
            mine.append(goal)
            at += max(1, int(hops.to(goal)[node]))
            if at > steps:
                break
            alone.append(at)
            node = goal
        errands.append(mine)
    return errands, alone


def question(site, starts, errands, options, step_s: float) -> dict:
    """Return what `pibt_run.py` is asked: cells are [row, column]."""
    cells = [tuple(map(int, name[1:].split('_')))[::-1]
             for name in site.node_names[:site.real_count]]
    rows, columns = (max(part) + 1 for part in zip(*cells))
    return {'rows': rows, 'columns': columns, 'free': cells, 'seed': options.seed,
            'steps': int(options.duration_s / step_s),
            'starts': [cells[node] for _, node in starts],
            'goals': [[cells[goal] for goal in mine] for mine in errands]}


def read_answer(answer: dict, alone, step_s: float, report: dict, options) -> dict:
    """Return PIBT's figures in our terms; alone: steps at which goals would be reached alone."""
    def hourly(steps):
        return per_hour([(step * step_s,) for step in steps], options)

    def each(goals_per_hour):
        return goals_per_hour / 3600.0 * step_s / options.robots
    goals, bound = hourly(answer['reached']), hourly(alone)
    decision_s = summary(answer['step_s'])
    return {
        'version': answer['version'], 'steps': len(answer['step_s']), 'step_virtual_s': step_s,
        'goals_per_robot_step': each(goals), 'goals_per_hour': goals,
        'swarm_goals_per_robot_step': each(report['goals_per_hour']),
        'alone_goals_per_hour': bound, 'alone_ratio': goals / bound if bound else 0.0,
        'decision_s': decision_s, 'table_s': summary(answer['table_s']),
        'core_share': sum(answer['step_s']) / (len(answer['step_s']) * step_s),
        'decision_ratio': report['decision_s']['p50'] / decision_s['p50'],
        'conflicts': answer['conflicts']}
