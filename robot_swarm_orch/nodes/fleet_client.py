# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A short-lived ROS node through which the command line meets one fleet.

The functions beside it in `*_verbs.py` take one, print for people (or JSON) and return the exit
status of the command.
"""

import getpass
import time
from typing import Callable
import uuid

import rclpy
from rclpy.signals import SignalHandlerOptions
from robot_swarm_orch.errors import ConfigError, SwarmError
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.endpoints import profile
from robot_swarm_orch.nodes.wire import Wire
from robot_swarm_orch.nodes.wire_checks import is_robot_id
from robot_swarm_orch.types import FleetView


class NoAnswer(SwarmError):
    """Nobody answered in time; the message says whom was asked and what to check."""


def on_domain(node) -> str:
    """Return in words which ROS domain a node is on, and what chooses another."""
    return (f'on ROS domain {node.context.get_domain_id()} (ROS_DOMAIN_ID; with ./swarm: '
            'SWARM_DOMAIN_ID)')


class FleetClient:
    """A short-lived node of one site, as a context manager."""

    def __init__(self, site_id: str):
        """Join ROS; raises ConfigError for a malformed site id."""
        if not is_robot_id(site_id):
            raise ConfigError(f'--site {site_id!r} is no site id: letters, digits, underscores')
        self.site_id = site_id
        self.wire = Wire(site_id)
        self._services = {}
        self._context = rclpy.Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self.node = rclpy.create_node(f'swarm_cli_{uuid.uuid4().hex[:8]}', context=self._context,
                                      start_parameter_services=False, enable_rosout=False)
        self._executor = rclpy.executors.SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)

    def __enter__(self):
        """Return the client."""
        return self

    def __exit__(self, *_):
        """Leave ROS."""
        self._executor.shutdown(timeout_sec=1.0)
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def publisher(self, topic, **parts):
        """Return a publisher on a topic of the table."""
        return self.node.create_publisher(
            topic.message, topic.name(site=self.site_id, **parts), profile(topic))

    def subscribe(self, topic, callback):
        """Listen on a topic of the table."""
        self.node.create_subscription(
            topic.message, topic.name(site=self.site_id), callback, profile(topic))

    def service(self, topic):
        """Return a client of a service of the table, the same one each time."""
        if topic.key not in self._services:
            self._services[topic.key] = self.node.create_client(
                topic.message, topic.name(site=self.site_id))
        return self._services[topic.key]

    def ask(self, topic, request, timeout_s: float, again_s: float = 1.0, meet_s: float = 0.0):
        """
        Return the leader's answer to a call of a service; raises NoAnswer.

        Only a leader answers. A call that met none is lost, so after `again_s` another follows.
        meet_s: from the first coordinator that offers the service to the last.
        """
        service, end_s, futures = self.service(topic), time.monotonic() + timeout_s, []
        self.wait(timeout_s, service.service_is_ready)
        self.wait(meet_s)
        while time.monotonic() < end_s:
            futures.append(service.call_async(request))
            if self.wait(min(again_s, end_s - time.monotonic()),
                         lambda: any(future.done() for future in futures)):
                return next(future.result() for future in futures if future.done())
        raise NoAnswer(f'no leader of site {self.site_id} answered within {timeout_s:g} s. Does '
                       f'the fleet run, with this site id, {on_domain(self.node)}?')

    def wait(self, for_s: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Hear what comes until something holds; False when the time is over before."""
        end_s = time.monotonic() + for_s
        while not until():
            left_s = end_s - time.monotonic()
            if left_s <= 0.0:
                return False
            self._executor.spin_once(timeout_sec=min(left_s, 0.1))
        return True

    def now_ns(self) -> int:
        """Return the ROS time [ns]."""
        return self.node.get_clock().now().nanoseconds

    def view(self, timeout_s: float) -> FleetView:
        """Return the leader's picture of the fleet; raises NoAnswer."""
        heard = []

        def on_view(msg):
            view = self.wire.hear(self.wire.read_view, msg)
            if view is not None:
                heard.append(view)
        self.subscribe(topics.FLEET_STATUS, on_view)
        self._await(heard, timeout_s)
        # The latched word may come from a deposed leader; the newest term counts.
        self.wait(0.3)
        return max(heard, key=lambda view: (view.term, view.commit_index))

    def _await(self, heard: list, timeout_s: float) -> None:
        """Wait until something was heard; raises NoAnswer."""
        if not self.wait(timeout_s, lambda: bool(heard)):
            raise NoAnswer(
                f'no leader of site {self.site_id} was heard within {timeout_s:g} s. Does the '
                f'fleet run, with this site id, {on_domain(self.node)}?')


def operator() -> str:
    """Return who acts, for the record."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return 'operator'
