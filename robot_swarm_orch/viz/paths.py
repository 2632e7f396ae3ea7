# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""From roadmap nodes to what a line is drawn through: segments, dots and corners."""

from typing import Dict, Iterable, List, Tuple

from robot_swarm_orch.site import Site
from robot_swarm_orch.types import Nodes
from robot_swarm_orch.viz.shapes import Point

_CROSS_M = 0.35  # half the width of the cross on a node that is held alone
_STRAIGHT = 1e-6


class Paths:
    """Lines on one site's roadmap, remembered edge by edge."""

    def __init__(self, site: Site, dot_gap_m: float = 0.5):
        """Know the site; dots stand this far apart."""
        self._site = site
        self._dot_gap_m = dot_gap_m
        self._xy = [tuple(point) for point in site.xy.tolist()]
        self._dots: Dict[Tuple[int, int], List[Point]] = {}

    def real(self, nodes: Iterable[int]) -> Nodes:
        """Return the nodes that are points of the roadmap: conflict nodes lie nowhere."""
        return tuple(node for node in nodes if 0 <= node < self._site.real_count)

    def point(self, node: int, z_m: float) -> Point:
        """Return where a node lies."""
        return (*self._xy[node], z_m)

    def joined(self, a: int, b: int) -> bool:
        """Return whether a street leads between two nodes, in either direction."""
        return self._site.is_edge(a, b) or self._site.is_edge(b, a)

    def solid(self, nodes: Nodes, z_m: float) -> Tuple[Point, ...]:
        """
        Return ends of segments: every street between two of the nodes, which all are owned.

        A node without such a street becomes a small cross.
        """
        points, used = [], set()
        for index, a in enumerate(nodes):
            for b in nodes[index + 1:]:
                if self.joined(a, b):
                    points += (self.point(a, z_m), self.point(b, z_m))
                    used.update((a, b))
        for node in nodes:
            if node not in used:
                x, y = self._xy[node]
                points += ((x - _CROSS_M, y, z_m), (x + _CROSS_M, y, z_m),
                           (x, y - _CROSS_M, z_m), (x, y + _CROSS_M, z_m))
        return tuple(points)

    def dotted(self, nodes: Nodes, z_m: float) -> Tuple[Point, ...]:
        """Return dots along nodes in driving order, the first node left out."""
        points = []
        for edge in zip(nodes, nodes[1:]):
            known = self._dots.get(edge)
            if known is None:
                known = self._dots[edge] = self._dots_of(*edge, z_m)
            points += known
        return tuple(points)

    def _dots_of(self, a, b, z_m):
        """Return the dots behind a up to b; b alone where no street leads."""
        if not self.joined(a, b):
            return [self.point(b, z_m)]
        (x0, y0), (x1, y1) = self._xy[a], self._xy[b]
        count = max(1, round(self._site.edge_length_m(a, b) / self._dot_gap_m))
        return [(x0 + (x1 - x0) * part / count, y0 + (y1 - y0) * part / count, z_m)
                for part in range(1, count + 1)]

    def corners(self, nodes: Nodes, z_m: float) -> Tuple[Point, ...]:
        """Return a line through nodes: its ends, and the nodes at which it bends."""
        points = [self.point(node, z_m) for node in nodes[:1]]
        for before, node, after in zip(nodes, nodes[1:], nodes[2:]):
            (x0, y0), (x1, y1), (x2, y2) = self._xy[before], self._xy[node], self._xy[after]
            side = (x1 - x0) * (y2 - y1) - (y1 - y0) * (x2 - x1)
            ahead = (x1 - x0) * (x2 - x1) + (y1 - y0) * (y2 - y1)
            if abs(side) > _STRAIGHT or ahead < 0.0:
                points.append((x1, y1, z_m))
        points += [self.point(node, z_m) for node in nodes[1:][-1:]]
        return tuple(points)
