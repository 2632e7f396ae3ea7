# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Helpers for the tests of `edge/`: sites, a simulated base, a keeper that owns the nodes."""

from collections import deque
from dataclasses import replace
from math import cos, sin

from robot_swarm_orch.edge.agent import Inputs, RobotAgent
from robot_swarm_orch.edge.base import wrap_rad
from robot_swarm_orch.edge.journal import MemoryJournal
from robot_swarm_orch.edge.peers import PeerTable
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import (
    Command, first_seq, Grant, Lease, LoadReading, LoadStatus, Mode, Motion, Odometry, Pose)

STEP_S = 0.005


def line_site(count=12, spacing=2.0):
    """Return a straight two-way street of nodes n0 .. n<count - 1> along x."""
    return load_site({
        'name': 'line', 'nodes': {f'n{i}': [i * spacing, 0.0] for i in range(count)},
        'edges': [[f'n{i}', f'n{i + 1}'] for i in range(count - 1)]})


def corner_site():
    """Return an L: n0 .. n3 along x, then n4 .. n6 up y from n3."""
    xy = {f'n{i}': [2.0 * i, 0.0] for i in range(4)}
    xy.update({f'n{i}': [6.0, 2.0 * (i - 3)] for i in range(4, 7)})
    return load_site({'name': 'corner', 'nodes': xy,
                      'edges': [[f'n{i}', f'n{i + 1}'] for i in range(6)]})


def grid_site(columns=5, rows=5):
    """Return a two-way grid; node id = row * columns + column."""
    nodes = {f'n{c}_{r}': [2.0 * c, 2.0 * r] for r in range(rows) for c in range(columns)}
    edges = [[f'n{c}_{r}', f'n{c + 1}_{r}'] for r in range(rows) for c in range(columns - 1)]
    edges += [[f'n{c}_{r}', f'n{c}_{r + 1}'] for r in range(rows - 1) for c in range(columns)]
    return load_site({'name': 'grid', 'nodes': nodes, 'edges': edges, 'against_cost_s': 0})


class SimulatedBase:
    """A unicycle with acceleration limits, actuation delay, a watchdog and late odometry."""

    def __init__(self, config, x=0.0, y=0.0, yaw=0.0, delay_s=0.05, latency_s=0.05,
                 odometry_period_s=0.1):
        self.config, self.delay_s, self.latency_s = config, delay_s, latency_s
        self.x, self.y, self.yaw, self.v, self.w = x, y, yaw, 0.0, 0.0
        self.now_s, self.target, self.heard_s = 0.0, Motion(0.0, 0.0), -1.0
        self._queue, self._samples = deque(), deque()
        self._period, self._next = odometry_period_s, 0.0
        self.odometry = None
        self._measure()

    def command(self, motion):
        """Send a velocity command now."""
        self._queue.append((self.now_s + self.delay_s, motion))

    def run(self, seconds):
        """Let time pass."""
        for _ in range(round(seconds / STEP_S)):
            self._step()

    def _step(self):
        self.now_s += STEP_S
        while self._queue and self._queue[0][0] <= self.now_s + 1e-9:
            self.heard_s, self.target = self._queue.popleft()
        if self.now_s - self.heard_s > self.config.watchdog_s:
            self.target = Motion(0.0, 0.0)
        c = self.config
        self.v = self._towards(self.v, self.target.speed_mps, c.acceleration_mps2, c.brake_mps2)
        self.w = self._towards(self.w, self.target.yaw_rate_radps, c.yaw_acceleration_radps2,
                               c.yaw_acceleration_radps2)
        self._move()
        if self.now_s >= self._next - 1e-9:
            self._measure()
        while self._samples and self._samples[0].taken_s + self.latency_s <= self.now_s + 1e-9:
            self.odometry = self._samples.popleft()

    def _move(self):
        self.x += self.v * cos(self.yaw) * STEP_S
        self.y += self.v * sin(self.yaw) * STEP_S
        self.yaw = wrap_rad(self.yaw + self.w * STEP_S)

    def _sample(self):
        return Odometry(Pose(self.x, self.y, self.yaw), Motion(self.v, self.w), self.now_s)

    def _measure(self):
        self._next += self._period
        sample = self._sample()
        self._samples.append(sample)
        if self.odometry is None:
            self.odometry = sample

    @staticmethod
    def _towards(now, target, faster, slower):
        rate = (faster if abs(target) > abs(now) else slower) * STEP_S
        return min(target, now + rate) if target > now else max(target, now - rate)


