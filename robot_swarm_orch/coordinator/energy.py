# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What the way costs a battery: whether a robot can finish an order and still reach a charger.

The unit is seconds of driving: a full battery drives `battery_drive_h`. What the leader does not
know it takes for worse than it is: ways whose tables are not made are twice as long as flown, and
times at work are rounded up, to powers of two, so that few kinds of orders are told apart.
"""

from math import ceil, isnan, log2, nan

import numpy as np

DETOUR = 2.0
"""How much longer than flown a way is taken to be."""

WORK_S = 30.0
"""What each stop is taken to cost, in seconds of driving [s]; resting costs less than driving."""

_LEAST_S = 300.0  # tails are told apart from here on


class Energy:
    """The batteries of one fleet on one site."""

    def __init__(self, site, robot, reserve):
        """Take a Site, the fleet's RobotConfig, and the charge to be left at a charger."""
        self._site, self._speed_mps = site, robot.speed_mps
        self._full_s, self._reserve = 3600.0 * robot.battery_drive_h, reserve
        nodes = [site.places[name].node for name in site.chargers]
        self._chargers_xy = site.xy[nodes] if nodes else None
        self._known = {}

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
            found = self._known[nodes] = self._tail_s(nodes)
        return found

    def _tail_s(self, nodes):
        if self._chargers_xy is None or not nodes:
            return 0.0
        xy = self._site.xy
        way_m = sum(float(np.hypot(*(xy[b] - xy[a]))) for a, b in zip(nodes, nodes[1:]))
        way_m += float(np.hypot(*(self._chargers_xy - xy[nodes[-1]]).T).min())
        exact_s = DETOUR * way_m / self._speed_mps + WORK_S * len(nodes)
        return _LEAST_S * 2.0 ** max(0, ceil(log2(exact_s / _LEAST_S)))
