# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
`swarm bench route`: how long a robot takes to know its way after a new order.

All robots share one planner in one process, as where an edge node hosts them, and get one order
after another. Timed is what `RobotAgent` asks of its planner on a new goal, from the node and the
heading that it has then, with turns, streets and stations as they cost:

* *new*: to a goal that nobody has driven to yet;
* *known*: to a goal that others have driven to lately, from where they did not come from;
* *blocked*: anew on the way, round an edge that is shut and nodes that are blocked or held;
* *all*: what the leader asks for an order: the costs from all robots to one new place.

Peers on the same graph: SciPy's Dijkstra over the same arcs and costs, and its breadth-first order
over the nodes, which knows neither turns nor streets and counts edges.
"""

from dataclasses import dataclass
import json
from math import atan2
import platform
import random
import re
from time import perf_counter, thread_time
from typing import List

import numpy as np
import psutil
from robot_swarm_orch.bench.figures import quantile, summary
from robot_swarm_orch.bench.traffic import map_mapping, robot_for
from robot_swarm_orch.compiled import IS_COMPILED
from robot_swarm_orch.coordinator.allocation import TravelTimes
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.edge.route_search import WholeSearch
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.maps.drawing import Drawing
from robot_swarm_orch.maps.importer import ImportOptions
from robot_swarm_orch.maps.movingai import draw_grid, GridMap
from robot_swarm_orch.site import load_site
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order

# p99 of a route after a new order [s], by the number of nodes up to which it is asked for.
ROUTE_S_MAX = ((10_000, 0.010), (70_000, 0.030))
_QUANTILES = (('p50', 0.5), ('p99', 0.99), ('max', 1.0))
_ROUTES = ('new', 'known', 'blocked')
_GROUPS = (*_ROUTES, 'all')
_PEER_SAMPLES = 100
_LATELY = 20          # goals that count as known
# As `RobotAgent` counts a node that a person has blocked, and one that a robot at rest holds [s].
_BLOCKED_S, _HELD_S = 600.0, 20.0
_HELD_NEAR = 8
# Racks of made grids: as in the `warehouse-10-20-10-2-1` of the MovingAI benchmark [cells].
_MARGIN, _RACK_LONG, _RACK_DEEP, _AISLE = 25, 10, 2, 1


@dataclass(frozen=True)
class RouteBenchOptions:
    """What to measure; the command line gives the defaults and explains them."""

    map: str
    robots: int = 100
    seed: int = 1
    orders: int = 2000
    racks: bool = True


def run_bench(options: RouteBenchOptions, as_json: bool = False) -> int:
    """Measure and print; return 0 if the bound held, else 1."""
    report = build_report(options)
    print(json.dumps(report, indent=2) if as_json else '\n'.join(report_lines(report)))
    return 1 if report['broken'] else 0


def build_report(options: RouteBenchOptions) -> dict:
    """Measure; return all figures as JSON can carry them."""
    site = load_site(mapping_of(options))
    robot = robot_for(site)
    began = perf_counter()
    planner = Planner(site, robot)
    start_up_s = perf_counter() - began
    if options.robots > site.real_count // 2:
        raise ConfigError(f'{options.map} has {site.real_count} nodes, too few for '
                          f'{options.robots} robots: at most half as many')
    stream = OrderStream(planner, options)
    stream.run(options.orders)
    peers = peer_times(planner, stream.asked[:_PEER_SAMPLES])
    groups = {name: {'wall_s': summary([wall for wall, _ in times], _QUANTILES),
                     'processor_s': summary([own for _, own in times], _QUANTILES)}
              for name, times in stream.times_s.items() if times}
    return {
        'setting': {'map': options.map, 'racks': options.racks, 'nodes': site.real_count,
                    'robots': options.robots, 'seed': options.seed, 'orders': options.orders,
                    'compiled': IS_COMPILED, 'python': platform.python_version(),
                    'machine': platform.machine()},
        'start_up_s': start_up_s, 'rss_bytes': psutil.Process().memory_info().rss,
        'mean_route_nodes': float(np.mean(stream.lengths)), 'unreached': stream.unreached,
        'groups': groups,
        'peers': {name: summary(times, _QUANTILES) for name, times in peers.items()},
        'ratios': {name: groups['new']['processor_s']['p50'] / quantile(times, 0.5)
                   for name, times in peers.items()},
        'broken': broken_bounds(site.real_count, groups)}


def broken_bounds(nodes: int, groups: dict) -> List[str]:
    """Return which bounds broke, in words; maps larger than all that are asked for have none."""
    most_s = next((bound for count, bound in ROUTE_S_MAX if nodes <= count), None)
    return [f'p99 of a route ({name}) is {1000.0 * figures["wall_s"]["p99"]:.2f} ms, allowed are '
            f'{1000.0 * most_s:g} ms' for name, figures in groups.items()
            if most_s is not None and name in _ROUTES and figures['wall_s']['p99'] > most_s]


def mapping_of(options: RouteBenchOptions) -> dict:
    """Return the map as a site's mapping: of a file, or a made grid such as `500x140`."""
    sizes = re.fullmatch(r'(\d+)x(\d+)', options.map)
    if sizes is None:
        if not options.racks:
            raise ConfigError(f'--no-racks is of no use with {options.map}: only with a grid '
                              'that is made, such as --map 500x140')
        return map_mapping(options.map)
    columns, rows = map(int, sizes.groups())
    if not 4 <= columns * rows <= 250_000:
        raise ConfigError(f'--map {options.map} has {columns * rows} cells: it must have 4 to '
                          '250000')
    return made_grid(columns, rows, options.racks).mapping(
        f'grid_{options.map}', ImportOptions.footprint_radius, ImportOptions.pose_error)


