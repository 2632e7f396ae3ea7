# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Optimal reciprocal collision avoidance: a velocity near the wanted one that keeps out of conflicts.

Written from van den Berg, Guy, Lin, Manocha: Reciprocal n-body collision avoidance, in Robotics
Research (ISRR 2009), Springer 2011. Each neighbour gives one half-plane of permitted velocities:
its edge lies where half of the least change `u` that leaves the velocity obstacle is made, the
other half being the neighbour's. The velocity nearest to the wanted one inside all of them is
found by an incremental linear program (de Berg et al., Computational Geometry, chapter 4); where
there is none, the densely packed case of the paper, the velocity that breaks the worst half-plane
least. Plain floats: a few nearest cost less so than the calls that arrays of them would take.

A half-plane is (nx, ny, c): it permits v with n . v >= c; n is a unit vector. Vectors are in
m and m/s, in one common frame.
"""

from math import hypot, sqrt
from typing import List, Sequence, Tuple

Plane = Tuple[float, float, float]

_EPS = 1e-9


def half_plane(px: float, py: float, vx: float, vy: float, own_vx: float, own_vy: float,
               reach: float, horizon_s: float, apart_s: float, share: float) -> Plane:
    """
    Return the half-plane that one neighbour gives.

    px, py: where it is, relative to the robot [m]; vx, vy, own_vx, own_vy: both velocities [m/s];
    reach: the sum of both radii [m]; horizon_s: conflicts sooner than this are avoided; apart_s:
    discs that overlap already part within this time; share: how much of the change the robot
    takes upon itself, 0.5 if the neighbour does the same.
    """
    rvx, rvy = own_vx - vx, own_vy - vy
    far2, reach2 = px * px + py * py, reach * reach
    apart = far2 > reach2
    span = horizon_s if apart else apart_s
    wx, wy = rvx - px / span, rvy - py / span
    w2 = wx * wx + wy * wy
    toward = wx * px + wy * py
    if not apart or (toward < 0.0 and toward * toward > reach2 * w2):
        # Nearest to the disc that truncates the velocity obstacle.
        w = sqrt(w2)
        nx, ny = (wx / w, wy / w) if w > _EPS else (1.0, 0.0)
        change = reach / span - w
    else:
        # Nearest to a leg: the normal is the leg turned away from the obstacle by a right angle.
        leg = sqrt(far2 - reach2)
        side = 1.0 if px * wy >= py * wx else -1.0
        nx = -side * (side * px * reach + py * leg) / far2
        ny = side * (px * leg - side * py * reach) / far2
        change = -(rvx * nx + rvy * ny)
    return nx, ny, own_vx * nx + own_vy * ny + share * change


def choose_velocity(planes: Sequence[Plane], wanted_x: float, wanted_y: float,
                    most_mps: float) -> Tuple[float, float]:
    """
    Return the velocity [m/s] nearest to the wanted one, at most `most_mps`, in all half-planes.

    Where there is none, the one whose worst violation is least.
    """
    speed = hypot(wanted_x, wanted_y)
    if speed > most_mps:
        wanted_x, wanted_y = wanted_x * most_mps / speed, wanted_y * most_mps / speed
    best, failed = _optimise(planes, (wanted_x, wanted_y), most_mps, False, (wanted_x, wanted_y))
    if failed == len(planes):
        return best
    return _least_bad(planes, failed, best, most_mps)


def _optimise(planes, aim, most, is_direction, start):
    """
    Return (velocity, how many half-planes it keeps to before the first that cannot be kept).

    aim: the wanted velocity, or with `is_direction` the direction to go furthest in.
    """
    x, y = start
    for number, (nx, ny, level) in enumerate(planes):
        if nx * x + ny * y >= level - _EPS:
            continue
        found = _on_edge(planes, number, aim, most, is_direction)
        if found is None:
            return (x, y), number
        x, y = found
    return (x, y), len(planes)


def _on_edge(planes, number, aim, most, is_direction):
    """Return the best point on the edge of one half-plane inside all before it, None if none."""
    nx, ny, level = planes[number]
    room = most * most - level * level
    if room < 0.0:
        return None
    high = sqrt(room)
    low = -high
    dx, dy = -ny, nx
    for other in range(number):
        ox, oy, wants = planes[other]
        slope, need = ox * dx + oy * dy, wants - level * (ox * nx + oy * ny)
        if abs(slope) < 1e-9:
            if need > _EPS:
                return None
            continue
        at = need / slope
        if slope > 0.0:
            low = max(low, at)
        else:
            high = min(high, at)
        if low > high:
            return None
    along = aim[0] * dx + aim[1] * dy
    if is_direction:
        along = high if along > 0.0 else low
    along = min(max(along, low), high)
    return level * nx + along * dx, level * ny + along * dy


def _least_bad(planes: Sequence[Plane], failed: int, best, most: float):
    """Return the velocity whose greatest violation of any half-plane is least."""
    worst = 0.0
    for number in range(failed, len(planes)):
        nx, ny, level = planes[number]
        if level - nx * best[0] - ny * best[1] <= worst + _EPS:
            continue
        # Where this one is violated no less than each before it, go furthest towards it.
        bounds: List[Plane] = []
        for ox, oy, wants in planes[:number]:
            bx, by = ox - nx, oy - ny
            length = hypot(bx, by)
            if length > 1e-9:
                bounds.append((bx / length, by / length, (wants - level) / length))
        found, kept = _optimise(bounds, (nx, ny), most, True, (nx * most, ny * most))
        if kept == len(bounds):
            best = found
        worst = level - nx * best[0] - ny * best[1]
    return best
