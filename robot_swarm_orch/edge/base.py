# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The geometry of movement authority: which nodes the body touches, and how far the base reaches.

A robot's `Track` is the node that it stands at or passed last, then the rest of its route. The
*run* is the longest prefix of the track whose edges' lock sets are all held: that is where it may
drive. The *straight* of the run ends where the track first bends: a base whose computer dies keeps
its heading, so only the straight part counts as room to stop in.

Distances along the track are of the robot's centre, from the robot on, in metres.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import atan2, hypot, inf, pi, sqrt
from typing import Iterable, List, Optional, Tuple

import numpy as np

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.site import Site
from robot_swarm_orch.types import Nodes, Pose

# Larger changes of heading are made standing at the node, smaller ones while driving [rad].
BEND_RAD = 0.087
# Of the error bound, this share may be used up by stopping beyond the last node of the run.
OVERSHOOT_SHARE = 0.5
# A stop distance up to this is standing still [m].
_STANDS_M = 0.001
# How far a robot may stray from a node, by slip or a late command, and still help itself [m].
_STRAY_M = 0.3
# A horizon that would end on a junction is extended by at most this many nodes beyond it.
_BEYOND_JUNCTION = 4


def wrap_rad(angle: float) -> float:
    """Return the same angle in -pi to pi."""
    return (angle + pi) % (2.0 * pi) - pi


def stop_distance_m(speed_mps: float, react_s: float, brake_mps2: float) -> float:
    """Return the way to standstill when braking begins after `react_s` [m]."""
    return speed_mps * react_s + speed_mps * speed_mps / (2.0 * brake_mps2)


def stoppable_speed_mps(room_m: float, react_s: float, brake_mps2: float) -> float:
    """Return the highest speed whose stop distance is no more than `room_m`; 0 without room."""
    if not room_m > 0.0:  # NaN is no room
        return 0.0
    lag = brake_mps2 * react_s
    return sqrt(lag * lag + 2.0 * brake_mps2 * room_m) - lag


class Edge:
    """A directed edge, with what is needed of it at every tick."""

    __slots__ = ('a', 'b', 'x_m', 'y_m', 'ux', 'uy', 'length_m', 'yaw_rad', 'lock', 'extras',
                 'release_m')

    def __init__(self, site: Site, a: int, b: int):
        """Look the edge a->b up in the site."""
        self.a, self.b = a, b
        self.x_m, self.y_m = map(float, site.xy[a])
        dx, dy = float(site.xy[b][0]) - self.x_m, float(site.xy[b][1]) - self.y_m
        self.length_m = hypot(dx, dy)
        self.ux, self.uy = dx / self.length_m, dy / self.length_m
        self.yaw_rad = atan2(dy, dx)
        lock = site.lock_set(a, b)
        self.lock = frozenset(lock)
        self.extras = tuple(node for node in lock if node not in (a, b))
        releases = dict(site.release_m(a, b))
        self.release_m = tuple((node, releases[node]) for node in lock if node != b)

    def along_m(self, x_m: float, y_m: float) -> float:
        """Return how far along the edge a point lies [m]; negative before its start."""
        return (x_m - self.x_m) * self.ux + (y_m - self.y_m) * self.uy

    def left_m(self, x_m: float, y_m: float) -> float:
        """Return how far to the left of the edge a point lies [m]."""
        return (y_m - self.y_m) * self.ux - (x_m - self.x_m) * self.uy

    def touched(self, along_m: float) -> Nodes:
        """Return the locked nodes that a body which came from the start has not left yet."""
        return tuple(node for node, release in self.release_m if along_m < release) + (self.b,)


