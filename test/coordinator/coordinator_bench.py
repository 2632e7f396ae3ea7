# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Three real replicas on in-memory stores, and robots that hop from node to node.

A robot here obeys the real AuthorityBook but has no body: with the next node of its way in hand it
is there at the next step. It answers each command once and repeats its last word when asked again.
"""

from math import nan
from random import Random

from robot_swarm_orch.config import CoordinatorConfig, RobotConfig
from robot_swarm_orch.coordinator.replica import Replica
from robot_swarm_orch.edge.authority import AuthorityBook, Heard
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.raft import MemoryStore
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import Ack, CommandKind, Mode, Order, OrderKind, Outcome, Pose, Report

ROBOT = RobotConfig()
STEP_S = 0.01


def ring_site(count=12, places=4, kind='station', more=()):
    """
    Return a one-way ring of `count` nodes 2 m apart, with places to pick and drop, and parking.

    kind: of those places; stations take any number of loads. more: other kinds of single places,
    by name.
    """
    nodes, edges, spots = {}, [], {}
    half = count // 2
    for index in range(count):
        x, y = (2 * index, 0) if index < half else (2 * (count - 1 - index), 2)
        nodes[f'n{index}'] = [x, y]
        edges.append([f'n{index}', f'n{(index + 1) % count}', 'oneway'])
    for index in range(places):
        name = f'shelf_{index}'
        spots[name] = [dict(more).get(name, kind), f'n{1 + index * (count // places)}']
    for index in range(half):
        nodes[f'p{index}'] = [2 * index, -2]
        edges.append([f'n{index}', f'p{index}'])
        spots[f'park_{index}'] = ['parking', f'p{index}']
    return load_site({'name': 'ring', 'nodes': nodes, 'edges': edges, 'places': spots})


def move(order_id, pick='shelf_0', drop='shelf_1', priority=100):
    """Return a MOVE order."""
    return Order(order_id, f'trace-{order_id}', OrderKind.MOVE, pick, drop, priority=priority)


class HoppingRobot:
    """One robot; `picks` and `drops` count starts by order."""

    def __init__(self, name, node, site, planner, boot_id):
        """Stand at a node and begin to join."""
        self.name, self.node, self.site, self.planner = name, node, site, planner
        self.book = AuthorityBook(name, site.hash, boot_id)
        self.silent = False
        self.command = None
        self.command_seq = 0
        self.last_ack = None
        self.heard_term = 0
        self.actions = []
        self.outcomes = {}  # kind of command -> outcome, if it is not DONE
        self.reason = ''    # of such an outcome
        self.grants = []
        self.battery = nan
        self.busy = set()   # kinds of commands that do not end for now

    def obey(self, grant):
        """Take in a grant."""
        self.grants.append(grant)
        if self.book.hear(grant, self.node in grant.nodes) == Heard.FENCED:
            self.book.fence(self.book.boot_id + 1000)

    def take(self, command):
        """Take in a command; return the ack."""
        if command.boot_id != self.book.boot_id:
            return self._ack(command, Outcome.REJECTED, 'wrong_boot')
        if command.seq == self.command_seq:
            return self.last_ack or self._ack(command, Outcome.ACCEPTED)
        if command.seq < self.command_seq:
            return self._ack(command, Outcome.REJECTED, 'seen')
        self.command, self.command_seq, self.last_ack = command, command.seq, None
        return self._ack(command, Outcome.ACCEPTED)

    def work(self):
        """Do a step of the open command; return the last word on it, or None."""
        command = self.command
        if command is None or self.book.mode != Mode.AUTOMATIC:
            return None
        if self.node != command.node and command.kind != CommandKind.CANCEL:
            self._hop(command.node)
            return None
        if command.kind in self.busy:
            return None
        if command.kind in (CommandKind.PICK, CommandKind.DROP):
            self.actions.append((command.kind, command.order_id, command.step))
        self.command = None
        outcome = self.outcomes.get(command.kind, Outcome.DONE)
        self.last_ack = self._ack(command, outcome, '' if outcome == Outcome.DONE
                                  else self.reason)
        return self.last_ack

    def _hop(self, goal):
        way = self.planner.route(self.node, 0.0, goal)
        self.book.want(way[1:9])
        locks = self.site.lock_set(way[0], way[1])
        if set(locks) <= set(self.book.held):
            self.node = way[1]
            self.book.drop(left=set(self.book.held) - set(way[1:]))
            self.book.order(way[1:])

    def _ack(self, command, outcome, reason=''):
        return Ack(self.name, self.book.boot_id, command.command_id, command.trace_id,
                   command.term, command.seq, self.command_seq, outcome, reason)

    def report(self):
        """Return the next report."""
        seq, mode, held, wanted = self.book.report()
        x, y = self.site.xy[self.node].tolist()
        goal = self.command.node if self.command else -1
        return Report(self.name, self.book.boot_id, seq, mode, self.site.hash, held, wanted,
                      Pose(x, y, 0.0), goal=goal, command_seq=self.command_seq,
                      battery=self.battery)


class Group:
    """Replicas and robots in lock step, 10 ms a step; messages arrive at the next step."""

    def __init__(self, site=None, robots=2, replicas=3, seed=1, make_store=None, **settings):
        """Start all; `make_store(voter)` gives stores, `settings` are of CoordinatorConfig."""
        self.site = site or ring_site()
        self.planner = Planner(self.site, ROBOT)
        self.now_s = 100.0
        self.seed = seed
        self.settings = settings
        self.voters = tuple(f'c{number + 1}' for number in range(replicas))
        self.placement = tuple(
            (f'r{number}', self.site.places[f'park_{number}'].node) for number in range(robots))
        make_store = make_store or (lambda voter: MemoryStore())
        self.stores = {voter: make_store(voter) for voter in self.voters}
        self.replicas = {}
        self.cut = set()
        self.statuses = []
        self.leases = []
        self.views = []
        self.answers = []
        self.heard_steps = 0
        self._mail = []
        for voter in self.voters:
            self.start(voter)
        self.robots = {name: HoppingRobot(name, node, self.site, self.planner, 7 + number)
                       for number, (name, node) in enumerate(self.placement)}

    def start(self, voter):
        """(Re)start a replica from its store."""
        config = CoordinatorConfig(node_id=voter, voters=self.voters, **self.settings)
        rng = Random(f'{self.seed}/{voter}/{self.now_s}')
        self.replicas[voter] = Replica(config, self.site, ROBOT, self.stores[voter], rng,
                                       self.planner, self.placement)

    def kill(self, voter):
        """Kill a replica; its store survives."""
        del self.replicas[voter]

    @property
    def leader(self):
        """Return the id of the replica that leads and wants reports, None if there is none."""
        leading = [(replica.raft.term, voter) for voter, replica in self.replicas.items()
                   if replica.wants_reports and voter not in self.cut]
        return max(leading)[1] if leading else None

    def status(self, order_id):
        """Return the newest status heard of an order, or None."""
        told = [status for status in self.statuses if status.order_id == order_id]
        return told[-1] if told else None

    def submit(self, order):
        """Hand an order to every replica."""
        for replica in self.replicas.values():
            replica.submit(self.now_s, order)

    def operate(self, act, request_id):
        """Hand a person's act to the leader."""
        self.replicas[self.leader].operate(self.now_s, act, request_id)

    def run(self, seconds=None, until=None, limit_s=60.0):
        """Run for some time, or until a condition holds (fail at the limit)."""
        end_s = self.now_s + (limit_s if seconds is None else seconds)
        while self.now_s < end_s:
            if until is not None and until():
                return
            self.step()
        assert until is None, f'not reached within {limit_s} s (seed {self.seed})'

    def step(self):
        """Let 10 ms pass."""
        self.now_s += STEP_S
        self.heard_steps += 1
        mail, self._mail = self._mail, []
        for sender, message in mail:
            if message.to in self.replicas and not {sender, message.to} & self.cut:
                self.replicas[message.to].receive(self.now_s, message)
        if self.heard_steps % 10 == 0:
            self._robots_speak()
        for voter in list(self.replicas):
            replica = self.replicas[voter]
            replica.tick(self.now_s)
            self._send(voter, replica.poll(self.now_s))

    def _robots_speak(self):
        for robot in self.robots.values():
            if robot.silent:
                continue
            ack = robot.work()
            report = robot.report()
            for replica in self.replicas.values():
                if replica.wants_reports:
                    replica.hear_report(self.now_s, report)
                    if ack is not None:
                        replica.hear_ack(self.now_s, ack)

    def _send(self, voter, outputs):
        self._mail += [(voter, message) for message in outputs.messages]
        if voter in self.cut:
            return
        self.statuses += outputs.statuses
        self.answers += outputs.answers
        if outputs.lease is not None:
            self.leases.append((self.now_s, outputs.lease))
        if outputs.view is not None:
            self.views.append(outputs.view)
        for grant in outputs.grants:
            robot = self.robots.get(grant.robot)
            if robot is not None and not robot.silent:
                robot.obey(grant)
        for command in outputs.commands:
            robot = self.robots[command.robot]
            if not robot.silent:
                self.replicas[voter].hear_ack(self.now_s, robot.take(command))
