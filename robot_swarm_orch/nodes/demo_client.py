# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The ROS side of `swarm demo`: hands orders in and hears what the fleet says.

It shares the cores with the fleet that it measures, so it costs little: everything is polled, no
executor runs, and reports are read by a glance at their bytes.
"""

import time
from typing import Iterable, Sequence

import rclpy
from rclpy.signals import SignalHandlerOptions
from robot_swarm_orch.demo.observation import Observation
from robot_swarm_orch.demo.orders import OrderDesk
from robot_swarm_orch.errors import WireError
from robot_swarm_orch.metrics import Metrics
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.endpoints import Endpoints, Traffic
from robot_swarm_orch.nodes.late_words import LateWords
from robot_swarm_orch.nodes.report_glance import glance
from robot_swarm_orch.nodes.wire import Wire
from robot_swarm_orch.types import Order

LOOK_EVERY_S = 0.02
REPORTS_EVERY_S = 0.05  # their queue holds a fleet's reports of a longer time


class DemoClient:
    """A node that feeds an `Observation` and an `OrderDesk`, used from one thread."""

    def __init__(self, site_id: str, node_count: int, observation: Observation,
                 desk: OrderDesk, repeats: Sequence[str] = ()):
        """
        Join ROS; signals stay with the caller.

        `repeats`: the coordinators whose words may be said again, by `late_words`; () opens none.
        """
        self._observation, self._desk = observation, desk
        self._wire = Wire(site_id, node_count)
        self._context = rclpy.Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = rclpy.create_node('swarm_demo', context=self._context,
                                       start_parameter_services=False, enable_rosout=False)
        self._endpoints = Endpoints(self._node, site_id, Traffic())
        self._orders = self._endpoints.outlet(self._node, topics.ORDER)
        self._leases, self._views, self._statuses, self._diagnostics, self._reports = (
            self._endpoints.inbox(self._node, topic) for topic in (
                topics.LEASE, topics.FLEET_STATUS, topics.TASK_STATUS, topics.DIAGNOSTICS,
                topics.ROBOT_REPORT))
        self._reports_due_s = 0.0
        self.late_words = LateWords(
            self._node, self._endpoints, observation.robots, repeats) if repeats else None

    def poll(self, for_s: float) -> None:
        """Hear what comes within a time."""
        until_s = time.monotonic() + for_s
        while True:
            self._look(time.monotonic())
            left_s = until_s - time.monotonic()
            if left_s <= 0.0:
                return
            time.sleep(min(LOOK_EVERY_S, left_s))

    def send(self, orders: Iterable[Order]) -> None:
        """Hand orders in."""
        self._wire.set_time(self._node.get_clock().now().nanoseconds)
        for order in orders:
            self._orders.send(self._wire.write_order(order))

    def close(self) -> None:
        """Leave ROS."""
        self._endpoints.close()
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def hear_sent(self, sent_s: float, status) -> None:
        """Take an order's state in with when the leader sent it; a subclass may want to."""

    def _look(self, now_s: float) -> None:
        """Take in all that has come."""
        wire, observation = self._wire, self._observation
        for msg in self._leases.all():
            lease = wire.hear(wire.read_lease, msg)
            if lease is not None:
                observation.hear_lease(self._sent_s(msg.header.stamp, now_s), lease)
        if now_s < self._reports_due_s:
            return
        self._reports_due_s = now_s + REPORTS_EVERY_S
        if self.late_words is not None:
            self.late_words.turn(now_s)
        for msg in self._views.all():
            view = wire.hear(wire.read_view, msg)
            if view is not None:
                observation.hear_view(now_s, view)
        for msg in self._statuses.all():
            status = wire.hear(wire.read_status, msg)
            if status is not None:
                self._desk.hear(now_s, status)
                self.hear_sent(self._sent_s(msg.header.stamp, now_s), status)
        for data in self._reports.all_raw():
            try:
                stamp_s, report = glance(data)
            except WireError:
                continue
            observation.hear_report(now_s, stamp_s, report)
        for msg in self._diagnostics.all():
            self._read_diagnostics(now_s, msg)

    def _sent_s(self, stamp, now_s: float) -> float:
        """Return when a message was sent [s, steady clock]; never later than it was heard."""
        age_s = 1e-9 * (self._node.get_clock().now().nanoseconds
                        - stamp.sec * 1_000_000_000 - stamp.nanosec)
        return min(now_s, time.monotonic() - age_s)

    def _read_diagnostics(self, now_s: float, msg) -> None:
        for status in msg.status:
            text = next((pair.value for pair in status.values if pair.key == 'metrics'), None)
            if text is None:
                continue
            try:
                metrics = Metrics.from_json(text)
            except WireError:
                continue
            self._observation.hear_metrics(now_s, status.name.lstrip('/'), metrics)
