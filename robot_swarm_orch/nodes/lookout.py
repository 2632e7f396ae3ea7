# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Hears a fleet and makes a `Picture` of it: for `swarm why`, `swarm doctor` and `swarm top`.

Everything is polled and heard best effort, so nobody in the fleet waits for this listener; only
what is latched is asked for reliably. Of each robot's reports the newest one is kept as bytes and
read when a picture is made: a hundred robots cost a few percent of a core.
"""

import time
from types import SimpleNamespace
from typing import Callable, Iterable

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from robot_swarm_orch.errors import WireError
from robot_swarm_orch.insight.group import read_word
from robot_swarm_orch.insight.picture import (
    Picture, Process, silent_from_json, waits_from_json)
from robot_swarm_orch.metrics import Metrics
from robot_swarm_orch.msg import RobotReport
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.endpoints import Inbox, profile, Traffic
from robot_swarm_orch.nodes.report_glance import head
from robot_swarm_orch.nodes.robot_wire import read_safety
from robot_swarm_orch.nodes.wire import Wire
from robot_swarm_orch.nodes.wire_checks import is_id, is_robot_id, seconds_of
from robot_swarm_orch.types import Order, OrderKind

_LOOK_EVERY_S = 0.02
_ASK_EVERY_S = 0.5
_CHANGES_MAX = 16
_PROCESS_GONE_S = 5.0
# What the leader's process says of waiting and silent robots on /diagnostics.
WAITS, SILENT = 'waits', 'silent'


class Lookout:
    """Listens to one site on a node that no executor serves, or not meanwhile."""

    def __init__(self, node, site_id: str, site=None, presence: bool = True):
        """
        Open the fleet's topics.

        site: the site.Site to name places by, used if it is the fleet's. presence: whether to hear
        what tells who of the coordinators is alive.
        """
        self.site_id = site_id
        self.wire = Wire(site_id)
        self._node, self._site = node, site
        self._traffic = Traffic()
        self._began_s = time.monotonic()
        fleet = {key: self._inbox(topic) for key, topic in (
            ('reports', topics.ROBOT_REPORT), ('leases', topics.LEASE),
            ('views', topics.FLEET_STATUS), ('statuses', topics.TASK_STATUS),
            ('health', topics.DIAGNOSTICS))}
        self._in = SimpleNamespace(**fleet)
        self._presence_in = self._inbox(topics.PRESENCE) if presence else None
        self._safety_in, self._grants_in = {}, {}
        self._reports, self._offsets, self._boots = {}, {}, {}
        self._safeties, self._grants, self._statuses = {}, {}, {}
        self._processes, self._leaders, self._logs = {}, [], set()
        self._alive, self._voters = set(), set()
        self._view = self._lease = None
        self._lease_s = 0.0
        self._words = ({}, {}, 0.0)
        self._orders_out = None

    def _inbox(self, topic, **parts):
        """Open a polled subscription that asks for no more than it needs."""
        qos = profile(topic, 'subscription')
        if qos.durability != DurabilityPolicy.TRANSIENT_LOCAL:
            qos = QoSProfile(depth=max(qos.depth, 64),
                             reliability=ReliabilityPolicy.BEST_EFFORT)
        name = topic.name(site=self.site_id, **parts)
        if not name.startswith('/'):
            name = f'/{parts["robot"]}/{name}'
        return Inbox(self._node, topic.message, name, qos, self._traffic)

    def follow(self, robots: Iterable[str]) -> bool:
        """Listen to the limiters of some robots, too; return whether any of them is new."""
        fresh = [robot for robot in robots
                 if robot not in self._safety_in and is_robot_id(robot)]
        for robot in fresh:
            self._safety_in[robot] = self._inbox(topics.SAFETY_STATE, robot=robot)
            self._grants_in[robot] = self._inbox(topics.AUTHORITY, robot=robot)
        return bool(fresh)

    def has_heard(self, robots: Iterable[str]) -> bool:
        """Return whether the limiters of all these robots were heard."""
        return all(robot in self._safeties for robot in robots)

    def ask(self, order_id: str, for_s: float) -> None:
        """Ask the leader what has become of an order, until it answers or the time is over."""
        if not is_id(order_id):
            return
        if self._orders_out is None:
            self._orders_out = self._node.create_publisher(
                topics.ORDER.message, topics.ORDER.name(site=self.site_id), profile(topics.ORDER))
        # What was told when it was accepted does not say what keeps it waiting now.
        known = self._statuses.pop(order_id, None)
        end_s = time.monotonic() + for_s
        while order_id not in self._statuses and time.monotonic() < end_s:
            self.wire.set_time(self._now_ns())
            # An order without a place is a question: see coordinator/leader.py.
            self._orders_out.publish(self.wire.write_order(
                Order(order_id, '', OrderKind.GO, '', '')))
            self.listen(min(_ASK_EVERY_S, end_s - time.monotonic()),
                        lambda: order_id in self._statuses)
        if known is not None:
            self._statuses.setdefault(order_id, known)

    def listen(self, for_s: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Hear what comes until something holds; False when the time is over before."""
        end_s = time.monotonic() + for_s
        while True:
            self.look()
            if until():
                return True
            if time.monotonic() >= end_s:
                return False
            time.sleep(_LOOK_EVERY_S)

    def is_complete(self) -> bool:
        """Return whether the leader was heard, with its words on waits, and all its robots."""
        view = self._view
        return (view is not None and self._lease is not None and self._words[2] > 0.0
                and all(robot in self._reports for robot in view.robots))

    def listens_s(self) -> float:
        """Return for how long it has listened [s]."""
        return time.monotonic() - self._began_s

    def _now_ns(self) -> int:
        return self._node.get_clock().now().nanoseconds

    # -- hearing -----------------------------------------------------------------------------

    def look(self) -> None:
        """Take in all that has come."""
        now_s, ros_s = time.monotonic(), 1e-9 * self._now_ns()
        for data in self._in.reports.all_raw():
            self._hear_report(data, now_s, ros_s)
        for msg in self._in.leases.all():
            self._hear_lease(msg, now_s, ros_s)
        for msg in self._in.views.all():
            view = self.wire.hear(self.wire.read_view, msg)
            if view is not None and (self._view is None or (view.term, view.commit_index)
                                     >= (self._view.term, self._view.commit_index)):
                self._view = view
        for msg in self._in.statuses.all():
            status = self.wire.hear(self.wire.read_status, msg)
            if status is not None:
                known = self._statuses.get(status.order_id)
                if known is None or status.seq >= known.seq:
                    self._statuses[status.order_id] = status
        for msg in self._in.health.all():
            self._hear_health(msg, now_s)
        for msg in self._presence_in.all() if self._presence_in is not None else ():
            self._hear_presence(msg)
        self._hear_robots(ros_s)

    def _hear_report(self, data, now_s, ros_s):
        try:
            stamp_s, robot, boot_id = head(data)
        except WireError:
            self.wire.counters.refuse('RobotReport.bytes')
            return
        self._reports[robot] = (data, now_s)
        self._note_offset(robot, ros_s - stamp_s)
        boots = self._boots.setdefault(robot, [])
        if (not boots or boots[-1] != boot_id) and len(boots) < _CHANGES_MAX:
            boots.append(boot_id)

    def _note_offset(self, name, offset_s):
        """Keep the offset that is nearest to none: the others had to wait somewhere."""
        known = self._offsets.get(name)
        if known is None or offset_s < known:
            self._offsets[name] = offset_s

    def _hear_lease(self, msg, now_s, ros_s):
        lease = self.wire.hear(self.wire.read_lease, msg)
        if lease is None:
            return
        self._lease, self._lease_s = lease, now_s
        self._alive.add(lease.leader_id)
        self._note_offset(lease.leader_id, ros_s - seconds_of(msg.header.stamp))
        who = (lease.term, lease.leader_id)
        if (not self._leaders or self._leaders[-1] != who) and len(self._leaders) < _CHANGES_MAX:
            self._leaders.append(who)

    def _hear_presence(self, msg):
        if msg.site_id != self.site_id or not is_id(msg.sender):
            return
        self._logs.add(msg.cluster_id)
        self._alive.add(msg.sender)

    def _hear_health(self, msg, now_s):
        for status in msg.status:
            values = {pair.key: pair.value for pair in status.values}
            if WAITS in values and status.hardware_id == self.site_id:
                self._words = (waits_from_json(values[WAITS]),
                               silent_from_json(values.get(SILENT, '{}')), now_s)
            word = read_word(values.get('group', ''))
            if word is not None and status.hardware_id == self.site_id:
                self._voters = set(word['voters'])
            if 'metrics' in values and status.hardware_id == self.site_id:
                level = status.level[0] if isinstance(status.level, bytes) else int(status.level)
                before = self._processes.get(status.name)
                self._processes[status.name] = (level, status.message, values['metrics'],
                                                before and before[2], now_s)

    def _hear_robots(self, ros_s):
        for robot, inbox in self._safety_in.items():
            for msg in inbox.all():
                safety = self.wire.hear(read_safety, msg, robot)
                if safety is not None:
                    self._safeties[robot] = (safety, seconds_of(msg.header.stamp))
        for robot, inbox in self._grants_in.items():
            for msg in inbox.all():
                grant = self.wire.hear(self.wire.read_grant, msg)
                if grant is not None and grant.robot == robot:
                    self._grants[robot] = grant

    # -- telling -----------------------------------------------------------------------------

    def picture(self) -> Picture:
        """Return what was heard until now."""
        now_s, ros_s = time.monotonic(), 1e-9 * self._now_ns()
        reports, ages = {}, {}
        for robot, (data, heard_s) in self._reports.items():
            report = self.wire.hear(self.wire.read_report, deserialize_message(data, RobotReport))
            if report is not None:
                reports[robot], ages[robot] = report, now_s - heard_s
        waits, silent, words_s = self._words
        # Words of a leader that has fallen silent are no news.
        fresh = now_s - words_s < 3.0
        view = self._view
        voters = self._voters | set(() if view is None else view.coordinators)
        lease_age_s = now_s - self._lease_s
        return Picture(
            self.site_id, now_s - self._began_s, self._node.context.get_domain_id(), reports,
            ages, {robot: safety for robot, (safety, _) in self._safeties.items()},
            {robot: ros_s - stamp_s for robot, (_, stamp_s) in self._safeties.items()},
            dict(self._grants), dict(self._statuses), view,
            self._lease if lease_age_s < 1.0 else None, lease_age_s, waits if fresh else {},
            silent if fresh else {}, frozenset(self._alive), frozenset(voters),
            tuple(self._leaders), frozenset(self._logs),
            {robot: tuple(boots) for robot, boots in self._boots.items()},
            {} if self._node.count_publishers('/clock') else dict(self._offsets),
            {name: _process(name, *told[:4]) for name, told in self._processes.items()
             if now_s - told[4] < _PROCESS_GONE_S},
            self._matching_site(reports))

    def _matching_site(self, reports):
        """Return the known site if it is the fleet's."""
        hashes = {report.site_hash for report in reports.values()}
        if self._view is not None:
            hashes.add(self._view.site_hash)
        return self._site if self._site is not None and hashes == {self._site.hash} else None


def _process(name, level, word, metrics, metrics_before) -> Process:
    """Return what a process said, with the share of a core between its last two words."""
    try:
        now = Metrics.from_json(metrics).counters
        before = Metrics.from_json(metrics_before).counters if metrics_before else {}
    except WireError:
        return Process(name, level, word)
    spent_s = now.get('cpu_s', 0.0) - before.get('cpu_s', 0.0)
    passed_s = now.get('wall_s', 0.0) - before.get('wall_s', 0.0)
    return Process(name, level, word, spent_s / passed_s if passed_s > 0.0 else 0.0, now)
