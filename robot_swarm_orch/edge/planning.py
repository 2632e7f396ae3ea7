# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Routes on the roadmap: one distance table per goal, over edges, with the cost of turning.

A robot stops to turn, so the cost of a route depends on the heading with which it leaves each
node. The search (`route_search.py`) therefore runs over directed edges ("standing at b, having
come from a") rather than nodes, backwards from the goal: one table serves all robots, and an
allocator asks it for many at once. Costs are seconds of driving alone.

`drive_time_s` gives the time of one route exactly, by the motion profile of `motion.py`: from rest
to rest between two turns, with bounded acceleration and jerk.
"""

from collections import OrderedDict
from math import atan2, inf, pi, sqrt
from typing import Collection, Mapping, Optional, Sequence, Tuple

import numpy as np
from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge import route_search
from robot_swarm_orch.edge.route_search import ArcGraph
from robot_swarm_orch.site import Site

# Smaller changes of heading are steered while driving (as by `motion.Follower`) [rad].
STRAIGHT_RAD = 0.087
# What a planner keeps: as many tables as fit, but enough for one allocation.
_TABLES_BYTES = 64 << 20
_TABLES_MIN = 64
# Goals whose costs from many starts are looked up in one go.
_AT_ONCE = 16


def wrap_rad(angle: float) -> float:
    """Return the same angle in -pi to pi."""
    return (angle + pi) % (2.0 * pi) - pi


def ramp_time_s(way: float, speed: float, speed_up: float, slow_down: float) -> float:
    """Return the time of a move from rest to rest over `way`, by a trapezoidal speed profile."""
    ramps = speed * speed * (0.5 / speed_up + 0.5 / slow_down)
    if way >= ramps:
        return speed / speed_up + speed / slow_down + (way - ramps) / speed
    top = sqrt(2.0 * way * speed_up * slow_down / (speed_up + slow_down))
    return top / speed_up + top / slow_down


def turn_time_s(angle: float, robot: RobotConfig) -> float:
    """Return the time to turn on the spot by an angle; 0 where driving on is straight enough."""
    angle = abs(wrap_rad(angle))
    if angle < STRAIGHT_RAD:
        return 0.0
    return ramp_time_s(angle, robot.yaw_rate_radps, robot.yaw_acceleration_radps2,
                       robot.yaw_acceleration_radps2)


def turn_times_s(angles: np.ndarray, robot: RobotConfig) -> np.ndarray:
    """Return `turn_time_s` of an array of angles."""
    angles = np.abs((angles + pi) % (2.0 * pi) - pi)
    rate, growth = robot.yaw_rate_radps, robot.yaw_acceleration_radps2
    times = np.where(angles >= rate * rate / growth, angles / rate + rate / growth,
                     2.0 * np.sqrt(angles / growth))
    return np.where(angles < STRAIGHT_RAD, 0.0, times)


def drive_time_s(site: Site, route: Tuple[int, ...], yaw_rad: float, robot: RobotConfig) -> float:
    """Return the time of a route driven alone, from rest to rest: straight runs and turns [s]."""
    total, run, heading = 0.0, 0.0, yaw_rad
    for a, b in zip(route, route[1:]):
        dx, dy = site.xy[b] - site.xy[a]
        ahead = atan2(dy, dx)
        if abs(wrap_rad(ahead - heading)) >= STRAIGHT_RAD:
            total += _run_time_s(run, robot) + turn_time_s(ahead - heading, robot)
            run = 0.0
        heading = ahead
        run += site.edge_length_m(a, b)
    return total + _run_time_s(run, robot)


def build_up_time_s(robot: RobotConfig) -> float:
    """
    Return by how much a bounded jerk makes a run from rest to rest longer [s].

    Acceleration and braking build up and end over a/J. Commands come once in a tick, and their
    first change of acceleration is immediate: that much of it costs nothing.
    """
    both = robot.acceleration_mps2 + robot.brake_mps2
    return max(0.0, 0.5 * both / robot.jerk_mps3 - robot.tick_s)


def _run_time_s(length, robot):
    """Return the time of a straight run from rest to rest [s]."""
    if length <= 0.0:
        return 0.0
    return build_up_time_s(robot) + ramp_time_s(length, robot.speed_mps, robot.acceleration_mps2,
                                                robot.brake_mps2)


def stop_cost_s(robot: RobotConfig) -> float:
    """Return the time lost by stopping on the way [s]."""
    ramps_s = 0.5 * robot.speed_mps * (1.0 / robot.acceleration_mps2 + 1.0 / robot.brake_mps2)
    return ramps_s + build_up_time_s(robot)


def turn_costs_s(angles: np.ndarray, robot: RobotConfig) -> np.ndarray:
    """Return the time lost by stopping for each of many turns, and turning [s]."""
    turns_s = turn_times_s(angles, robot)
    return np.where(turns_s > 0.0, turns_s + stop_cost_s(robot), 0.0)


class RouteTable:
    """
    What every route to one goal costs, and the routes themselves.

    It is searched as far as it is asked about; `finish` searches all of it.
    """

    def __init__(self, graph: ArcGraph, robot: RobotConfig, search, cost_s: np.ndarray, goal: int):
        """Keep a search (`route_search`) that was begun at the goal, and what arcs cost [s]."""
        self.to_goal = goal
        self._graph, self._robot = graph, robot
        self._search, self._cost_s = search, cost_s
        self._stop_cost_s = stop_cost_s(robot)
        self._totals_s = None

    @property
    def is_whole(self) -> bool:
        """Return whether all of it is searched."""
        return self._search.is_whole

    def finish(self) -> 'RouteTable':
        """Search all of it, and sum it up for `costs_s`; return the table."""
        if self._totals_s is None:
            self._search.finish()
            self._totals_s = self._cost_s + self._search.to_go_s
        return self

    def _best(self, node, turns_s):
        """Return (cost, arc) of the best way out of a node, (inf, -1) if there is none."""
        arcs = self._graph.arcs_from(node)
        if not len(arcs):
            return inf, -1
        self._search.settle(node, arcs, turns_s)
        totals = self._cost_s[arcs] + self._search.to_go_s[arcs] + turns_s
        chosen = int(totals.argmin())
        total = float(totals[chosen])
        return total, int(arcs[chosen]) if total < inf else -1

    def _first_arc(self, node, yaw_rad):
        """Return `_best` of a robot that has to turn first."""
        graph = self._graph
        headings = graph.heading[graph.arcs_from(node)].tolist()
        return self._best(node, np.array([turn_time_s(heading - yaw_rad, self._robot)
                                          for heading in headings]))

    def cost_s(self, node: int, yaw_rad: float) -> float:
        """Return the cost from standing at a node with a heading [s]; inf if there is no way."""
        if node == self.to_goal:
            return 0.0
        return self._first_arc(node, yaw_rad)[0] + self._stop_cost_s

    def least_s(self, node: int) -> float:
        """Return the cost from a node with the best heading there [s]; inf if there is no way."""
        if node == self.to_goal:
            return 0.0
        return self._best(node, np.zeros(len(self._graph.arcs_from(node))))[0]

    def costs_s(self, nodes: np.ndarray, yaws_rad: np.ndarray) -> np.ndarray:
        """Return `cost_s` of many starts: arrays (n,) of nodes and headings, (n,) costs [s]."""
        graph, nodes = self._graph, np.asarray(nodes, dtype=int)
        arcs = graph.arcs_from_each[nodes]
        turns_s = turn_times_s(graph.heading[arcs] - np.asarray(yaws_rad)[:, None], self._robot)
        totals = np.where(arcs >= 0, self.totals_s[arcs] + turns_s, inf).min(axis=1)
        return np.where(nodes == self.to_goal, 0.0, totals + self._stop_cost_s)

    @property
    def totals_s(self) -> np.ndarray:
        """Return what each arc and the way on from its end cost, (arcs,) [s], all searched."""
        return self.finish()._totals_s

    def route(self, node: int, yaw_rad: float) -> Tuple[int, ...]:
        """Return the nodes from `node` to the goal, both included; () if there is no way."""
        if node == self.to_goal:
            return (node,)
        _, arc = self._first_arc(node, yaw_rad)
        if arc < 0:
            return ()
        return (node, *self._graph.way_from(arc, self._search.to_go_s, self._cost_s))


class Planner:
    """
    Routes and costs on one site for one kind of robot, with the latest tables kept.

    Penalties are extra seconds for driving into a node (blocked, held by others, congestion), 0 or
    more. Blocked edges are pairs (a, b) of nodes: nobody drives from a to b, while b to a is
    another edge. Both are part of a table's key, so pass penalties rounded.
    """

    def __init__(self, site: Site, robot: RobotConfig, keep: Optional[int] = None,
                 search=route_search.Search):
        """
        Prepare the site's graph, and compile what has to be.

        keep: how many tables stay in memory at most, if they fit into 64 MiB. search: one of the
        two searches of `route_search`.
        """
        self.site = site
        self.robot = robot
        self._search = search
        self.graph = ArcGraph(site, robot.speed_mps, lambda angles: turn_costs_s(angles, robot))
        self._tables = OrderedDict()
        fitting = max(_TABLES_MIN, _TABLES_BYTES // self.graph.table_bytes)
        self._keep = fitting if keep is None else min(keep, fitting)
        # What is compiled, or loaded, at its first call must not be so in a robot's tick.
        self._made(int(self.graph.end[0]), {}, (), None).route(int(self.graph.start[0]), 0.0)

    def table(self, goal: int, penalties: Optional[Mapping[int, float]] = None,
              blocked_edges: Collection[Tuple[int, int]] = (),
              towards: Optional[int] = None) -> RouteTable:
        """
        Return the distance table to a goal, searched at need.

        towards: the node that it is asked about first, None for no one in particular. KeyError if
        a blocked edge is none of the site's.
        """
        penalties = penalties or {}
        key = (goal, tuple(sorted(penalties.items())), tuple(sorted(set(blocked_edges))))
        found = self._tables.get(key)
        if found is not None:
            self._tables.move_to_end(key)
            return found
        made = self._tables[key] = self._made(goal, penalties, blocked_edges, towards)
        if len(self._tables) > self._keep:
            self._tables.popitem(last=False)
        return made

    def _made(self, goal, penalties, blocked_edges, towards):
        """Return a new table."""
        cost_s = self.graph.costs_to(goal, penalties, blocked_edges)
        return RouteTable(self.graph, self.robot,
                          self._search(self.graph, goal, cost_s, towards), cost_s, goal)

    def costs_s(self, goals: Sequence[int], nodes: np.ndarray,
                yaws_rad: np.ndarray) -> np.ndarray:
        """Return `RouteTable.costs_s` of many starts to many goals, (goals, starts) [s]."""
        graph, nodes = self.graph, np.asarray(nodes, dtype=int)
        arcs = np.ascontiguousarray(graph.arcs_from_each[nodes].T)  # (ways out of a node, starts)
        turns_s = turn_times_s(graph.heading[arcs] - np.asarray(yaws_rad), self.robot)
        turns_s = np.where(arcs >= 0, turns_s, inf)
        result, some = np.empty((len(goals), len(nodes))), np.empty((_AT_ONCE, *arcs.shape))
        for begin in range(0, len(goals), _AT_ONCE):
            part = goals[begin:begin + _AT_ONCE]
            for goal, room in zip(part, some):
                self.table(goal).totals_s.take(arcs, out=room, mode='wrap')
            totals = some[:len(part)]
            totals += turns_s
            totals.min(axis=1, out=result[begin:begin + len(part)])
        result += stop_cost_s(self.robot)
        result[np.asarray(goals, dtype=int)[:, None] == nodes] = 0.0
        return result

    def forget(self) -> None:
        """Forget all tables."""
        self._tables.clear()

    def has_whole(self, goal: int) -> bool:
        """Return whether the table to a goal, without penalties, is there and all searched."""
        found = self._tables.get((goal, (), ()))
        return found is not None and found.is_whole

    def route(self, from_node: int, yaw_rad: float, goal: int,
              penalties: Optional[Mapping[int, float]] = None,
              blocked_edges: Collection[Tuple[int, int]] = ()) -> Tuple[int, ...]:
        """Return the nodes from `from_node` to `goal`, both included; () if there is no way."""
        return self.table(goal, penalties, blocked_edges, from_node).route(from_node, yaw_rad)

    def cost_s(self, from_node: int, yaw_rad: float, goal: int,
               penalties: Optional[Mapping[int, float]] = None,
               blocked_edges: Collection[Tuple[int, int]] = ()) -> float:
        """Return the cost of a route [s], inf if there is no way."""
        return self.table(goal, penalties, blocked_edges, from_node).cost_s(from_node, yaw_rad)


def route_table(site: Site, goal: int, robot: RobotConfig,
                node_cost_s: Optional[Mapping[int, float]] = None) -> RouteTable:
    """Return one distance table; keep a `Planner` where more than one is needed."""
    return Planner(site, robot).table(goal, node_cost_s)
