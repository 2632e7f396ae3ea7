# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
`swarm bench traffic`: robots that drive from goal to goal on a map, in virtual time.

Real agents and a real coordinator, a network that loses and delays their words, and independent
judges. The same goals are driven once more by ghosts, which are alone on the map: what the fleet
reaches of that says what traffic costs. Goals are counted after `settle_s`. This file drives one
seed; `traffic_run.py` runs several, asks the peers and draws.
"""

from dataclasses import dataclass
import platform
import random
from time import perf_counter
from typing import Tuple

from robot_swarm_orch.bench.figures import summary
from robot_swarm_orch.bench.tracks import Tracks
from robot_swarm_orch.bench.traffic_report import broken_bounds, WAIT_S_MAX
from robot_swarm_orch.config import CoordinatorConfig, RobotConfig
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.errors import ConfigError, SiteError
from robot_swarm_orch.maps.checked import checked_site
from robot_swarm_orch.maps.importer import format_of, ImportOptions, MOVINGAI, read_mapping
from robot_swarm_orch.maps.movingai import read_scenario
from robot_swarm_orch.sim.cluster import Cluster, ClusterOptions
from robot_swarm_orch.sim.errands import alone, Errands
from robot_swarm_orch.sim.network import NetworkOptions
from robot_swarm_orch.sim.panel import Judges
from robot_swarm_orch.sim.world import WorldOptions
from robot_swarm_orch.site import load_site, PlaceKind
from robot_swarm_orch.types import Reason

_SLICE_S = 1.0
# Goals take no commands to get to: as soon as it is reached, the next one is given.
_ALLOCATION_S = 0.1


@dataclass(frozen=True)
class TrafficBenchOptions:
    """What to measure; the command line gives the defaults and explains them."""

    map: str
    scenario: str = ''
    robots: int = 100
    loss: float = 0.0
    delay_s: float = 0.0
    seed: int = 1
    duration_s: float = 600.0
    settle_s: float = 120.0
    coordinators: int = 1
    seeds: Tuple[int, ...] = ()  # several: medians over them, and `seed` is of no use
    workers: int = 2             # processes that share the seeds
    peer: str = ''               # a Python that has pypibt
    plot: str = ''               # folder of reports and pictures
    physics: str = 'kinematic'


class _Judges(Judges):
    """The judges of any fleet, and a count of stops for want of a lease."""

    def __init__(self, cluster):
        super().__init__(cluster)
        self.safe_stops = 0
        self._freed = set()  # robots that once were free to move

    def ticked(self, robot, inputs, outputs) -> None:
        """Look at a robot that has just ticked."""
        super().ticked(robot, inputs, outputs)
        safety = None if outputs is None else outputs.safety
        if safety is not None and safety.reason == Reason.LEASE:
            self.safe_stops += robot.name in self._freed
        elif safety is not None and not safety.stopped:
            self._freed.add(robot.name)


def measure(options: TrafficBenchOptions, say=None):
    """
    Drive one seed; return (report, where robots drove).

    The report holds all figures as JSON can carry them; the latter is None unless the options ask
    for pictures. `say` takes lines of progress.
    """
    if options.settle_s >= options.duration_s:
        raise ConfigError(f'--settle {options.settle_s:g} must be less than --duration '
                          f'{options.duration_s:g}')
    mapping = map_mapping(options.map)
    site = checked_site(mapping, options.map)
    starts, goals = placed_goals(site, options)
    robot = robot_for(site)
    # A ghost needs no streets: it meets nobody.
    ghosts = alone(Planner(load_site({**mapping, 'against_cost_s': 0}), robot), starts, goals(),
                   options.duration_s)
    tracks = Tracks() if options.plot else None
    fleet = _run(options, site, robot, starts, Errands(goals()), say, tracks)
    figures = {**fleet, **_compared(options, fleet, ghosts)}
    return {**figures, 'broken': broken_bounds(figures)}, tracks


def map_mapping(path) -> dict:
    """Return a map of any known format as a site's mapping; SiteError."""
    try:
        return read_mapping(path, ImportOptions())[0]
    except OSError as error:
        raise SiteError(f'cannot read the map {path}: {error.strerror}') from error


def robot_for(site) -> RobotConfig:
    """Return a robot without a laser, as large as the site allows."""
    return RobotConfig(scan_required=False, footprint_radius_m=site.footprint_radius_m,
                       position_error_m=site.pose_error_m)


