# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""One robot's shapes: body, heading, load, name, base, horizon, route and alarm."""

from dataclasses import dataclass, field
from math import cos, sin
from typing import Callable, Dict, List, Optional, Tuple

from robot_swarm_orch.site import Site
from robot_swarm_orch.types import Mode, Nodes, Report
from robot_swarm_orch.viz.alarms import Alarm
from robot_swarm_orch.viz.paths import Paths
from robot_swarm_orch.viz.shapes import (
    hue, IDLE, INK, Kind, line, LOAD, MODES, SEVERE, Shape, text, WARNING, WHITE)

# Heights [m]: seen from above, what lies higher covers what lies lower.
ROUTE_Z_M, HORIZON_Z_M, BASE_Z_M, ALARM_Z_M = 0.05, 0.08, 0.10, 0.12
BODY_Z_M, HEADING_Z_M, LOAD_Z_M, LABEL_Z_M, ALARM_TEXT_Z_M = 0.15, 0.35, 0.45, 0.9, 1.2
BASE_WIDTH_M, HORIZON_WIDTH_M, ROUTE_WIDTH_M = 0.35, 0.24, 0.08
# A report with more nodes than this is drawn in part: a scene's size is bounded.
NODES_MAX = 64


@dataclass
class Track:
    """The newest report of a robot, when it was heard [s], and its shapes that still hold."""

    report: Report
    heard_s: float
    order: int  # grows with each report heard, of whichever robot
    kept: Dict[str, Tuple[object, Tuple[Shape, ...]]] = field(default_factory=dict)


class RobotArtist:
    """Draws robots; what has not changed is the same object as before."""

    def __init__(self, site: Site, paths: Paths,
                 route: Optional[Callable[[int, float, int], Nodes]]):
        """Know the site, its lines, and how to find a route (None: draw none)."""
        self._site, self._paths, self._route = site, paths, route
        self._searches_left = 0

    def begin(self, searches: int) -> None:
        """Allow so many searches for routes until the next call."""
        self._searches_left = searches

    def shapes(self, track: Track, number: int, mode: Mode, base: Nodes,
               alarm: Optional[Alarm]) -> List[Shape]:
        """
        Return a robot's shapes.

        number: the robot's own. mode: to be shown, which may be worse than the report's. base: the
        roadmap nodes that it holds and nobody else names in a newer report.
        """
        report = track.report
        radius_m = report.footprint_radius_m or self._site.footprint_radius_m
        color = MODES[mode] if mode != Mode.AUTOMATIC or report.goal >= 0 else IDLE
        pose = report.pose
        found = [*self._kept(track, 'body', (number, pose, color, report.carrying, radius_m),
                             _body, report)]
        if report.site_hash == self._site.hash:
            base = base[:NODES_MAX]
            wanted = self._paths.real(report.wanted[:NODES_MAX])
            found += self._kept(track, 'base', (number, base), self._base)
            found += self._kept(track, 'horizon', (number, base[-1:] + wanted), self._horizon)
            found += self._way(track, number, (base + wanted)[-1:], report)
        else:
            track.kept.pop('route', None)
        if alarm is not None:
            found += self._kept(track, 'alarm', (number, pose, radius_m, alarm), _alarm)
        return found

    @staticmethod
    def _kept(track, part, key, make, *more) -> Tuple[Shape, ...]:
        """Return a part as it was drawn, or drawn anew when what it shows has changed."""
        known = track.kept.get(part)
        if known is None or known[0] != key:
            known = track.kept[part] = (key, make(*key, *more))
        return known[1]

    def _base(self, number, nodes):
        """Return the nodes held, as solid lines."""
        if not nodes:
            return ()
        return (line('base', number, Kind.LINE_LIST, BASE_WIDTH_M, hue(number, 0.9),
                     self._paths.solid(nodes, BASE_Z_M)),)

    def _horizon(self, number, nodes):
        """Return the nodes wanted, as dots."""
        dots = self._paths.dotted(nodes, HORIZON_Z_M)
        if not dots:
            return ()
        return (line('horizon', number, Kind.DOTS, HORIZON_WIDTH_M, hue(number, 0.9), dots),)

    def _way(self, track, number, end, report):
        """Return the way from the end of the horizon to the goal, when it is known already."""
        goal = report.goal
        if self._route is None or not end or not 0 <= goal < self._site.real_count \
                or end[0] == goal:
            track.kept.pop('route', None)
            return ()
        key = (number, end[0], goal)
        known = track.kept.get('route')
        if known is not None and known[0] == key:
            return known[1]
        if self._searches_left <= 0:
            return ()
        self._searches_left -= 1
        nodes = self._route(end[0], report.pose.yaw_rad, goal)
        shapes = (line('route', number, Kind.LINE_STRIP, ROUTE_WIDTH_M, hue(number, 0.5),
                       self._paths.corners(nodes, ROUTE_Z_M)),) if len(nodes) > 1 else ()
        track.kept['route'] = (key, shapes)
        return shapes


def _body(number, pose, color, carrying, radius_m, report):
    """Return the robot itself: body, heading, name, and the load that it carries."""
    x, y, yaw = pose.x_m, pose.y_m, pose.yaw_rad
    nose_m = 0.5 * radius_m
    name_m = min(0.7 * radius_m, 2.3 * radius_m / max(1, len(report.robot)))
    shapes = (
        Shape('robot', number, Kind.CYLINDER, (2.0 * radius_m, 2.0 * radius_m, 0.3), color,
              (x, y, BODY_Z_M), yaw),
        Shape('heading', number, Kind.ARROW, (0.8 * radius_m, 0.3 * radius_m, 0.1), INK,
              (x + nose_m * cos(yaw), y + nose_m * sin(yaw), HEADING_Z_M), yaw),
        text('label', number, report.robot, name_m, WHITE, (x, y, LABEL_Z_M)))
    if carrying:
        shapes += (Shape('load', number, Kind.CUBE, (1.1 * radius_m, 1.1 * radius_m, 0.3), LOAD,
                         (x, y, LOAD_Z_M), yaw),)
    return shapes


def _alarm(number, pose, radius_m, alarm):
    """Return a halo around the robot, and words above it."""
    color = SEVERE if alarm.severe else WARNING
    x, y = pose.x_m, pose.y_m
    return (Shape('alarm', number, Kind.CYLINDER, (3.4 * radius_m, 3.4 * radius_m, 0.02),
                  (*color[:3], 0.4), (x, y, ALARM_Z_M)),
            text('alarm_text', number, alarm.words, 0.9, color,
                 (x, y + 2.2 * radius_m, ALARM_TEXT_Z_M)))