class Roadmap:
    """A site seen as edges; each is worked out once, when it is first asked for."""

    def __init__(self, site: Site):
        """Start empty."""
        self.site = site
        self._points = tuple(map(tuple, site.xy.tolist()))
        self._edges = {}
        self._longest_m = None

    def edge(self, a: int, b: int) -> Edge:
        """Return the directed edge a->b; KeyError if the site has none."""
        found = self._edges.get((a, b))
        if found is None:
            found = self._edges[a, b] = Edge(self.site, a, b)
        return found

    def off_node_m(self, node: int, x_m: float, y_m: float) -> float:
        """Return how far a point is from a node [m]."""
        x, y = self._points[node]
        return hypot(x_m - x, y_m - y)

    def clear(self, held, x_m: float, y_m: float, gap_m: float) -> bool:
        """
        Return whether nobody who respects the nodes held may come nearer than `gap_m`.

        Others may stand at nodes and drive on edges that are not held, and where an edge shares a
        node with `held`, on the part beyond which that node may have been let go.
        """
        for a, b in self._edges_near(x_m, y_m, gap_m):
            if b in held:
                continue
            edge, start = self.edge(a, b), 0.0
            for node, release in edge.release_m:
                if node in held:
                    start = max(start, release)
            nearest = min(max(edge.along_m(x_m, y_m), start), edge.length_m)
            x, y = edge.x_m + nearest * edge.ux, edge.y_m + nearest * edge.uy
            if hypot(x - x_m, y - y_m) < gap_m:
                return False
        return all(zone.room_m(x_m, y_m) <= -gap_m and all(
            door in held or zone.lane_m(door, x_m, y_m) >= gap_m for door in zone.doors)
            for zone in self.site.free_zones)

    def _edges_near(self, x_m, y_m, gap_m):
        """Yield the streets, in both directions, that may come within a gap of a point."""
        site = self.site
        away = np.hypot(*(site.xy[:site.real_count] - (x_m, y_m)).T)
        if self._longest_m is None:
            self._longest_m = max(site.edge_length_m(a, b) for a in range(site.real_count)
                                  for b in site.successors[a])
        for a in np.flatnonzero(away < gap_m + self._longest_m).tolist():
            for b in site.successors[a]:
                if site.free_zone_on(a, b) is None:
                    yield a, b
                    yield b, a


@dataclass(frozen=True)
class Progress:
    """How far a robot is along its base."""

    node: int            # node that it stands at or passed last
    along_m: float       # way driven since that node [m]
    to_stop_m: float     # way left on the straight of the run [m]
    at_node: bool        # whether it stands at `node`


class Base:
    """
    The run for one tick: where the robot may drive, and what comes next.

    `edges` are the edges of the run, the first being the one that the robot is on or about to
    enter; `next_edge` is the edge after the run, None at the end of the route; `turn_edge` is the
    edge that follows the straight part. `slack_m` is how far beyond the last node of the straight
    the robot may come to rest.
    """

    __slots__ = ('node', 'edges', 'next_edge', 'turn_edge', 'straight_m', 'slack_m')

    def __init__(self, node: int, edges: Tuple[Edge, ...], next_edge: Optional[Edge],
                 slack_m: float):
        """Measure the straight part of the run."""
        self.node, self.edges, self.next_edge, self.slack_m = node, edges, next_edge, slack_m
        self.turn_edge = next_edge
        total, before = 0.0, None
        for edge in edges:
            if before is not None and abs(wrap_rad(edge.yaw_rad - before)) > BEND_RAD:
                self.turn_edge = edge
                break
            total += edge.length_m
            before = edge.yaw_rad
        self.straight_m = total

    @property
    def waits(self) -> bool:
        """Return whether the straight ends for want of a node, not at a bend or at the goal."""
        return self.next_edge is not None and self.turn_edge is self.next_edge

    @property
    def ahead(self) -> Optional[Edge]:
        """Return the edge to face: the first of the run, else the one that is waited for."""
        return self.edges[0] if self.edges else self.next_edge

    def to_stop_m(self, x_m: float, y_m: float) -> float:
        """Return the way left on the straight of the run [m]; not positive without a run."""
        if self.edges:
            return self.straight_m - self.edges[0].along_m(x_m, y_m)
        if self.next_edge is not None:
            return -self.next_edge.along_m(x_m, y_m)
        return 0.0