def placed_goals(site, options):
    """
    Return (robot, node) pairs and a function that makes {robot: endless goals} from the seed.

    With a scenario, robots start where it says, go to its goals first and then to any of them. On
    a site with storage and stations they go to these in turns, else to any node.
    """
    rng = random.Random(options.seed)
    first = {}
    if options.scenario:
        nodes, pool = _scenario_nodes(site, options), None
        first = dict(enumerate(goal for _, goal in nodes[:options.robots]))
        places, pool = [start for start, _ in nodes], [[goal for _, goal in nodes]]
    else:
        places = rng.sample(range(site.real_count), min(site.real_count, options.robots))
        pool = [[site.places[name].node for name in site.names_of(kind)]
                for kind in (PlaceKind.STORAGE, PlaceKind.STATION)]
        pool = pool if all(pool) else [range(site.real_count)]
    if len(places) < options.robots:
        raise ConfigError(f'there are starts for {len(places)} robots, not {options.robots}')
    names = [f'r{number:04d}' for number in range(1, options.robots + 1)]

    def endless(number):
        stream = random.Random(f'{options.seed} {number}')
        if number in first:
            yield first[number]
        while True:
            for nodes in pool:
                yield stream.choice(nodes)
    return (tuple(zip(names, places)),
            lambda: {name: endless(number) for number, name in enumerate(names)})


def scenario_file(options) -> str:
    """Return the scenario of a seed: `{seed}` in its name stands for the number."""
    return options.scenario.replace('{seed}', str(options.seed))


def _scenario_nodes(site, options):
    """Return (start, goal) nodes of a scenario, each start once."""
    if format_of(options.map) != MOVINGAI:
        raise ConfigError(f'--scen is of no use with {options.map}: only with a MovingAI .map')
    number = {name: node for node, name in enumerate(site.node_names)}
    nodes = {}
    for pair in read_scenario(scenario_file(options)):
        cells = [f'n{column}_{row}' for column, row in pair]
        unknown = [cell for cell in cells if cell not in number]
        if unknown:
            raise SiteError(f'{options.scenario} names {unknown[0]}, which is no free cell of '
                            f'{options.map}')
        nodes.setdefault(number[cells[0]], number[cells[1]])
    return list(nodes.items())


def _run(options, site, robot, starts, errands, say, tracks) -> dict:
    """Let the fleet drive; return its figures."""
    decisions = []

    def observe(name, value_s):
        if name == 'traffic_s':
            decisions.append(value_s)
    coordinator = CoordinatorConfig(
        voters=tuple(f'c{number + 1}' for number in range(options.coordinators)),
        allocation_period_s=_ALLOCATION_S)
    network = NetworkOptions(delay_s_min=options.delay_s, loss_ratio=options.loss)
    cluster = Cluster(
        site, options.robots, options.seed, ClusterOptions(
            robot=robot, coordinator=coordinator, network=network,
            coordinator_network=NetworkOptions(), orders=False, scans=False,
            world=WorldOptions(physics=options.physics)),
        judges=_Judges, leader=errands.lead, placement=starts, observe=observe)
    longest_s, stuck, started = 0.0, set(), perf_counter()
    while cluster.now_s < options.duration_s - _SLICE_S / 2:
        cluster.run(_SLICE_S)
        for one in cluster.robots.values():
            if one.report is not None and one.report.goal >= 0:
                rest_s = cluster.now_s - one.still_since_s
                longest_s = max(longest_s, rest_s)
                if rest_s > WAIT_S_MAX:
                    stuck.add(one.name)
        if tracks is not None:
            tracks.add(cluster)
        if say is not None and round(cluster.now_s) % 60 == 0:
            say(f'{cluster.now_s:6.0f} s: {len(errands.reached)} goals reached, longest rest '
                f'{longest_s:.0f} s, {perf_counter() - started:.0f} s of this machine')
    violations = cluster.judges.violations()
    return {
        'setting': {'map': options.map, 'scenario': options.scenario, 'nodes': site.real_count,
                    'robots': options.robots, 'loss': options.loss, 'delay_s': options.delay_s,
                    'seed': options.seed, 'duration_s': options.duration_s,
                    'settle_s': options.settle_s, 'coordinators': options.coordinators,
                    'physics': options.physics,
                    'python': platform.python_version(), 'machine': platform.machine()},
        'goals_per_hour': per_hour(errands.reached, options),
        'contacts': len(cluster.judges.overlap.violations),
        'violations': violations[:20],
        'longest_wait_s': longest_s,
        'robots_stuck': len(stuck),
        'safe_stops_per_robot_hour': (
            3600.0 * cluster.judges.safe_stops / options.robots / options.duration_s),
        'decision_s': summary(decisions),
        'leader_traffic_share': cluster.measured_s.get('traffic_s', 0.0) / options.duration_s,
        'robot_seconds': options.robots * options.duration_s,
        'wall_s': perf_counter() - started}


def per_hour(reached, options) -> float:
    """Return goals an hour in the time that counts; reached: rows that begin with a time [s]."""
    counted = sum(options.settle_s < row[0] <= options.duration_s for row in reached)
    return 3600.0 * counted / (options.duration_s - options.settle_s)


def _compared(options, fleet, ghosts) -> dict:
    """Return the ghost bound and what the fleet reached of it."""
    ghost = per_hour(ghosts, options)
    return {'ghost_goals_per_hour': ghost,
            'ghost_ratio': fleet['goals_per_hour'] / ghost if ghost else 0.0}
