# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Units of a route: what the leader gives a robot at once, found in the nodes that it wants.

A robot wants the nodes of its route, each after what else its edge locks. So the leader has to
find out which of them are steps of the route and which are only locked beside it.
"""

from robot_swarm_orch.site.lock_sets import BESIDE_MAX


class Units:
    """The edges of a site, and the units that wanted nodes make on them."""

    def __init__(self, site):
        """Read the site once."""
        self.junction = [site.is_junction(n) for n in range(site.node_count)]
        self.edges = {}  # (a, b) -> (length [m], nodes locked beside)
        for a in range(site.node_count):
            for b in site.successors[a]:
                extras = tuple(n for n in site.lock_set(a, b) if n not in (a, b))
                self.edges[a, b] = (site.edge_length_m(a, b), extras)
        self._has_extras = any(extras for _, extras in self.edges.values())

    def start(self, report):
        """Return the held node from which the wanted nodes go on: as a rule the last one."""
        end = report.held[-1]
        if self._has_edge(end, report.wanted):
            return end
        for node in reversed(report.held):
            if self._has_edge(node, report.wanted):
                return node
        return end

    def _has_edge(self, node, wanted):
        edge = (node, wanted[0])
        return edge in self.edges or (
            self._has_extras and any((node, after) in self.edges
                                     for after in wanted[1:BESIDE_MAX + 1]))

    def unit(self, end, wanted, start, goal):
        """
        Return (stop, node, length [m]) of the unit `wanted[start:stop]` that ends at `node`.

        None if the wanted nodes end before the unit does.
        """
        length_m = 0.0
        for index in range(start, len(wanted)):
            node = wanted[index]
            edge = self.edges.get((end, node))
            if edge is None or self._has_extras and self._is_extra(end, wanted, index):
                continue
            length_m += edge[0]
            end = node
            if not self.junction[node] or node == goal:
                return index + 1, node, length_m
        return None

    def _is_extra(self, end, wanted, index):
        """Return whether a wanted node is only locked on the way to one of the nodes behind it."""
        node = wanted[index]
        for after in wanted[index + 1:index + 1 + BESIDE_MAX]:
            edge = self.edges.get((end, after))
            if edge is not None and node in edge[1]:
                return True
        return False

    def edges_of(self, end, wanted, start, stop):
        """Return the edges (from, to) of a unit `wanted[start:stop]` that begins at `end`."""
        edges = []
        for index in range(start, stop):
            edge = (end, wanted[index])
            if edge not in self.edges or self._has_extras and self._is_extra(end, wanted, index):
                continue
            edges.append(edge)
            end = wanted[index]
        return edges
