# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
`swarm bench contacts`: whether robots ever touch, however bad the network and whoever dies.

Seed after seed of dense traffic on a map, each with a network of its own: words are lost, late,
doubled and held back, all of them cease for a while, leaders and robots' programs are killed and
come back. Where words are late, leases last longer, so that robots drive on old words instead
of waiting for new ones. Every hundredth seed has three coordinators, the others one, whose log
survives it. The judges are those of any simulated fleet. What was driven is summed in a ledger
(`ledger.py`), a line for each seed, so that clean runs add up over days and versions.
"""

from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
import random
from time import perf_counter
from typing import Tuple

from robot_swarm_orch.bench.ledger import add_line, ledger_lines, next_seed, read_ledger
from robot_swarm_orch.bench.traffic import (
    map_mapping, placed_goals, robot_for, TrafficBenchOptions)
from robot_swarm_orch.config import CoordinatorConfig
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.maps.checked import checked_site
from robot_swarm_orch.sim.cluster import Cluster, ClusterOptions
from robot_swarm_orch.sim.errands import Errands
from robot_swarm_orch.sim.network import NetworkOptions
from robot_swarm_orch.sim.verify import commit, shared_out

_SLICE_S = 0.5
_GROUP_EVERY = 100  # every so manieth seed runs through a group of three coordinators
_LOSS_MAX, _DELAY_S_MAX = 0.7, 2.0
# Half of the seeds: what a fleet can still drive in, since robots that stand touch nobody.
_LIVELY_LOSS_MAX, _LIVELY_DELAY_S_MAX = 0.4, 0.15
# With long delays leases last so many times the mean delay, or nobody would ever drive on the old
# words that such a network brings.
_LEASE_DELAYS_MIN, _LEASE_DELAYS_MAX = 3.0, 8.0


@dataclass(frozen=True)
class ContactsOptions:
    """What to run; the command line gives the defaults and explains them."""

    map: str
    robots: int = 100
    robot_seconds: float = 1e6
    seconds: float = 100.0   # of virtual time, each seed
    first_seed: int = 0      # 0: the one after the last of this commit in the ledger
    workers: int = 2
    ledger: str = ''


@dataclass(frozen=True)
class Trial:
    """What one seed came to."""

    seed: int
    robots: int
    robot_seconds: float
    coordinators: int
    loss: float
    delay_s: float
    lease_s: float
    driven_m: float
    goals: int
    leader_kills: int
    robot_kills: int
    blackouts: int
    contacts: int
    violations: Tuple[str, ...]


def run_bench(options: ContactsOptions, say=print) -> int:
    """
    Run the seeds, print and write down what came of them; return 0 if all is clean, else 1.

    Raises ConfigError for a ledger that cannot be read, before anything is run.
    """
    version, started, trials = commit(), perf_counter(), []
    jobs = [(seed, options) for seed in _seeds(options, version, say)]
    seeds = len(jobs)
    for trial in shared_out(run_trial, jobs, options.workers):
        trials.append(trial)
        if options.ledger:
            add_line(options.ledger, {'commit': version, 'map': Path(options.map).name,
                                      **asdict(trial)})
        if trial.violations:
            say(f'seed {trial.seed} FAILED: {trial.contacts} contacts; '
                + '; '.join(trial.violations[:5]))
        if len(trials) % 10 == 0:
            say(f'{len(trials)} of {seeds} seeds, {perf_counter() - started:.0f} s')
    bad = [trial for trial in trials if trial.violations]
    for line in summary(trials):
        say(line)
    if options.ledger:
        _say_ledger(options.ledger, read_ledger(options.ledger), say)
    say(f'{perf_counter() - started:.0f} s on {options.workers} processes: '
        + (f'{len(bad)} seeds FAILED' if bad else 'all clean'))
    return 1 if bad else 0


def _seeds(options, version, say):
    """Return the seeds to run, those after the ledger's if none was named; tell what it holds."""
    first = options.first_seed or 1
    if options.ledger:
        entries = read_ledger(options.ledger)
        _say_ledger(options.ledger, entries, say)
        first = options.first_seed or next_seed(entries, version, Path(options.map).name,
                                                options.robots)
    seeds = max(1, round(options.robot_seconds / (options.robots * options.seconds)))
    say(f'seeds {first} to {first + seeds - 1}, {options.robots} robots, {options.seconds:g} s '
        'each')
    return range(first, first + seeds)


def _say_ledger(path, entries, say):
    for line in ledger_lines(path, entries):
        say(line)


@lru_cache(maxsize=1)
def _ground(path):
    """Return (site, robot, planner) of a map; each process works them out once."""
    site = checked_site(map_mapping(path), path)
    robot = robot_for(site)
    return site, robot, Planner(site, robot)


