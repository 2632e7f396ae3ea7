# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
`swarm bench orders --allocation`: how long it takes to share orders out, and how well it is done.

Idle robots stand at random nodes of a warehouse; orders wait at its storage places, with random
ages and priorities. Timed is one whole decision of the leader (`coordinator/allocation.py`):
sorting the orders, looking the travel times up, assigning, and telling why, with all distance
tables made. Of `hungarian` also with its time bounded, as a leader bounds it.

Peers, on the same whole matrix of travel times less bonuses, which they are given for nothing:
SciPy's linear_sum_assignment, and a plain loop that gives the most urgent order to the nearest
robot. The gap is what a total cost lies above the least, for each robot.

Burst: idle robots and 1,000 orders that come at once, to real coordinators in virtual time.
"""

from collections import Counter
from dataclasses import dataclass
import json
import platform
from random import Random
from time import thread_time
from typing import List

import numpy as np
from robot_swarm_orch.bench.figures import summary
from robot_swarm_orch.compiled import IS_COMPILED
from robot_swarm_orch.config import CoordinatorConfig, RobotConfig
from robot_swarm_orch.coordinator.allocation import (
    allocate, ALLOCATORS, allowed, Candidate, travel_times, TravelTimes)
from robot_swarm_orch.coordinator.backlog import Backlog, Lane
from robot_swarm_orch.coordinator.market import Market
from robot_swarm_orch.coordinator.records import OrderRecord
from robot_swarm_orch.coordinator.strategies import hungarian, warm_up
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.sim.cluster import Cluster, ClusterOptions
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import Order, OrderKind, OrderState
from scipy.optimize import linear_sum_assignment

# (robots, orders, p99 of one decision [s], of which way).
SIZES = ((100, 1000, 0.010, 'hungarian'), (1000, 10_000, 0.4, 'hungarian'))
BURST = 1000
_QUANTILES = (('p50', 0.5), ('p99', 0.99), ('max', 1.0))
_AGES_S = 600.0
_PEER_RUNS = 3  # of peers on large markets, where they take seconds
_BOXES = {"hungarian in a leader's box": CoordinatorConfig().allocation_box_s}


@dataclass(frozen=True)
class AllocationBenchOptions:
    """What to measure; the command line gives the defaults and explains them."""

    runs: int = 20
    seed: int = 1
    burst_robots: int = 100
    burst_s: float = 120.0


def run_bench(options: AllocationBenchOptions, as_json: bool = False) -> int:
    """Measure and print; return 0 if the bounds held, else 1."""
    report = build_report(options)
    print(json.dumps(report, indent=2) if as_json else '\n'.join(report_lines(report)))
    return 1 if report['broken'] else 0


def build_report(options: AllocationBenchOptions) -> dict:
    """Measure; return all figures as JSON can carry them."""
    warm_up()
    sizes = [measure(robots, orders, options) for robots, orders, _, _ in SIZES]
    burst = measure_burst(options) if options.burst_robots else None
    return {'setting': {'runs': options.runs, 'seed': options.seed,
                        'python': platform.python_version(), 'machine': platform.machine(),
                        'compiled': IS_COMPILED},
            'sizes': sizes, 'burst': burst, 'broken': broken_bounds(sizes, burst)}


def broken_bounds(sizes, burst) -> List[str]:
    """Return which bounds broke, in words."""
    broken = []
    for size, (_, _, bound, way) in zip(sizes, SIZES):
        p99_s = size['strategies'][way]['time_s']['p99']
        if p99_s > bound:
            broken.append(f"p99 of {size['robots']} robots and {size['orders']} orders is "
                          f'{1000.0 * p99_s:.1f} ms, allowed are {1000.0 * bound:g} ms')
    if burst is not None and burst['refused']:
        broken.append(f"{burst['refused']} orders of the burst were refused")
    return broken


class Scene:
    """The demo's warehouse with all its distance tables."""

    def __init__(self, robots: int, orders: int):
        """Draw it and make the tables; many robots stand at some nodes at the same time."""
        self.site = load_site({'name': 'bench', 'warehouse': {}})
        self.robots, self.orders = robots, orders
        planner = Planner(self.site, RobotConfig())
        self.travel = TravelTimes(planner)
        self.goals = [self.site.places[name].node for name in self.site.storage]
        for goal in self.goals:
            planner.table(goal).finish()

    def draw(self, seed: int):
        """Return (robots, backlog, log time [ms]): Candidates and orders drawn from a seed."""
        rng, site = Random(seed), self.site
        nodes = rng.choices(range(site.real_count), k=self.robots)
        robots = [Candidate(f'r{number:04d}', node, rng.uniform(-3.0, 3.0))
                  for number, node in enumerate(nodes)]
        now_ms = int(1000 * _AGES_S)
        backlog = Backlog(lambda order: Lane(site.places[order.pick].node, True), [
            OrderRecord(f'o{number:05d}', '', 1, rng.choice(site.storage), site.stations[0], '',
                        rng.choice((0, 100, 100, 100, 200)), 0.0, rng.randrange(now_ms))
            for number in range(self.orders)])
        return robots, backlog, now_ms


