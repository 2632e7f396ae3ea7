# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The ghost bound: orders an hour if robots could drive through each other.

The same site, seed, dwell times and allocator as the real fleet, but each robot is always alone:
a leg takes the analytic time of its route (`edge.planning.drive_time_s`), commands take no time,
and nobody waits for anybody. What a real fleet reaches of this bound says what traffic costs.
"""

from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from math import atan2
from typing import Tuple

import numpy as np

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.coordinator.allocation import (
    allocate, ALLOCATORS, Candidate, TravelTimes)
from robot_swarm_orch.coordinator.backlog import Backlog, Lane
from robot_swarm_orch.edge.planning import drive_time_s, Planner
from robot_swarm_orch.sim.orders import OrderStream
from robot_swarm_orch.sim.world import WorldOptions
from robot_swarm_orch.site import Site
from robot_swarm_orch.types import Order


@dataclass(frozen=True)
class GhostResult:
    """What ghosts did: orders done in the measured time, and what one order took."""

    orders_done: int
    measured_s: float
    cycle_s: float

    @property
    def orders_per_hour(self) -> float:
        """Return the bound [1/h]."""
        return 3600.0 * self.orders_done / self.measured_s


@dataclass(frozen=True)
class _Waiting:
    """A waiting order, as the allocator looks at it."""

    order_id: str
    priority: int
    placed_ms: int
    order: Order
    deadline_s: float = 0.0


class Ghosts:
    """A fleet of ghosts working through an `OrderStream`."""

    def __init__(self, site: Site, robots: int, seed: int, config: RobotConfig = RobotConfig(),
                 world: WorldOptions = WorldOptions(), allocator: str = 'hungarian',
                 backlog: int = 0, trip_m: float = 0.0):
        """Put the ghosts where the robots start."""
        self._planner = Planner(site, config)
        self._stream = OrderStream(site, seed, robots, backlog, trip_m)
        self._world = world
        self._strategy = ALLOCATORS[allocator]
        self._travel = TravelTimes(self._planner)
        self._at = {}  # robot -> (node, yaw)
        for name, node in site.place_robots(robots):
            self._at[name] = (node, self._heading(node, site.successors[node][0]))
        self._waiting = {}
        self._backlog = Backlog(lambda waiting: Lane(self._node(waiting.order.pick)))

    def _heading(self, a, b):
        """Return the heading of the edge a->b."""
        dx, dy = self._planner.site.xy[b] - self._planner.site.xy[a]
        return atan2(dy, dx)

    def _leg(self, node, yaw, goal) -> Tuple[float, float]:
        """Return the time of a leg driven alone and the heading at its end."""
        route = self._planner.route(node, yaw, goal)
        if len(route) < 2:
            return 0.0, yaw
        return (drive_time_s(self._planner.site, route, yaw, self._planner.robot),
                self._heading(route[-2], route[-1]))

    def _node(self, place) -> int:
        """Return the node of a place."""
        return self._planner.site.places[place].node

    def _carry_out(self, robot, order) -> float:
        """Move a robot through one order; return how long that takes."""
        pick, drop = self._node(order.pick), self._node(order.drop)
        node, yaw = self._at[robot]
        there, yaw = self._leg(node, yaw, pick)
        back, yaw = self._leg(pick, yaw, drop)
        self._at[robot] = (drop, yaw)
        return there + self._world.pick_s + back + self._world.drop_s

    def _assign(self, free, now):
        """Return (robot, order) pairs for the free robots, from a full backlog."""
        now_ms = int(1000 * now)
        for order in self._stream.refill(len(self._waiting)):
            self._waiting[order.order_id] = _Waiting(order.order_id, order.priority, now_ms, order)
            self._backlog.put(self._waiting[order.order_id])
        given = allocate(self._strategy, [Candidate(robot, *self._at[robot]) for robot in free],
                         self._backlog.look(now_ms, 0.0), self._travel)
        for _, order_id, _ in given:
            self._backlog.drop(order_id)
        return [(robot, self._waiting.pop(order_id).order) for robot, order_id, _ in given]

    def cycles(self, count) -> list:
        """Return the times of the first orders that one ghost carries out, one at a time [s]."""
        result, now = [], 0.0
        for _ in range(count):
            (robot, order), = self._assign(list(self._at), now)
            result.append(self._carry_out(robot, order))
            now += result[-1]
        return result

    def run(self, duration_s: float, settle_s: float = 0.0) -> GhostResult:
        """Return what is done between `settle_s` and the end of `duration_s`."""
        ends = [(0.0, robot, None) for robot in self._at]
        heapify(ends)
        done, cycles = 0, []
        while ends[0][0] <= duration_s:
            now, free = ends[0][0], []
            while ends and ends[0][0] == now:
                _, robot, order = heappop(ends)
                free.append(robot)
                done += order is not None and now > settle_s
            while free:
                pairs = self._assign(free, now)
                for robot, order in pairs:
                    cycles.append(self._carry_out(robot, order))
                    heappush(ends, (now + cycles[-1], robot, order.order_id))
                    free.remove(robot)
        return GhostResult(done, duration_s - settle_s, float(np.mean(cycles)))


def orders_per_hour_ghost(site: Site, robots: int, seed: int, duration_s: float = 3600.0,
                          settle_s: float = 300.0, **options) -> float:
    """Return the ghost bound in a steady state [1/h]; options as for `Ghosts`."""
    return Ghosts(site, robots, seed, **options).run(duration_s, settle_s).orders_per_hour