def made_grid(columns: int, rows: int, racks: bool) -> Drawing:
    """Return a grid of free cells, with rows of racks between margins or without any."""
    free = np.ones((rows, columns), dtype=bool)
    if racks:
        column, row = np.arange(columns), np.arange(rows)
        inside = (column >= _MARGIN) & (column < columns - _MARGIN)
        along = inside & ((column - _MARGIN) % (_RACK_LONG + _AISLE) < _RACK_LONG)
        across = (row % (_RACK_DEEP + _AISLE) > 0) & (row < rows - 1)
        free = ~(across[:, None] & along)
    return draw_grid(GridMap(free), ImportOptions().chosen_spacing_m)


class OrderStream:
    """Robots that get one order after another, and how long each route took."""

    def __init__(self, planner: Planner, options: RouteBenchOptions):
        """Put the robots on random nodes."""
        self._planner, self._site = planner, planner.site
        self._rng = random.Random(options.seed)
        self._travel = TravelTimes(planner)
        nodes = self._rng.sample(range(self._site.real_count), options.robots)
        self._at = [(node, 0.0) for node in nodes]
        self._fresh, self._lately = iter(()), []
        self.times_s = {name: [] for name in _GROUPS}
        self.asked = []  # (node, goal) of routes to new goals
        self.lengths, self.unreached = [], 0

    def run(self, orders: int) -> None:
        """Give out so many orders of each group."""
        for number in range(orders):
            robot = number % len(self._at)
            self._new(robot)
            self._known((robot + 1) % len(self._at))
            self._blocked((robot + 2) % len(self._at))
            if number % 10 == 0:
                self._all()

    def _goal(self, node):
        """Return a goal for which the planner has no table."""
        goal = next(self._fresh, None)
        if goal is None:
            order = list(range(self._site.real_count))
            self._rng.shuffle(order)
            self._fresh = iter(order)
            self._planner.forget()
            goal = next(self._fresh)
        return goal if goal != node else self._goal(node)

    def _timed(self, group, function, *arguments):
        """Call a function, note how long it took, and return what it returned."""
        wall, own = perf_counter(), thread_time()
        result = function(*arguments)
        self.times_s[group].append((perf_counter() - wall, thread_time() - own))
        return result

    def _drive(self, robot, route):
        """Note a route, and put the robot where it leads."""
        if not route:
            self.unreached += 1
            return
        self.lengths.append(len(route))
        yaw = self._at[robot][1] if len(route) < 2 else self._heading(*route[-2:])
        self._at[robot] = (route[-1], yaw)

    def _heading(self, a, b):
        dx, dy = self._site.xy[b] - self._site.xy[a]
        return atan2(dy, dx)

    def _new(self, robot):
        node, yaw = self._at[robot]
        goal = self._goal(node)
        self.asked.append((node, goal))
        self._drive(robot, self._timed('new', self._planner.route, node, yaw, goal))
        self._lately = [*self._lately, goal][-_LATELY:]

    def _known(self, robot):
        node, yaw = self._at[robot]
        goal = self._rng.choice(self._lately)
        self._drive(robot, self._timed('known', self._planner.route, node, yaw, goal))

    def _blocked(self, robot):
        node, yaw = self._at[robot]
        route = self._planner.route(node, yaw, self._goal(node))
        if len(route) < 3:
            return
        middle = len(route) // 2
        a, b = route[middle - 1], route[middle]
        shut = [edge for edge in ((a, b), (b, a)) if self._site.is_edge(*edge)]
        costs = dict.fromkeys(self._rng.sample(range(self._site.real_count), _HELD_NEAR), _HELD_S)
        costs[route[1]], costs[route[-2]] = _HELD_S, _BLOCKED_S
        costs.pop(route[-1], None)
        self._timed('blocked', self._planner.route, node, yaw, route[-1], costs, shut)

    def _all(self):
        nodes, yaws = (np.asarray(values) for values in zip(*self._at))
        self._timed('all', self._ask_all, self._goal(-1), nodes, yaws)

    def _ask_all(self, goal, nodes, yaws):
        self._travel.admit([goal])
        return self._travel.to(goal, nodes, yaws)


