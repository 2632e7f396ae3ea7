# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A whole fleet in virtual time: real agents and real coordinators on a simulated world and network.

Nothing here waits: one loop moves the world on by 10 ms, delivers what arrives, ticks whoever is
due, and shows everything to the judges of `checks.py`. One seed replays all of it. Run it:

    python -m robot_swarm_orch.sim.cluster --robots 100 --duration 600 --seed 1
"""

import argparse
from dataclasses import dataclass, field, replace
import random
import sys
from time import perf_counter
from typing import Optional

from robot_swarm_orch.config import check_fleet, CoordinatorConfig, RobotConfig
from robot_swarm_orch.coordinator.replica import Replica
from robot_swarm_orch.edge.agent import Inputs, RobotAgent
from robot_swarm_orch.edge.journal import MemoryJournal
from robot_swarm_orch.edge.peers import PeerTable
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.raft import MemoryStore
from robot_swarm_orch.sim.checks import (
    HoldJudge, InsideJudge, LeaderJudge, OrderJudge, OverlapJudge, PrefixJudge)
from robot_swarm_orch.sim.client import Client
from robot_swarm_orch.sim.ghost import orders_per_hour_ghost
from robot_swarm_orch.sim.network import Network, NetworkOptions
from robot_swarm_orch.sim.world import World, WorldOptions
from robot_swarm_orch.site import load_site, Site
from robot_swarm_orch.types import incarnation_of, Lease

STEP_S = 0.01
_WORLD_STEPS = 2  # the world moves every so many steps
_INSIDE_EVERY = 5  # the inside judge looks at every so manieth report


@dataclass(frozen=True)
class ClusterOptions:
    """Everything but site, fleet size and seed."""

    robot: RobotConfig = RobotConfig()
    coordinator: CoordinatorConfig = CoordinatorConfig()
    network: NetworkOptions = NetworkOptions()
    coordinator_network: Optional[NetworkOptions] = None  # between coordinators; None: the same
    world: WorldOptions = WorldOptions()
    backlog: int = 0
    orders: bool = True


@dataclass
class Judges:
    """One judge of each kind."""

    overlap: OverlapJudge
    inside: InsideJudge
    hold: HoldJudge = field(default_factory=HoldJudge)
    order: OrderJudge = field(default_factory=OrderJudge)
    leader: LeaderJudge = field(default_factory=LeaderJudge)
    prefix: PrefixJudge = field(default_factory=PrefixJudge)

    def violations(self) -> list:
        """Return all that any judge found."""
        return [text for judge in (self.overlap, self.inside, self.hold, self.order, self.leader,
                                   self.prefix) for text in judge.violations]


class _Robot:
    """One agent, what has arrived for it since its last tick, and its place in the world."""

    def __init__(self, name, index, agent, journal):
        self.name = name
        self.index = index
        self.agent = agent
        self.journal = journal
        self.boots = 1
        self.grants, self.leases, self.commands, self.stops = [], [], [], []
        self.view = None
        self.report = None
        self.reports = 0
        self.outputs = None
        self.still_since_s = 0.0

    def take(self):
        """Return what has arrived, as keywords of `Inputs`, and forget it."""
        taken = {'grants': tuple(self.grants), 'leases': tuple(self.leases),
                 'commands': tuple(self.commands), 'stops': tuple(self.stops), 'view': self.view}
        for inbox in (self.grants, self.leases, self.commands, self.stops):
            inbox.clear()
        self.view = None
        return taken


class Cluster:
    """A fleet, its coordinators, its world, its customers and its judges."""

    def __init__(self, site: Site, robots: int, seed: int,
                 options: ClusterOptions = ClusterOptions()):
        """Set everything up; nothing has happened yet."""
        check_fleet(options.robot, options.coordinator)
        self.site, self.options, self.seed = site, options, seed
        self.placement = site.place_robots(robots)
        self.world = World(site, self.placement, options.robot, seed, options.world)
        self.network = Network(seed, options.network)
        self.coordinator_network = Network(seed + 1, options.coordinator_network
                                           or options.network)
        self.planner = Planner(site, options.robot)
        self.peers = PeerTable(options.robot.peer_forget_s)
        self.judges = Judges(OverlapJudge(self.world.robots, options.robot.footprint_radius_m),
                             InsideJudge(site))
        self.client = Client(site, seed, robots, options.backlog)
        self.now_s = 0.0
        self.steps = 0
        self.cpu_s = {'agents': 0.0, 'coordinators': 0.0, 'world': 0.0, 'judges': 0.0,
                      'leader': 0.0}
        self.agent_ticks = 0
        self._judged = {}  # coordinator -> index of the newest entry that was judged
        self._rng = random.Random(seed)
        self.robots = {name: self._boot(name, index)
                       for index, name in enumerate(self.world.robots)}
        self._by_slot = [[robot for robot in self.robots.values() if robot.index % 10 == slot]
                         for slot in range(10)]
        self.stores = {name: MemoryStore() for name in options.coordinator.voters}
        self.replicas = {}
        for name in self.stores:
            self.start_replica(name)

    # Starting and stopping

    def _boot(self, name, index, journal=None):
        """Start a robot's program."""
        journal = journal or MemoryJournal()
        agent = RobotAgent(name, self.site, self.options.robot, self._rng.getrandbits(62) | 1,
                           journal, self.planner, self.peers)
        return _Robot(name, index, agent, journal)

    def start_replica(self, name: str) -> None:
        """Start a coordinator on what its store holds."""
        config = replace(self.options.coordinator, node_id=name)
        self.replicas[name] = Replica(
            config, self.site, self.options.robot, self.stores[name],
            random.Random(f'{self.seed} {name} {self.steps}'), planner=self.planner,
            placement=self.placement)

    def kill_replica(self, name: str) -> None:
        """Kill a coordinator; its store survives."""
        del self.replicas[name]
        self._judged.pop(name, None)

    def kill_robot(self, name: str) -> None:
        """Kill a robot's program; base, payload device and journal survive."""
        self.robots[name].agent = None

    def restart_robot(self, name: str) -> None:
        """Start a robot's program again, as a new boot."""
        old = self.robots[name]
        new = self._boot(name, old.index, old.journal)
        new.boots = old.boots + 1
        self.robots[name] = new
        slot = self._by_slot[new.index % 10]
        slot[slot.index(old)] = new

    def leader(self):
        """Return the id of the coordinator that leads, None while nobody does."""
        leading = [(replica.status()['term'], name) for name, replica in self.replicas.items()
                   if replica.wants_reports]
        return max(leading)[1] if leading else None

    # The loop

    def run(self, duration_s: float, until=None) -> None:
        """Let time pass; stop early when `until()` is true."""
        end = self.now_s + duration_s - STEP_S / 2
        while self.now_s < end and not (until is not None and until()):
            self.step()

    def step(self) -> None:
        """Let 10 ms pass."""
        self.steps += 1
        self.now_s = self.steps * STEP_S
        self._deliver()
        started = perf_counter()
        for name in list(self.replicas):
            self._tick_replica(name)
        self.cpu_s['coordinators'] += perf_counter() - started
        if self.steps % _WORLD_STEPS == 0:
            self._move_world()
        self._tick_robots(self._by_slot[self.steps % 10])
        if self.steps % 50 == 0:
            self.judge_logs()
        if self.options.orders and self.steps % 10 == 0:
            for order in self.client.submissions(self.now_s):
                for name in self.stores:
                    self.network.send(self.now_s, 'client', name, ('submit', order), True)

    def judge_logs(self) -> None:
        """Show the judge what each coordinator has committed since the last call."""
        for name, replica in self.replicas.items():
            log, last = replica.raft.log, replica.status()['applied_index']
            first = max(self._judged.get(name, 0), log.base_index) + 1
            for entry in log.slice(first, last):
                self.judges.prefix.feed(name, entry.index, entry.term, entry.data)
            self._judged[name] = max(last, first - 1)

    def _move_world(self):
        """Move the world on and judge what happened."""
        started = perf_counter()
        self.world.step(self.now_s - self.world.time_s)
        between = perf_counter()
        self.cpu_s['world'] += between - started
        self.judges.overlap.feed(self.now_s, self.world.x, self.world.y)
        for happening in self.world.drain():
            self.judges.order.feed(happening)
        self.cpu_s['judges'] += perf_counter() - between

    def _deliver(self):
        """Hand over what arrives now."""
        robots, replicas, now = self.robots, self.replicas, self.now_s
        for to, message in self.coordinator_network.deliver(now):
            if to in replicas:
                started = perf_counter()
                replicas[to].receive(now, message)
                outputs = replicas[to].poll(now)
                self.cpu_s['coordinators'] += perf_counter() - started
                self._carry_out(to, outputs)
        for to, (kind, item) in self.network.deliver(now):
            robot = robots.get(to)
            if robot is not None:
                if kind == 'view':
                    robot.view = item
                else:
                    getattr(robot, kind).append(item)
            elif to == 'client':
                self.client.hear(now, item)
            elif to == 'peers':
                self.peers.update(replace(item, heard_s=now))
            elif to in replicas:
                replica = replicas[to]
                started = perf_counter()
                if kind != 'hear_report' or replica.wants_reports:
                    getattr(replica, kind)(now, item)
                self.cpu_s['coordinators'] += perf_counter() - started
                self._carry_out(to, replica.poll(now))

    def _tick_replica(self, name):
        """Tick a coordinator and send what it says."""
        replica = self.replicas[name]
        started = perf_counter()
        replica.tick(self.now_s)
        outputs = replica.poll(self.now_s)
        if replica.wants_reports:
            self.cpu_s['leader'] += perf_counter() - started
        self._carry_out(name, outputs)

    def _carry_out(self, name, outputs):
        """Send what a coordinator says."""
        send, now = self.network.send, self.now_s
        for message in outputs.messages:
            self.coordinator_network.send(now, name, message.to, message, True)
        if outputs.lease is not None:
            lease = outputs.lease
            self.judges.leader.feed(lease.term, lease.leader_id)
            for robot, heard_seq in lease.heard:
                send(now, name, robot, ('leases', Lease(
                    lease.term, lease.leader_id, lease.seq, lease.duration_s,
                    ((robot, heard_seq),))))
        for grant in outputs.grants:
            send(now, name, grant.robot, ('grants', grant))
        for command in outputs.commands:
            send(now, name, command.robot, ('commands', command), True)
        for status in outputs.statuses:
            send(now, name, 'client', ('status', status), True)
        if outputs.view is not None:
            for robot in self.robots:
                send(now, name, robot, ('view', outputs.view))

    def _tick_robots(self, robots):
        """Tick the robots whose turn it is."""
        alive = [robot for robot in robots if robot.agent is not None]
        if not alive:
            return
        started = perf_counter()
        scans = self.world.scans([robot.index for robot in alive])
        self.cpu_s['world'] += perf_counter() - started
        for robot, ranges in zip(alive, scans):
            self._tick_robot(robot, ranges)

    def _tick_robot(self, robot, ranges):
        """Tick one robot, obey it, and send what it says."""
        world, index = self.world, robot.index
        inputs = Inputs(
            now_s=self.now_s, control_s=self.now_s, odometry=world.odometry(index),
            scan=world.scan_value(ranges), load=world.load(index),
            battery=float(world.battery[index]), **robot.take())
        started = perf_counter()
        outputs = robot.agent.tick(inputs)
        self.cpu_s['agents'] += perf_counter() - started
        self.agent_ticks += 1
        robot.outputs = outputs
        world.command(index, outputs.motion)
        if outputs.load_request is not None:
            world.request_load(index, outputs.load_request)
        send, now, name = self.network.send, self.now_s, robot.name
        if outputs.report is not None:
            self._judge_report(robot, outputs.report)
            for replica in self.stores:
                send(now, name, replica, ('hear_report', outputs.report))
        for ack in outputs.acks:
            for replica in self.stores:
                send(now, name, replica, ('hear_ack', ack), True)
        if outputs.state is not None:
            send(now, name, 'peers', ('peer', outputs.state))
        if abs(world.v[index]) > 0.02 or abs(world.w[index]) > 0.02:
            robot.still_since_s = now

    def _judge_report(self, robot, report):
        """Show a report to the judges, with where the robot really is."""
        started = perf_counter()
        robot.report = report
        robot.reports += 1
        if incarnation_of(report.seq):
            self.judges.hold.feed(robot.name, report.boot_id, report.seq, self.now_s, report.held)
            if robot.reports % _INSIDE_EVERY == 0:
                self.judges.inside.feed(self.now_s, robot.name, self.world.x[robot.index],
                                        self.world.y[robot.index], report.held)
        self.cpu_s['judges'] += perf_counter() - started

    def stuck(self, patience_s: float = 60.0) -> list:
        """Return the robots that have somewhere to go and have stood for long."""
        return [robot.name for robot in self.robots.values()
                if robot.report is not None and robot.report.goal >= 0
                and self.now_s - robot.still_since_s > patience_s]


