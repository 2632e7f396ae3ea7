# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Laser scans of many robots at once: racks as boxes, robots and others as circles, far culled."""

from math import pi

import numpy as np


class Scanner:
    """Scanners of one kind, one at the centre of each robot, with beams evenly around."""

    def __init__(self, boxes, radius_m: float, beams: int, range_m: float):
        """Know the boxes (M, 4) [x min, y min, x max, y max; m] and the robots' radius."""
        self._boxes = np.asarray(boxes, dtype=float).reshape(-1, 4)
        self._radius = radius_m
        self._range = range_m
        self.angle_min_rad = -pi
        self.angle_step_rad = 2.0 * pi / beams
        self._angles = self.angle_min_rad + self.angle_step_rad * np.arange(beams)

    def ranges(self, x, y, yaw, robots=None, others=()) -> np.ndarray:
        """
        Return an array (n, beams) [m] for the robots of the given indices; inf: nothing.

        `others`: (k, 3), circles on the floor, x, y, radius [m].
        """
        chosen = np.arange(len(x)) if robots is None else np.asarray(robots, dtype=int)
        angle = yaw[chosen, None] + self._angles
        beam = np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32)
        result = np.full(angle.shape, np.inf, dtype=np.float32)
        self._see_boxes(result, x[chosen], y[chosen], beam)
        self._see_robots(result, x, y, chosen, beam)
        for other_x, other_y, radius in others:
            gap_x, gap_y = other_x - x[chosen], other_y - y[chosen]
            near = np.flatnonzero(np.hypot(gap_x, gap_y) < self._range + radius)
            if len(near):
                _lower(result, near, _circle(gap_x[near], gap_y[near], radius,
                                             beam[0, near], beam[1, near]))
        result[result > self._range] = np.inf
        return result

    def _see_boxes(self, result, x, y, beam):
        """Lower ranges to the boxes in reach (slab method, axis by axis)."""
        boxes = self._boxes
        if not len(boxes):
            return
        gap_x = np.maximum(np.maximum(boxes[:, 0] - x[:, None], x[:, None] - boxes[:, 2]), 0.0)
        gap_y = np.maximum(np.maximum(boxes[:, 1] - y[:, None], y[:, None] - boxes[:, 3]), 0.0)
        robot, box = np.nonzero(gap_x * gap_x + gap_y * gap_y < self._range ** 2)
        if not len(robot):
            return
        inverse = 1.0 / np.where(np.abs(beam) < 1e-6, np.float32(1e-6), beam)
        near, far = None, None
        for axis, centre in enumerate((x, y)):
            rate = inverse[axis, robot]
            one = (boxes[box, axis] - centre[robot]).astype(np.float32)[:, None] * rate
            two = (boxes[box, axis + 2] - centre[robot]).astype(np.float32)[:, None] * rate
            low, high = np.minimum(one, two), np.maximum(one, two)
            near = low if near is None else np.maximum(near, low)
            far = high if far is None else np.minimum(far, high)
        hit = np.where((near <= far) & (far > 0.0), np.maximum(near, 0.0), np.float32(np.inf))
        _lower(result, robot, hit)

    def _see_robots(self, result, x, y, chosen, beam):
        """Lower ranges to the other robots in reach (ray and circle)."""
        dx, dy = x - x[chosen, None], y - y[chosen, None]
        close = dx * dx + dy * dy < (self._range + self._radius) ** 2
        close[np.arange(len(chosen)), chosen] = False
        robot, other = np.nonzero(close)
        if not len(robot):
            return
        _lower(result, robot, _circle(dx[robot, other], dy[robot, other], self._radius,
                                      beam[0, robot], beam[1, robot]))


def _circle(dx, dy, radius, bx, by):
    """Return how far along beams (n, beams) circles (n,) are met [m], inf where they are not."""
    dx, dy = dx.astype(np.float32)[:, None], dy.astype(np.float32)[:, None]
    along = dx * bx + dy * by
    across = dx * by - dy * bx
    depth = np.float32(radius ** 2) - across * across
    return np.where((depth > 0.0) & (along > 0.0),
                    np.maximum(along - np.sqrt(np.maximum(depth, 0.0)), 0.0), np.float32(np.inf))


def _lower(result, rows, ranges):
    """Lower rows of `result` to the least of the ranges that belong to them; `rows` is sorted."""
    first = np.flatnonzero(np.concatenate([[True], rows[1:] != rows[:-1]]))
    least = np.minimum.reduceat(ranges, first, axis=0)
    result[rows[first]] = np.minimum(result[rows[first]], least)
