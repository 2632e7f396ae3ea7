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
least.

A half-plane is (nx, ny, c): it permits v with n . v >= c; n is a unit vector. Vectors are in
m and m/s, in one common frame. A word is one column of `neighbours.Neighbours.table`: x, y, cos,
sin, speed, yaw rate, radius, born, rest.

All is machine code where Numba is installed (`compiled.py`). Bringing that in takes long, so
`avoidance.Avoider` imports this module when one is made. Nothing here is taken from other files:
compiled code that lies on disk is made anew when this file has changed, not when another has.
"""

from math import cos, sin, sqrt

from robot_swarm_orch.compiled import compiled

# A neighbour is thought to drive on as it said for at most this long [s].
_DRIVES_ON_S = 1.0
# Discs that overlap already are to part within this time [s].
_PART_S = 1.0
# A neighbour slower than this stands [m/s].
_STANDS_MPS = 0.03
# Somebody this far to either side of the wanted way is ahead [cosine].
_AHEAD_COS = 0.3

_EPS = 1e-9


@compiled
def half_plane(px, py, vx, vy, own_vx, own_vy, reach, horizon_s, apart_s, share):
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


@compiled
def _on_edge(planes, number, aim_x, aim_y, most, is_direction):
    """Return whether one half-plane's edge has points inside all before it, and the best one."""
    nx, ny, level = planes[number]
    room = most * most - level * level
    if room < 0.0:
        return False, 0.0, 0.0
    high = sqrt(room)
    low = -high
    dx, dy = -ny, nx
    for other in range(number):
        ox, oy, wants = planes[other]
        slope, need = ox * dx + oy * dy, wants - level * (ox * nx + oy * ny)
        if abs(slope) < 1e-9:
            if need > _EPS:
                return False, 0.0, 0.0
            continue
        at = need / slope
        if slope > 0.0:
            low = max(low, at)
        else:
            high = min(high, at)
        if low > high:
            return False, 0.0, 0.0
    along = aim_x * dx + aim_y * dy
    if is_direction:
        along = high if along > 0.0 else low
    along = min(max(along, low), high)
    return True, level * nx + along * dx, level * ny + along * dy


@compiled
def _optimise(planes, aim_x, aim_y, most, is_direction, x, y):
    """
    Return (velocity x, y, how many half-planes it keeps to before the first that it cannot).

    aim: the wanted velocity, or with `is_direction` the direction to go furthest in; x, y: the
    best there is without half-planes.
    """
    for number in range(len(planes)):
        nx, ny, level = planes[number]
        if nx * x + ny * y >= level - _EPS:
            continue
        found, at_x, at_y = _on_edge(planes, number, aim_x, aim_y, most, is_direction)
        if not found:
            return x, y, number
        x, y = at_x, at_y
    return x, y, len(planes)


@compiled
def _least_bad(planes, failed, x, y, most):
    """Return the velocity (x, y) whose greatest violation of any half-plane is least."""
    worst = 0.0
    for number in range(failed, len(planes)):
        nx, ny, level = planes[number]
        if level - nx * x - ny * y <= worst + _EPS:
            continue
        # Where this one is violated no less than each before it, go furthest towards it.
        bounds = [(0.0, 0.0, 0.0) for _ in range(0)]
        for ox, oy, wants in planes[:number]:
            bx, by = ox - nx, oy - ny
            length = sqrt(bx * bx + by * by)
            if length > 1e-9:
                bounds.append((bx / length, by / length, (wants - level) / length))
        at_x, at_y, kept = _optimise(bounds, nx, ny, most, True, nx * most, ny * most)
        if kept == len(bounds):
            x, y = at_x, at_y
        worst = level - nx * x - ny * y
    return x, y


