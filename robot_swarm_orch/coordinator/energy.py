# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What the way costs a battery: whether a robot can finish an order and still reach a charger.

The unit is seconds of driving: a full battery drives `battery_drive_h`. What the leader does not
know it takes for worse than it is: ways whose tables are not made are twice as long as flown, and
times at work are rounded up, to powers of two, so that few kinds of orders are told apart.
"""

from math import ceil, dist, isnan, log2, nan

import numpy as np

DETOUR = 2.0
"""How much longer than flown a way is taken to be."""

WORK_S = 30.0
"""What each stop is taken to cost, in seconds of driving [s]; resting costs less than driving."""

# Tails are told apart from so many seconds on, or from this share of a small battery on.
_LEAST_S, _LEAST_SHARE = 300.0, 1.0 / 16.0


class Energy:
    """The batteries of one fleet on one site."""

    def __init__(self, site, robot, reserve):
        """Take a Site, the fleet's RobotConfig, and the charge to be left at a charger."""
        self._site, self._speed_mps = site, robot.speed_mps
        self._full_s, self._reserve = 3600.0 * robot.battery_drive_h, reserve
        nodes = [site.places[name].node for name in site.chargers]
        self._chargers_xy = site.xy[nodes] if nodes else None
        self._least_s = min(_LEAST_S, _LEAST_SHARE * self._full_s)
        self._known, self._charger_m = {}, {}

    def range_s(self, battery) -> float:
        """
        Return how long a robot with this charge, 0 to 1, may drive until it stands at a charger.

        NaN, which bounds nothing, if the charge is unknown or the site has no charger.
        """
        if isnan(battery) or self._chargers_xy is None:
            return nan
        return (battery - self._reserve) * self._full_s

    def tail_s(self, nodes) -> float:
        """Return the driving time of a way along nodes and on to the nearest charger [s]."""
        nodes = tuple(nodes)
        found = self._known.get(nodes)
        if found is None:
            way_s = self.way_s(nodes)
            found = self._known[nodes] = way_s and (
                self._least_s * 2.0 ** max(0, ceil(log2(way_s / self._least_s))))
        return found

    def charge_for(self, way_s) -> float:
        """Return the charge that a robot must have to drive for so long [s], 0 to 1 or more."""
        return self._reserve + way_s / self._full_s

    def reaches(self, battery, nodes) -> bool:
        """
        Return whether a charge, 0 to 1, takes a robot along nodes and on to the nearest charger.

        The reserve may be used up for it. One that is unknown does.
        """
        return not battery * self._full_s < self.way_s(nodes)

    def way_s(self, nodes) -> float:
        """Return the same as `tail_s`, not rounded [s]; 0 on a site without a charger."""
        if self._chargers_xy is None or not nodes:
            return 0.0
        spots = [self._site.xy[node].tolist() for node in nodes]
        way_m = sum(dist(a, b) for a, b in zip(spots, spots[1:])) + self._to_charger_m(nodes[-1])
        return DETOUR * way_m / self._speed_mps + WORK_S * len(nodes)

    def _to_charger_m(self, node):
        """Return how far the nearest charger is from a node, as flown [m]."""
        found = self._charger_m.get(node)
        if found is None:
            found = self._charger_m[node] = float(np.hypot(
                *(self._chargers_xy - self._site.xy[node]).T).min())
        return found