@lru_cache(maxsize=8)
def roadmap_of(site: Site) -> Roadmap:
    """Return the roadmap of a site: one for all robots of a process, which would fill it alike."""
    return Roadmap(site)


class Track:
    """
    Where a robot is on the roadmap and where it goes: one node passed, the rest ahead.

    `nodes[0]` is the node that the robot stands at or passed last. While it is between two nodes
    there is always a `nodes[1]`.
    """

    __slots__ = ('roadmap', 'config', 'nodes', 'slack_m')

    def __init__(self, roadmap: Roadmap, config: RobotConfig, nodes: Iterable[int]):
        """Start at `nodes[0]`, or between `nodes[0]` and `nodes[1]`."""
        self.roadmap = roadmap
        self.config = config
        self.nodes = tuple(nodes)
        self.slack_m = OVERSHOOT_SHARE * config.position_error_m

    @property
    def first(self) -> Optional[Edge]:
        """Return the edge that the robot is on or will drive first, None at the route's end."""
        nodes = self.nodes
        return self.roadmap.edge(nodes[0], nodes[1]) if len(nodes) > 1 else None

    def pass_nodes(self, x_m: float, y_m: float, at_rest: bool) -> bool:
        """Move `nodes[0]` on to the last node passed, or arrived at; return whether it changed."""
        changed = False
        while len(self.nodes) > 1:
            edge = self.first
            short = self.config.arrive_m if at_rest else 0.0
            if edge.along_m(x_m, y_m) < edge.length_m - short:
                break
            self.nodes = self.nodes[1:]
            changed = True
        return changed

    def offset_m(self, x_m: float, y_m: float) -> float:
        """Return how far the robot is beyond `nodes[0]`, along the track [m]."""
        edge = self.first
        return edge.along_m(x_m, y_m) if edge is not None else 0.0

    def committed(self, x_m: float, y_m: float, speed_mps: float) -> int:
        """
        Return the index of the first node of the track at which the robot can still stop.

        A robot that stands may be off its node by the whole error bound, not just the slack.
        """
        reach = stop_distance_m(speed_mps, self.config.react_s, self.config.brake_mps2)
        slack = self.slack_m if reach > _STANDS_M else self.config.position_error_m
        room = slack - self.offset_m(x_m, y_m)
        nodes, index = self.nodes, 0
        while room < reach and index < len(nodes) - 1:
            room += self.roadmap.edge(nodes[index], nodes[index + 1]).length_m
            index += 1
        return index

    def needed(self, x_m: float, y_m: float, committed: int) -> List[int]:
        """Return the nodes that the body is in or cannot be kept out of, in driving order."""
        nodes = self.nodes
        if committed == 0:
            return [nodes[0]]
        result = list(self.first.touched(self.offset_m(x_m, y_m)))
        for index in range(1, committed):
            edge = self.roadmap.edge(nodes[index], nodes[index + 1])
            result += [node for node in edge.extras + (edge.b,) if node not in result]
        return result

    def inside(self, held, x_m: float, y_m: float, tolerance_m: float) -> bool:
        """
        Return whether a body centred here is inside the nodes held.

        It is within the tolerance of `nodes[0]`, or of the edge ahead of whose lock set all is
        held that the body has not left; or it has strayed a little from `nodes[0]`, but is in
        nobody's way and nobody may come in its own.
        """
        roadmap, node, edge = self.roadmap, self.nodes[0], self.first
        off = roadmap.off_node_m(node, x_m, y_m) if node in held else inf
        if off <= tolerance_m:
            return True
        if (edge is not None and abs(edge.left_m(x_m, y_m)) <= tolerance_m
                and held.issuperset(edge.touched(edge.along_m(x_m, y_m)))):
            return True
        return off <= _STRAY_M and roadmap.clear(held, x_m, y_m,
                                                 roadmap.site.clearance_m - tolerance_m)

    def missing(self, held, x_m: float, y_m: float) -> List[int]:
        """Return the nodes not held that the body is in, if it is on the edge ahead."""
        edge = self.first
        if edge is None:
            return []
        along = edge.along_m(x_m, y_m)
        if not 0.0 <= along <= edge.length_m:
            return []
        return [node for node in edge.touched(along) if node not in held]

    def horizon(self, count: int) -> List[int]:
        """Return the next `count` nodes each after the off-route nodes of its edge's lock set."""
        nodes, site = self.nodes, self.roadmap.site
        result, last = [], min(count, len(nodes) - 1)
        most = min(last + _BEYOND_JUNCTION, len(nodes) - 1)
        while last < most and site.is_junction(nodes[last]):
            last += 1
        for index in range(last):
            edge = self.roadmap.edge(nodes[index], nodes[index + 1])
            result += edge.extras
            result.append(edge.b)
        return result

    def base(self, held, x_m: float, y_m: float) -> Base:
        """
        Return the run under the set of nodes held.

        The edge that the robot is on belongs to it if all is held that the body has not left. At
        the door of a free zone it ends: from there on the robot finds its own way.
        """
        nodes, edges, site = self.nodes, [], self.roadmap.site
        for index in range(len(nodes) - 1):
            if site.free_zones and site.free_zone_on(nodes[index], nodes[index + 1]) is not None:
                break
            edge = self.roadmap.edge(nodes[index], nodes[index + 1])
            if not edge.lock <= held and (
                    index > 0 or not held.issuperset(edge.touched(edge.along_m(x_m, y_m)))):
                return Base(nodes[0], tuple(edges), edge, self.slack_m)
            edges.append(edge)
        return Base(nodes[0], tuple(edges), None, self.slack_m)


