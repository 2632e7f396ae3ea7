# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Whether a body in a free zone is where it may be: by corners and circles, not by the code on trial.

A robot that holds a spot of a zone may have its body anywhere inside the polygon, and in a door
that it holds and on the way in from there; but never where somebody who stands in another door,
off by the error bound, could touch it.
"""

import numpy as np

from robot_swarm_orch.site.lock_sets import point_segment_m


class ZoneRule:
    """The free zones of a site, for a judge."""

    def __init__(self, site):
        """Take the drawing of the zones over."""
        self._radius, self._error = site.footprint_radius_m, site.pose_error_m
        self._zones = [(frozenset(zone.spots), np.asarray(zone.polygon), {
            door: (np.asarray(zone.points[door]), np.asarray(zone.entries[door]))
            for door in zone.doors}) for zone in site.free_zones]

    def allows(self, x: float, y: float, held) -> bool:
        """Return whether a true centre [m; map] is where a zone allows it to who holds `held`."""
        point = np.asarray((x, y), dtype=float)
        return any(self._is_inside(point, corners, doors, held)
                   for spots, corners, doors in self._zones if not spots.isdisjoint(held))

    def _is_inside(self, point, corners, doors, held):
        """Return whether a centre is inside one zone or its lanes, and out of others' doors."""
        after = np.roll(corners, -1, axis=0)
        side = ((after[:, 0] - corners[:, 0]) * (point[1] - corners[:, 1])
                - (after[:, 1] - corners[:, 1]) * (point[0] - corners[:, 0]))
        within = bool((side > 0.0).all()
                      and point_segment_m(point, corners, after).min() >= self._radius)
        on_lane = any(point_segment_m(point, *lane) <= self._error
                      for door, lane in doors.items() if door in held)
        clear = all(np.hypot(*(point - where)) >= 2.0 * self._radius + self._error
                    for door, (where, _) in doors.items() if door not in held)
        return (within or on_lane) and clear