def measure(robots: int, orders: int, options: AllocationBenchOptions) -> dict:
    """Return times and costs of all strategies and peers for one size."""
    scene = Scene(robots, orders)
    ways = {name: (strategy, None) for name, strategy in ALLOCATORS.items()}
    ways.update((name, (hungarian, box_s)) for name, box_s in _BOXES.items())
    peers = {'SciPy, whole matrix': scipy_whole, 'most urgent to nearest': urgent_to_nearest}
    times_s = {name: [] for name in (*ways, *peers)}
    gaps_s = {name: [] for name in times_s}
    for run in range(options.runs):
        drawn = scene.draw(options.seed + run)
        costs_s, column_of = whole_matrix(scene, *drawn)
        found = {}
        for name, (strategy, box_s) in ways.items():
            spent_s, given = decided(scene, *drawn, strategy, box_s)
            times_s[name].append(spent_s)
            found[name] = float(sum(costs_s[int(robot[1:]), column_of[order_id]]
                                    for robot, order_id, _ in given))
        for name, peer in peers.items():
            if robots <= 100 or run < _PEER_RUNS:
                started = thread_time()
                rows, columns = peer(costs_s)
                times_s[name].append(thread_time() - started)
                found[name] = float(costs_s[rows, columns].sum())
        least_s = min(found.values())
        for name, total_s in found.items():
            gaps_s[name].append((total_s - least_s) / robots)
    figures = {name: {'time_s': summary(times_s[name], _QUANTILES),
                      'gap_s': float(np.mean(gaps_s[name]))} for name in times_s}
    scipy_s = figures['SciPy, whole matrix']['time_s']['p50']
    for name in ways:
        figures[name]['times_faster_than_scipy'] = scipy_s / figures[name]['time_s']['p50']
    return {'robots': robots, 'orders': orders, 'lanes': len(scene.goals),
            'strategies': {name: figures[name] for name in ways},
            'peers': {name: figures[name] for name in peers}}


def decided(scene, robots, backlog, now_ms, strategy, box_s):
    """Return (processor time [s], what is given) of one decision of a leader."""
    started = thread_time()
    has_time = None if box_s is None else lambda: thread_time() - started < box_s
    given = allocate(strategy, robots, backlog.look(now_ms, 0.0), scene.travel, has_time)
    return thread_time() - started, given


def whole_matrix(scene, robots, backlog, now_ms):
    """Return the cost of each robot for each order (robots, orders), and each order's column."""
    queues = backlog.look(now_ms, 0.0)
    times_s = allowed(robots, queues.lanes, travel_times(robots, queues.lanes, scene.travel))
    lengths = np.diff(queues.first)
    market = Market(times_s, queues.bonus_s, queues.first)
    lanes, bonus_s = market.head(lengths)
    ids = [order_id for lane, length in enumerate(lengths.tolist())
           for order_id in queues.order_ids(lane, length)]
    return times_s[:, lanes] - bonus_s, {
        order_id: column for column, order_id in enumerate(ids)}


def scipy_whole(costs_s):
    """Return rows and columns of the least total cost, found on the whole matrix."""
    return linear_sum_assignment(costs_s)


