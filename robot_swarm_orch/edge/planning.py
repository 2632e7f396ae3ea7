# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Routes on the roadmap: one distance table per goal, over edges, with the cost of turning.

A robot stops to turn, so the cost of a route depends on the heading with which it leaves each
node. The search therefore runs over directed edges ("standing at b, having come from a") rather
than nodes, backwards from the goal: one Dijkstra search gives the cost from everywhere, which is
what an allocator needs for all robots at once. Costs are seconds of driving alone.

`drive_time_s` gives the time of one route exactly, by the motion profile of `motion.py`: from rest
to rest between two turns, with bounded acceleration and jerk.
"""

from collections import OrderedDict
from math import atan2, inf, pi, sqrt
from typing import Mapping, Optional, Tuple

import numpy as np
from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.site import Site
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

# Smaller changes of heading are steered while driving (as by `motion.Follower`) [rad].
STRAIGHT_RAD = 0.087
_NO_EDGE = -9999  # SciPy's mark of "no predecessor"


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


class _EdgeGraph:
    """A site's directed edges as the states of a search: shared by all tables of one planner."""

    def __init__(self, site: Site, robot: RobotConfig):
        """Lay out states and their steps; steps lead backwards, from a state to earlier ones."""
        self.site = site
        self.robot = robot
        arcs = [(a, b) for a in range(site.real_count) for b in site.successors[a]]
        self.heads = np.asarray([a for a, _ in arcs])
        self.tails = np.asarray([b for _, b in arcs])
        self.arc_of = {arc: index for index, arc in enumerate(arcs)}
        way = site.xy[self.tails] - site.xy[self.heads]
        self.heading = np.arctan2(way[:, 1], way[:, 0])
        against = np.asarray([arc in site.against for arc in arcs])
        self.drive_cost = (np.hypot(way[:, 0], way[:, 1]) / robot.speed_mps
                           + site.against_cost_s * against)
        self.cost = self.drive_cost + site.pass_cost_s[self.tails]
        self.stop_cost = 0.5 * robot.speed_mps * (1.0 / robot.acceleration_mps2
                                                  + 1.0 / robot.brake_mps2)
        self.stop_cost += build_up_time_s(robot)
        self.into = {}
        for index, (_, b) in enumerate(arcs):
            self.into.setdefault(b, []).append(index)
        steps = [(after, before) for after, (a, _) in enumerate(arcs)
                 for before in self.into.get(a, ())]
        self.after = np.asarray([after for after, _ in steps], dtype=np.int32)
        self.before = np.asarray([before for _, before in steps], dtype=np.int32)
        self.turn = np.asarray([self.turn_cost_s(self.heading[after] - self.heading[before])
                                for after, before in steps])
        widest = max(map(len, site.successors))
        self.out = np.full((site.real_count, widest), -1)
        for index, (a, b) in enumerate(arcs):
            self.out[a, site.successors[a].index(b)] = index
        counts = np.bincount(self.after, minlength=len(arcs))
        self.row_start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)

    def turn_cost_s(self, angle: float) -> float:
        """Return the time lost by stopping for a turn, and turning."""
        turn = turn_time_s(float(angle), self.robot)
        return turn + self.stop_cost if turn else 0.0

    def search(self, goal: int, penalty: Optional[np.ndarray]):
        """Return (cost to go, next arc) for every arc's end, and the cost of each arc."""
        cost = self.cost if penalty is None else self.cost + penalty[self.tails]
        at_goal = self.into.get(goal, [])
        cost = cost.copy()
        cost[at_goal] = self.drive_cost[at_goal]
        count = len(cost)
        if not at_goal:
            return np.full(count, inf), np.full(count, _NO_EDGE), cost
        weights = np.maximum(self.turn + cost[self.after], 1e-9)
        graph = csr_matrix((weights, self.before, self.row_start), shape=(count, count))
        to_go, after, _ = dijkstra(graph, indices=at_goal, min_only=True,
                                   return_predecessors=True)
        return to_go, after, cost