def peer_times(planner: Planner, asked) -> dict:
    """Return the processor times of SciPy's searches for some (node, goal) pairs [s]."""
    graph, count = planner.graph, planner.site.real_count
    backwards = csr_matrix((np.ones(graph.count), (graph.end, graph.start)), (count, count))
    times = {'dijkstra': [], 'breadth_first_order': []}
    for node, goal in asked:
        own = thread_time()
        WholeSearch(graph, goal, graph.costs_to(goal, {}, ()), None)
        times['dijkstra'].append(thread_time() - own)
        own = thread_time()
        fewest_edges(backwards, node, goal)
        times['breadth_first_order'].append(thread_time() - own)
    return times


def fewest_edges(backwards, node: int, goal: int) -> List[int]:
    """Return a way of the fewest edges by SciPy, [] if there is none."""
    _, towards = breadth_first_order(backwards, goal)
    way = [node]
    while way[-1] != goal:
        if towards[way[-1]] < 0:
            return []
        way.append(int(towards[way[-1]]))
    return way


def report_lines(report: dict) -> List[str]:
    """Return the report as people read it, the verdict last."""
    setting = report['setting']
    searched = 'compiled' if setting['compiled'] else 'without Numba'
    lines = [
        f'{setting["map"]}: {setting["nodes"]} nodes, {setting["robots"]} robots, seed '
        f'{setting["seed"]}, {searched}; routes of {report["mean_route_nodes"]:.0f} nodes on '
        f'average, {report["unreached"]} without a way',
        f'planner built in {report["start_up_s"]:.2f} s; '
        f'{report["rss_bytes"] / 2 ** 20:.0f} MiB in all', '',
        f'  {"[ms]":22}' + ''.join(f'{name:>9}' for name, _ in _QUANTILES) + f'{"count":>9}']
    for group, figures in report['groups'].items():
        lines += [_row(f'{group}, wall', figures['wall_s']),
                  _row(f'{group}, processor', figures['processor_s'])]
    for name, figures in report['peers'].items():
        lines.append(_row(name, figures))
    lines += [f'  ratio to {name}, p50 of new: {ratio:.2f}'
              for name, ratio in report['ratios'].items()]
    broken = report['broken']
    return lines + (['bounds: BROKEN', *(f'  {one}' for one in broken)] if broken
                    else ['bounds: kept'])


def _row(title, figures):
    return f'  {title:22}' + ''.join(
        f'{1000.0 * figures[name]:9.3f}' for name, _ in _QUANTILES) + f'{figures["count"]:9}'
