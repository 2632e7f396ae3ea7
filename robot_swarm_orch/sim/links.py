# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Cuts links of a simulated fleet, and makes them bad, for a while each."""

from dataclasses import replace


class Links:
    """The two networks of a cluster, that of the coordinators and that of everybody."""

    def __init__(self, cluster, later):
        """later(lasts_s, act): calls `act` after a time."""
        self._cluster, self._later = cluster, later
        self._spells = {}   # number -> {field: value} for all links
        self._number = 0
        self._quiet = (cluster.network.options, cluster.coordinator_network.options)

    def heal(self):
        """End all cuts and spells."""
        self._cluster.network.heal()
        self._cluster.coordinator_network.heal()
        self._spells.clear()
        self._set()

    def cut(self, between_coordinators, with_robots, lasts_s):
        """Cut directed pairs for a while."""
        cluster = self._cluster
        cluster.coordinator_network.cut_pairs(between_coordinators)
        cluster.network.cut_pairs(with_robots)

        def mend():
            cluster.coordinator_network.mend_pairs(between_coordinators)
            cluster.network.mend_pairs(with_robots)
        self._later(lasts_s, mend)

    def cut_peers(self, name, lasts_s, way):
        """Cut a coordinator off its peers: 'in', 'out' or 'both'."""
        peers = [other for other in self._cluster.hosts if other != name]
        pairs = [(other, name) for other in peers if way != 'out']
        pairs += [(name, other) for other in peers if way != 'in']
        self.cut(pairs, (), lasts_s)

    def spell(self, lasts_s, **fields):
        """Let links be worse for a while."""
        self._number += 1
        number = self._number
        self._spells[number] = fields
        self._set()

        def end():
            self._spells.pop(number, None)
            self._set()
        self._later(lasts_s, end)

    def _set(self):
        """Make links as bad as all spells together say; of two, the newer counts."""
        fields = {}
        for spell in self._spells.values():
            fields.update(spell)
        quiet, quiet_coordinators = self._quiet
        self._cluster.network.options = replace(quiet, **fields)
        self._cluster.coordinator_network.options = replace(quiet_coordinators, **fields)