class Keeper:
    """The coordinators' half of movement authority: one owner per node, one boot per robot."""

    def __init__(self, site, rng=None):
        self.site, self.owner, self.last_seq, self.boot = site, {}, {}, {}
        self.incarnations, self.rng = 0, rng

    def enrol(self, robot, nodes):
        """Give nodes to a robot."""
        self.owner.update(dict.fromkeys(nodes, robot))

    def owned(self, robot):
        """Return the nodes a robot owns, ascending."""
        return tuple(sorted(node for node, owner in self.owner.items() if owner == robot))

    def hear(self, report, term=1):
        """Apply a report; return the grant that answers it."""
        robot = report.robot
        if self.boot.get(robot) != report.boot_id:
            self.incarnations += 1
            self.boot[robot] = report.boot_id
            self.last_seq[robot] = first_seq(self.incarnations)
        elif report.mode == Mode.AUTOMATIC and report.seq > self.last_seq[robot]:
            self.last_seq[robot] = report.seq
            for node in set(self.owned(robot)) - set(report.held) - set(report.wanted):
                del self.owner[node]
            for node in report.wanted:
                if self.owner.setdefault(node, robot) != robot:
                    break
        return Grant(robot, report.boot_id, self.site.hash, term, self.last_seq[robot],
                     report.seq, self.owned(robot))


def joined_rig(site, config, node=0, **options):
    """Return a rig whose robot has joined and stands at a node."""
    rig = Rig(site, config, node, **options)
    if rig.run(2.0, lambda: rig.agent.book.mode == Mode.AUTOMATIC) == float('inf'):
        raise AssertionError('the robot did not join')
    rig.run(0.3)
    return rig


class Rig:
    """One agent on a simulated base, with a keeper and a leader that answers after a delay."""

    def __init__(self, site, config, node, yaw=0.0, robot='r1', journal=None, seed=1,
                 answer_s=0.1, keeper=None, base=SimulatedBase, **base_options):
        self.site, self.config, self.robot = site, config, robot
        self.keeper = keeper if keeper is not None else Keeper(site)
        self.keeper.enrol(robot, (node,))
        self.journal = journal if journal is not None else MemoryJournal()
        self.peers, self.planner = PeerTable(config.peer_forget_s), Planner(site, config)
        x, y = map(float, site.xy[node])
        self.base = base(config, x, y, yaw, **base_options)
        self.answer_s, self.leading, self.granting, self.seed = answer_s, True, True, seed
        self.acks, self.outputs, self.requests = [], None, []
        self.load = LoadReading('', LoadStatus.IDLE, False)
        self.scan, self.mail, self.next_mail = None, deque(), {}
        self.lease_seq, self.command_count = 0, 0
        self.boot()

    def boot(self):
        """Start the agent, anew after the first time."""
        self.seed += 1
        self.agent = RobotAgent(self.robot, self.site, self.config, self.seed, self.journal,
                                self.planner, self.peers)

    def send(self, kind, node=-1, **values):
        """Send a command with the next number."""
        self.command_count += 1
        command = replace(Command(
            self.robot, self.agent.book.boot_id, f'c{self.command_count}', '', 1,
            self.command_count, self.agent.book.seq, 5.0, kind, node), **values)
        self.next_mail.setdefault('commands', []).append(command)
        return command

    def tick(self, **values):
        """Run one control period; return the outputs of the tick that began it."""
        now = self.base.now_s
        while self.mail and self.mail[0][0] <= now + 1e-9:
            _, report = self.mail.popleft()
            if self.leading:
                self.lease_seq += 1
                self.next_mail.setdefault('leases', []).append(
                    Lease(1, 'c1', self.lease_seq, 1.0, ((self.robot, report.seq),)))
                if self.granting:
                    self.next_mail.setdefault('grants', []).append(self.keeper.hear(report))
        fields = dict(now_s=now, control_s=now, odometry=self.base.odometry, scan=self.scan,
                      load=self.load, **{k: tuple(v) for k, v in self.next_mail.items()})
        fields.update(values)
        self.next_mail = {}
        self.outputs = out = self.agent.tick(Inputs(**fields))
        self.acks += out.acks
        if out.load_request is not None:
            self.requests.append(out.load_request)
        if out.report is not None:
            self.report, self.state = out.report, out.state
            self.mail.append((now + self.answer_s, out.report))
        self.base.command(out.motion)
        self.agent.latch.keep(self.journal, now)
        self.base.run(self.config.tick_s)
        return out

    def run(self, seconds, until=None):
        """Tick until a condition holds; return the seconds that passed, inf if it never held."""
        start = self.base.now_s
        while self.base.now_s < start + seconds:
            self.tick()
            if until is not None and until():
                return self.base.now_s - start
        return float('inf') if until is not None else seconds