class RouteTable:
    """What every route to one goal costs, and the routes themselves."""

    def __init__(self, graph: _EdgeGraph, goal: int, penalty: Optional[np.ndarray]):
        """Search backwards from the goal; `penalty` is (node_count,) seconds, or None."""
        self.to_goal = goal
        self._graph = graph
        to_go, after, cost = graph.search(goal, penalty)
        self._total = cost + to_go
        self._to_go = to_go.tolist()
        self._after = after.tolist()
        self._cost = cost.tolist()

    def _first_arc(self, node, yaw_rad):
        """Return (cost, arc) of the best way out of a node, (inf, -1) if there is none."""
        graph = self._graph
        best, chosen = inf, -1
        for b in graph.site.successors[node]:
            arc = graph.arc_of[node, b]
            total = (self._cost[arc] + self._to_go[arc]
                     + turn_time_s(float(graph.heading[arc]) - yaw_rad, graph.robot))
            if total < best:
                best, chosen = total, arc
        return best, chosen

    def cost_s(self, node: int, yaw_rad: float) -> float:
        """Return the cost from standing at a node with a heading [s]; inf if there is no way."""
        if node == self.to_goal:
            return 0.0
        return self._first_arc(node, yaw_rad)[0] + self._graph.stop_cost

    def least_s(self, node: int) -> float:
        """Return the cost from a node with the best heading there [s]; inf if there is no way."""
        if node == self.to_goal:
            return 0.0
        arc_of, successors = self._graph.arc_of, self._graph.site.successors[node]
        return min((self._total[arc_of[node, after]] for after in successors), default=inf)

    def costs_s(self, nodes: np.ndarray, yaws_rad: np.ndarray) -> np.ndarray:
        """Return `cost_s` of many starts: arrays (n,) of nodes and headings, (n,) costs [s]."""
        graph = self._graph
        nodes = np.asarray(nodes, dtype=int)
        arcs = graph.out[nodes]
        turns = turn_times_s(graph.heading[arcs] - np.asarray(yaws_rad)[:, None], graph.robot)
        totals = np.where(arcs >= 0, self._total[arcs] + turns, inf).min(axis=1)
        return np.where(nodes == self.to_goal, 0.0, totals + graph.stop_cost)

    def route(self, node: int, yaw_rad: float) -> Tuple[int, ...]:
        """Return the nodes from `node` to the goal, both included; () if there is no way."""
        if node == self.to_goal:
            return (node,)
        _, arc = self._first_arc(node, yaw_rad)
        if arc < 0:
            return ()
        tails, nodes = self._graph.tails, [node]
        while arc >= 0:
            nodes.append(int(tails[arc]))
            arc = self._after[arc] if nodes[-1] != self.to_goal else -1
        return tuple(nodes)


class Planner:
    """
    Routes and costs on one site for one kind of robot, with the latest tables kept.

    Penalties are extra seconds for driving into a node (blocked, held by others); they are part of
    a table's key, so pass them rounded.
    """

    def __init__(self, site: Site, robot: RobotConfig, keep: int = 512):
        """Prepare the site's graph; `keep` bounds how many tables stay in memory."""
        self.site = site
        self.robot = robot
        self._graph = _EdgeGraph(site, robot)
        self._tables = OrderedDict()
        self._keep = keep

    def table(self, goal: int, penalties: Optional[Mapping[int, float]] = None) -> RouteTable:
        """Return the distance table to a goal, searched at need."""
        key = (goal, tuple(sorted(penalties.items())) if penalties else ())
        found = self._tables.get(key)
        if found is not None:
            self._tables.move_to_end(key)
            return found
        made = RouteTable(self._graph, goal, self._penalty(penalties))
        self._tables[key] = made
        if len(self._tables) > self._keep:
            self._tables.popitem(last=False)
        return made

    def _penalty(self, penalties):
        """Return penalties as an array over nodes, None if there are none."""
        if not penalties:
            return None
        array = np.zeros(self.site.node_count)
        array[list(penalties)] = list(penalties.values())
        return array

    def route(self, from_node: int, yaw_rad: float, goal: int,
              penalties: Optional[Mapping[int, float]] = None) -> Tuple[int, ...]:
        """Return the nodes from `from_node` to `goal`, both included; () if there is no way."""
        return self.table(goal, penalties).route(from_node, yaw_rad)

    def cost_s(self, from_node: int, yaw_rad: float, goal: int,
               penalties: Optional[Mapping[int, float]] = None) -> float:
        """Return the cost of a route [s], inf if there is no way."""
        return self.table(goal, penalties).cost_s(from_node, yaw_rad)


def route_table(site: Site, goal: int, robot: RobotConfig,
                node_cost_s: Optional[Mapping[int, float]] = None) -> RouteTable:
    """Return one distance table; keep a `Planner` where more than one is needed."""
    return Planner(site, robot).table(goal, node_cost_s)
