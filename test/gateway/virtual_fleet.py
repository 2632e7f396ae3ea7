# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A whole fleet in virtual time behind a gateway: real coordinators, real robots, no network.

It is the radio of a `gateway.desk.Desk`. Time stands still between calls: a call lets so much of
it pass as its answer takes, and no more than a second.
"""

from robot_swarm_orch.config import CoordinatorConfig
from robot_swarm_orch.coordinator.legs import order_asked
from robot_swarm_orch.gateway.port import (
    GetLog, GetOrder, ListOrders, LogPage, OrderPage, OrdersPage)
from robot_swarm_orch.sim.cluster import Cluster, ClusterOptions
from robot_swarm_orch.site import load_site

SITE = load_site({'warehouse': {'columns': 8, 'blocks': 1, 'block_cells': 6}})
PATIENCE_S = 1.0


class VirtualFleet:
    """A `desk.Radio` to three coordinators and some robots."""

    def __init__(self, robots=2, seed=1, **coordinator):
        """Run until somebody leads and all robots drive."""
        self.desk = None
        self.sent = []          # (when [s, virtual], order) of all that was said
        self.slept_s = 0.0
        self.lost = set()       # numbers of sayings that get lost, from 1
        self.cluster = Cluster(SITE, robots, seed, ClusterOptions(
            orders=False, coordinator=CoordinatorConfig(**coordinator)))
        self.cluster.overhear = self._hear
        self._answered = set()
        self.cluster.run(5.0)

    def clock(self) -> float:
        """Return the virtual time [s]."""
        return self.cluster.now_s

    async def sleep(self, for_s) -> None:
        """Let virtual time pass, and hear what robots report meanwhile."""
        self.cluster.run(for_s)
        self.slept_s += for_s
        self.want_reports(True)

    def attach(self, desk) -> None:
        """Hand what is heard to a desk, from now on."""
        self.desk = desk
        self.cluster.run(1.5)

    def kill_all(self) -> None:
        """Kill all coordinators."""
        for name in list(self.cluster.replicas):
            self.cluster.kill_replica(name)

    # -- the radio ------------------------------------------------------------------------------

    def send_order(self, order) -> None:
        """Say an order to all coordinators; let time pass until a status names it."""
        self.sent.append((self.clock(), order))
        if len(self.sent) in self.lost:
            self.cluster.run(0.1)
            return
        self._answered.discard(order.order_id)
        for name in self.cluster.hosts:
            self.cluster.network.send(self.clock(), 'gateway', name, ('submit', order), True)
        self.cluster.run(PATIENCE_S, until=lambda: order.order_id in self._answered)

    def call(self, number, question) -> None:
        """Call the leader; nobody answers while there is none."""
        name = self.cluster.leader()
        if name is None:
            self.cluster.run(PATIENCE_S)
            return
        replica, host = self.cluster.replicas[name], self.cluster.hosts[name]
        if isinstance(question, (GetOrder, ListOrders, GetLog)):
            self.cluster.run(0.05)
            self.desk.hear_answer(number, read(replica, question))
            return
        replica.operate(host.clock.at(self.clock()), question, number)
        self.cluster.run(PATIENCE_S, until=lambda: number in self._answered)

    def send_stop(self, act, robot) -> None:
        """Say an act on the emergency stop to robots, and let them report."""
        for name in self.cluster.robots:
            if robot in ('', name):
                self.cluster.network.send(self.clock(), 'operator', name, ('stops', act), True)
        self.cluster.run(0.4)
        self.want_reports(True)

    def want_reports(self, wanted) -> None:
        """Hand the newest reports of robots over, but of none whose program is dead."""
        if wanted:
            self.desk.hear_reports([robot.report for robot in self.cluster.robots.values()
                                    if robot.report is not None
                                    and robot.agent is not None])

    def _hear(self, name, outputs) -> None:
        self._answered.update(status.order_id for status in outputs.statuses)
        self._answered.update(number for number, _, _ in outputs.answers)
        if self.desk is None:
            return
        self.desk.hear_statuses(outputs.statuses)
        if outputs.view is not None:
            self.desk.hear_view(outputs.view)
        for number, done, reason in outputs.answers:
            self.desk.hear_answer(number, (done, reason))


def read(replica, question):
    """Return what a leader answers to a question, from its own fleet state."""
    state = replica.state
    ended = [state.ended[order_id] for order_id in state.ended]
    known = sorted([*state.live.values(), *ended], key=lambda one: one.order_id)

    def status(record):
        return state.status_of(record, replica.raft.term)
    if isinstance(question, GetOrder):
        record = state.order(question.order_id)
        return OrderPage() if record is None else OrderPage(order_asked(record), status(record))
    if isinstance(question, ListOrders):
        found = [one for one in map(status, known)
                 if one.order_id > question.after
                 and (not question.states or one.state in question.states)
                 and question.robot in ('', one.robot)]
        page = tuple(found[:question.limit])
        return OrdersPage(page, page[-1].order_id if len(found) > len(page) else '',
                          len(state.live))
    return LogPage((), question.after, 1)
