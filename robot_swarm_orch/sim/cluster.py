# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A whole fleet in virtual time: real agents and real coordinators on a simulated world and network.

Nothing here waits: one loop moves the world on by 10 ms, delivers what arrives, ticks whoever is
due, and shows everything to the judges (`panel.py`). One seed replays all of it. Programs may be
killed, frozen, or wait for a slow disk, and their clocks may drift; who does that to them, and
when, is no concern of this file (`injector.py`). `throughput.py` runs it without faults.
"""

from dataclasses import dataclass, replace
import random
from time import perf_counter, thread_time
from typing import Optional

from robot_swarm_orch.config import check, check_fleet, CoordinatorConfig, RobotConfig
from robot_swarm_orch.coordinator.leader import Leader
from robot_swarm_orch.coordinator.replica import Replica
from robot_swarm_orch.edge.agent import Inputs, RobotAgent
from robot_swarm_orch.edge.company import Company
from robot_swarm_orch.edge.neighbours import AvoidanceConfig
from robot_swarm_orch.edge.peers import PeerTable
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.errors import StorageError, SwarmError
from robot_swarm_orch.sim.client import Client
from robot_swarm_orch.sim.disk import PowerLost, SimDisk
from robot_swarm_orch.sim.network import Network, NetworkOptions
from robot_swarm_orch.sim.panel import Judges
from robot_swarm_orch.sim.processes import (
    Clock, CoordinatorHost, Crash, MortalJournal, OverheardDriver, SimRobot)
from robot_swarm_orch.sim.world import World, WorldOptions
from robot_swarm_orch.site import Site
from robot_swarm_orch.types import Lease

STEP_S = 0.01
_WORLD_STEPS = 2  # the world moves every so many steps
_SLOTS = 10       # robots tick every so many steps, a tenth of them in each


@dataclass(frozen=True)
class ClusterOptions:
    """Everything but site, fleet size and seed."""

    robot: RobotConfig = RobotConfig()
    coordinator: CoordinatorConfig = CoordinatorConfig()
    network: NetworkOptions = NetworkOptions()
    coordinator_network: Optional[NetworkOptions] = None  # between coordinators; None: the same
    world: WorldOptions = WorldOptions()
    avoidance: AvoidanceConfig = AvoidanceConfig()
    backlog: int = 0
    orders: bool = True
    scans: bool = True        # False: robots without lasers, which a robot's config must allow
    disks: bool = False       # True: logs are files on simulated disks (`disk.py`)
    drift_ratio: float = 0.0  # clocks are fast or slow by up to this share

    def __post_init__(self):
        """Check relations."""
        check(self.scans or not self.robot.scan_required,
              'scans is off but scan_required is set: no robot could ever move')


class Cluster:
    """A fleet, its coordinators, its world, its customers and its judges."""

    def __init__(self, site: Site, robots: int, seed: int,
                 options: ClusterOptions = ClusterOptions(), planner: Optional[Planner] = None,
                 judges=Judges, leader=Leader, placement=(), observe=None):
        """
        Set everything up; nothing has happened yet.

        planner: one for this site and robot, if there is one already; else it is made. judges:
        what makes the judges, called with this cluster. leader: what makes the leaders of
        coordinators. placement: (robot, node) of each robot, if not as the site places them.
        observe: called with (name, processor time [s]) of each piece of work that coordinators
        time: virtual time knows no other, and other programs on the machine do not count.
        """
        check_fleet(options.robot, options.coordinator)
        self.site, self.options, self.seed = site, options, seed
        self.placement = tuple(placement) or site.place_robots(robots)
        self.world = World(site, self.placement, options.robot, seed, options.world)
        self.network = Network(seed, options.network)
        self.coordinator_network = Network(seed + 1, options.coordinator_network
                                           or options.network)
        self.planner = planner or Planner(site, options.robot)
        self.peers = PeerTable(options.robot.peer_forget_s)
        self.client = Client(site, seed, robots, options.backlog) if options.orders else None
        self.overhear = None   # called with (name, outputs) when a coordinator has spoken
        self.customers = None  # takes answers to calls, if there is somebody who calls
        self.now_s = 0.0
        self.steps = 0
        self.cpu_s = {'agents': 0.0, 'coordinators': 0.0, 'world': 0.0, 'judges': 0.0,
                      'leader': 0.0}
        self.measured_s = {}   # processor time that coordinators measure: name -> seconds in all
        self.agent_ticks = 0
        self._leader_of_replica = leader
        self._observed = observe
        self._rng = random.Random(seed)
        self.robots = {}
        self.hosts, self.replicas = {}, {}
        self.judges = judges(self)
        for index, name in enumerate(self.world.robots):
            self.robots[name] = self._boot(name, index)
        self._by_slot = [[name for name, robot in self.robots.items()
                          if robot.index % _SLOTS == slot] for slot in range(_SLOTS)]
        for name in options.coordinator.voters:
            self.add_host(name)
            self.start_replica(name)

    # Starting and stopping

    def _drift(self):
        """Return how fast or slow the next clock is."""
        most = self.options.drift_ratio
        return self._rng.uniform(-most, most) if most else 0.0

    def _boot(self, name, index, journal=None):
        """Start a robot's program."""
        journal = journal or MortalJournal()
        company = (Company(self.site, self.options.robot, self.options.avoidance)
                   if self.site.free_zones else None)
        agent = RobotAgent(name, self.site, self.options.robot, self._rng.getrandbits(62) | 1,
                           journal, self.planner, self.peers, company=company,
                           avoidance=self.options.avoidance)
        robot = SimRobot(name, index, agent, journal, Clock(self.now_s, self.now_s, self._drift()))
        OverheardDriver(robot)
        return robot

    @property
    def stores(self) -> dict:
        """Return the coordinators' stores by name."""
        return {name: host.store for name, host in self.hosts.items()}

    def add_host(self, name: str) -> None:
        """Set up the machine of a coordinator, with an empty disk."""
        # Steady clocks of two machines have nothing to do with each other.
        reads_s = self._rng.uniform(0.0, 1e5) if self.options.drift_ratio else self.now_s
        self.hosts[name] = CoordinatorHost(
            name, SimDisk() if self.options.disks else None,
            Clock(self.now_s, reads_s, self._drift()))

    def replica_config(self, name: str) -> CoordinatorConfig:
        """Return the configuration with which a coordinator starts."""
        return replace(self.options.coordinator, node_id=name, join=self.hosts[name].joins)

    def start_replica(self, name: str) -> None:
        """Start a coordinator on what its disk holds; StorageError if the disk refuses."""
        witness = self.judges.committed
        self.replicas[name] = Replica(
            self.replica_config(name), self.site, self.options.robot,
            self.hosts[name].open_store(),
            random.Random(f'{self.seed} {name} {self.steps}'), planner=self.planner,
            placement=self.placement, witness=lambda entry: witness(name, entry),
            observe=self._observe, perf=thread_time, leader=self._leader_of_replica,
            send_early=lambda message: self.coordinator_network.send(
                self.now_s, name, message.to, message, True))

    def _observe(self, name, value_s):
        self.measured_s[name] = self.measured_s.get(name, 0.0) + value_s
        if self._observed is not None:
            self._observed(name, value_s)

    def kill_replica(self, name: str, power: bool = False) -> None:
        """Kill a coordinator; its disk survives, less what was not synced if the power goes."""
        if self.replicas.pop(name, None) is not None:
            self.hosts[name].lose_program(self._rng if power else None)

    def freeze_replica(self, name: str, until_s: float) -> None:
        """Stop a coordinator's program where it is (SIGSTOP), just before it would speak."""
        host = self.hosts[name]
        if name in self.replicas and not host.is_stopped(self.now_s):
            self._guard(name, lambda: host.unsent.append(
                self.replicas[name].poll(host.clock.at(self.now_s))))
        host.frozen_until_s = until_s

    def kill_robot(self, name: str) -> None:
        """Kill a robot's program; base, payload device and journal survive."""
        self.robots[name].agent = None

    def restart_robot(self, name: str) -> None:
        """Start a robot's program again, as a new boot."""
        old = self.robots[name]
        new = self._boot(name, old.index, old.journal)
        new.boots = old.boots + 1
        new.ros_offset_s, new.stamp_offset_s = old.ros_offset_s, old.stamp_offset_s
        self.robots[name] = new

    def leader(self):
        """Return the id of the coordinator that leads, None while nobody does."""
        leading = [(replica.raft.term, name) for name, replica in self.replicas.items()
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
        self._tick_robots(self._by_slot[self.steps % _SLOTS])
        if self.client is not None and self.steps % 10 == 0:
            for order in self.client.submissions(self.now_s):
                for name in self.hosts:
                    self.network.send(self.now_s, 'client', name, ('submit', order), True)
        self.judges.stepped()

    def call(self, number: int, order) -> None:
        """Send a customer's call, an order to hand in or to ask about, to all coordinators."""
        for name in self.hosts:
            self.network.send(self.now_s, 'customers', name, ('call', (number, order)), True)

    def act(self, number: int, act) -> None:
        """Send a customer's act on an order to all coordinators."""
        for name in self.hosts:
            self.network.send(self.now_s, 'customers', name, ('act', (number, act)), True)

    def _move_world(self):
        """Move the world on and judge what happened."""
        started = perf_counter()
        self.world.step(self.now_s - self.world.time_s)
        between = perf_counter()
        self.cpu_s['world'] += between - started
        self.judges.moved(self.world.drain())
        self.cpu_s['judges'] += perf_counter() - between

    def _deliver(self):
        """Hand over what arrives now."""
        robots, now = self.robots, self.now_s
        for to, message in self.coordinator_network.deliver(now):
            self._hand(to, 'receive', message)
        for to, (kind, item) in self.network.deliver(now):
            robot = robots.get(to)
            if robot is not None:
                if kind in ('view', 'call'):
                    setattr(robot, kind, item)
                else:
                    getattr(robot, kind).append(item)
            elif to == 'client':
                if self.client is not None:
                    self.client.hear(now, item)
            elif to == 'customers':
                (self.customers.hear if kind == 'answer' else self.customers.hear_act)(now, *item)
            elif to == 'peers':
                self.peers.update(replace(item, heard_s=now))
            else:
                self._hand(to, kind, item)

    # Coordinators

    def _hand(self, name, kind, item):
        """Hand one word to a coordinator, or keep it while its program is stopped."""
        replica = self.replicas.get(name)
        if replica is None:
            return
        host = self.hosts[name]
        if host.is_stopped(self.now_s) or host.unsent:
            host.inbox.append((kind, item))
            return
        started = perf_counter()
        self._guard(name, lambda: self._take(host, replica, kind, item))
        self.cpu_s['coordinators'] += perf_counter() - started

    def _take(self, host, replica, kind, item):
        """Let a coordinator take one word in and do what follows from it."""
        steady_s = host.clock.at(self.now_s)
        if kind == 'call':
            host.desk.call(replica, steady_s, *item)
        elif kind == 'act':
            number, act = item
            if replica.wants_reports:
                replica.operate(steady_s, act, ('customer', number))
        elif kind not in ('hear_report', 'hear_bid') or replica.wants_reports:
            getattr(replica, kind)(steady_s, item)
        self._poll(host, replica, steady_s)

    def _tick_replica(self, name):
        """Tick a coordinator; one that was stopped first finishes what it was at."""
        replica, host = self.replicas[name], self.hosts[name]
        if host.is_stopped(self.now_s):
            return
        started = perf_counter()
        self._guard(name, lambda: self._go_on(host, replica))
        if replica.wants_reports:
            self.cpu_s['leader'] += perf_counter() - started

    def _go_on(self, host, replica):
        """Send what is late, take in what waits, then tick."""
        if host.unsent or host.inbox:
            unsent, host.unsent = host.unsent, []
            for outputs in unsent:
                self._carry_out(host.name, outputs)
            inbox, host.inbox = host.inbox, []
            for number, (kind, item) in enumerate(inbox):
                self._take(host, replica, kind, item)
                if host.is_stopped(self.now_s):
                    host.inbox = inbox[number + 1:] + host.inbox
                    return
        steady_s = host.clock.at(self.now_s)
        replica.tick(steady_s)
        self._poll(host, replica, steady_s)

    def _poll(self, host, replica, steady_s):
        """Let a coordinator decide and speak; what it says waits for a slow disk."""
        outputs = replica.poll(steady_s)
        if host.wait_for_disk(self.now_s):
            host.unsent.append(outputs)
        else:
            self._carry_out(host.name, outputs)

    def _guard(self, name, act):
        """Let a program act; one that fails is dead, and unless its death was planned, judged."""
        try:
            act()
        except (Crash, PowerLost):
            self.kill_replica(name, power=True)
        except StorageError:
            self.kill_replica(name)  # whoever watches the program starts it again
        except SwarmError as error:
            self.judges.failed(name, error)
            self.kill_replica(name)

    def _carry_out(self, name, outputs):
        """Send what a coordinator says."""
        self.judges.spoke(name, outputs)
        send, now = self.network.send, self.now_s
        for message in outputs.messages:
            self.coordinator_network.send(now, name, message.to, message, True)
        if outputs.lease is not None:
            lease = outputs.lease
            for robot, heard_seq in lease.heard:
                send(now, name, robot, ('leases', Lease(
                    lease.term, lease.leader_id, lease.seq, lease.duration_s,
                    ((robot, heard_seq),), lease.report_period_s)))
        for grant in outputs.grants:
            send(now, name, grant.robot, ('grants', grant))
        for command in outputs.commands:
            send(now, name, command.robot, ('commands', command), True)
        for status in outputs.statuses:
            send(now, name, 'client', ('status', status), True)
        if self.customers is not None and name in self.replicas:
            for number, status in self.hosts[name].desk.answers(self.replicas[name],
                                                                outputs.statuses):
                send(now, name, 'customers', ('answer', (number, status)), True)
            for request_id, done, reason in outputs.answers:
                if isinstance(request_id, tuple):
                    send(now, name, 'customers', ('told', (request_id[1], done, reason)), True)
        if outputs.call is not None:
            for robot in outputs.call.robots:
                send(now, name, robot, ('call', outputs.call))
        if outputs.view is not None:
            for robot in self.robots:
                send(now, name, robot, ('view', outputs.view))
        if self.overhear is not None:
            self.overhear(name, outputs)

    # Robots

    def _tick_robots(self, names):
        """Tick the robots whose turn it is."""
        alive = [robot for robot in map(self.robots.__getitem__, names)
                 if robot.agent is not None and self.now_s >= robot.frozen_until_s]
        if not alive:
            return
        if not self.options.scans:
            for robot in alive:
                self._tick_robot(robot, None)
            return
        started = perf_counter()
        scans = self.world.scans([robot.index for robot in alive])
        self.cpu_s['world'] += perf_counter() - started
        for robot, ranges in zip(alive, scans):
            self._tick_robot(robot, ranges)

    def _sense(self, robot, ranges):
        """Refresh what a robot's sensors say, as far as they work."""
        now, offset = self.now_s, robot.stamp_offset_s
        if now >= robot.odometry_until_s or robot.odometry is None:
            seen = self.world.odometry(robot.index)
            robot.odometry = replace(seen, taken_s=seen.taken_s + offset) if offset else seen
        if ranges is not None and (now >= robot.scan_until_s or robot.scan is None):
            scan = self.world.scan_value(ranges)
            robot.scan = replace(scan, taken_s=scan.taken_s + offset) if offset else scan

    def _tick_robot(self, robot, ranges):
        """Tick one robot, obey it, and send what it says."""
        world, index = self.world, robot.index
        self._sense(robot, ranges)
        for word in robot.hear():
            robot.agent.floor.company.hear(replace(word, heard_s=robot.clock.at(self.now_s)))
        inputs = Inputs(
            now_s=robot.clock.at(self.now_s), control_s=self.now_s + robot.ros_offset_s,
            odometry=robot.odometry, scan=robot.scan, load=world.load(index),
            battery=float(world.battery[index]), **robot.take())
        robot.asked = None
        started = perf_counter()
        try:
            outputs = robot.agent.tick(inputs)
        except Crash:
            self.kill_robot(robot.name)
            self.judges.ticked(robot, inputs, None)
            return
        self.cpu_s['agents'] += perf_counter() - started
        self.agent_ticks += 1
        robot.outputs = outputs
        world.command(index, outputs.motion)
        if outputs.load_request is not None:
            world.request_load(index, outputs.load_request)
        send, now, name = self.network.send, self.now_s, robot.name
        if outputs.report is not None:
            robot.report = outputs.report
            robot.reports += 1
            for host in self.hosts:
                send(now, name, host, ('hear_report', outputs.report))
        if outputs.bid is not None:
            for host in self.hosts:
                send(now, name, host, ('hear_bid', outputs.bid))
        for ack in outputs.acks:
            for host in self.hosts:
                send(now, name, host, ('hear_ack', ack), True)
        if outputs.state is not None:
            send(now, name, 'peers', ('peer', outputs.state))
            if outputs.state.roster:
                for other in self.robots:
                    if other != name:
                        send(now, name, other, ('words', outputs.state))
        if abs(world.v[index]) > 0.02 or abs(world.w[index]) > 0.02:
            robot.still_since_s = now
        started = perf_counter()
        self.judges.ticked(robot, inputs, outputs)
        self.cpu_s['judges'] += perf_counter() - started
        try:
            robot.agent.latch.keep(robot.journal, inputs.now_s)
        except Crash:
            self.kill_robot(name)

    def stuck(self, patience_s: float = 60.0) -> list:
        """Return the robots that have somewhere to go and have stood for long."""
        return [robot.name for robot in self.robots.values()
                if robot.report is not None and robot.report.goal >= 0
                and self.now_s - robot.still_since_s > patience_s]