@compiled
def choose_velocity(planes, wanted_x, wanted_y, most_mps):
    """
    Return the velocity [m/s] nearest to the wanted one, at most `most_mps`, in all half-planes.

    Where there is none, the one whose worst violation is least.
    """
    speed = sqrt(wanted_x * wanted_x + wanted_y * wanted_y)
    if speed > most_mps:
        wanted_x, wanted_y = wanted_x * most_mps / speed, wanted_y * most_mps / speed
    x, y, kept = _optimise(planes, wanted_x, wanted_y, most_mps, False, wanted_x, wanted_y)
    if kept == len(planes):
        return x, y
    return _least_bad(planes, kept, x, y, most_mps)


@compiled
def nearest(words, x, y, range_m, most):
    """
    Return (distance squared, number) of at most so many words within a distance of (x, y).

    The nearest one comes first; of those that are as near as each other, the earlier one.
    """
    found = [(0.0, 0) for _ in range(0)]  # typed, and empty
    range2 = range_m * range_m
    for number in range(len(words)):
        dx, dy = words[number][0] - x, words[number][1] - y
        far2 = dx * dx + dy * dy
        if not far2 <= range2:
            continue
        at = len(found)
        while at > 0 and found[at - 1][0] > far2:
            at -= 1
        if at < most:
            found.insert(at, (far2, number))
            if len(found) > most:
                found.pop()
    return found


@compiled
def _to_the_right(words, near, x, y, wanted_x, wanted_y, range_m, bias_rad):
    """Return by how much to keep right [rad]: the more, the nearer the first one ahead."""
    least = _AHEAD_COS * sqrt(wanted_x * wanted_x + wanted_y * wanted_y)
    for far2, number in near:
        away = sqrt(far2)
        dx, dy = words[number][0] - x, words[number][1] - y
        if dx * wanted_x + dy * wanted_y > least * away:
            return bias_rad * (1.0 - away / range_m)
    return 0.0


@compiled
def propose(words, state, settings):
    """
    Return the velocity (x, y) [m/s; map frame] of the point that is steered.

    words: of n others (n, 9); state: own x, y, yaw, speed, yaw rate [m, rad, m/s, rad/s; map
    frame], wanted velocity x, y [m/s], detour to the right of that [rad], time [s]; settings:
    `AvoidanceConfig`'s nearest, range_m, bias_rad, lead_m and horizon_s, the gap to keep besides
    others' own radii [m], and the greatest speed [m/s].
    """
    x, y, yaw, speed, rate, wanted_x, wanted_y, detour_rad, now_s = state
    most, range_m, bias_rad, lead_m, horizon_s, gap_m, most_mps = settings
    near = nearest(words, x, y, range_m, int(most))
    turn = detour_rad + _to_the_right(words, near, x, y, wanted_x, wanted_y, range_m, bias_rad)
    ct, st = cos(turn), sin(turn)
    aim_x, aim_y = wanted_x * ct + wanted_y * st, wanted_y * ct - wanted_x * st
    if not len(near):
        return aim_x, aim_y
    c, s = cos(yaw), sin(yaw)
    own_vx, own_vy = speed * c - lead_m * rate * s, speed * s + lead_m * rate * c
    planes = [(0.0, 0.0, 0.0) for _ in range(0)]
    for _, number in near:
        other_x, other_y, nc, ns, v, w, radius_m, born_s, rest_s = words[number]
        vx, vy = v * nc - lead_m * w * ns, v * ns + lead_m * w * nc
        age_s = min(min(now_s, rest_s) - born_s, _DRIVES_ON_S)
        # Who stands still leaves all of the avoiding to others.
        share = 1.0 if abs(v) < _STANDS_MPS else 0.5
        planes.append(half_plane(
            other_x - x + lead_m * (nc - c) + vx * age_s,
            other_y - y + lead_m * (ns - s) + vy * age_s,
            vx, vy, own_vx, own_vy, radius_m + gap_m, horizon_s, _PART_S, share))
    return choose_velocity(planes, aim_x, aim_y, most_mps)
