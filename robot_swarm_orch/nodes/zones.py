# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The zone topics of a process: where its robots speak and listen to neighbours.

A site is cut into square zones. A robot tells its state in the zone that it is in, and must hear
all zones that its interaction radius touches. All of that belongs to the process, not to a robot.
On a site of at most 16 zones everything is opened once; on a larger one zones are opened before a
robot's radius reaches them and closed only when no robot has been near for a while, because each
change costs discovery traffic in the whole fleet.
"""

from rclpy.node import Node
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.endpoints import Endpoints
from robot_swarm_orch.site import Site

OPEN_ALL_MAX = 16
AHEAD_M = 5.0
LINGER_S = 30.0
LOOK_PERIOD_S = 1.0


class ZoneTopics:
    """Publishers and polled subscriptions of the zones that matter to a process."""

    def __init__(self, node: Node, endpoints: Endpoints, site: Site, radius_m: float):
        """Open all zones of a small site; a large one opens as robots move."""
        self._node = node
        self._endpoints = endpoints
        self._site = site
        self._reach_m = radius_m + AHEAD_M
        self._outlets, self._inboxes, self._near_s = {}, {}, {}
        self._due_s = 0.0
        self._all = site.zone_count <= OPEN_ALL_MAX
        if self._all:
            for zone in range(site.zone_count):
                self._open(zone)

    def _open(self, zone):
        name = f'z{zone}'
        self._outlets[zone] = self._endpoints.outlet(self._node, topics.ROBOT_STATE, zone=name)
        self._inboxes[zone] = self._endpoints.inbox(self._node, topics.ROBOT_STATE, zone=name)

    def move(self, places, now_s: float) -> None:
        """Open and close zones for robots at `places` [(x, y) m]; cheap when nothing is due."""
        if self._all or now_s < self._due_s:
            return
        self._due_s = now_s + LOOK_PERIOD_S
        for x_m, y_m in places:
            for zone in self._around(x_m, y_m):
                self._near_s[zone] = now_s
                if zone not in self._outlets:
                    self._open(zone)
        for zone in [zone for zone, near_s in self._near_s.items() if now_s - near_s > LINGER_S]:
            del self._near_s[zone]
            self._endpoints.drop(self._outlets.pop(zone))
            self._endpoints.drop(self._inboxes.pop(zone))

    def _around(self, x_m, y_m):
        """Return the zones that the reach around a point touches, sampled at most a zone apart."""
        steps = int(2.0 * self._reach_m / self._site.zone_size_m) + 2
        offsets = [self._reach_m * (2.0 * i / steps - 1.0) for i in range(steps + 1)]
        return {self._site.zone_of(x_m + dx, y_m + dy) for dx in offsets for dy in offsets}

    def send(self, msg, x_m: float, y_m: float) -> None:
        """Publish a robot's state in the zone that it is in."""
        zone = self._site.zone_of(x_m, y_m)
        outlet = self._outlets.get(zone)
        if outlet is None:
            self._open(zone)
            outlet = self._outlets[zone]
            self._near_s.setdefault(zone, self._due_s)
        outlet.send(msg)

    def heard(self) -> list:
        """Return all new robot states."""
        return [msg for inbox in self._inboxes.values() for msg in inbox.all()]