def main(arguments=None) -> int:
    """Run a fleet in virtual time and print what it did; return 1 if a judge found something."""
    parser = argparse.ArgumentParser(description='a whole fleet in virtual time')
    parser.add_argument('--site', default='config/site.yaml', help='site file')
    parser.add_argument('--robots', type=int, default=100)
    parser.add_argument('--duration', type=float, default=600.0, help='virtual seconds')
    parser.add_argument('--settle', type=float, default=150.0,
                        help='virtual seconds before orders are counted')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--loss', type=float, default=0.0, help='share of messages lost')
    parser.add_argument('--delay', type=float, default=0.001, help='mean delay [s]')
    parser.add_argument('--kill-leader-at', type=float, default=0.0, help='virtual second')
    chosen = parser.parse_args(arguments)
    site = load_site(chosen.site)
    network = NetworkOptions(delay_s_mean=chosen.delay, loss_ratio=chosen.loss)
    cluster = Cluster(site, chosen.robots, chosen.seed, ClusterOptions(network=network))
    started = perf_counter()
    while cluster.now_s < chosen.duration - STEP_S / 2:
        cluster.run(min(10.0, chosen.duration - cluster.now_s))
        if 0.0 < chosen.kill_leader_at <= cluster.now_s:
            chosen.kill_leader_at = 0.0
            leader = cluster.leader()
            cluster.kill_replica(leader)
            print(f'{cluster.now_s:7.1f} s: killed the leader {leader}')
        if round(cluster.now_s) % 50 == 0:
            print(_progress(cluster), flush=True)
    wall_s = perf_counter() - started
    hours = (chosen.duration - chosen.settle) / 3600.0
    rate = cluster.client.done_between(chosen.settle, chosen.duration) / hours
    ghost = orders_per_hour_ghost(site, chosen.robots, chosen.seed)
    print(f'orders/h {rate:.0f}, ghost {ghost:.0f}, ratio {rate / ghost:.3f}')
    per_tick_us = 1e6 * cluster.cpu_s['agents'] / max(1, cluster.agent_ticks)
    print(f'wall {wall_s:.0f} s; agent tick {per_tick_us:.0f} us; shares of virtual time: '
          + ', '.join(f'{name} {spent / chosen.duration:.3f}'
                      for name, spent in cluster.cpu_s.items()))
    cluster.judges.order.close({name: cluster.client.orders[name].drop
                                for name in cluster.client.done_s})
    violations = cluster.judges.violations()
    print(f'violations: {len(violations)}', *violations[:20], sep='\n  ')
    return 1 if violations else 0


def _progress(cluster) -> str:
    """Return a line about the fleet."""
    moving = int((abs(cluster.world.v) > 0.02).sum())
    client = cluster.client
    return (f'{cluster.now_s:7.1f} s: {len(client.done_s)} orders done, {client.waiting()} '
            f'waiting, {moving} robots moving, leader {cluster.leader()}, '
            f'{len(cluster.judges.overlap.violations)} overlaps, '
            f'{len(cluster.judges.hold.violations)} held twice, stuck {cluster.stuck()[:8]}')


if __name__ == '__main__':
    sys.exit(main())
