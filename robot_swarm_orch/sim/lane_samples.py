# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Random pictures of the lane ahead with their answer, to train and to judge the lane classifier.

Poses lie on the streets of a site, a little off and askew, now and then at any angle. A lane is
blocked by what lies in it; racks, walls, lines, stains and robots of the fleet block nothing: the
roadmap and movement authority know of those. What is in doubt (`Lane`), or behind a rack, is drawn
again. One seed gives the same pictures, as far as the renderer does.
"""

from dataclasses import dataclass
from math import cos, hypot, pi, sin

import numpy as np

from robot_swarm_orch.sim.cameras import Camera, is_hidden, Look, View
from robot_swarm_orch.sim.obstacles import HEIGHTS_M, Lane, lane_is_blocked, Obstacle
from robot_swarm_orch.site import Site
from robot_swarm_orch.types import Pose

# Radius of each kind, from and to [m].
_RADII_M = {'pallet': (0.35, 0.7), 'forks': (0.4, 0.7), 'box': (0.15, 0.45),
            'person': (0.2, 0.35)}
_BODY_M = 0.75
_SCENES = ('blocked', 'blocked', 'blocked', 'blocked', 'missed', 'missed', 'beyond', 'empty',
           'empty')


@dataclass(frozen=True)
class Sample:
    """One picture, (72, 96, 3) uint8 RGB, whether the lane is blocked, and what there was."""

    picture: np.ndarray
    blocked: bool
    obstacle: str  # kind of the one obstacle, empty: none
    ahead_m: float  # from the robot's centre to the obstacle's near side; inf: none


class SampleMaker:
    """Draws samples of one site, one after another."""

    def __init__(self, site: Site, seed: int, lane: Lane = Lane()):
        """Open a camera; raises NoPicture where nothing can be drawn."""
        self.site, self.lane = site, lane
        self._rng = np.random.default_rng(seed)
        self._camera = Camera(site, seed=seed)

    def close(self) -> None:
        """Close the camera."""
        self._camera.close()

    def draw(self) -> Sample:
        """Return the next sample."""
        rng = self._rng
        scene = _SCENES[rng.integers(len(_SCENES))]
        while True:
            pose = self._pose()
            things = () if scene == 'empty' else (self._obstacle(pose, scene),)
            blocked = lane_is_blocked(pose, things, self.lane)
            if blocked is (scene == 'blocked') and not any(
                    self._is_misplaced(pose, thing, blocked) for thing in things):
                break
        view = View(self._robots(pose, things), things, self._marks(pose))
        self._camera.look = Look.draw(rng)
        picture = self._camera.picture(pose, view)
        if not things:
            return Sample(picture, False, '', np.inf)
        away = hypot(things[0].x_m - pose.x_m, things[0].y_m - pose.y_m) - things[0].radius_m
        return Sample(picture, bool(blocked), things[0].kind, away)

    def _pose(self):
        """Return a pose on a street."""
        rng, site = self._rng, self.site
        a = int(rng.integers(site.real_count))
        b = site.successors[a][rng.integers(len(site.successors[a]))]
        way = site.xy[b] - site.xy[a]
        x, y = site.xy[a] + way * rng.random() + rng.uniform(-0.12, 0.12, 2)
        yaw = float(np.arctan2(way[1], way[0]))
        yaw += rng.uniform(-pi, pi) if rng.random() < 0.15 else rng.uniform(-0.14, 0.14)
        return Pose(float(x), float(y), yaw)

    def _obstacle(self, pose, scene):
        """Return an obstacle in the lane, beside it or beyond its end."""
        rng, lane = self._rng, self.lane
        kind = list(HEIGHTS_M)[rng.integers(len(HEIGHTS_M))]
        radius = rng.uniform(*_RADII_M[kind])
        if scene == 'blocked':
            front, left = rng.uniform(0.8, lane.length_m), rng.uniform(-1.2, 1.2)
        elif scene == 'missed':
            front = rng.uniform(0.0, lane.length_m + 2.0)
            left = rng.choice([-1.0, 1.0]) * (lane.half_width_m + lane.doubt_m + radius
                                              + rng.exponential(0.4))
        else:
            front = lane.length_m + lane.far_doubt_m + rng.exponential(1.5)
            left = rng.uniform(-1.5, 1.5)
        along = front + radius
        c, s = cos(pose.yaw_rad), sin(pose.yaw_rad)
        return Obstacle(pose.x_m + along * c - left * s, pose.y_m + along * s + left * c, radius,
                        kind, yaw_rad=rng.uniform(-pi, pi))

    def _is_misplaced(self, pose, thing, blocked):
        """Return whether a thing sticks in a rack, or cannot be seen though it blocks."""
        racks = self.site.racks
        if len(racks):
            x = np.maximum(np.maximum(racks[:, 0] - thing.x_m, thing.x_m - racks[:, 2]), 0.0)
            y = np.maximum(np.maximum(racks[:, 1] - thing.y_m, thing.y_m - racks[:, 3]), 0.0)
            if (np.hypot(x, y) < 0.8 * thing.radius_m).any():
                return True
        return blocked and (is_hidden(pose, thing, racks) or self._is_out_of_view(pose, thing))

    def _is_out_of_view(self, pose, thing):
        """Return whether more than half of a thing lies beside the picture."""
        x, y = thing.x_m - pose.x_m, thing.y_m - pose.y_m
        c, s = cos(pose.yaw_rad), sin(pose.yaw_rad)
        along, across = x * c + y * s - self._camera.mount.forward_m, abs(y * c - x * s)
        return across > along * self._camera.half_width + 0.1 * thing.radius_m

    def _robots(self, pose, things):
        """Return robots of the fleet nearby; none of them stands before or in an obstacle."""
        rng, site, found = self._rng, self.site, []
        for _ in range(rng.integers(0, 5)):
            gap = site.xy[:site.real_count] - (pose.x_m, pose.y_m)
            away = np.hypot(gap[:, 0], gap[:, 1])
            near = np.flatnonzero((away > 1.2) & (away < 9.0))
            if not len(near):
                break
            node = near[rng.integers(len(near))]
            x, y = site.xy[node] + rng.uniform(-0.8, 0.8, 2)
            if hypot(x - pose.x_m, y - pose.y_m) < 2.0 * _BODY_M or any(
                    hypot(x - other.x_m, y - other.y_m) < 2.0 * _BODY_M for other, _ in found):
                continue
            if all(self._leaves_free(pose, thing, x, y) for thing in things):
                found.append((Pose(float(x), float(y), rng.uniform(-pi, pi)),
                              bool(rng.random() < 0.3)))
        return tuple(found)

    @staticmethod
    def _leaves_free(pose, thing, x, y):
        """Return whether a robot at a point neither touches a thing nor hides it."""
        if hypot(x - thing.x_m, y - thing.y_m) < _BODY_M + thing.radius_m:
            return False
        dx, dy = thing.x_m - pose.x_m, thing.y_m - pose.y_m
        share = ((x - pose.x_m) * dx + (y - pose.y_m) * dy) / (dx * dx + dy * dy)
        if not 0.0 < share < 1.0:
            return True
        off = hypot(pose.x_m + share * dx - x, pose.y_m + share * dy - y)
        return off > _BODY_M + 0.5 * thing.radius_m

    def _marks(self, pose):
        """Return stains on the floor ahead."""
        rng, marks = self._rng, []
        for _ in range(rng.integers(0, 3)):
            away, side = rng.uniform(1.0, 6.0), rng.uniform(-1.0, 1.0)
            c, s = cos(pose.yaw_rad), sin(pose.yaw_rad)
            marks.append((pose.x_m + away * c - side * s, pose.y_m + away * s + side * c,
                          rng.uniform(0.05, 0.35)))
        return tuple(marks)