def until_return(ahead: List[int], held: Iterable[int], needed: Iterable[int]) -> List[int]:
    """
    Return the horizon up to where it comes back to a node that is held from before.

    A way round a block leads back to nodes just left. Wanted at once, they would never be given
    back, and the robot would hold the end of a way whose middle somebody else holds: two such
    robots wait for each other for ever. So a node behind a gap in what is held is first let go
    (unless it is `needed`, since the body is in it), and wanted again with a later report.
    """
    gap = False
    for index, node in enumerate(ahead):
        if node not in held:
            gap = True
        elif gap and node not in needed and node not in ahead[:index]:
            return ahead[:index]
    return ahead


def locate(roadmap: Roadmap, held: Iterable[int], pose: Pose, tolerance_m: float,
           towards: int = -1, strayed: bool = False) -> Nodes:
    """
    Return the track of a robot that stands somewhere inside the nodes it holds; () if outside.

    Either one node, or the two ends of the edge that it is on: in the direction that ends at the
    node `towards`, else in one that may be driven, else in the one that it faces. So a robot that
    rolled past its goal drives back to it, even on a one-way street: all of that way is its own.
    With `strayed`, one end of the edge must be held, and the rest may be missing.
    """
    owned, site = frozenset(held), roadmap.site
    real = sorted(node for node in owned if node < site.real_count)
    for node in real:
        if roadmap.off_node_m(node, pose.x_m, pose.y_m) <= tolerance_m:
            return (node,)
    best, chosen = (), ()
    for a, b in _edges_at(site, real):
        edge = roadmap.edge(a, b)
        along = edge.along_m(pose.x_m, pose.y_m)
        if (0.0 <= along <= edge.length_m
                and abs(edge.left_m(pose.x_m, pose.y_m)) <= tolerance_m
                and (strayed or owned.issuperset(edge.touched(along)))):
            rank = (b == towards, site.is_edge(a, b),
                    -abs(wrap_rad(edge.yaw_rad - pose.yaw_rad)))
            if rank > best:
                best, chosen = rank, (a, b)
    return chosen


def _edges_at(site, nodes):
    """Return, in both directions and sorted, the edges that meet one of `nodes`."""
    ends = set(nodes)
    pairs = {(a, b) for a in range(site.real_count) for b in site.successors[a]
             if (a in ends or b in ends) and site.free_zone_on(a, b) is None}
    return sorted(pairs | {(b, a) for a, b in pairs})
