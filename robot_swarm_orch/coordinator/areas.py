# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Areas of a site that take only so many robots at once, as the leader's traffic policy keeps them.

A robot is given its first node in an area only while fewer than `robots_max` others own or are
promised nodes there. Whoever is inside is never held back by it. More robots than that in a
packing hall only wait for each other there, and for those who want out.
"""


class Areas:
    """Who is in which area, counted anew for each decision."""

    def __init__(self, site, owner):
        """Use a site's areas, and the keeper's `owner` of nodes."""
        self._areas = site.areas
        self._owner = owner
        self._at = {}  # node -> indices of the areas that it is in
        for index, area in enumerate(self._areas):
            for node in area.nodes:
                self._at.setdefault(node, []).append(index)
        self._inside = [set() for _ in self._areas]
        self._promised = [set() for _ in self._areas]

    def count(self, promised):
        """Count who owns nodes in each area; `promised`: {node: number} of nodes kept for some."""
        for index, area in enumerate(self._areas):
            self._inside[index] = {self._owner[node] for node in area.nodes if node in self._owner}
            self._promised[index] = {promised[node] for node in area.nodes if node in promised}

    def give(self, number, nodes):
        """Note that a robot is given nodes."""
        for index in self._of(nodes):
            self._inside[index].add(number)

    def promise(self, number, nodes):
        """Note that nodes are kept for a robot."""
        for index in self._of(nodes):
            self._promised[index].add(number)

    def _of(self, nodes):
        if not self._areas:
            return ()
        return {index for node in nodes for index in self._at.get(node, ())}

    def closed_to(self, number, nodes):
        """Return the areas (their indices, ascending) that keep a robot from being given nodes."""
        return [index for index in sorted(self._of(nodes))
                if number not in self._inside[index] and self._is_full(index, number)]

    def _is_full(self, index, number=None):
        others = self._inside[index] | self._promised[index]
        return len(others - {number}) >= self._areas[index].robots_max

    def robots_in(self, indices):
        """Return the numbers of the robots in some areas."""
        return set().union(*(self._inside[index] for index in indices))

    def leads_into_full(self, node, after):
        """Return whether the step from a node to the next enters an area that is full."""
        return bool(self._areas) and any(
            index not in self._at.get(node, ()) and self._is_full(index)
            for index in self._at.get(after, ()))