def urgent_to_nearest(costs_s):
    """Return rows and columns: the column of the least cost of all left gets its nearest row."""
    rows, columns, left = [], [], np.ones(len(costs_s), dtype=bool)
    for column in np.argsort(costs_s.min(axis=0), kind='stable')[:len(costs_s)].tolist():
        row = int(np.where(left, costs_s[:, column], np.inf).argmin())
        left[row] = False
        rows.append(row)
        columns.append(column)
    return rows, columns


def measure_burst(options: AllocationBenchOptions) -> dict:
    """Hand 1,000 orders in at once; return what became of them in virtual time."""
    site = load_site({'name': 'bench', 'warehouse': {}})
    cluster = Cluster(site, options.burst_robots, options.seed, ClusterOptions(
        orders=False, scans=False, robot=RobotConfig(scan_required=False),
        coordinator=CoordinatorConfig(voters=('c1',), queue_bound=BURST)))
    accepted_s, assigned_s, refused, robot_of = {}, {}, set(), {}

    def overhear(name, outputs):
        for status in outputs.statuses:
            if status.state == OrderState.REFUSED:
                refused.add(status.order_id)
            elif status.state == OrderState.ACCEPTED:
                accepted_s.setdefault(status.order_id, cluster.now_s)
            elif status.robot:
                assigned_s.setdefault(status.order_id, cluster.now_s)
                robot_of.setdefault(status.order_id, status.robot)
    cluster.overhear = overhear
    cluster.run(10.0)
    rng, burst_s = Random(options.seed), cluster.now_s
    for number in range(BURST):
        order = Order(f'b{number:04d}', '', OrderKind.MOVE, rng.choice(site.storage),
                      rng.choice(site.stations))
        cluster.network.send(burst_s, 'client', 'c1', ('submit', order), True)
    cluster.run(options.burst_s)
    per_robot = Counter(robot_of.values())
    counts = sorted(per_robot.get(name, 0) for name in cluster.robots)
    first = sorted(assigned_s.values())[:options.burst_robots]
    return {'orders': BURST, 'robots': options.burst_robots, 'seconds': options.burst_s,
            'refused': len(refused), 'accepted': len(accepted_s),
            'all_accepted_s': max(accepted_s.values()) - burst_s if accepted_s else None,
            'each_robot_busy_s': first[-1] - burst_s if len(first) == options.burst_robots
            else None,
            'assigned': len(assigned_s),
            'per_robot': {'min': counts[0], 'median': counts[len(counts) // 2],
                          'max': counts[-1]}}


def report_lines(report: dict) -> List[str]:
    """Return the report as people read it."""
    lines = [f"{report['setting']['runs']} decisions of each size, seed "
             f"{report['setting']['seed']}; processor time of one core, "
             f"{'with' if report['setting']['compiled'] else 'without'} Numba"]
    for size in report['sizes']:
        lines += ['', f"{size['robots']} robots, {size['orders']} orders in {size['lanes']} lanes",
                  f'  {"":28}{"p50 [ms]":>10}{"p99":>10}{"max":>10}{"gap [s/robot]":>16}'
                  f'{"x SciPy":>10}']
        for name, figures in {**size['strategies'], **size['peers']}.items():
            times = ''.join(f"{1000.0 * figures['time_s'][key]:10.1f}" for key, _ in _QUANTILES)
            ratio = figures.get('times_faster_than_scipy')
            lines.append(f"  {name:28}{times}{figures['gap_s']:16.3f}"
                         + (f'{ratio:10.1f}' if ratio else ''))
    burst = report['burst']
    if burst is not None:
        spread = burst['per_robot']
        lines += ['', f"{burst['orders']} orders at once to {burst['robots']} idle robots, "
                  f"{burst['seconds']:g} s of virtual time: {burst['accepted']} accepted, "
                  f"{burst['refused']} refused, {burst['assigned']} given out; orders a robot "
                  f"min {spread['min']}, median {spread['median']}, max {spread['max']}"]
        if burst['each_robot_busy_s'] is not None:
            lines.append(f"all accepted after {burst['all_accepted_s']:.2f} s; every robot had "
                         f"one after {burst['each_robot_busy_s']:.2f} s")
    return lines + ['', *(f'BROKEN: {text}' for text in report['broken'])] + (
        [] if report['broken'] else ['all bounds held'])