def conditions(seed: int) -> NetworkOptions:
    """Return the network of a seed."""
    rng = random.Random(f'network {seed}')
    lively = rng.random() < 0.5
    loss = rng.uniform(0.0, _LIVELY_LOSS_MAX if lively else _LOSS_MAX)
    delay_s = rng.uniform(0.0, _LIVELY_DELAY_S_MAX if lively else _DELAY_S_MAX)
    return NetworkOptions(
        delay_s_min=0.5 * delay_s, delay_s_mean=0.5 * delay_s, loss_ratio=loss,
        duplicate_ratio=rng.uniform(0.0, 0.3), hold_ratio=rng.choice((0.0, 0.01)),
        hold_s_max=30.0)


def coordinator_for(seed: int) -> CoordinatorConfig:
    """Return a seed's settings of coordinators: how many, and a lease that fits the network."""
    rng, standard = random.Random(f'coordinators {seed}'), CoordinatorConfig()
    network = conditions(seed)
    lease_s = max(standard.lease_s, rng.uniform(_LEASE_DELAYS_MIN, _LEASE_DELAYS_MAX)
                  * (network.delay_s_min + network.delay_s_mean))
    number = 3 if seed % _GROUP_EVERY == 0 else 1
    return replace(
        standard, voters=tuple(f'c{index + 1}' for index in range(number)), lease_s=lease_s,
        robot_silent_s=standard.robot_silent_s + lease_s - standard.lease_s)


def run_trial(job) -> Trial:
    """Run one seed: (seed, options)."""
    seed, options = job
    site, robot, planner = _ground(options.map)
    network, coordinator = conditions(seed), coordinator_for(seed)
    starts, goals = placed_goals(site, TrafficBenchOptions(
        options.map, robots=options.robots, seed=seed))
    errands = Errands(goals())
    cluster = Cluster(
        site, options.robots, seed, ClusterOptions(
            robot=robot, network=network, orders=False, scans=False,
            coordinator=coordinator,
            coordinator_network=NetworkOptions(loss_ratio=min(0.1, network.loss_ratio))),
        planner=planner, leader=errands.lead, placement=starts)
    trouble = _Trouble(cluster, random.Random(f'trouble {seed}'))
    while cluster.now_s < options.seconds - _SLICE_S / 2:
        cluster.run(_SLICE_S)
        trouble.stir()
    return Trial(
        seed, options.robots, options.robots * options.seconds, len(coordinator.voters),
        network.loss_ratio, network.delay_s_min + network.delay_s_mean, coordinator.lease_s,
        cluster.world.truth.driven_m, len(errands.reached), trouble.leader_kills,
        trouble.robot_kills, trouble.blackouts, len(cluster.judges.overlap.violations),
        tuple(cluster.judges.violations()[:20]))


class _Trouble:
    """Kills programs and starts them again, and cuts everybody off for a while."""

    def __init__(self, cluster, rng):
        self._cluster, self._rng = cluster, rng
        self._due = []  # (time, what to do)
        self.leader_kills = self.robot_kills = self.blackouts = 0

    def stir(self):
        """Do what is due, and now and then something new; called every half second."""
        cluster, rng, now = self._cluster, self._rng, self._cluster.now_s
        for due in [due for due in self._due if due[0] <= now]:
            self._due.remove(due)
            due[1]()
        chance = rng.random()
        if chance < 0.02:
            name = cluster.leader()
            if name is not None:
                cluster.kill_replica(name)
                self.leader_kills += 1
                self._later(rng.uniform(0.1, 5.0), lambda: cluster.start_replica(name))
        elif chance < 0.08:
            name = rng.choice(sorted(cluster.robots))
            if cluster.robots[name].agent is not None:
                cluster.kill_robot(name)
                self.robot_kills += 1
                self._later(rng.uniform(0.1, 20.0), lambda: cluster.restart_robot(name))
        elif chance < 0.10:
            pairs = [pair for host in cluster.hosts for robot in cluster.robots
                     for pair in ((host, robot), (robot, host))]
            cluster.network.cut_pairs(pairs)
            self.blackouts += 1
            self._later(rng.uniform(0.2, 8.0), lambda: cluster.network.mend_pairs(pairs))

    def _later(self, seconds, act):
        self._due.append((self._cluster.now_s + seconds, act))


def summary(trials) -> list:
    """Return lines about a row of trials."""
    def total(name):
        return sum(getattr(trial, name) for trial in trials)
    through_group = sum(trial.robot_seconds for trial in trials if trial.coordinators > 1)
    return [
        f'{total("robot_seconds"):.0f} robot-seconds, {through_group:.0f} of them through three '
        f'coordinators; {total("driven_m") / 1000.0:.1f} km driven, {total("goals")} goals',
        f'{total("leader_kills")} leaders and {total("robot_kills")} robots killed, '
        f'{total("blackouts")} blackouts; loss up to '
        f'{max(trial.loss for trial in trials):.2f}, delay up to '
        f'{max(trial.delay_s for trial in trials):.2f} s on average',
        f'{total("contacts")} contacts, {sum(len(trial.violations) for trial in trials)} '
        'violations']
